//go:build integration

package program

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

const greeting = `Connected to cluster with 1 machine, run 'help' for more information\n`

const wrongKey = "Incorrect authorization key."

// admin runs `rethinkdb admin` on a server, with an input and a variable of the environment.
func admin(t *testing.T, s *harness.Server, password, input string, words ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	join := net.JoinHostPort("localhost", strconv.Itoa(s.ClusterPort))
	cmd := exec.CommandContext(ctx, harness.Binary(t), append([]string{"admin", "--join", join}, words...)...)
	if password != "" {
		cmd.Env = append(os.Environ(), "RETHINKDB_PASSWORD="+password)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// matches checks an outcome; want is a pattern for the whole of what was printed.
func (o outcome) matches(t *testing.T, status int, want string) {
	t.Helper()
	if text := o.stdout + o.stderr; o.status != status || !regexp.MustCompile("(?s)^"+want+"$").MatchString(text) {
		t.Errorf("exit status %d, want %d:\n%s\nwant\n%s", o.status, status, text, want)
	}
}

func TestAdminCommands(t *testing.T) {
	s := harness.Start(t, "", "--server-name", "box")
	for _, c := range []struct {
		words  string
		status int
		want   string
	}{
		{"ls", 0, `type        uuid      name\nmachine     [0-9a-f]{8}  box\ndatacenter  none      default\ndatabase    [0-9a-f]{8}  test\n`},
		{"create database shop", 0, `uuid: [0-9a-f-]{36}\n`},
		{"create database shop", 1, "Database `shop` already exists.\n"},
		{"create table users --database shop --primary-key email", 0, `uuid: [0-9a-f-]{36}\n`},
		{"create table users --database test", 0, `uuid: [0-9a-f-]{36}\n`},
		{"ls users", 1, `'users' not unique, possible objects:\ntable \(r\)     [0-9a-f]{8}\ntable \(r\)     [0-9a-f]{8}\n`},
		{"ls shop.users", 0, `table 'users' [0-9a-f-]{36}\nprimary datacenter 0{8}-.*\nin database 'shop' [0-9a-f-]{36}\nwith primary key 'email'\n\naffinity with 1 datacenter\n` +
			`uuid +name +replicas +acks +durability\n0{8}-[0-]{27}  universe  1 +1 +hard\n\n1 replica for 1 shard\nshard +machine uuid +name +primary\n-inf-\+inf  [0-9a-f-]{36}  box +yes\n`},
		{"set name shop.users people", 0, ""},
		{"rename shop market", 0, ""},
		{"set durability people --soft", 0, ""},
		{"ls tables --long", 0, `.*people +1 +1 +none +market +soft\n.*`},
		{"ls market", 0, `database 'market' [0-9a-f-]{36}\n\n1 table\nuuid .*people +none\n`},
		{"set datacenter box paris", 0, ""},
		{"ls paris", 0, `datacenter 'paris'\n\n1 machine\n.*box\n\n2 tables\n.*`},
		{"ls machines", 0, `.*box   default,paris\n`},
		{"rm datacenter paris", 0, ""},
		{"ls datacenters --long", 0, `uuid .*\nnone  default  1 +2 +2 +0\n`},
		{"ls box", 0, `machine 'box' [0-9a-f-]{36}\nin datacenter 'default'\n\nhosting 2 replicas from 2 tables\n.*`},
		{"ls databases --long", 0, `uuid +name +tables\n.*`},
		{"ls directory", 0, `type +name +uuid +ips\nserver +box +.*127\.0\.0\.1.*\n`},
		{"ls stats people", 0, `machine +category +stat +value\nbox +market\.people +query_engine\.read_docs_per_sec .*`},
		{"ls issues", 0, ""},
		{"ls nothing", 1, "identifier not found: nothing\nusage: \tls .*"},
		{"rm table people nothing", 1, "identifier not found: nothing\nnot all removes were successful\n"},
		{"rm database market", 0, ""},
		{"ls databases", 0, `uuid      name\n[0-9a-f]{8}  test\n`},
		{"complete full set name", 0, "box\ndefault\ntest\ntest\\.users\n"},
		{"complete full rm table", 0, "test\\.users\n"},
		{"complete full create table t --database", 0, "test\n"},
		{"complete full set datacenter box", 0, "default\n"},
		{"complete partial set datacenter box d", 0, "default\n"},
		{"complete full ls stats", 0, "box\ntest\\.users\n"},
		{"complete partial ls mach", 0, "machines\n"},
		{"help unset auth", 0, "INFO\n    rethinkdb admin unset auth - .*\nCOMMANDS\n.*\nDESCRIPTION\n.*\nOPTIONS\n.*"},
		{"split shard users m", 1, "Where tables are is changed with .*rethinkdb.table_config.\n"},
		{"bogus", 1, "unknown command: bogus\n"},
	} {
		t.Run(c.words, func(t *testing.T) {
			admin(t, s, "", "", strings.Fields(c.words)...).matches(t, c.status, c.want)
		})
	}
}

// TestAdminConsole feeds the console by a pipe.
func TestAdminConsole(t *testing.T) {
	s := harness.Start(t, "")
	const script = "create database shop\nbogus\n\nls 'unmatched\nset name shop \"market\"\nls databases\nexit\nrm database market\n"
	got := admin(t, s, "", script)
	if want := "unknown command: bogus\nunmatched quote\n"; got.status != 0 || got.stderr != want {
		t.Errorf("exit status %d and\n%s\nwant 0 and\n%s", got.status, got.stderr, want)
	}
	outcome{got.status, got.stdout, ""}.matches(t, 0, greeting+`uuid: .*\nuuid +name\n.*market\n.*`)
	admin(t, s, "", "bogus\ncreate database shop\n", "-x").matches(t, 1, greeting+"unknown command: bogus\n")
	// The last line needs no end.
	admin(t, s, "", "rm database market").matches(t, 0, greeting)
}

// TestAuthenticationKey is the founding guide's step: the key is set, needed by everybody, and removed.
func TestAuthenticationKey(t *testing.T) {
	s := harness.Start(t, "")
	open := func() error {
		c, err := harness.Dial(s.Addr())
		if err == nil {
			c.Close()
		}
		return err
	}
	admin(t, s, "", "", "ls", "auth").matches(t, 0, "\n")
	admin(t, s, "surplus", "", "ls").matches(t, 1, "failed to join cluster\n.*If no password is set on this server, leave it out\n")
	admin(t, s, "", "", "set", "auth", "open sesame").matches(t, 0, "")
	if err := open(); err == nil || !strings.Contains(err.Error(), wrongKey) {
		t.Errorf("a driver without the key: %v", err)
	}
	admin(t, s, "open sesame", "", "ls", "auth").matches(t, 0, "An authentication key is set.*\n")
	admin(t, s, "", "", "ls").matches(t, 1, "failed to join cluster\n.*"+wrongKey+".*--password-file FILE.*RETHINKDB_PASSWORD\n")
	admin(t, s, "wrong", "", "unset", "auth").matches(t, 1, "failed to join cluster\n.*"+wrongKey+"\n")

	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The key may come from the standard input, so that no list of processes has it even for a moment.
	admin(t, s, "", "another\n", "--password-file", file, "set", "auth", "-").matches(t, 0, "")
	admin(t, s, "", "ls databases\n", "--password-file", file).matches(t, 1, "failed to join cluster\n.*"+wrongKey+"\n")
	admin(t, s, "another", "unset auth\nset auth -\nthird\n").matches(t, 0, greeting)
	admin(t, s, "third", "", "unset", "auth").matches(t, 0, "")
	if err := open(); err != nil {
		t.Errorf("after unset auth: %v", err)
	}
	log, err := os.ReadFile(filepath.Join(s.Dir, "log_file"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"open sesame", "another", "third"} {
		if bytes.Contains(log, []byte(key)) {
			t.Errorf("the log has the key %q:\n%s", key, log)
		}
	}
}

// TestKeyLeavesTheListOfProcesses looks at the command line of a process that has only just begun to connect.
func TestKeyLeavesTheListOfProcesses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := exec.CommandContext(t.Context(), harness.Binary(t), "admin", "--join", l.Addr().String(), "set", "auth", "sesame")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "cmdline"))
	if err != nil || bytes.Contains(line, []byte("sesame")) || !bytes.Contains(line, []byte("set\x00auth\x00")) {
		t.Errorf("%q, %v", line, err)
	}
	conn.Close()
	if err := cmd.Wait(); err == nil {
		t.Error("a command without a server succeeded")
	}
}

// A password of the command line is neither in the list of processes nor in the system tables.
func TestInitialPasswordLeavesTheListOfProcesses(t *testing.T) {
	s := harness.Start(t, "", "--initial-password", "sesame", "--no-update-check")
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.Pid()), "cmdline"))
	if err != nil || bytes.Contains(line, []byte("sesame")) || !bytes.Contains(line, []byte("\x00--no-update-check\x00")) {
		t.Errorf("%q, %v", line, err)
	}
}
