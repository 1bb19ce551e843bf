package auth

import (
	"reflect"
	"strings"
	"testing"

	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/datum"
)

func TestWeakPasswords(t *testing.T) {
	for password, weak := range map[string]bool{
		"": false, "sesame": true, "aaaaaaaaaaaa": true, "abababababab": true, "password": true, "Password123!": true, "rethinkdb": true,
		"admin1234": true, "qwertyuiop": true, "correct horse": false, "open sesame": false, "K7MFQ2XW9TRB": false, "my password of old": false,
		"administration of forests": false, strings.Repeat("x", 100): true, "pässwörter": false,
	} {
		if got := isWeak(password); got != weak {
			t.Errorf("%q: weak %v, want %v", password, got, weak)
		}
	}
}

// What is known of passwords outlives a restart, and roles are not among the users.
func TestReviews(t *testing.T) {
	store := &authtest.Store{}
	u, err := OpenUsers(store)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]string{
		Admin:    `{"id":"admin","password":"sesame"}`,
		"bob":    `{"id":"bob","password":{"password":"a long one of his","iterations":7}}`,
		"carol":  `{"id":"carol","password":false}`,
		"reader": `{"id":"reader","password":false,"role":true}`,
	} {
		v, err := datum.ParseJSON([]byte(row))
		if err == nil {
			err = u.WriteUser(datum.String(name), false, v)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if u, err = OpenUsers(store); err != nil {
		t.Fatal(err)
	}
	want := []Review{
		{Name: Admin, Password: true, WeakPassword: true, Iterations: defaultIterations, Rights: []Permission{Read, Write, Config, Connect}},
		{Name: "bob", Password: true, Iterations: 7},
		{Name: "carol"},
	}
	got := u.Reviews()
	for i := range got {
		if !got[i].Password {
			got[i].Iterations = 0 // of no meaning
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
