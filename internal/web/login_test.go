package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"rethinkdb/internal/datum"
)

// browser is one that has the page open, with its cookies.
type browser struct {
	f       *fixture
	from    string
	agent   string
	origin  string // what it calls the page
	cookies map[string]*http.Cookie
	headers http.Header
}

func (f *fixture) browser() *browser {
	b := &browser{f: f, from: "192.168.1.2", agent: "Firefox", origin: "http://192.168.1.1:8080", cookies: map[string]*http.Cookie{}, headers: http.Header{}}
	b.headers.Set(pageHeader, "active")
	return b
}

func (b *browser) send(method, path, body string) *httptest.ResponseRecorder {
	b.f.tb.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr, r.Host = netip.AddrPortFrom(netip.MustParseAddr(b.from), 4711).String(), "192.168.1.1:8080"
	r.Header = b.headers.Clone()
	r.Header.Set("User-Agent", b.agent)
	if method == http.MethodPost {
		r.Header.Set("Origin", b.origin)
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.f.Handler().ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return w
}

func (b *browser) expect(method, path, body string, code int, text string) *httptest.ResponseRecorder {
	b.f.tb.Helper()
	w := b.send(method, path, body)
	if w.Code != code || !strings.Contains(w.Body.String(), text) {
		b.f.tb.Errorf("%s %s %s: %d %s, want %d %s", method, path, body, w.Code, w.Body, code, text)
	}
	return w
}

func (b *browser) logIn(user, password string) {
	b.f.tb.Helper()
	text, err := json.Marshal(map[string]string{"user": user, "password": password})
	if err != nil {
		b.f.tb.Fatal(err)
	}
	b.expect("POST", "/ajax/login", string(text), 200, `"user":"`+user+`"`)
}

// open opens a connection for queries.
func (b *browser) open() (id string) {
	b.f.tb.Helper()
	return b.expect("POST", "/ajax/reql/open-new-connection", "", 200, "").Body.String()
}

// withPasswords starts a server where admin and bob have passwords.
func withPasswords(t *testing.T, change ...func(*Options)) *fixture {
	t.Helper()
	f := start(t, change...)
	f.setPassword("bob", "swordfish")
	if _, err := f.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) setPassword(user, password string) {
	f.tb.Helper()
	row, err := datum.ParseJSON([]byte(`{"id":"` + user + `","password":"` + password + `"}`))
	if err == nil {
		err = f.users.WriteUser(datum.String(user), false, row)
	}
	if err != nil {
		f.tb.Fatal(err)
	}
}

func TestNothingToLogInTo(t *testing.T) {
	b := start(t).browser()
	b.expect("GET", "/ajax/session", "", 200, `{"user":"admin","method":"none","server":{"id":"8e0b6b2f-0000-4000-8000-000000000001","name":"\u003cb\u003esrv\u003c/b\u003e","version":"2.4.4"},`+
		`"rights":{"admin":true,"global":{"read":true,"write":true,"config":true},"system":{"read":true,"write":true,"config":true},"connect":true}}`)
	b.logIn("admin", "")
	if len(b.cookies) != 0 {
		t.Error("there is a session without a password")
	}
	b.open()
}

func TestLogIn(t *testing.T) {
	f := withPasswords(t)
	b := f.browser()
	b.expect("GET", "/", "", 200, "<title>RethinkDB</title>")
	b.expect("GET", "/page.js", "", 200, "")
	b.expect("GET", "/ajax/session", "", 200, `{"user":null}`)
	if w := b.expect("POST", "/ajax/reql/open-new-connection", "", 401, "needs a user"); w.Header().Values("WWW-Authenticate") != nil {
		t.Error("the browser asks for a password by itself")
	}
	b.expect("POST", "/ajax/login", `{"user":"bob","password":"wrong"}`, 401, "wrong")
	b.expect("POST", "/ajax/login", `{"user":"nobody","password":"swordfish"}`, 401, "wrong")
	b.expect("GET", "/ajax/login", "", 405, "")
	b.logIn("bob", "swordfish")
	cookie := b.cookies["rethinkdb_session_8e0b6b2f"]
	if cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure || cookie.Path != "" || cookie.Domain != "" || cookie.MaxAge != 0 {
		t.Errorf("the cookie is %+v", cookie)
	}
	b.expect("GET", "/ajax/session", "", 200, `"user":"bob","method":"web_page"`)
	b.expect("GET", "/ajax/session", "", 200, `"rights":{"admin":false,"global":{"read":false,"write":false,"config":false}`)
	b.expect("GET", "/ajax/session", "", 200, `"idle_seconds":3600,"ends_at":"20`)
	id := b.open()
	b.expect("POST", "/ajax/reql/?conn_id="+id, request(1, "[1,1]"), 200, `{"t":1,"r":[1]`)

	// The same without the header of the page, in another browser, from far away, and with another secret.
	without := *b
	without.headers = http.Header{}
	without.expect("POST", "/ajax/reql/open-new-connection", "", 401, "")
	without.expect("GET", "/ajax/session", "", 403, "HTTP Basic")
	for _, other := range []func(*browser){
		func(b *browser) { b.agent = "Chromium" },
		func(b *browser) { b.from = "203.0.113.7" },
		func(b *browser) {
			b.cookies = map[string]*http.Cookie{cookie.Name: {Name: cookie.Name, Value: cookie.Value + "x"}}
		},
	} {
		thief := *b
		other(&thief)
		thief.expect("POST", "/ajax/reql/?conn_id="+id, request(1, "[1,1]"), 401, "")
	}

	b.expect("POST", "/ajax/logout", "", 200, `{"user":null}`)
	if len(b.cookies) != 0 {
		t.Error("the cookie is still there")
	}
	b.expect("GET", "/ajax/session", "", 200, `{"user":null}`)
	b.cookies[cookie.Name] = cookie
	b.expect("GET", "/ajax/session", "", 200, `{"user":null}`)
	f.eventually("the connection of the session ends", func() bool { return f.sessions.Sessions() == 0 })
}

// A request that changes something counts only when our page sends it.
func TestForgedRequests(t *testing.T) {
	b := withPasswords(t).browser()
	b.logIn("bob", "swordfish")
	b.origin = "http://evil.example"
	b.expect("POST", "/ajax/reql/open-new-connection", "", 403, "another site")
	b.expect("POST", "/ajax/login", `{"user":"bob","password":"swordfish"}`, 403, "another site")
	b.expect("POST", "/ajax/logout", "", 403, "another site")
	b.origin, b.headers = "http://192.168.1.1:8080", http.Header{}
	b.expect("POST", "/ajax/reql/open-new-connection", "", 401, "")
	b.expect("POST", "/ajax/login", `{"user":"bob","password":"swordfish"}`, 403, "administration page")
	b.expect("POST", "/ajax/logout", "", 403, "administration page")
}

// The connections of a session are its own, and end with it.
func TestSessionsEnd(t *testing.T) {
	for name, end := range map[string]func(f *fixture, b *browser){
		"its user gets another password": func(f *fixture, _ *browser) { f.setPassword("bob", "flounder") },
		"its user is deleted": func(f *fixture, _ *browser) {
			if err := f.users.WriteUser(datum.String("bob"), false, datum.Value{}); err != nil {
				f.tb.Fatal(err)
			}
		},
		"its user logs out everywhere": func(f *fixture, b *browser) {
			other := f.browser()
			other.logIn("bob", "swordfish")
			other.expect("POST", "/ajax/logout?everywhere", "", 200, "null")
		},
		"its user logs in again": func(_ *fixture, b *browser) {
			old := b.cookies
			b.cookies = map[string]*http.Cookie{}
			for name, c := range old {
				b.cookies[name] = c
			}
			b.logIn("bob", "swordfish")
			b.cookies = old
		},
		"the server stops": func(f *fixture, _ *browser) { f.logIns.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			f := withPasswords(t)
			b, same := f.browser(), f.browser()
			b.logIn("bob", "swordfish")
			id := b.open()
			same.headers = http.Header{"Authorization": {"Basic Ym9iOnN3b3JkZmlzaA=="}}
			same.expect("POST", "/ajax/reql/?conn_id="+id, request(1, "[1,1]"), 200, "not open")
			answered := make(chan string)
			go func() { answered <- b.send("POST", "/ajax/reql/?conn_id="+id, request(1, `[1,"block"]`)).Body.String() }()
			f.eventually("the query runs", func() bool { return f.engine.Running.Load() == 1 })
			end(f, b)
			if got := <-answered; !strings.Contains(got, "terminated") {
				t.Errorf("the query was answered with %q", got)
			}
			b.expect("GET", "/ajax/session", "", 200, `{"user":null}`)
		})
	}
}

// A proxy that asks for the password of a user of ours logs in for the page; one that has users of its own does not keep ours out.
func TestLogInBehindAProxy(t *testing.T) {
	f := withPasswords(t)
	b := f.browser()
	b.headers.Set("Authorization", "Basic Ym9iOnN3b3JkZmlzaA==") // bob:swordfish
	b.expect("POST", "/ajax/reql/open-new-connection", "", 401, "")
	b.expect("GET", "/ajax/session", "", 200, `"user":"bob","method":"http_basic"`)
	b.open()
	if len(f.logIns.List()) != 1 || len(b.cookies) != 1 {
		t.Error("there is no session")
	}
	b.headers.Set("Authorization", "Basic cHJveHk6cHJveHk=") // proxy:proxy
	b.cookies = map[string]*http.Cookie{}
	b.expect("GET", "/ajax/session", "", 200, `{"user":null}`)
	for range 10 { // which the page may send at once, and are no guesses
		b.expect("POST", "/ajax/reql/open-new-connection", "", 401, "")
	}
	b.logIn("admin", "secret")
	b.expect("GET", "/ajax/session", "", 200, `"user":"admin","method":"web_page"`)
	b.open()
}

func TestCookiesOverHTTPS(t *testing.T) {
	trusted := netip.MustParsePrefix("192.168.1.0/24")
	for name, c := range map[string]struct {
		origin, host, proto string
		trusted             bool
		want                bool
	}{
		"plain":                   {origin: "http://192.168.1.1:8080"},
		"a proxy with TLS":        {origin: "https://domain.net", host: "domain.net", want: true},
		"a proxy that is trusted": {origin: "http://192.168.1.1:8080", proto: "https", trusted: true, want: true},
		"one that is not":         {origin: "http://192.168.1.1:8080", proto: "https"},
	} {
		f := withPasswords(t, func(o *Options) {
			if c.trusted {
				o.TrustedProxies = append(o.TrustedProxies, trusted)
			}
		})
		b := f.browser()
		b.origin = c.origin
		b.headers.Set("X-Forwarded-Host", c.host)
		b.headers.Set("X-Forwarded-Proto", c.proto)
		b.logIn("bob", "swordfish")
		for _, cookie := range b.cookies {
			if cookie.Secure != c.want {
				t.Errorf("%s: secure is %t", name, cookie.Secure)
			}
		}
	}
}

func TestGuessingInTheForm(t *testing.T) {
	b := withPasswords(t).browser()
	code := 401
	for tries := 0; tries < 20 && code == 401; tries++ {
		w := b.send("POST", "/ajax/login", `{"user":"bob","password":"wrong"}`)
		code = w.Code
		if (code == 429) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%d: retry after %q", code, w.Header().Get("Retry-After"))
		}
	}
	if code != 429 {
		t.Errorf("status %d", code)
	}
	b.expect("POST", "/ajax/login", `{"user":"bob","password":"swordfish"}`, 429, "Try again in")
}

func TestMalformedLogIns(t *testing.T) {
	b := withPasswords(t).browser()
	for _, body := range []string{"", "{", "[]", `{"user":"bob"}`, `{"user":1,"password":"x"}`, `{"password":"` + strings.Repeat("x", maxLogInBytes) + `","user":"bob"}`} {
		b.expect("POST", "/ajax/login", body, 400, "Expected")
	}
	b.expect("POST", "/ajax/login", `{"user":"","password":"x"}`, 401, "")
}

func FuzzReadLogIn(f *testing.F) {
	f.Add(`{"user":"bob","password":"swordfish"}`)
	f.Add(`{"user":"\ud800","password":null}`)
	f.Fuzz(func(_ *testing.T, text string) {
		user, password, err := readLogIn(strings.NewReader(text))
		if err != nil && user+password != "" {
			panic("something of a form that is refused")
		}
	})
}
