//go:build integration

package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// outcome is what one run of the program printed and how it ended.
type outcome struct {
	status         int
	stdout, stderr string
}

// run runs the program to its end, which must come soon.
func run(t *testing.T, words ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Binary(t), words...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// freePorts are options that never meet another server.
var freePorts = []string{"--driver-port", "0", "--http-port", "0", "--cluster-port", "0"}

func newDir(t *testing.T) string { return filepath.Join(t.TempDir(), "data") }

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func stop(t *testing.T, s *harness.Server, sig syscall.Signal) {
	t.Helper()
	if err := s.Stop(sig); err != nil {
		t.Fatal(err)
	}
}

func TestLinesOfStartAndStop(t *testing.T) {
	s := harness.Start(t, "", "--server-name", "s1")
	stop(t, s, syscall.SIGINT)
	want := `Recursively removing directory DIR/tmp
Initializing directory DIR
Running rethinkdb 2\.4\.4 \(.*\)\.\.\.
Running on Linux .*
Loading data from directory DIR
Listening for intracluster connections on port \d+
Key of the intracluster port: SHA256:[A-Za-z0-9+/]{43}
Listening for client driver connections on port \d+
Listening for administrative HTTP connections on port \d+
Listening on cluster address(es)?: 127\.0\.0\.1.*
Listening on driver address(es)?: 127\.0\.0\.1.*
Listening on http address(es)?: 127\.0\.0\.1.*
To fully expose RethinkDB on the network, bind to all addresses by running rethinkdb with the .--bind all. command line option\.
Point a driver at localhost:\d+, a browser at http://localhost:\d+
Server ready, "s1" [0-9a-f-]{36}
Server got SIGINT; shutting down\.\.\.
Shutting down client connections\.\.\.
All client connections closed\.
Shutting down storage engine\.\.\. \(This may take a while if you had a lot of unflushed data in the writeback cache\.\)
Storage engine shut down\.
`
	want = "^" + strings.ReplaceAll(want, "DIR", regexp.QuoteMeta(s.Dir)) + "$"
	var notices []string
	for _, line := range strings.SplitAfter(s.Output(), "\n") {
		if !strings.HasPrefix(line, "warn: ") { // about the memory of this machine
			notices = append(notices, line)
		}
	}
	if got := strings.Join(notices, ""); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("the server printed\n%s", got)
	}
}

// TestFilesAreForTheirOwnerOnly holds for all that a server writes, whatever the umask that it was started with.
func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	logs := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	s := harness.StartOn(t, []string{"sh", "-c", `umask 0; exec "$0" "$@"`}, "--initial-password", "auto",
		"--log-file", filepath.Join(logs, "log"), "--audit-log", filepath.Join(logs, "audit"))
	c, err := harness.LogIn(s.Addr(), "admin", strings.TrimSpace(readText(t, filepath.Join(s.Dir, "initial_password"))))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	db := harness.Term(harness.DB, "test")
	table := harness.Term(harness.Table, db, "t")
	row := harness.Term(harness.Func, harness.Term(harness.MakeArray, 1), map[string]any{"id": harness.Term(harness.Var, 1)})
	for _, term := range []any{
		harness.Term(harness.TableCreate, db, "t"),
		harness.Term(harness.Insert, table, harness.Term(38, harness.Term(harness.Range, 20_000), row)), // map
		harness.Term(harness.IndexCreate, table, "name"), harness.Term(harness.IndexWait, table),
	} {
		if _, err := c.Run(term); err != nil {
			t.Fatal(err)
		}
	}
	stop(t, s, syscall.SIGTERM)
	for _, dir := range []string{s.Dir, logs} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if d.IsDir() {
				want = 0o700
			}
			if info.Mode().Perm() != want {
				t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNameAndIdentifierStay(t *testing.T) {
	s := harness.Start(t, "", "--server-name", "first")
	before := readyLine(t, s)
	stop(t, s, syscall.SIGTERM)
	s = harness.Start(t, s.Dir, "--server-name", "second")
	if after := readyLine(t, s); after != before {
		t.Errorf("after a restart: %s, before: %s", after, before)
	}
	if !strings.Contains(s.Output(), "WARNING: ignoring --server-name because this server already has a name.") {
		t.Errorf("no warning about the name in\n%s", s.Output())
	}
}

func readyLine(t *testing.T, s *harness.Server) string {
	t.Helper()
	line := regexp.MustCompile(`Server ready, .*`).FindString(s.Output())
	if line == "" {
		t.Fatalf("the server is not ready:\n%s", s.Output())
	}
	return line
}

func TestCreateThenServe(t *testing.T) {
	dir := newDir(t)
	want := outcome{stdout: "Recursively removing directory " + dir + "/tmp\n"}
	if got := run(t, "create", "-d", dir, "-n", "made", "-t", "ssd"); got != want {
		t.Fatalf("create: %+v, want %+v", got, want)
	}
	got := run(t, "create", "-d", dir)
	if want := "The path '" + dir + "' already exists.  Delete it and try again.\n"; got.status != 1 || got.stderr != want {
		t.Errorf("create again: %+v", got)
	}
	s := harness.StartCommand(t, "serve", dir)
	if !strings.Contains(readyLine(t, s), `"made"`) {
		t.Errorf("the server lost its name: %s", readyLine(t, s))
	}
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows, err := c.Run(harness.Term(harness.DBList))
	if err != nil || fmt.Sprintf("%s", rows) != `[["rethinkdb"]]` {
		t.Errorf("databases are %s (%v); only a start without a command makes one", rows, err)
	}
}

func TestServeWantsAServersDirectory(t *testing.T) {
	empty := t.TempDir()
	got := run(t, append([]string{"serve", "-d", empty}, freePorts...)...)
	if got.status != 1 || !strings.Contains(got.stderr, "holds no data of this server. Run 'rethinkdb create") {
		t.Errorf("an empty directory: %+v", got)
	}
	original := t.TempDir()
	if err := os.WriteFile(filepath.Join(original, "metadata"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = run(t, append([]string{"-d", original}, freePorts...)...)
	if got.status != 1 || !strings.Contains(got.stderr, "was written by the original RethinkDB") {
		t.Errorf("a directory of the original: %+v", got)
	}
}

func TestDirectoryInUse(t *testing.T) {
	s := harness.Start(t, "")
	for _, words := range [][]string{{"-d", s.Dir}, {"serve", "-d", s.Dir}, {"create", "-d", s.Dir}} {
		got := run(t, words...)
		want := "Directory '" + s.Dir + "' is already in use, perhaps another instance of rethinkdb is using it. Stop that one, or choose another directory with --directory.\n"
		if got.status != 1 || got.stderr != want || got.stdout != "" {
			t.Errorf("%q: %+v", words, got)
		}
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	const remedy = " Stop the program that uses it, or run this server on other ports with --port-offset N.\n"
	for option, text := range map[string]string{
		"--cluster-port": "error: TCP socket creation failed for port " + port + ": Address already in use.",
		"--driver-port":  "error: Could not bind to RDB protocol port: The address at localhost:" + port + " is reserved or already in use.",
		"--http-port":    "error: Could not bind to http port: The address at localhost:" + port + " is reserved or already in use.",
	} {
		t.Run(option, func(t *testing.T) {
			words := []string{"-d", newDir(t)}
			for i := 0; i < len(freePorts); i += 2 {
				value := freePorts[i+1]
				if freePorts[i] == option {
					value = port
				}
				words = append(words, freePorts[i], value)
			}
			got := run(t, words...)
			if got.status != 1 || !strings.HasSuffix(got.stderr, text+remedy) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestHalfMadeDirectoryIsRemoved(t *testing.T) {
	dir := newDir(t)
	got := run(t, append([]string{"-d", dir, "--log-file", "/nonexistent/log"}, freePorts...)...)
	if got.status != 1 || !strings.Contains(got.stderr, "Could not open the log file '/nonexistent/log'") {
		t.Errorf("got %+v", got)
	}
	if exists(t, dir) {
		t.Error("the directory was left behind")
	}
}

func TestUnreadableDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		// Root may read everything, but not write into /proc.
		got := run(t, "-d", "/proc/rethinkdb_data")
		if got.status != 1 || !strings.HasPrefix(got.stderr, "Could not create directory '/proc/rethinkdb_data': ") {
			t.Errorf("got %+v", got)
		}
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	got := run(t, "-d", dir)
	if got.status != 1 || got.stderr != "Could not open directory '"+dir+"': permission denied. Check its owner and its permissions, or choose another with --directory.\n" {
		t.Errorf("got %+v", got)
	}
}

func TestPidFile(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	s := harness.Start(t, "", "--pid-file", pidFile)
	text, err := os.ReadFile(pidFile)
	if err != nil || string(text) != strconv.Itoa(s.Pid()) {
		t.Errorf("the pid file holds %q (%v), the process is %d", text, err, s.Pid())
	}
	got := run(t, append([]string{"-d", newDir(t), "--pid-file", pidFile}, freePorts...)...)
	if got.status != 1 || !strings.Contains(got.stderr, "The pid-file specified already exists.") {
		t.Errorf("a second server: %+v", got)
	}
	stop(t, s, syscall.SIGTERM)
	if exists(t, pidFile) {
		t.Error("the pid file is still there")
	}
}

func TestDaemon(t *testing.T) {
	dir := newDir(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	words := append([]string{"-d", dir, "--daemon", "--pid-file", pidFile, "--initial-password", "auto"}, freePorts...)
	got := run(t, words...)
	if got.status != 0 || got.stdout != "" || !exists(t, filepath.Join(dir, "initial_password")) {
		t.Fatalf("got %+v", got)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log_file"))
	if err != nil || !strings.Contains(string(log), "notice: Server ready, ") {
		t.Errorf("the command returned before the server was ready: %s %v", log, err)
	}
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && cwd != "/" {
		t.Errorf("the daemon works in %s", cwd)
	}
	// A second one fails visibly, although it would run in the background.
	got = run(t, "-d", dir, "--daemon")
	if got.status != 1 || !strings.Contains(got.stderr, "is already in use") {
		t.Errorf("a second daemon: %+v", got)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the daemon to remove its pid file", func() bool { return !exists(t, pidFile) })
}

// waitFor waits for a condition, as long as a server may take to stop.
func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(harness.StopTime)
	for !condition() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

func TestInitialPasswordIsKept(t *testing.T) {
	s := harness.Start(t, "", "--initial-password", "sesame")
	if _, err := harness.Dial(s.Addr()); err == nil || !strings.Contains(err.Error(), "Incorrect authorization key.") {
		t.Errorf("without the password: %v", err)
	}
	stop(t, s, syscall.SIGTERM)
	s = harness.Start(t, s.Dir, "--initial-password", "other")
	if !strings.Contains(s.Output(), "Ignoring --initial-password option because the admin password is already configured.") {
		t.Errorf("no notice in\n%s", s.Output())
	}
}

func TestNoHTTPAdmin(t *testing.T) {
	s := harness.Start(t, "", "--no-http-admin")
	if s.WebPort != 0 || !strings.Contains(s.Output(), "Administrative HTTP connections are disabled.") {
		t.Errorf("the server printed\n%s", s.Output())
	}
}

// A server that others can use without a password is an issue until it has one.
func TestOpenServerIsAnIssue(t *testing.T) {
	s := harness.Start(t, "", "--bind", "all")
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	system := harness.Term(14, "rethinkdb")
	issues := func() (n int) {
		t.Helper()
		ofType := harness.Term(39, harness.Term(15, system, "current_issues"), map[string]any{"type": "no_password"})
		if err := c.One(harness.Term(43, ofType), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := issues(); n != 1 {
		t.Errorf("%d issues without a password, want 1", n)
	}
	admin := harness.Term(16, harness.Term(15, system, "users"), "admin")
	if _, err := c.Run(harness.Term(53, admin, map[string]any{"password": "secret"})); err != nil {
		t.Fatal(err)
	}
	if n := issues(); n != 0 {
		t.Errorf("%d issues with a password, want none", n)
	}
}

func TestStatusPage(t *testing.T) {
	s := harness.Start(t, "", "--server-name", "page")
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", s.WebPort))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(body.String(), "page") {
		t.Errorf("status %d\n%s", response.StatusCode, body.String())
	}
}

// TestStopFinishesWrites stops a server under load: every write that a client was told of must be there, and the stop may not
// take longer than it may.
func TestStopFinishesWrites(t *testing.T) {
	s := harness.Start(t, "")
	table := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "t")
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "t")); err != nil {
		t.Fatal(err)
	}
	const writers = 8
	var (
		wg           sync.WaitGroup
		acknowledged [writers]int
		started      = make(chan struct{}, writers)
	)
	for w := range writers {
		wg.Go(func() {
			c, err := harness.Dial(s.Addr())
			if err != nil {
				t.Error(err)
				started <- struct{}{}
				return
			}
			defer c.Close()
			for n := 0; ; n++ {
				var result struct{ Inserted int }
				opt := map[string]any{"durability": "soft"}
				if err := c.One(harness.TermOpt(harness.Insert, opt, table, map[string]any{"id": fmt.Sprint(w, "-", n)}), &result); err != nil {
					return // the server is stopping
				}
				acknowledged[w] += result.Inserted
				if n == 20 {
					started <- struct{}{}
				}
			}
		})
	}
	for range writers {
		<-started
	}
	stop(t, s, syscall.SIGTERM)
	wg.Wait()
	sum := 0
	for _, n := range acknowledged {
		sum += n
	}
	s = harness.Start(t, s.Dir)
	c, err = harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var count int
	if err := c.One(harness.Term(harness.Count, table), &count); err != nil {
		t.Fatal(err)
	}
	if count < sum || count > sum+writers {
		t.Errorf("%d rows after the restart, %d were acknowledged", count, sum)
	}
}

// TestStopInterruptsEndlessQueries stops a server that has queries which would run for ever.
func TestStopInterruptsEndlessQueries(t *testing.T) {
	s := harness.Start(t, "")
	// All numbers that fulfil false: it looks for a first row for ever.
	endless := harness.Term(harness.Filter, harness.Term(harness.Range), harness.Term(harness.Func, harness.Term(harness.MakeArray, 1), false))
	answers := make(chan error, 4)
	for range cap(answers) {
		c, err := harness.Dial(s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Send([]any{1, endless}); err != nil {
			t.Fatal(err)
		}
		go func() { // ends with the answer, or with the connection
			_, r, err := c.Receive()
			if err == nil && r.Type != harness.RuntimeError {
				err = fmt.Errorf("the answer has type %d", r.Type)
			}
			answers <- err
		}()
	}
	waitFor(t, "the queries to run", func() bool { return runningQueries(t, s, "range") >= cap(answers) })
	stop(t, s, syscall.SIGTERM)
	for range cap(answers) {
		if err := <-answers; err != nil {
			t.Errorf("a client was not told why its query ended: %v", err)
		}
	}
}

// runningQueries is how many queries with that term the table jobs shows.
func runningQueries(t *testing.T, s *harness.Server, term string) int {
	t.Helper()
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows, err := c.Run(harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "jobs"))
	if err != nil {
		t.Fatal(err)
	}
	running := 0
	for _, raw := range rows {
		var job struct{ Info struct{ Query string } }
		if err := json.Unmarshal(raw, &job); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(job.Info.Query, term) {
			running++
		}
	}
	return running
}
