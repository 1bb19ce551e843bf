//go:build security

package security

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"rethinkdb/test/harness"
)

// finding is what the server says of one thing.
type finding struct {
	ID, Severity, Description string
	Commands                  []string
	Restart                   bool
}

// checked is a server that is asked what is open on it.
type checked struct {
	*harness.Server
	t        *testing.T
	password string
}

// findings asks on the server's own machine.
func (c *checked) findings() []finding {
	c.t.Helper()
	cmd := harness.Shell(c.t, serverHost.Words(), "rethinkdb security-check --json --join localhost:"+strconv.Itoa(c.ClusterPort))
	if c.password != "" {
		cmd.Env = append(cmd.Env, "RETHINKDB_PASSWORD="+c.password)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	var report struct{ Findings []finding }
	if err != nil && cmd.ProcessState.ExitCode() != 1 || json.Unmarshal(text, &report) != nil {
		c.t.Fatalf("%v\n%s%s", err, text, stderr.String())
	}
	return report.Findings
}

// find gives a finding, nil if it is not there. An id that ends with a slash stands for any of that kind.
func (c *checked) find(id string) *finding {
	c.t.Helper()
	list := c.findings()
	if i := slices.IndexFunc(list, func(f finding) bool { return f.ID == id || strings.HasSuffix(id, "/") && strings.HasPrefix(f.ID, id) }); i >= 0 {
		return &list[i]
	}
	return nil
}

// close runs the commands of a finding on the server's machine, with an input for those that ask for a password.
func (c *checked) close(f *finding, input string) {
	c.t.Helper()
	for i, line := range f.Commands {
		if f.Restart && i == len(f.Commands)-1 {
			if err := c.Stop(syscall.SIGTERM); err != nil {
				c.t.Fatal(err)
			}
			c.Server = harness.StartLine(c.t, serverHost.Words(), c.Dir, line)
			continue
		}
		cmd := harness.Shell(c.t, serverHost.Words(), line)
		cmd.Stdin = strings.NewReader(input + "\n")
		if c.password != "" {
			cmd.Env = append(cmd.Env, "RETHINKDB_PASSWORD="+c.password)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			c.t.Fatalf("%s: %v\n%s", line, err, out)
		}
		if strings.HasSuffix(line, "set auth -") {
			c.password = input
		}
	}
}

// mustChange changes rows of users.
func (c *checked) mustChange(term any) {
	c.t.Helper()
	conn, err := loopback.dial(c.DriverPort)
	if err != nil {
		c.t.Fatal(err)
	}
	driver, err := harness.GiveKey(conn, harness.V04, c.password)
	if err != nil {
		c.t.Fatal(err)
	}
	defer driver.Close()
	var result struct {
		Errors int
		First  string `json:"first_error"`
	}
	if err := driver.One(term, &result); err != nil || result.Errors > 0 {
		c.t.Fatalf("%v, %+v", err, result)
	}
}

func insertUser(name string, password any) any {
	users := harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "users")
	return harness.Term(harness.Insert, users, map[string]any{"id": name, "password": password})
}

// TestSelfCheck opens one thing at a time, and closes it with the very commands that security_status prints.
func TestSelfCheck(t *testing.T) {
	makeNetwork(t)
	certs := filepath.Join(t.TempDir(), "certs")
	renewed := makeCertificates(t, certs)
	for _, c := range []struct {
		name, args string
		open       func(*checked)
		id         string
		severity   string
		input      string // for the commands
	}{
		{name: "no password", args: "--bind all", id: "no_password", severity: "serious", input: "a new and long one"},
		{name: "no password on this machine", id: "no_password", severity: "warning", input: "a new and long one"},
		{name: "no password for strangers", args: "--bind all --protected-mode off", id: "no_password", severity: "critical", input: "a new and long one"},
		{name: "protected mode off", args: "--bind all --protected-mode off", id: "protected_mode_off", severity: "serious"},
		{name: "drivers without TLS", args: "--bind all --initial-password PASSWORD", id: "no_tls/driver", severity: "serious"},
		{name: "browsers without TLS", args: "--bind-http 192.168.77.1 --initial-password PASSWORD", id: "no_tls/http", severity: "serious"},
		{name: "old TLS", args: "--tls-min-protocol TLSv1 " + renewed, id: "old_tls", severity: "warning"},
		{name: "certificate expires", args: renewed, id: "certificate_expires/" + filepath.Join(certs, "server.pem"), severity: "warning"},
		{name: "key for all", args: renewed, open: func(*checked) { chmod(t, filepath.Join(certs, "server-key.pem"), 0o644) },
			id: "wide_mode/" + filepath.Join(certs, "server-key.pem"), severity: "serious"},
		{name: "data for all", open: func(c *checked) { chmod(t, c.Dir, 0o755) }, id: "wide_mode/DIR", severity: "serious"},
		{name: "invented password", args: "--initial-password auto", open: func(c *checked) { c.password = readPassword(t, c.Dir) }, id: "password_file", severity: "warning"},
		{name: "weak password", args: "--bind all --initial-password sesame", open: func(c *checked) { c.password = "sesame" },
			id: "weak_password/admin", severity: "serious", input: "a new and long one"},
		{name: "few iterations", args: "--initial-password PASSWORD", open: func(c *checked) {
			c.mustChange(insertUser("bob", map[string]any{"password": "a long one of his", "iterations": 1}))
		}, id: "few_iterations/bob", severity: "warning", input: "another long one of his"},
		{name: "user without a password", args: "--bind all --initial-password PASSWORD", open: func(c *checked) { c.mustChange(insertUser("bob", false)) },
			id: "user_without_password/bob", severity: "serious", input: "a long one of his"},
		{name: "old driver", args: "--bind all --initial-password PASSWORD", open: func(c *checked) { logInByKey(t, c, private4) }, id: "old_handshake/V0_4", severity: "warning"},
		{name: "proxy in front of an open server", open: func(c *checked) { askByProxy(t, c) }, id: "proxy_without_password/127.0.0.1", severity: "serious", input: "a new and long one"},
		{name: "proxy that is not trusted", args: "--initial-password PASSWORD", open: func(c *checked) { askByProxy(t, c) }, id: "untrusted_proxy/127.0.0.1", severity: "warning"},
		{name: "everybody is a proxy", args: "--trusted-proxy 0.0.0.0/0 --trusted-proxy 192.168.77.2", id: "trusted_proxies", severity: "serious"},
		{name: "endless token", args: "--initial-password PASSWORD", open: func(c *checked) {
			c.close(&finding{Commands: []string{"rethinkdb admin --join localhost:" + strconv.Itoa(c.ClusterPort) + " make bearer-token admin --expires never"}}, "")
		}, id: "endless_token/", severity: "note"},
		{name: "JavaScript for all", args: "--initial-password PASSWORD", open: func(c *checked) { c.mustChange(insertUser("bob", "a long one of his")) },
			id: "javascript", severity: "note"},
		{name: "no audit log", args: "--bind all", id: "no_audit_log", severity: "warning"},
		{name: "r.http to this machine", args: "--http-client-allow 127.0.0.0/8", id: "http_client", severity: "warning"},
	} {
		t.Run(c.name, func(t *testing.T) {
			words := strings.Fields(c.args)
			s := &checked{t: t}
			if i := slices.Index(words, "PASSWORD"); i >= 0 {
				words[i], s.password = password, password
			}
			s.Server = startServer(t, words...)
			id := strings.ReplaceAll(c.id, "DIR", s.Dir)
			if c.open != nil {
				if f := s.findIfKnown(id); f != nil {
					t.Fatalf("it is there already: %+v", f)
				}
				c.open(s)
			}
			f := s.find(id)
			if f == nil || f.Severity != c.severity || len(f.Commands) == 0 {
				t.Fatalf("found %+v, want %s", f, c.severity)
			}
			s.close(f, c.input)
			if f := s.find(id); f != nil {
				t.Errorf("still there after\n%s\n%+v", strings.Join(f.Commands, "\n"), f)
			}
			if c.name == "old driver" {
				if _, text, err := (visitor{private4, password}).driver(s.Server); err == nil && !strings.Contains(text, "refuses the handshakes of drivers from before") {
					t.Errorf("the old driver is told %q", text)
				}
			}
		})
	}
}

// findIfKnown is find for a server whose password is known yet.
func (c *checked) findIfKnown(id string) *finding {
	if strings.Contains(c.Output(), "Generated") || id == "weak_password/admin" {
		return nil
	}
	return c.find(id)
}

// makeCertificates makes certificates that are good for a day, and gives the options that use them.
func makeCertificates(t *testing.T, dir string) (options string) {
	t.Helper()
	if out, err := harness.Shell(t, nil, "rethinkdb create-certs --days 1 --host 127.0.0.1 --directory "+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return "--http-tls-key " + filepath.Join(dir, "server-key.pem") + " --http-tls-cert " + filepath.Join(dir, "server.pem")
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// readPassword reads the password that the server has invented.
func readPassword(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "initial_password"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// logInByKey logs in as a driver from before 2.3.
func logInByKey(t *testing.T, c *checked, from peer) {
	t.Helper()
	if got, text, err := (visitor{from, c.password}).driver(c.Server); err != nil || got != in {
		t.Fatalf("%s, %q, %v", got, text, err)
	}
}

// askByProxy asks for the page as a proxy does.
func askByProxy(t *testing.T, c *checked) {
	t.Helper()
	conn, err := loopback.dial(c.WebPort)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r, err := http.NewRequest(http.MethodGet, "http://localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Forwarded-For", "203.0.113.2")
	if c.password != "" {
		r.SetBasicAuth("admin", c.password)
	}
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(io.LimitReader(conn, 1)); err != nil {
		t.Fatal(err)
	}
}

// TestSecurityCheck runs the command, on a server and before one is started.
func TestSecurityCheck(t *testing.T) {
	makeNetwork(t)
	s := startServer(t, "--bind", "all")
	check := func(words string) (output string, status int) {
		t.Helper()
		cmd := harness.Shell(t, serverHost.Words(), "rethinkdb security-check "+words)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	expect := func(words string, status int, parts ...string) {
		t.Helper()
		out, got := check(words)
		if got != status || slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(out, p) }) {
			t.Errorf("%s: exit status %d, want %d and %q in\n%s", words, got, status, parts, out)
		}
	}
	expect("--join localhost:"+strconv.Itoa(s.ClusterPort), 1,
		"Driver port "+strconv.Itoa(s.DriverPort)+": serves this machine and private networks; they need no password and may do everything.",
		"SERIOUS: The user admin has no password: everybody in its private networks can read and change everything through the driver port and the web port.",
		"    rethinkdb admin --join localhost:"+strconv.Itoa(s.ClusterPort)+" set auth -\n")
	if err := s.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expect("-d "+s.Dir, 0, "Driver port 28015: serves programs on this machine only;", "WARNING: The user admin has no password")
	expect("-d "+s.Dir+" --bind all --protected-mode off", 1, "CRITICAL: ", "\n    rethinkdb serve -d "+s.Dir+" --bind all --protected-mode private\n")
	conf := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(conf, []byte("directory="+s.Dir+"\ninitial-password="+password+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	expect("--config-file "+conf, 1, "SERIOUS: The configuration file "+conf+" has a password in it", "\n    chmod 600 "+conf+"\n")
	chmod(t, conf, 0o600)
	expect("--config-file "+conf, 0)
	expect("-d "+filepath.Join(t.TempDir(), "none"), 1, "does not exist")
	expect("--join localhost:1", 1, "failed to join cluster")
	expect("--bogus", 1, "Unrecognized option '--bogus'")
}
