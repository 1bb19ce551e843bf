//go:build integration

package program

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// TestMonitoring has a program watch the server, as docs/monitoring.md says: a user of its own, and a token.
func TestMonitoring(t *testing.T) {
	const key = "open sesame"
	s := harness.Start(t, "", "--initial-password", key)
	c, err := harness.LogIn(s.Addr(), "admin", key)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	db := harness.Term(harness.DB, "rethinkdb")
	const grant = 188
	for _, term := range []any{
		harness.Term(harness.Insert, harness.Term(harness.Table, db, "users"), map[string]any{"id": "prometheus", "password": "nobody needs to know"}),
		harness.Term(grant, db, "prometheus", map[string]any{"read": true}),
		harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "items"),
		harness.Term(harness.Insert, harness.Term(harness.Table, harness.Term(harness.DB, "test"), "items"), map[string]any{"id": 1}),
	} {
		if _, err := c.Run(term); err != nil {
			t.Fatal(err)
		}
	}
	made := admin(t, s, key, "", "make", "bearer-token", "prometheus", "--expires", "never", "--description", "Prometheus")
	made.matches(t, 0, `rethinkdb_token_[A-Z2-7]{26}\n`)
	code, text := withToken(t, s, strings.TrimSpace(made.stdout), http.MethodGet, "/metrics", nil)
	for _, want := range []string{
		"\nrethinkdb_documents_written_total{db=\"test\",table=\"items\"} 1\n", "\nrethinkdb_documents{db=\"test\",table=\"items\"} 1\n",
		"\nrethinkdb_clients{port=\"driver\"} 1\n", "\nrethinkdb_log_ins_total{port=\"driver\"} 1\n", "\ngo_goroutines ", "\nprocess_open_fds ",
	} {
		if code != http.StatusOK || !bytes.Contains(text, []byte(want)) {
			t.Fatalf("%d, want %q in\n%s", code, want, text)
		}
	}
	for path, want := range map[string]string{"/health/live": `200 {"status":"ok"}`, "/health/ready": `200 {"status":"ok"}`, "/metrics": "401 This server needs a user and a password.\n"} {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", s.WebPort, path))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if got := fmt.Sprintf("%d %s", response.StatusCode, body); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", path, got, err, want)
		}
	}
}
