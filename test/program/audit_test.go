//go:build integration

package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

const auditPassword = "open sesame"

// startAudited starts a server with an audit log, and with a password unless its directory is there already.
func startAudited(t *testing.T, dir, file string) *harness.Server {
	t.Helper()
	return harness.Start(t, dir, "--audit-log", file, "--initial-password", auditPassword)
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// waitForEntries waits until the audit log has lines with all of these texts. The server writes them after it has answered.
func waitForEntries(t *testing.T, file string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		waitFor(t, text+" in the audit log", func() bool { return strings.Contains(readText(t, file), text) })
	}
}

// auditVerify asks the running server for its last entry.
func auditVerify(t *testing.T, s *harness.Server, file string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Binary(t), "audit-verify", "--join", fmt.Sprintf("localhost:%d", s.ClusterPort), file)
	cmd.Env = append(os.Environ(), "RETHINKDB_PASSWORD="+auditPassword)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// damage is what the issues of a server say of its audit log.
func damage(t *testing.T, s *harness.Server) (messages []string) {
	t.Helper()
	c, err := harness.LogIn(s.Addr(), "admin", auditPassword)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows, err := c.Run(harness.Term(harness.Filter, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "current_issues"), map[string]any{"type": "audit_log"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range rows {
		var row struct{ Description string }
		if err := json.Unmarshal(text, &row); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, row.Description)
	}
	return messages
}

// TestAuditLog has people come in by all ways, with the right password and with a wrong one, and change things.
func TestAuditLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	s := startAudited(t, "", file)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.FileMode(0o600) {
		t.Errorf("its mode is %v", info.Mode())
	}
	for _, user := range []string{"admin", "mallory"} {
		if c, err := harness.LogIn(s.Addr(), user, "wrong guess"); err == nil {
			c.Close()
			t.Errorf("%s has logged in with a wrong password", user)
		}
	}
	if c, err := harness.Dial(s.Addr()); err == nil {
		c.Close()
		t.Error("somebody has come in without the key")
	}
	for _, password := range []string{"wrong guess", auditPassword} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/ajax/reql/open-new-connection", s.WebPort), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("admin", password)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if got := admin(t, s, auditPassword, "", "create", "database", "shop"); got.status != 0 {
		t.Errorf("create database: %+v", got)
	}
	c, err := harness.LogIn(s.Addr(), "admin", auditPassword)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	db := harness.Term(harness.DB, "shop")
	table := harness.Term(harness.Table, db, "items")
	for _, term := range []any{
		harness.Term(harness.TableCreate, db, "items"),
		harness.Term(harness.Insert, table, map[string]any{"id": 1, "note": "a value of a document"}),
		harness.Term(harness.IndexCreate, table, "note"),
		harness.Term(harness.Insert, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "users"), map[string]any{"id": "bob", "password": "password of bob"}),
	} {
		if _, err := c.Run(term); err != nil {
			t.Fatal(err)
		}
	}
	waitForEntries(t, file,
		`"event":"server_started"`, `"action":"initial_password","on":"rethinkdb.users","key":"admin","fields":["password"]`,
		`"event":"log_in_refused","user":"mallory","peer":"127.0.0.1:`, `"port":"driver","method":"scram_sha_256","reason":"Wrong password"`,
		`"port":"driver","method":"auth_key","reason":"Incorrect authorization key."`,
		`"port":"web","method":"http_basic","reason":"Wrong password"`, `"port":"web","method":"http_basic","prev"`,
		`"port":"intracluster","method":"admin_command_line","prev"`, `"port":"intracluster","action":"db_create","on":"shop"`,
		`"event":"log_in","user":"admin","peer":"127.0.0.1:`, `"port":"driver","method":"scram_sha_256","prev"`,
		`"action":"table_create","on":"shop.items"`, `"action":"index_create","on":"shop.items","detail":"index note"`,
		`"action":"insert","on":"rethinkdb.users","key":"bob","fields":["id","password"],"prev"`,
	)
	auditVerify(t, s, file).matches(t, 0, `\S+: entries 1 to \d+\nNothing was changed\. The last entry is \d+:[0-9a-f]{64}\n`)
	stop(t, s, syscall.SIGTERM)
	s = startAudited(t, s.Dir, file)
	stop(t, s, syscall.SIGTERM)
	text := readText(t, file)
	run(t, "audit-verify", file).matches(t, 0, `\S+: entries 1 to \d+\nNothing was changed\. The last entry is \d+:[0-9a-f]{64}\n`)
	for _, secret := range []string{auditPassword, "wrong guess", "password of bob", "a value of a document"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the audit log:\n%s", secret, text)
		}
	}
	last := text[strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1:]
	if !strings.Contains(last, `"event":"server_stopped","reason":"SIGTERM"`) {
		t.Errorf("the last line is %s", last)
	}
}

// TestAuditLogThatWasChanged changes a line while the server does not run.
func TestAuditLogThatWasChanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	s := startAudited(t, "", file)
	stop(t, s, syscall.SIGTERM)
	text := strings.Replace(readText(t, file), `"reason":"SIGTERM"`, `"reason":"SIGFOOL"`, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "audit-verify", file).matches(t, 1, `\S+: line 3 was changed: its hash is not that of its text\n\S+: entries 1 to 2\n`)
	s = startAudited(t, s.Dir, file)
	if got := damage(t, s); len(got) != 1 || !strings.Contains(got[0], "line 3 was changed") {
		t.Errorf("the issues say %q", got)
	}
	waitForEntries(t, file, `"event":"chain_broken","detail":"line 3 was changed: its hash is not that of its text"`)
}

// TestAuditLogThatWasCut cuts lines off at the end, which nobody sees in the file alone.
func TestAuditLogThatWasCut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	s := startAudited(t, "", file)
	stop(t, s, syscall.SIGTERM)
	lines := strings.SplitAfter(readText(t, file), "\n")
	cut := func(n int) {
		t.Helper()
		if err := os.WriteFile(file, []byte(strings.Join(lines[:n], "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cut(2)
	run(t, "audit-verify", file).matches(t, 0, `\S+: entries 1 to 2\nNothing was changed\. The last entry is 2:[0-9a-f]{64}\n`)
	s = startAudited(t, s.Dir, file)
	if got := damage(t, s); len(got) != 1 || !strings.Contains(got[0], "entries 3 to 3 are missing at its end") {
		t.Errorf("the issues say %q", got)
	}
	waitForEntries(t, file, `"event":"chain_broken"`)
	run(t, "audit-verify", file).matches(t, 1, `\S+: line 3 is entry 4, and the entries from 3 on are missing before it\n.*`)

	cut(2) // while the server runs, which writes on behind that when somebody logs in to ask it
	auditVerify(t, s, file).matches(t, 1, `.*line 3 is entry \d+, and the entries from 3 on are missing before it\n.*`)
}

// TestAuditLogAfterACrash kills the server while it writes.
func TestAuditLogAfterACrash(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	s := startAudited(t, "", file)
	for range 3 {
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		torn, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		entries := strings.Count(readText(t, file), `"hash":`)
		if _, err := fmt.Fprintf(torn, `{"seq":%d,"time":"2030-01-0`, entries+1); err != nil {
			t.Fatal(err)
		}
		if err := torn.Close(); err != nil {
			t.Fatal(err)
		}
		run(t, "audit-verify", file).matches(t, 0, `.*ends in the middle of a line, as after a crash, or while it is written\n(Nothing was changed\..*|There are no entries\.\n)`)
		s = startAudited(t, s.Dir, file)
		waitForEntries(t, file, `"event":"torn_line"`)
		if got := damage(t, s); got != nil {
			t.Errorf("the issues say %q", got)
		}
	}
	run(t, "audit-verify", file).matches(t, 0, `\S+: entries 1 to \d+\nNothing was changed\..*`)
}

func TestAuditLogThatCannotBeOpened(t *testing.T) {
	for file, want := range map[string]string{
		"/nowhere/audit.log": "Could not use the audit log '/nowhere/audit.log': open /nowhere/audit.log: no such file or directory. Check the file and its directory, or choose another with --audit-log.",
		"/dev/null":          "Could not use the audit log '/dev/null': /dev/null is no regular file.",
	} {
		got := run(t, append([]string{"-d", newDir(t), "--audit-log", file}, freePorts...)...)
		if got.status != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v", file, got)
		}
	}
	for _, words := range []string{"--audit-log-size 0", "--audit-log-keep 0", "--audit-log-size x"} {
		got := run(t, append(append([]string{"-d", newDir(t)}, strings.Fields(words)...), freePorts...)...)
		if got.status != 1 || !strings.Contains(got.stderr, "ERROR: audit-log-") {
			t.Errorf("%s: %+v", words, got)
		}
	}
}
