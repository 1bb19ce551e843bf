package auth_test

import (
	"strings"
	"testing"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/datum"
)

// TestSpellings logs in with passwords and names as drivers send them: some prepare them by SASLprep, some do not. The first
// five are the examples of RFC 4013, section 3.
func TestSpellings(t *testing.T) {
	u := open(t, &authtest.Store{})
	for _, test := range []struct {
		name            string
		set             string
		accepted, wrong []string
	}{
		{"soft hyphen", "I\u00adX", []string{"I\u00adX", "IX"}, []string{"I-X", "ix"}},
		{"case is kept", "USER", []string{"USER"}, []string{"user"}},
		{"compatibility", "\u00aa", []string{"\u00aa", "a"}, []string{"A"}},
		{"Roman numeral", "\u2168", []string{"\u2168", "IX"}, []string{"ix"}},
		{"control character", "a\x07b", []string{"a\x07b"}, []string{"ab"}},
		{"mixed directions", "\u0627\u0031", []string{"\u0627\u0031"}, []string{"\u0627"}},
		{"composed", "p\u00e4ss", []string{"p\u00e4ss"}, []string{"pass"}},
		{"decomposed", "pa\u0308ss", []string{"pa\u0308ss", "p\u00e4ss"}, []string{"pass"}},
		{"spaces", "a\u00a0b", []string{"a\u00a0b", "a b"}, []string{"ab"}},
		{"nothing would be left", "\u00ad", []string{"\u00ad"}, []string{""}},
		{"unassigned in Unicode 3.2", "\U0001f600", []string{"\U0001f600"}, []string{""}},
		{"longer than is prepared", strings.Repeat("\u2168", 3000), []string{strings.Repeat("\u2168", 3000)}, []string{strings.Repeat("IX", 3000)}},
	} {
		err := u.WriteUser(datum.String("u"), false, datum.Object([]datum.Field{{Key: "id", Val: datum.String("u")}, {Key: "password", Val: datum.String(test.set)}}))
		if err != nil {
			t.Fatal(err)
		}
		for _, password := range test.accepted {
			if _, refusal := logIn(t, u, "u", password); refusal != "" {
				t.Errorf("%s: %.20q is refused: %s", test.name, password, refusal)
			}
			if _, err := u.Check(somewhere(), "u", password); err != nil {
				t.Errorf("%s: %.20q does not check: %v", test.name, password, err)
			}
		}
		for _, password := range test.wrong {
			if _, refusal := logIn(t, u, "u", password); refusal != "Wrong password" {
				t.Errorf("%s: %.20q: %q", test.name, password, refusal)
			}
			if _, err := u.Check(somewhere(), "u", password); text(err) != "Wrong password" {
				t.Errorf("%s: %.20q checks: %v", test.name, password, err)
			}
		}
	}
	// What its sender did not prepare is prepared where the password itself comes to us.
	if err := write(u, t, `{"id":"u","password":"IX"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Check(somewhere(), "u", "\u2168"); err != nil {
		t.Error(err)
	}
	if as, refusal := logIn(t, u, "\uff55", "IX"); as != "u" || refusal != "" {
		t.Errorf("a wide u: %q, %q", as, refusal)
	}
	if as, err := u.Check(somewhere(), "\uff55", "IX"); as != "u" || err != nil {
		t.Errorf("a wide u: %q, %v", as, err)
	}
}

// TestLongNames are refused before anything is computed of them.
func TestLongNames(t *testing.T) {
	u := open(t, &authtest.Store{})
	long := strings.Repeat("\u2168", 1<<20)
	const want = "Expected a username of at most 512 bytes, got 3145728."
	if err := write(u, t, `{"id":"`+long+`","password":false}`); text(err) != want {
		t.Error(err)
	}
	if row, err := u.UserRow(datum.String(long)); err != nil || !row.IsAbsent() {
		t.Error(row, err)
	}
	if _, _, err := u.Grant(long, auth.Scope{}, value(t, `{"read":true}`)); text(err) != want {
		t.Error(err)
	}
	if _, err := u.WritePermission(datum.Array([]datum.Value{datum.String(long)}), false, value(t, `{"permissions":{}}`), names{}, auth.ByName); text(err) != "Username too long" {
		t.Error(err)
	}
	if _, err := u.Check(somewhere(), long, ""); text(err) != "Username too long" {
		t.Error(err)
	}
	if err := write(u, t, `{"id":"`+strings.Repeat("x", 512)+`","password":"p"}`); err != nil {
		t.Error(err)
	}
	if _, refusal := logIn(t, u, strings.Repeat("x", 512), "p"); refusal != "" {
		t.Error(refusal)
	}
}
