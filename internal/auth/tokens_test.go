package auth

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/datum"
)

var tokenTime = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// openWith opens a store with the user bob and the role reader.
func openWith(t *testing.T, store *authtest.Store) *Users {
	t.Helper()
	u, err := OpenUsers(store)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]string{"bob": `{"id":"bob","password":"x"}`, "reader": `{"id":"reader","password":false,"role":true}`} {
		v, err := datum.ParseJSON([]byte(row))
		if err == nil {
			err = u.WriteUser(datum.String(name), false, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return u
}

func mustMakeToken(t *testing.T, u *Users, token Token) string {
	t.Helper()
	token.Created = tokenTime
	secret, err := u.MakeToken(token)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func expectToken(t *testing.T, u *Users, secret string, at time.Time, want string) {
	t.Helper()
	user, err := u.CheckToken(secret, at)
	if user != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, errToken) {
		t.Errorf("at %v: %q, %v, want %q", at, user, err, want)
	}
}

func TestTokens(t *testing.T) {
	store := &authtest.Store{}
	u := openWith(t, store)
	hour := mustMakeToken(t, u, Token{ID: "1", User: "bob", Description: "metrics", Expires: tokenTime.Add(time.Hour)})
	forever := mustMakeToken(t, u, Token{ID: "2", User: Admin})
	if !strings.HasPrefix(hour, "rethinkdb_token_") || len(hour) < len("rethinkdb_token_")+26 || hour == forever {
		t.Errorf("secrets %q and %q", hour, forever)
	}
	for range 2 { // and after a restart
		expectToken(t, u, hour, tokenTime, "bob")
		expectToken(t, u, hour, tokenTime.Add(time.Hour-1), "bob")
		expectToken(t, u, hour, tokenTime.Add(time.Hour), "")
		expectToken(t, u, forever, tokenTime.Add(1e6*time.Hour), Admin)
		for _, wrong := range []string{"", "rethinkdb_token_", hour[1:], hour + "A", strings.ToLower(hour)} {
			expectToken(t, u, wrong, tokenTime, "")
		}
		u = openWith(t, store)
	}
	if got := u.Tokens(); len(got) != 2 || got[0].ID != "1" || got[0].Description != "metrics" || !got[0].Expires.Equal(tokenTime.Add(time.Hour)) || !got[1].Expires.IsZero() {
		t.Errorf("tokens %+v", got)
	}
	// What is stored does not suffice to come in.
	err := store.MetaScan("auth/", func(_ string, value []byte) error {
		if strings.Contains(string(value), hour[len(tokenMark):]) {
			t.Errorf("stored: %s", value)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := u.RevokeToken("2"); err != nil {
		t.Error(err)
	}
	if err := u.RevokeToken("none"); err != nil {
		t.Error(err)
	}
	expectToken(t, u, forever, tokenTime, "")
	expectToken(t, openWith(t, store), forever, tokenTime, "")
	expectToken(t, u, hour, tokenTime, "bob")
}

// A user who comes back later under the same name has none of the old tokens.
func TestTokensEndWithTheirUser(t *testing.T) {
	store := &authtest.Store{}
	u := openWith(t, store)
	of := map[string]string{"bob": mustMakeToken(t, u, Token{ID: "1", User: "bob"}), Admin: mustMakeToken(t, u, Token{ID: "2", User: Admin})}
	if err := u.WriteUser(datum.String("bob"), false, datum.Value{}); err != nil {
		t.Fatal(err)
	}
	expectToken(t, u, of["bob"], tokenTime, "")
	u = openWith(t, store)
	expectToken(t, u, of["bob"], tokenTime, "")
	expectToken(t, u, of[Admin], tokenTime, Admin)
}

func TestTokensThatCannotBeMade(t *testing.T) {
	u := openWith(t, &authtest.Store{})
	for _, c := range []struct {
		token Token
		want  string
	}{
		{Token{User: "nobody"}, "User `nobody` not found."},
		{Token{User: "reader"}, "User `reader` not found."},
		{Token{User: "bob", Description: strings.Repeat("x", maxDescriptionBytes+1)}, "Expected a description of at most 500 bytes, got 501."},
		{Token{User: "bob", Expires: tokenTime}, "The token would have expired already."},
	} {
		c.token.ID, c.token.Created = "1", tokenTime
		_, err := u.MakeToken(c.token)
		var row *RowError
		if !errors.As(err, &row) || row.Msg != c.want {
			t.Errorf("%+v: %v", c.token, err)
		}
	}
}

// Expired tokens make room for new ones.
func TestExpiredTokensAreRemoved(t *testing.T) {
	u := openWith(t, &authtest.Store{})
	mustMakeToken(t, u, Token{ID: "old", User: "bob", Expires: tokenTime.Add(time.Hour)})
	if _, err := u.MakeToken(Token{ID: "new", User: "bob", Created: tokenTime.Add(2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(u.Tokens(), func(t Token) bool { return t.ID == "old" }) {
		t.Errorf("tokens %+v", u.Tokens())
	}
}

// A description is shown to operators beside commands that they are to run.
func TestDescriptionsDriveNoTerminal(t *testing.T) {
	u := openWith(t, &authtest.Store{})
	for description, ok := range map[string]bool{"for the dashboard – Büro": true, "x\n    rm -rf /": false, "\x1b]0;x\a": false, "\u009b31m": false} {
		if _, err := u.MakeToken(Token{ID: description, User: "bob", Description: description, Created: tokenTime}); (err == nil) != ok {
			t.Errorf("%q: %v", description, err)
		}
	}
}
