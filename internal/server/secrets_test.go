package server

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/logfile"
	"rethinkdb/test/harness"
)

// secrets are the passwords and the values of this test. What a server writes has none of them, except for documents in its store.
var secrets = []string{
	"initial-PASSWORD-1", "second-PASSWORD-2", "bobs-PASSWORD-3", "wrong-PASSWORD-4", "misplaced-PASSWORD-5", "document-VALUE-6", "header-PASSWORD-7",
}

// transcript collects what goes to a console.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// TestLogsHaveNoSecrets sets, changes, gives and misplaces passwords on a server that logs as much as it can.
func TestLogsHaveNoSecrets(t *testing.T) {
	top := t.TempDir()
	d, err := AcquireDirectory(filepath.Join(top, "data"), true)
	if err != nil {
		t.Fatal(err)
	}
	var console transcript
	log, err := logfile.Open(logfile.Options{Path: filepath.Join(top, "log"), Level: slog.LevelDebug - 100, Stdout: &console, Stderr: &console})
	if err != nil {
		t.Fatal(err)
	}
	port := Port{Addresses: loopback(t)}
	n, err := start(d, Config{
		ServerName: "s", ServerTags: []string{"default"}, TestDB: true, CacheBytes: 64 << 20, Cluster: port, Driver: port, Web: port, InitialPassword: secrets[0],
		SlowQuery: time.Nanosecond, AuditLog: filepath.Join(top, "audit"), AuditLogBytes: 1 << 20, AuditLogKeep: 1,
	}, log, func(err error) { panic(err) })
	if err != nil {
		t.Fatal(err)
	}
	if err := n.serveClients(); err != nil {
		t.Fatal(err)
	}
	provoke(t, n)
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{log.Close(), d.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	written := map[string]string{"the console": console.String()}
	for _, name := range []string{"log", "audit"} {
		text, err := os.ReadFile(filepath.Join(top, name))
		if err != nil {
			t.Fatal(err)
		}
		written[name] = string(text)
	}
	if !strings.Contains(written["log"], "slow query") || !strings.Contains(written["audit"], "Wrong password") {
		t.Fatalf("nothing was logged:\n%s\n%s", written["log"], written["audit"])
	}
	for where, text := range written {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %s:\n%s", where, secret, text)
			}
		}
	}
	noneInFiles(t, d.Path, secrets[:5])
}

// noneInFiles looks for passwords in the data directory.
func noneInFiles(t *testing.T, dir string, passwords []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, password := range passwords {
			if bytes.Contains(content, []byte(password)) {
				t.Errorf("%s has %s", path, password)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// provoke does to a server what may make it write a secret.
func provoke(t *testing.T, n *node) {
	t.Helper()
	driver := net.JoinHostPort("127.0.0.1", fmt.Sprint(n.driverPort.port))
	table := func(name string) any { return harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), name) }
	users := table("users")
	admin := harness.Term(harness.Get, users, "admin")
	c, err := harness.LogIn(driver, "admin", secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, q := range []struct {
		term  any
		works bool
	}{
		{harness.Term(harness.Update, admin, map[string]any{"password": secrets[1]}), true},
		{harness.Term(harness.Insert, users, map[string]any{"id": "bob", "password": map[string]any{"password": secrets[2], "iterations": 10}}), true},
		{harness.Term(harness.Update, admin, map[string]any{"password": harness.Term(harness.MakeArray, secrets[4])}), true}, // its row fails
		{harness.Term(harness.Update, admin, map[string]any{"passwort": secrets[4]}), true},
		{harness.Term(harness.Update, admin, map[string]any{"password": map[string]any{"password": harness.Term(harness.MakeArray, secrets[4]), "iterations": 1}}), true},
		{harness.Term(harness.Insert, users, map[string]any{"id": harness.Term(harness.MakeArray, "x"), "password": secrets[4]}), true},
		{harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "t"), true},
		{harness.Term(harness.Insert, harness.Term(harness.Table, harness.Term(harness.DB, "test"), "t"), map[string]any{"id": secrets[5], "v": secrets[5]}), true},
		{harness.Term(24, secrets[5], 1), false}, // add: an error that shows the value to the client
		{harness.TermOpt(153, map[string]any{"auth": map[string]any{"user": "u", "pass": secrets[6]}}, "http://127.0.0.1:1/?"+secrets[6]), false}, // http
	} {
		if _, err := c.Run(q.term); (err == nil) != q.works {
			t.Errorf("%v: %v", q.term, err)
		}
	}
	for _, password := range []string{secrets[3], secrets[1]} {
		for _, user := range []string{"admin", "bob", "nobody"} {
			if other, err := harness.LogIn(driver, user, password); err == nil {
				other.Close()
			}
		}
		if conn, err := net.Dial("tcp", driver); err == nil {
			if old, err := harness.GiveKey(conn, harness.V04, password); err == nil {
				old.Close()
			}
		}
		for _, path := range []string{"/", "/" + password, "/ajax/reql/?conn_id=" + password} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", n.webPort.port, path), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth("admin", password)
			request.Header.Set("Authorization-Of-Another-Kind", secrets[6])
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
		}
	}
	http.DefaultClient.CloseIdleConnections()
	for _, address := range []string{driver, fmt.Sprintf("127.0.0.1:%d", n.webPort.port), fmt.Sprintf("127.0.0.1:%d", n.clusterPort.port)} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "\xc3\xbd\xc2\x34{\"authentication\": \""+secrets[3]+"\"\x00"+secrets[3]+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Logf("the server closed at once: %v", err)
		}
		conn.Close()
	}
}
