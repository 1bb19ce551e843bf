package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
)

// askWith opens a connection with an Authorization header.
func (f *fixture) askWith(from, host, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/ajax/reql/open-new-connection", nil)
	r.RemoteAddr, r.Host = from+":4711", host
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	f.Handler().ServeHTTP(w, r)
	return w
}

func TestBearerTokens(t *testing.T) {
	f := protected(t)
	v, err := datum.ParseJSON([]byte(`{"id":"bob","password":"a long one of his"}`))
	if err == nil {
		err = f.users.WriteUser(datum.String("bob"), false, v)
	}
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	token := func(id string, expires time.Time) string {
		t.Helper()
		secret, err := f.users.MakeToken(auth.Token{ID: id, User: "bob", Created: now.Add(-2 * time.Hour), Expires: expires})
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	good, old := token("1", time.Time{}), token("2", now.Add(-time.Hour))
	expect := func(from, host, authorization string, code int, text string) {
		t.Helper()
		if w := f.askWith(from, host, authorization); w.Code != code || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s, %s from %s: %d %s", authorization, host, from, w.Code, w.Body)
		}
	}
	for _, password := range []bool{false, true} {
		if password {
			if _, err := f.users.SetInitialPassword("correct horse"); err != nil {
				t.Fatal(err)
			}
		}
		expect("127.0.0.1", "localhost", "Bearer "+good, 200, "")
		expect("127.0.0.1", "localhost", "bearer  "+good, 200, "")
		// Pages of strangers do not know a token, so it serves under any name.
		expect("127.0.0.1", "db.example.com", "Bearer "+good, 200, "")
		for _, wrong := range []string{"Bearer " + old, "Bearer x" + good, "Bearer", "Bearer " + strings.Repeat("x", 10000)} {
			expect("127.0.0.1", "localhost", wrong, 401, "This bearer token is not valid.")
		}
	}
	w := f.askWith("127.0.0.1", "localhost", "Bearer "+old)
	if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="RethinkDB", error="invalid_token"` {
		t.Errorf("it asks for %s", got)
	}
	expect("127.0.0.1", "localhost", "", 401, "This server needs a user and a password.")
	// A connection belongs to the user of the token.
	w = f.askWith("127.0.0.1", "localhost", "Bearer "+good)
	if s := f.conns.find(w.Body.String(), owner{user: "bob"}); w.Code != 200 || s == nil {
		t.Errorf("open: %d %s", w.Code, w.Body)
	}
	if err := f.users.RevokeToken("1"); err != nil {
		t.Fatal(err)
	}
	expect("127.0.0.1", "localhost", "Bearer "+good, 401, "This bearer token is not valid.")
}

// A token is no way around protected mode.
func TestBearerTokenOfStranger(t *testing.T) {
	f := protected(t)
	secret, err := f.users.MakeToken(auth.Token{ID: "1", User: auth.Admin, Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if w := f.askWith("203.0.113.7", "localhost", "Bearer "+secret); w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
