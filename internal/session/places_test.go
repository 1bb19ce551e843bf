package session_test

import (
	"testing"

	"rethinkdb/internal/session"
	"rethinkdb/internal/session/sessiontest"
)

// A user has so many places; those of others do not count, and the end of a session gives its place back once.
func TestPlacesOfUsers(t *testing.T) {
	m := session.NewManager()
	m.LimitUsers(2)
	enter := func(user, want string) {
		t.Helper()
		got := ""
		if err := m.Enter(user); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", user, got, want)
		}
	}
	const full = "User `bob` has 2 connections, which is the most that a user may have on this server (--connections-per-user). Close some first."
	enter("bob", "")
	enter("bob", "")
	enter("bob", full)
	enter("ann", "")
	s := session.New(session.Options{Client: session.Client{User: "bob"}, Engine: sessiontest.New(), Manager: m, Entered: true})
	s.Close()
	s.Close()
	enter("bob", "")
	enter("bob", full)
	m.Leave("bob")
	enter("bob", "")
}

func TestAnyNumberOfPlaces(t *testing.T) {
	m := session.NewManager()
	for range 1000 {
		if err := m.Enter("bob"); err != nil {
			t.Fatal(err)
		}
	}
}
