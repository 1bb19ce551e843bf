//go:build integration

package program

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"rethinkdb/test/harness"
)

// withToken sends a request to the web port with a bearer token.
func withToken(t *testing.T, s *harness.Server, token, method, path string, body []byte) (code int, answer []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d%s", s.WebPort, path), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

// query runs a query over HTTP.
func query(t *testing.T, s *harness.Server, token, term string) string {
	t.Helper()
	code, id := withToken(t, s, token, http.MethodPost, "/ajax/reql/open-new-connection", nil)
	if code != http.StatusOK {
		t.Fatalf("open a connection: %d %s", code, id)
	}
	body := append(binary.LittleEndian.AppendUint64(nil, 1), "[1,"+term+"]"...)
	code, answer := withToken(t, s, token, http.MethodPost, "/ajax/reql/?conn_id="+string(id), body)
	if code != http.StatusOK || len(answer) < 12 {
		t.Fatalf("query: %d %s", code, answer)
	}
	return string(answer[12:])
}

// TestBearerToken makes a token, uses it, and takes it back, as an operator does.
func TestBearerToken(t *testing.T) {
	s := harness.Start(t, "", "--initial-password", "open sesame")
	const key = "open sesame"
	made := admin(t, s, key, "", "make", "bearer-token", "admin", "--expires", "12h", "--description", "metrics of the office")
	made.matches(t, 0, `rethinkdb_token_[A-Z2-7]{26}\n`)
	token := strings.TrimSpace(made.stdout)
	if got := query(t, s, token, "[59,[]]"); !strings.Contains(got, `"rethinkdb"`) {
		t.Errorf("the databases: %s", got)
	}
	// It is good after a restart, too.
	stop(t, s, unix.SIGTERM)
	s = harness.Start(t, s.Dir)
	if got := query(t, s, token, "[59,[]]"); !strings.Contains(got, `"rethinkdb"`) {
		t.Errorf("the databases after a restart: %s", got)
	}
	list := admin(t, s, key, "", "ls", "bearer-tokens", "--long")
	list.matches(t, 0, `uuid +user +created +expires +description\n[0-9a-f-]{36}  admin .*metrics of the office\n`)
	id := regexp.MustCompile(`[0-9a-f-]{36}`).FindString(list.stdout)

	admin(t, s, key, "", "make", "bearer-token", "nobody").matches(t, 1, "User `nobody` not found.\n")
	admin(t, s, key, "", "make", "bearer-token", "admin", "--expires", "soon").matches(t, 1, "'soon' is no time until a token expires: .*\n")
	admin(t, s, key, "", "rm", "bearer-token", "ffff0000").matches(t, 1, "identifier not found: ffff0000\nusage: \trm bearer-token <ID>...\n")
	admin(t, s, key, "", "rm", "bearer-token", id[:8]).matches(t, 0, "")
	if code, page := withToken(t, s, token, http.MethodPost, "/ajax/reql/open-new-connection", nil); code != http.StatusUnauthorized || !bytes.Contains(page, []byte("This bearer token is not valid.")) {
		t.Errorf("after it was taken back: %d %s", code, page)
	}
	// The secret is not in the log.
	log, err := os.ReadFile(filepath.Join(s.Dir, "log_file"))
	if err != nil || bytes.Contains(log, []byte(token[len("rethinkdb_token_"):])) {
		t.Errorf("the log: %s, %v", log, err)
	}
}
