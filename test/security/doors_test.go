//go:build security

package security

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// TestPermissionsAtEveryDoor asks the same of the driver port and of the web port as users with different permissions, from themselves and
// from roles, and expects the same of both.
func TestPermissionsAtEveryDoor(t *testing.T) {
	s := harness.Start(t, "", "--initial-password", password)
	admin := logIn(t, s, "admin", password)
	run := func(term any) {
		t.Helper()
		rows, err := admin.Run(term)
		if err != nil || len(rows) > 0 && strings.Contains(string(rows[0]), "first_error") {
			t.Fatalf("%v, %s", err, rows)
		}
	}
	db := harness.Term(harness.DB, "test")
	table := harness.Term(harness.Table, db, "t")
	system := harness.Term(harness.DB, "rethinkdb")
	users := harness.Term(harness.Table, system, "users")
	run(harness.Term(harness.TableCreate, db, "t"))
	run(harness.Term(harness.Insert, users, map[string]any{"id": "readers", "role": true}))
	for user, roles := range map[string][]any{"none": nil, "reader": {"readers"}, "writer": {"readers"}, "owner": nil, "connector": nil, "clerk": nil} {
		run(harness.Term(harness.Insert, users, map[string]any{"id": user, "password": user + "'s", "roles": harness.Term(harness.MakeArray, roles...)}))
	}
	for _, grant := range []any{
		harness.Term(grantTerm, db, "readers", map[string]any{"read": true}),
		harness.Term(grantTerm, table, "writer", map[string]any{"write": true}),
		harness.Term(grantTerm, db, "owner", map[string]any{"read": true, "write": true, "config": true}),
		harness.Term(grantTerm, "connector", map[string]any{"connect": true}),
		harness.Term(grantTerm, users, "clerk", map[string]any{"read": true}),
	} {
		run(grant)
	}
	statements := []struct {
		name    string
		term    any
		allowed []string // users, beside admin
	}{
		{"read", harness.Term(harness.Count, table), []string{"reader", "writer", "owner"}},
		{"write", harness.Term(harness.Insert, table, map[string]any{"n": 1}), []string{"writer", "owner"}},
		{"config", harness.Term(174, table), []string{"owner"}},
		{"connect", harness.Term(153, "http://127.0.0.1:1/"), []string{"connector"}},
		{"read users", harness.Term(harness.Count, users), []string{"clerk"}},
		{"write users", harness.Term(harness.Insert, users, map[string]any{"id": "new", "password": false}), nil},
		{"grant", harness.Term(grantTerm, table, "none", map[string]any{"read": nil}), nil},
		{"value", harness.Term(24, 1, 1), []string{"none", "reader", "writer", "owner", "connector", "clerk"}},
	}
	for user, secret := range map[string]string{"admin": password, "none": "none's", "reader": "reader's", "writer": "writer's", "owner": "owner's", "connector": "connector's", "clerk": "clerk's"} {
		driver := logIn(t, s, user, secret)
		for _, c := range statements {
			want := user == "admin" || slices.Contains(c.allowed, user)
			_, err := driver.Run(c.term)
			var refused *harness.ReQLError
			if errors.As(err, &refused) && refused.Class != permissionClass {
				err = nil // such as that nobody listens at the address
			}
			if (err == nil) != want {
				t.Errorf("%s by the driver port as %s: %v", c.name, user, err)
			}
			query, err := json.Marshal([]any{1, c.term})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := askOverHTTP(s, user, secret, string(query))
			if err != nil || strings.Contains(answer, fmt.Sprintf(`"e":%d`, permissionClass)) == want || !strings.Contains(answer, `"t":`) {
				t.Errorf("%s by the web port as %s: %q, %v", c.name, user, answer, err)
			}
		}
	}
	// A role is nobody, at no door.
	if c, err := harness.LogIn(s.Addr(), "readers", ""); err == nil {
		t.Error("a role logs in", c.Close())
	}
	if answer, err := askOverHTTP(s, "readers", "", "[1,1]"); err != nil || answer != "This server needs a user and a password.\n" {
		t.Errorf("a role at the web port: %q, %v", answer, err)
	}
}

// permissionClass is the number of errors of the class Permission.
const permissionClass = 6000000
