package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/datum"
)

// TestRoleRows writes rows of users with roles, one after the other.
func TestRoleRows(t *testing.T) {
	store := &authtest.Store{}
	u := open(t, store)
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf(`"r%d"`, i)
	}
	for _, test := range []struct{ row, want string }{
		{`{"id":"bob","password":"x"}`, ""},
		{`{"id":"readers","role":true}`, ""},
		{`{"id":"writers","role":true,"password":false,"roles":["readers"]}`, ""},
		{`{"id":"bob","password":true,"roles":["writers","readers","writers"]}`, ""},
		{`{"id":"eve","password":false,"roles":["readers"]}`, ""},
		{`{"id":"eve","password":false,"roles":[]}`, ""},
		{`{"id":"admin","password":false,"roles":[]}`, ""},

		{`{"id":"eve","password":false,"roles":["nobody"]}`, "Role `nobody` not found."},
		{`{"id":"eve","password":false,"roles":["bob"]}`, "`bob` is a user, not a role."},
		{`{"id":"eve","password":false,"roles":["admin"]}`, "`admin` is a user, not a role."},
		{`{"id":"eve","password":false,"roles":["eve"]}`, "`eve` is a user, not a role."},
		{`{"id":"eve","password":false,"roles":"readers"}`, "Expected an array of names for `roles`, got \"readers\"."},
		{`{"id":"eve","password":false,"roles":[1]}`, "Expected an array of names for `roles`, got [\n\t1\n]."},
		{`{"id":"eve","password":false,"roles":[""]}`, "Expected an array of names for `roles`, but one can't be a name."},
		{`{"id":"eve","password":false,"roles":[` + strings.Join(many, ",") + `]}`, "Expected at most 32 names for `roles`, got 40."},
		{`{"id":"eve","password":false,"role":false}`, "Expected `role` to be true, or no such field for a user, got false."},
		{`{"id":"eve","password":false,"role":true}`, "The user `eve` can't become a role."},
		{`{"id":"eve","roles":[]}`, "Expected a field named `password`."},
		{`{"id":"readers","password":false}`, "The role `readers` can't become a user."},
		{`{"id":"readers","role":true,"password":"x"}`, "A role has no password."},
		{`{"id":"readers","role":true,"password":true}`, "A role has no password."},
		{`{"id":"new","role":true,"password":{"password":"x","iterations":1}}`, "A role has no password."},
		{`{"id":"readers","role":true,"roles":["readers"]}`, "The role `readers` can't have itself as a role."},
		{`{"id":"readers","role":true,"roles":["writers"]}`, "The role `readers` can't have itself as a role."},
		{`{"id":"new","role":true,"roles":["new"]}`, "The role `new` can't have itself as a role."},
		{`{"id":"admin","password":false,"roles":["readers"]}`, "The user `admin` has all permissions and no roles."},
		{`{"id":"admin","password":false,"role":true}`, "The user `admin` has all permissions and no roles."},
	} {
		if got := text(write(u, t, test.row)); got != test.want {
			t.Errorf("%s: %q, want %q", test.row, got, test.want)
		}
	}
	want := `{"id":"admin","password":false} {"id":"bob","password":true,"roles":["readers","writers"]} {"id":"eve","password":false}` +
		` {"id":"readers","password":false,"role":true} {"id":"writers","password":false,"role":true,"roles":["readers"]}`
	for _, u := range []*auth.Users{u, open(t, store)} {
		if got := showAll(t, u.UserRows()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for _, name := range []string{"readers", "writers"} {
		if got, want := text(u.WriteUser(datum.String(name), false, datum.Value{})), "The role `"+name+"` can't be deleted: `bob` has it."; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		// A role is nobody who could log in, whatever else it has of a user.
		if _, refusal := logIn(t, u, name, ""); refusal != "Wrong password" {
			t.Errorf("%s logs in: %q", name, refusal)
		}
		if _, err := u.Check(somewhere(), name, ""); text(err) != "Wrong password" {
			t.Error(err)
		}
	}
	for _, name := range []string{"bob", "writers", "readers"} {
		if err := u.WriteUser(datum.String(name), false, datum.Value{}); err != nil {
			t.Errorf("delete %s: %v", name, err)
		}
	}
}

// TestTooManyRoles counts the roles of roles, and those that somebody gets because a role of theirs gets them.
func TestTooManyRoles(t *testing.T) {
	u := open(t, &authtest.Store{})
	names := make([]string, 32)
	for i := range names {
		names[i] = fmt.Sprintf("r%02d", i)
		if err := write(u, t, `{"id":"`+names[i]+`","role":true}`); err != nil {
			t.Fatal(err)
		}
	}
	list := `["` + strings.Join(names, `","`) + `"]`
	for _, test := range []struct{ row, want string }{
		{`{"id":"top","role":true}`, ""},
		{`{"id":"bob","password":false,"roles":["top"]}`, ""},
		{`{"id":"top","role":true,"roles":` + list + `}`, "`bob` would have more than 32 roles."},
		{`{"id":"bob","password":false,"roles":` + list + `}`, ""},
		{`{"id":"r31","role":true,"roles":["top"]}`, "`bob` would have more than 32 roles."},
		{`{"id":"bob","password":false}`, ""},
		{`{"id":"r31","role":true,"roles":["top"]}`, ""},
		{`{"id":"r00","role":true,"roles":["r31"]}`, ""},
		{`{"id":"bob","password":false,"roles":` + list + `}`, "`bob` would have more than 32 roles."},
	} {
		if got := text(write(u, t, test.row)); got != test.want {
			t.Errorf("%.60s: %q, want %q", test.row, got, test.want)
		}
	}
}

// TestRolesInScopes tries every setting of a user, of two roles and of a role of these, in two scopes, against the rule in
// its own words: the narrower scope counts if anything is said in it; the user's own word counts before that of roles; no
// counts before yes.
func TestRolesInScopes(t *testing.T) {
	u := open(t, &authtest.Store{})
	for _, row := range []string{
		`{"id":"deep","role":true}`, `{"id":"a","role":true,"roles":["deep"]}`, `{"id":"b","role":true}`, `{"id":"bob","password":false,"roles":["a","b"]}`,
	} {
		if err := write(u, t, row); err != nil {
			t.Fatal(err)
		}
	}
	accounts := []string{"bob", "a", "b", "deep"}
	scopes := []auth.Scope{{Database: dbID, Table: tableID}, {Database: dbID}}
	words := []string{"null", "true", "false"}
	var said [2][4]string
	set := func(scope, account int, word string) {
		if said[scope][account] == word {
			return
		}
		said[scope][account] = word
		if _, _, err := u.Grant(accounts[account], scopes[scope], value(t, `{"read":`+word+`}`)); err != nil {
			t.Fatal(err)
		}
	}
	expected := func() bool {
		for _, s := range said {
			if s[0] != "null" {
				return s[0] == "true"
			}
			if roles := strings.Join(s[1:], " "); strings.Contains(roles, "false") {
				return false
			} else if strings.Contains(roles, "true") {
				return true
			}
		}
		return false
	}
	for n := range 9 * 9 * 9 * 9 { // two scopes of four accounts with three words
		for i, rest := 0, n; i < 8; i, rest = i+1, rest/3 {
			set(i/4, i%4, words[rest%3])
		}
		if got := u.Allowed("bob", auth.Read, dbID, tableID); got != expected() {
			t.Fatalf("%v: %t", said, got)
		}
	}
}

// Roles count at once, for connect and in the system database as well, and no longer when they are taken away.
func TestRolesComeAndGo(t *testing.T) {
	u := open(t, &authtest.Store{})
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	grant := func(name string, scope auth.Scope, change string) {
		t.Helper()
		_, _, err := u.Grant(name, scope, value(t, change))
		do(err)
	}
	expect := func(want bool, perm auth.Permission, scope auth.Scope) {
		t.Helper()
		if got := u.Allowed("bob", perm, scope.Database, scope.Table); got != want {
			t.Errorf("%v in %v: %t", perm, scope, got)
		}
	}
	system := auth.Scope{Database: auth.SystemDatabase}
	do(write(u, t, `{"id":"deep","role":true}`))
	do(write(u, t, `{"id":"ops","role":true,"roles":["deep"]}`))
	do(write(u, t, `{"id":"bob","password":false}`))
	grant("ops", auth.Scope{}, `{"connect":true,"config":true}`)
	grant("deep", system, `{"read":true}`)
	expect(false, auth.Connect, auth.Scope{})
	do(write(u, t, `{"id":"bob","password":false,"roles":["ops"]}`))
	expect(true, auth.Connect, auth.Scope{})
	expect(true, auth.Config, auth.Scope{Database: dbID, Table: tableID})
	expect(true, auth.Read, system)
	expect(false, auth.Config, system) // the system database inherits nothing, from roles neither
	grant("bob", auth.Scope{}, `{"connect":false}`)
	expect(false, auth.Connect, auth.Scope{})
	do(write(u, t, `{"id":"ops","role":true,"roles":[]}`))
	expect(false, auth.Read, system)
	do(write(u, t, `{"id":"ops","role":true,"roles":["deep"]}`))
	expect(true, auth.Read, system)
	grant("deep", system, `{"read":null}`)
	expect(false, auth.Read, system)
	do(write(u, t, `{"id":"bob","password":false,"roles":[]}`))
	expect(false, auth.Config, auth.Scope{Database: dbID})
}
