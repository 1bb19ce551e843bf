//go:build integration

package program

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"rethinkdb/test/harness"
)

// mustLogIn logs in through `rethinkdb admin` with a password.
func mustLogIn(t *testing.T, s *harness.Server, password string) {
	t.Helper()
	admin(t, s, password, "", "ls", "auth").matches(t, 0, "An authentication key is set.*")
}

// An invented password that nobody can be shown is in a file for the user of the server only, and not in the log.
func TestInventedPassword(t *testing.T) {
	s := harness.Start(t, "", "--initial-password", "auto")
	path := filepath.Join(s.Dir, "initial_password")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !regexp.MustCompile(`^[A-Z2-7]{26}\n$`).Match(text) {
		t.Fatalf("%q, %v", text, err)
	}
	password := strings.TrimSpace(string(text))
	mustLogIn(t, s, password)
	log, err := os.ReadFile(filepath.Join(s.Dir, "log_file"))
	if err != nil || bytes.Contains(log, []byte(password)) || !bytes.Contains(log, []byte("it is in the file "+path+".")) {
		t.Errorf("the log is %s, %v", log, err)
	}
	if strings.Contains(s.Output(), password) {
		t.Errorf("the password was printed:\n%s", s.Output())
	}
	// The next start invents none.
	stop(t, s, unix.SIGTERM)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s = harness.Start(t, s.Dir, "--initial-password", "auto")
	mustLogIn(t, s, password)
	if exists(t, path) {
		t.Error("the second start wrote a password")
	}
}

// On a terminal it is printed, and stays nowhere.
func TestInventedPasswordOnTerminal(t *testing.T) {
	dir := newDir(t)
	person, program := harness.OpenTerminal(t)
	cmd := exec.CommandContext(t.Context(), harness.Binary(t), "create", "-d", dir, "--initial-password", "auto")
	cmd.Stdout, cmd.Stderr = program, program
	err := cmd.Run()
	if err := program.Close(); err != nil {
		t.Fatal(err)
	}
	shown, readErr := io.ReadAll(person) // ends with an error when the program has closed its side
	m := regexp.MustCompile(`Generated random admin password: ([A-Z2-7]{26})\r\n`).FindSubmatch(shown)
	if err != nil || m == nil {
		t.Fatalf("%v, the terminal has %q (%v)", err, shown, readErr)
	}
	if exists(t, filepath.Join(dir, "initial_password")) {
		t.Error("the password is in a file, too")
	}
	s := harness.StartCommand(t, "serve", dir)
	mustLogIn(t, s, string(m[1]))
}

// Every way to give a password, for a server and for the command line.
func TestPasswordsIn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, give := range map[string]func(*exec.Cmd){
		"a file":          func(c *exec.Cmd) { c.Args = append(c.Args, "--initial-password-file", file) },
		"the environment": func(c *exec.Cmd) { c.Env = append(os.Environ(), "RETHINKDB_INITIAL_PASSWORD=open sesame") },
		"the standard input": func(c *exec.Cmd) {
			c.Args = append(c.Args, "--initial-password-file", "-")
			c.Stdin = strings.NewReader("open sesame\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			cmd := exec.CommandContext(t.Context(), harness.Binary(t), "create", "-d", dir)
			give(cmd)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			s := harness.StartCommand(t, "serve", dir)
			mustLogIn(t, s, "open sesame")
			admin(t, s, "", "", "--password-file", file, "ls", "auth").matches(t, 0, "An authentication key is set.*")
			admin(t, s, "", "open sesame\nls auth\n", "--password-file", "-").matches(t, 0, "Connected to cluster .*An authentication key is set.*")
			admin(t, s, "", "wrong\n", "--password-file", "-", "ls").matches(t, 1, "failed to join cluster\n.*"+wrongKey+"\n")
		})
	}
}

// A daemon gets its password from the standard input of the command that starts it, and the list of processes never has it.
func TestDaemonWithPassword(t *testing.T) {
	dir, pidFile := newDir(t), filepath.Join(t.TempDir(), "pid")
	cmd := exec.CommandContext(t.Context(), harness.Binary(t), append([]string{"-d", dir, "--daemon", "--pid-file", pidFile, "--initial-password-file", "-"}, freePorts...)...)
	cmd.Stdin = strings.NewReader("open sesame\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile("/proc/" + string(pid) + "/cmdline")
	if err != nil || bytes.Contains(line, []byte("sesame")) || !bytes.Contains(line, []byte("--daemon")) {
		t.Errorf("%q, %v", line, err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log_file"))
	if err != nil {
		t.Fatal(err)
	}
	port := regexp.MustCompile(`intracluster connections on port (\d+)`).FindSubmatch(log)
	got := run(t, "admin", "--join", "localhost:"+string(port[1]), "ls")
	if got.status != 1 || !strings.Contains(got.stderr, wrongKey) {
		t.Errorf("without the password: %+v", got)
	}
	var id int
	if _, err := fmt.Sscan(string(pid), &id); err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(id, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the daemon to remove its pid file", func() bool { return !exists(t, pidFile) })
}
