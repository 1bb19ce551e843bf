//go:build security

package security

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

const (
	changesTerm = 152
	grantTerm   = 188
)

// A feed that waits ends at once when its user may no longer see it, on the driver port and over HTTP: when the right is taken
// away, and when there is no such user any more.
func TestRevokedFeeds(t *testing.T) {
	s := harness.Start(t, "", "--initial-password", password)
	admin := logIn(t, s, "admin", password)
	run := func(term any) {
		t.Helper()
		if _, err := admin.Run(term); err != nil {
			t.Fatal(err)
		}
	}
	users := harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "users")
	table := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "t")
	run(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "t"))
	for _, c := range []struct {
		name   string
		revoke any
	}{
		{"revoked", harness.Term(grantTerm, table, "bob", map[string]any{"read": false})},
		{"deleted", harness.Term(harness.Delete, harness.Term(harness.Get, users, "bob"))},
	} {
		run(harness.Term(harness.Insert, users, map[string]any{"id": "bob", "password": "bob's"}))
		run(harness.Term(grantTerm, table, "bob", map[string]any{"read": true}))
		ends := make(chan string, 2)
		bob := logIn(t, s, "bob", "bob's")
		go func() {
			_, err := bob.Run(harness.Term(changesTerm, table))
			ends <- fmt.Sprint("driver: ", err)
		}()
		go func() { ends <- "http: " + feedOverHTTP(s, `[1,[152,[[15,[[14,["test"]],"t"]]]]]`) }()
		waitForJobs(t, admin, "bob", 2)
		run(c.revoke)
		for range 2 {
			got := <-ends
			if c.name == "deleted" && got == "http: This server needs a user and a password.\n" {
				continue // it was between two requests
			}
			if !strings.Contains(got, "User `bob` does not have the required `read` permission.") || !strings.Contains(got, "6000000") {
				t.Errorf("%s: %s", c.name, got)
			}
		}
	}
}

// feedOverHTTP reads a feed as bob until its end, which it returns.
func feedOverHTTP(s *harness.Server, query string) string {
	answer, err := askOverHTTP(s, "bob", "bob's", query)
	if err != nil {
		return err.Error()
	}
	return answer
}

// askOverHTTP sends a query to the web port and reads to the last answer, which it returns with its header; of a request that is refused,
// what the page says.
func askOverHTTP(s *harness.Server, user, password, query string) (string, error) {
	post := func(path, body string) (text string, served bool, err error) {
		r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://localhost:%d/ajax/reql/%s", s.WebPort, path), strings.NewReader(body))
		if err != nil {
			return "", false, err
		}
		r.SetBasicAuth(user, password)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return "", false, err
		}
		page, err := io.ReadAll(answer.Body)
		return string(page), answer.StatusCode == http.StatusOK, errors.Join(err, answer.Body.Close())
	}
	id, served, err := post("open-new-connection", "")
	if err != nil || !served {
		return id, err
	}
	const token = 1
	for {
		frame := binary.LittleEndian.AppendUint64(nil, token)
		answer, _, err := post("?conn_id="+id, string(frame)+query)
		if err != nil || !strings.Contains(answer, `"t":3`) {
			return answer, err
		}
		query = `[2]`
	}
}

// waitForJobs waits until a user has so many queries.
func waitForJobs(t *testing.T, admin *harness.Conn, user string, n int) {
	t.Helper()
	jobs := harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "jobs")
	own := harness.Term(harness.Count, harness.Term(harness.Filter, jobs, map[string]any{"info": map[string]any{"user": user}}))
	for deadline := time.Now().Add(30 * time.Second); ; {
		var count int
		if err := admin.One(own, &count); err != nil {
			t.Fatal(err)
		}
		if count == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has %d queries, want %d", user, count, n)
		}
	}
}

func logIn(t *testing.T, s *harness.Server, user, password string) *harness.Conn {
	t.Helper()
	c, err := harness.LogIn(s.Addr(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
