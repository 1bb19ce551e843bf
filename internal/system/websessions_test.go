package system

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/login"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func TestWebSessions(t *testing.T) {
	var logIns *login.Sessions
	w := newWorld(t, func(o *Options) {
		logIns = login.New(login.Options{Idle: time.Hour, Credential: o.Users.Credential})
		o.LogIns = logIns
	})
	t.Cleanup(logIns.Close)
	if err := outcome(w.insert(w.system("users"), `{"id":"bob","password":"swordfish"}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.users.Grant("bob", auth.Scope{Database: DatabaseID}, w.value(`{"read":true,"write":true}`)); err != nil {
		t.Fatal(err)
	}
	begin := func(user string) login.Session {
		t.Helper()
		c, ok := w.users.Credential(user)
		if !ok {
			t.Fatalf("there is no %s", user)
		}
		_, one := logIns.Begin(user, c, login.NewBrowser(netip.MustParseAddr("::ffff:10.0.0.1"), "Firefox"), false)
		return one
	}
	admins, bobs := begin(auth.Admin), begin("bob")
	admin, bob := w.as(w.admin, "web_sessions", ""), w.as(&exec.Client{User: "bob"}, "web_sessions", "")

	expect := func(tbl exec.Table, want ...string) {
		t.Helper()
		rows := w.rows(tbl, table.ScanOptions{})
		slices.Sort(want)
		for i, id := range want {
			if len(rows) != len(want) || !strings.Contains(rows[i], `"id":"`+id+`"`) || strings.Contains(rows[i], "secret") {
				t.Fatalf("the rows are %s, want those of %s", rows, want)
			}
		}
	}
	expect(admin, admins.ID, bobs.ID)
	expect(bob, bobs.ID)
	row := w.rows(bob, table.ScanOptions{})[0]
	for _, field := range []string{`"address":"10.0.0.1"`, `"browser":"Firefox"`, `"expires_at":{`, `"last_used":{`, `"since":{`, `"user":"bob"`} {
		if !strings.Contains(row, field) {
			t.Errorf("%s lacks %s", row, field)
		}
	}
	// For bob the session of admin is not there.
	if err := outcome(w.remove(bob, `"`+admins.ID+`"`)); err != nil {
		t.Fatal(err)
	}
	expect(admin, admins.ID, bobs.ID)
	if err := outcome(w.remove(admin, `"`+bobs.ID+`"`)); err != nil {
		t.Fatal(err)
	}
	expect(admin, admins.ID)
	r, err := w.put(admin, w.value(`"x"`), false, func(datum.Value) datum.Value { return w.value(`{"id":"x"}`) })
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Err, reql.OpFailed, "The `rethinkdb.web_sessions` table only allows deletions, not inserts or updates.")
	if err := outcome(w.remove(admin, "[1]")); err != nil {
		t.Error(err)
	}
}
