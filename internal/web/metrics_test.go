package web

import (
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
)

// Metrics are for who may read the system tables.
func TestMetrics(t *testing.T) {
	f := start(t)
	expect := func(code int, text string, headers ...string) {
		t.Helper()
		if w := f.get("/metrics", headers...); w.Code != code || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%v: %d %s, want %d %s", headers, w.Code, w.Body, code, text)
		}
	}
	expect(200, "metric 1\n") // without a password everybody is admin
	f.expect("POST", "/metrics", "", 405, "", "")
	f.setPassword("bob", "swordfish")
	if _, err := f.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	expect(401, "needs a user and a password")
	const bob = "Basic Ym9iOnN3b3JkZmlzaA=="
	expect(403, "User `bob` does not have the required `read` permission", "Authorization", bob)
	read, err := datum.ParseJSON([]byte(`{"read":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.users.Grant("bob", auth.Scope{Database: "system"}, read); err != nil {
		t.Fatal(err)
	}
	expect(200, "metric 1\n", "Authorization", bob)
	token, err := f.users.MakeToken(auth.Token{ID: "1", User: "bob", Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	expect(200, "metric 1\n", "Authorization", "Bearer "+token)
	expect(401, "not valid", "Authorization", "Bearer x"+token)
}
