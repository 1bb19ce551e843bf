package auth_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/xdg-go/scram"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/datum"
)

func open(tb testing.TB, store auth.Store) *auth.Users {
	tb.Helper()
	u, err := auth.OpenUsers(store)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

func value(tb testing.TB, text string) datum.Value {
	tb.Helper()
	v, err := datum.ParseJSON([]byte(text))
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return v
}

func show(tb testing.TB, v datum.Value) string {
	tb.Helper()
	if v.IsAbsent() {
		return "absent"
	}
	b, err := datum.AppendJSON(nil, v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func showAll(tb testing.TB, rows []datum.Value) string {
	var all []string
	for _, row := range rows {
		all = append(all, show(tb, row))
	}
	return strings.Join(all, " ")
}

// logIn talks to an independent SCRAM client and gives the text of the refusal, or "" and the user.
func logIn(tb testing.TB, u *auth.Users, user, password string) (as, refusal string) {
	tb.Helper()
	client, err := scram.SHA256.NewClientUnprepped(user, password, "")
	if err != nil {
		tb.Fatal(err)
	}
	ours := begin(tb, u, nil)
	if refusal = converse(tb, client.WithMinIterations(1).NewConversation(), ours); refusal != "" {
		return "", refusal
	}
	if as, err = ours.User(); err != nil {
		tb.Fatal(err)
	}
	return as, ""
}

var visitors atomic.Uint32

// somewhere gives another address each time, so that wrong passwords slow nobody down.
func somewhere() netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24+visitors.Add(1))))
}

// begin begins a log-in, with channel binding if there is a channel.
func begin(tb testing.TB, u *auth.Users, channel auth.Channel) *auth.Conversation {
	tb.Helper()
	method := auth.MethodScram
	if channel != nil {
		method = auth.MethodScramPlus
	}
	c, err := u.Login(somewhere(), method, channel)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func write(u *auth.Users, tb testing.TB, row string) error {
	v := value(tb, row)
	id, _ := v.Get("id")
	return u.WriteUser(id, false, v)
}

func TestUserRows(t *testing.T) {
	u := open(t, &authtest.Store{})
	for _, test := range []struct{ row, want string }{
		{`{"id":"u1","password":"x"}`, ""},
		{`{"id":"u2","password":{"password":"x","iterations":10}}`, ""},
		{`{"id":"u3","password":false}`, ""},
		{`{"id":"u1","password":true}`, ""},
		{`{"id":"u4"}`, "Expected a field named `password`."},
		{`{"id":"u4","password":{"password":"x","iterations":0}}`, "Expected `iterations` to be an integer greater than zero, got 0."},
		{`{"id":"u4","password":{"password":"x","iterations":1.5}}`, "Expected `iterations` to be an integer greater than zero, got 1.5."},
		{`{"id":"u4","password":{"password":"x","iterations":4000000000}}`, "Expected `iterations` to be at most 50000000, got 4000000000."},
		{`{"id":"u4","password":{"password":"x"}}`, "Expected a field named `iterations`."},
		{`{"id":"u4","password":{"iterations":1}}`, "Expected a field named `password`."},
		{`{"id":"u4","password":{"password":"x","iterations":1,"b":1,"a":1}}`, "Unexpected key(s) `a`, `b`."},
		{`{"id":"u4","password":5}`, "Expected an object, string or boolean for `password`, got 5."},
		{`{"id":"u4","password":null}`, "Expected an object, string or boolean for `password`, got null."},
		{`{"id":"u4","password":true}`, "Expected an object or string to set the password, or `false` to keep it unset, got true."},
		{`{"id":"u4","password":false,"x":1}`, "Unexpected key(s) `x`."},
		{`{"id":5,"password":false}`, "Expected a username as the primary key, got 5."},
		{`{"id":"","password":false}`, "Empty username"},
	} {
		err := write(u, t, test.row)
		if got := text(err); got != test.want {
			t.Errorf("%s: %q, want %q", test.row, got, test.want)
		}
		var row *auth.RowError
		if want := test.want != "" && test.want != "Empty username"; errors.As(err, &row) != want {
			t.Errorf("%s: %T", test.row, err)
		}
	}
	generated := u.WriteUser(datum.String("0f"), true, value(t, `{"id":"0f","password":false}`))
	if got := text(generated); got != `Expected a username as the primary key, got "0f".` {
		t.Error(got)
	}
	want := `{"id":"admin","password":false} {"id":"u1","password":true} {"id":"u2","password":true} {"id":"u3","password":false}`
	if got := showAll(t, u.UserRows()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, want := range map[string]string{"admin": "The user `admin` can't be deleted.", "nobody": "User `nobody` not found.", "u1": ""} {
		if got := text(u.WriteUser(datum.String(name), false, datum.Value{})); got != want {
			t.Errorf("delete %s: %q", name, got)
		}
	}
	if row, err := u.UserRow(datum.String("u1")); err != nil || !row.IsAbsent() {
		t.Error(row, err)
	}
	if row, err := u.UserRow(datum.Int(5)); err != nil || !row.IsAbsent() {
		t.Error(row, err)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPasswords(t *testing.T) {
	store := &authtest.Store{}
	u := open(t, store)
	for _, row := range []string{`{"id":"bob","password":"secret"}`, `{"id":"eve","password":""}`,
		`{"id":"uni","password":"pässwörd ☃"}`, `{"id":"a,b=c","password":"x"}`} {
		if err := write(u, t, row); err != nil {
			t.Fatal(err)
		}
	}
	u = open(t, store) // all of it survives
	for _, test := range []struct{ user, password, want string }{
		{"admin", "", ""}, {"admin", "x", "Wrong password"}, {"bob", "secret", ""}, {"bob", "Secret", "Wrong password"},
		{"bob", "", "Wrong password"}, {"eve", "", ""}, {"uni", "pässwörd ☃", ""}, {"a,b=c", "x", ""},
		{"nobody", "", "Wrong password"}, {"Admin", "", "Wrong password"},
	} {
		as, refusal := logIn(t, u, test.user, test.password)
		if refusal != test.want || refusal == "" && as != test.user {
			t.Errorf("%s with %q: as %q, refusal %q", test.user, test.password, as, refusal)
		}
	}
	if err := store.MetaScan("", func(_ string, v []byte) error {
		if bytes.Contains(v, []byte("secret")) || bytes.Contains(v, []byte("pässwörd")) {
			t.Errorf("a password is stored: %s", v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}

	if changed, err := u.SetInitialPassword("first"); !changed || err != nil {
		t.Error(changed, err)
	}
	if changed, err := u.SetInitialPassword("second"); changed || err != nil {
		t.Error(changed, err)
	}
	if !u.HasPassword("admin") || u.HasPassword("eve") || u.HasPassword("nobody") {
		t.Error("HasPassword")
	}
	for key, want := range map[string]string{"first": "", "": "Wrong password", "second": "Wrong password"} {
		if got := text(u.CheckKey(somewhere(), key)); got != want {
			t.Errorf("key %q: %q", key, got)
		}
	}
}

const (
	dbID    = "11111111-1111-4111-8111-111111111111"
	tableID = "22222222-2222-4222-8222-222222222222"
	otherID = "33333333-3333-4333-8333-333333333333"
)

type names struct{}

func (names) DatabaseName(id string) (string, bool) {
	switch id {
	case dbID:
		return "test", true
	case auth.SystemDatabase:
		return "rethinkdb", true
	}
	return "", false
}

func (names) Table(id string) (name, database string, ok bool) {
	if id == tableID {
		return "tbl", dbID, true
	}
	return "", "", false
}

func TestPermissionRows(t *testing.T) {
	store := &authtest.Store{}
	u := open(t, store)
	if err := write(u, t, `{"id":"bob","password":false}`); err != nil {
		t.Fatal(err)
	}
	db, table := `["bob","`+dbID+`"`, `["bob","`+dbID+`","`+tableID+`"`
	for _, test := range []struct{ row, want string }{
		{`{"id":["bob"],"permissions":{"read":true,"connect":false}}`, ""},
		{`{"id":` + db + `],"permissions":{"write":true},"database":"test","user":"bob"}`, ""},
		{`{"id":` + table + `],"permissions":{"config":false},"table":"tbl"}`, ""},
		{`{"id":["bob"],"permissions":{"read":null,"write":false}}`, ""},
		{`{"id":"x"}`, "Expected an array of one to three items in the primary key, got \"x\"."},
		{`{"id":[]}`, "Expected an array of one to three items in the primary key, got []."},
		{`{"id":[5]}`, "Expected a string as the username, got 5."},
		{`{"id":["bob",5]}`, "Expected a UUID as the database, got 5."},
		{`{"id":["bob","` + otherID + `"]}`, "No database with UUID `" + otherID + "` exists."},
		{`{"id":` + db + `,"x"]}`, "Expected a UUID as the table, got \"x\"."},
		{`{"id":` + db + `,"` + otherID + `"]}`, "No table with UUID `" + otherID + "` exists."},
		{`{"id":["nobody"],"permissions":{"read":1}}`, "No user named `nobody`."},
		{`{"id":["admin"],"permissions":{"read":false}}`, "The permissions of the user `admin` can't be modified."},
		{`{"id":["bob"]}`, "Expected a field `permissions`."},
		{`{"id":["bob"],"permissions":{"read":1}}`, "Expected a boolean or null for `read`, got 1."},
		{`{"id":` + db + `],"permissions":{"connect":true}}`, "The `connect` permission is only valid at the global scope."},
		{`{"id":["bob"],"permissions":{"bogus":true}}`, "Unexpected key(s) `bogus`."},
		{`{"id":["bob"],"permissions":{},"x":1}`, "Unexpected key(s) `x`."},
		{`{"id":["bob"],"permissions":5}`, "Expected an object, got 5."},
		{`{"id":["bob"],"permissions":{},"user":"eve"}`, "The key `user` does not match the primary key."},
		{`{"id":` + db + `],"permissions":{},"database":"other"}`, "The key `database` does not match the primary key."},
		{`{"id":` + table + `],"permissions":{},"table":"other"}`, "The key `table` does not match the primary key."},
	} {
		row := value(t, test.row)
		id, _ := row.Get("id")
		if _, err := u.WritePermission(id, false, row, names{}, auth.ByName); text(err) != test.want {
			t.Errorf("%s: %q, want %q", test.row, text(err), test.want)
		}
	}
	if _, err := u.WritePermission(datum.String("k"), true, value(t, `{}`), names{}, auth.ByName); text(err) != "You must specify a primary key." {
		t.Error(err)
	}

	u = open(t, store)
	want := `{"id":["admin"],"permissions":{"config":true,"connect":true,"read":true,"write":true},"user":"admin"}` +
		` {"database":"rethinkdb","id":["admin","` + auth.SystemDatabase + `"],"permissions":{"config":true,"read":true,"write":true},"user":"admin"}` +
		` {"id":["bob"],"permissions":{"connect":false,"write":false},"user":"bob"}` +
		` {"database":"test","id":` + db + `],"permissions":{"write":true},"user":"bob"}` +
		` {"database":"test","id":` + table + `],"permissions":{"config":false},"table":"tbl","user":"bob"}`
	if got := showAll(t, u.PermissionRows(names{}, auth.ByName)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	row := u.PermissionRow(value(t, table+`]`), names{}, auth.ByID)
	if got, want := show(t, row), `{"database":"`+dbID+`","id":`+table+`],"permissions":{"config":false},"table":"`+tableID+`","user":"bob"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	// Unsetting the last right makes the row disappear, and so does a delete.
	if gone, err := u.WritePermission(value(t, db+`]`), false, value(t, `{"permissions":{"write":null}}`), names{}, auth.ByName); !gone || err != nil {
		t.Error(gone, err)
	}
	if gone, err := u.WritePermission(value(t, `["bob"]`), false, datum.Value{}, names{}, auth.ByName); !gone || err != nil {
		t.Error(gone, err)
	}
	if err := u.ForgetTable(tableID); err != nil {
		t.Error(err)
	}
	if got := len(u.PermissionRows(names{}, auth.ByName)); got != 2 {
		t.Errorf("%d rows are left", got)
	}
}

func TestGrantAndAllowed(t *testing.T) {
	u := open(t, &authtest.Store{})
	if err := write(u, t, `{"id":"bob","password":false}`); err != nil {
		t.Fatal(err)
	}
	grant := func(scope auth.Scope, change, wantBefore, wantAfter string) {
		t.Helper()
		before, after, err := u.Grant("bob", scope, value(t, change))
		if err != nil || show(t, before) != wantBefore || show(t, after) != wantAfter {
			t.Errorf("%s: %s, %s, %v", change, show(t, before), show(t, after), err)
		}
	}
	db, table := auth.Scope{Database: dbID}, auth.Scope{Database: dbID, Table: tableID}
	allowed := func(perm auth.Permission, scope auth.Scope, want bool) {
		t.Helper()
		if got := u.Allowed("bob", perm, scope.Database, scope.Table); got != want {
			t.Errorf("%v in %v: %v", perm, scope, got)
		}
	}
	allowed(auth.Read, auth.Scope{}, false)
	grant(auth.Scope{}, `{"read":true,"connect":true}`, `null`, `{"connect":true,"read":true}`)
	allowed(auth.Read, auth.Scope{}, true)
	allowed(auth.Read, table, true)
	allowed(auth.Connect, auth.Scope{}, true)
	allowed(auth.Read, auth.Scope{Database: auth.SystemDatabase}, false)
	grant(db, `{"read":false,"write":true}`, `null`, `{"read":false,"write":true}`)
	allowed(auth.Read, db, false)
	allowed(auth.Read, table, false)
	allowed(auth.Write, table, true)
	grant(table, `{"read":true}`, `null`, `{"read":true}`)
	allowed(auth.Read, table, true)
	grant(table, `{"read":null}`, `{"read":true}`, `null`)
	allowed(auth.Read, table, false)
	grant(auth.Scope{Database: auth.SystemDatabase}, `{"read":true}`, `null`, `{"read":true}`)
	allowed(auth.Read, auth.Scope{Database: auth.SystemDatabase}, true)
	if !u.Allowed("admin", auth.Config, dbID, tableID) || u.Allowed("nobody", auth.Read, "", "") {
		t.Error("admin or nobody")
	}
	for user, want := range map[string]string{"admin": "The permissions of the user `admin` can't be modified.", "nobody": "User `nobody` not found."} {
		if _, _, err := u.Grant(user, auth.Scope{}, value(t, `{}`)); text(err) != want {
			t.Error(err)
		}
	}
	if err := u.ForgetDatabase(dbID); err != nil {
		t.Error(err)
	}
	allowed(auth.Read, db, true)
}
