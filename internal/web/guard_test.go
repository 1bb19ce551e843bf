package web

import (
	"cmp"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
)

// visit is a request, as it comes from an address: for the page, or one that opens a connection, which those with an origin are as well.
type visit struct {
	from, host, forwarded, origin, proxy, user, password string
	path                                                 string // of the page; empty is /
	connect                                              bool
}

func (f *fixture) visit(v visit) (code int, page string) {
	f.tb.Helper()
	method := http.MethodGet
	if v.connect || v.origin != "" {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, "/ajax/reql/open-new-connection", nil)
	if method == http.MethodGet {
		r.URL.Path = cmp.Or(v.path, "/")
	}
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(v.from), 4711).String()
	r.Host = v.host
	if v.host == "" {
		r.Host = "localhost:8080"
	}
	if v.forwarded != "" {
		r.Header.Set("X-Forwarded-For", v.forwarded)
	}
	if v.origin != "" {
		r.Header.Set("Origin", v.origin)
	}
	if v.proxy != "" {
		r.Header.Set("X-Forwarded-Host", v.proxy)
	}
	if v.user != "" {
		r.SetBasicAuth(v.user, v.password)
	}
	w := httptest.NewRecorder()
	f.Handler().ServeHTTP(w, r)
	b, err := io.ReadAll(w.Body)
	if err != nil {
		f.tb.Fatal(err)
	}
	return w.Code, string(b)
}

func (f *fixture) expectVisit(v visit, code int, page string) {
	f.tb.Helper()
	got, text := f.visit(v)
	if got != code || !strings.Contains(text, page) {
		f.tb.Errorf("%+v: %d %q, want %d %q", v, got, text, code, page)
	}
}

// protected starts a server with a gate, as the program has one.
func protected(t *testing.T, change ...func(*Options)) *fixture {
	var f *fixture
	f = start(t, append(change, func(o *Options) {
		o.Gate = access.NewGate(access.Policy{}, func(access.Port) bool { return f.users.HasPassword(auth.Admin) }, slog.New(slog.DiscardHandler))
	})...)
	return f
}

func TestProtectedMode(t *testing.T) {
	f := protected(t)
	f.expectVisit(visit{from: "127.0.0.1"}, 200, "srv")
	f.expectVisit(visit{from: "192.168.1.2", host: "192.168.1.1:8080"}, 200, "srv")
	f.expectVisit(visit{from: "203.0.113.7", host: "203.0.113.1:8080"}, 403, "This server has no password yet")
	// What a client says of itself is nothing.
	f.expectVisit(visit{from: "203.0.113.7", forwarded: "127.0.0.1"}, 403, "no password yet")
}

func TestTrustedProxies(t *testing.T) {
	f := protected(t, func(o *Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/24")}
	})
	f.expectVisit(visit{from: "127.0.0.1"}, 200, "srv")
	f.expectVisit(visit{from: "127.0.0.1", forwarded: "192.168.1.2"}, 200, "srv")
	f.expectVisit(visit{from: "127.0.0.1", forwarded: "203.0.113.7"}, 403, "203.0.113.7")
	f.expectVisit(visit{from: "127.0.0.1", forwarded: "192.168.1.2, 203.0.113.7"}, 403, "203.0.113.7")
	f.expectVisit(visit{from: "127.0.0.1", forwarded: "203.0.113.7, 10.0.0.4"}, 403, "203.0.113.7")
	f.expectVisit(visit{from: "127.0.0.1", forwarded: "203.0.113.7, 192.168.1.2, 10.0.0.4"}, 200, "srv")
	f.expectVisit(visit{from: "192.168.1.2", forwarded: "203.0.113.7", host: "10.0.0.1"}, 200, "srv") // not a proxy
	f.expectVisit(visit{from: "127.0.0.1", forwarded: "unknown"}, 200, "srv")
}

// A page of a stranger that makes its own name point to this server gets nothing, nor does one that sends requests.
func TestPagesOfStrangers(t *testing.T) {
	f := protected(t, func(o *Options) { o.Hosts = []string{"db.example.com"} })
	for _, host := range []string{"localhost", "localhost:8080", "LOCALHOST.", "127.0.0.1:8080", "[::1]:8080", "::1", "db.example.com:8080", "DB.example.com", "a.localhost"} {
		f.expectVisit(visit{from: "127.0.0.1", host: host}, 200, "srv")
	}
	for _, host := range []string{"evil.example", "evil.example:8080", "localhost.evil.example", "xdb.example.com", "127.0.0.1.evil.example"} {
		f.expectVisit(visit{from: "127.0.0.1", host: host}, 403, "--http-host")
	}
	f.expectVisit(visit{from: "127.0.0.1", host: "<script>"}, 403, "&lt;script&gt;")
	f.expectVisit(visit{from: "127.0.0.1", origin: "http://evil.example"}, 403, "another site")
	f.expectVisit(visit{from: "127.0.0.1", origin: "null"}, 403, "another site")
	f.expectVisit(visit{from: "127.0.0.1", origin: "http://localhost:8080"}, 200, "")
}

// Our own page may send requests through a proxy, whose name it has; pages of others may not.
func TestOriginBehindAProxy(t *testing.T) {
	f := protected(t)
	f.expectVisit(visit{from: "127.0.0.1", origin: "http://domain.net", proxy: "domain.net"}, 200, "")
	f.expectVisit(visit{from: "127.0.0.1", origin: "http://Domain.net:81", proxy: "domain.net:81, inner"}, 200, "")
	f.expectVisit(visit{from: "127.0.0.1", origin: "http://domain.net"}, 403, "another site")
	for _, origin := range []string{"http://evil.example", "http://domain.net:81", "null", "http://", "%"} {
		f.expectVisit(visit{from: "127.0.0.1", origin: origin, proxy: "domain.net"}, 403, "another site")
	}
}

func TestPasswords(t *testing.T) {
	log, err := audit.Open(audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := protected(t, func(o *Options) { o.Audit = log })
	if _, err := f.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"127.0.0.1", "203.0.113.7"} {
		f.expectVisit(visit{from: from}, 200, "<title>RethinkDB</title>")
		f.expectVisit(visit{from: from, connect: true}, 401, "needs a user and a password")
		f.expectVisit(visit{from: from, connect: true, user: "admin"}, 401, "needs")
		f.expectVisit(visit{from: from, connect: true, user: "admin", password: "wrong"}, 401, "needs")
		f.expectVisit(visit{from: from, connect: true, user: "nobody", password: "secret"}, 401, "needs")
		f.expectVisit(visit{from: from, connect: true, user: "admin", password: "secret"}, 200, "")
		f.expectVisit(visit{from: from, connect: true, user: "admin", password: "secret", host: "any.example"}, 403, "--http-host any.example")
		f.expectVisit(visit{from: from, user: "admin", password: "secret", origin: "http://evil.example"}, 403, "another site")
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	// A request without a password is no attempt; browsers send it first. Repetitions are counted at the end.
	want := []string{
		`"event":"log_in_refused","user":"admin","peer":"127.0.0.1:4711","port":"web","method":"http_basic","reason":"Wrong password"`,
		`"event":"log_in_refused","user":"nobody","peer":"127.0.0.1:4711","port":"web","method":"http_basic","reason":"Wrong password"`,
		`"event":"log_in","user":"admin","peer":"127.0.0.1:4711","port":"web","method":"http_basic"`,
		`"event":"peer_refused","peer":"127.0.0.1:4711","port":"web","reason":"request for another name"`,
		`"event":"peer_refused","peer":"127.0.0.1:4711","port":"web","reason":"request from a page of another site"`,
		`"event":"log_in_refused","user":"admin","peer":"203.0.113.7:4711"`,
		`"event":"log_in_refused","user":"nobody","peer":"203.0.113.7:4711"`,
		`"event":"log_in","user":"admin","peer":"203.0.113.7:4711"`,
		`"event":"peer_refused","peer":"203.0.113.7:4711"`,
		`"event":"peer_refused","peer":"203.0.113.7:4711"`,
		`"count":1,"since":`, `"count":1,"since":`, // wrong passwords of admin
	}
	entries := log.Newest()
	if len(entries) != len(want) {
		t.Fatalf("%d entries, want %d: %v", len(entries), len(want), entries)
	}
	for i, e := range entries {
		if !strings.Contains(e.Line, want[i]) {
			t.Errorf("entry %d is %s\nwant %s", i+1, e.Line, want[i])
		}
	}
}

// The connections of addresses that are no longer served end, and so do their queries.
func TestEnforce(t *testing.T) {
	var list atomic.Pointer[access.Lists]
	list.Store(&access.Lists{})
	gate := access.NewGate(access.Policy{}, func(access.Port) bool { return true }, slog.New(slog.DiscardHandler))
	gate.Narrow(func() access.Lists { return *list.Load() })
	f := start(t, func(o *Options) { o.Gate = gate })
	gate.Attach(f.Enforce)
	var ids []string
	for _, peer := range []string{"192.168.1.2:4711", "203.0.113.7:4711"} {
		id, err := f.conns.create(netip.MustParseAddrPort(peer), owner{user: auth.Admin})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	later := make(responder, 1)
	if _, err := f.conns.find(ids[1], owner{user: auth.Admin}).Handle(7, []byte(`[1,"block"]`), nil, later, false); err != nil {
		t.Fatal(err)
	}
	list.Store(&access.Lists{access.Web: {netip.MustParsePrefix("192.168.0.0/16")}})
	gate.Enforce()
	if answer := string(<-later); !strings.Contains(answer, "This ReQL connection has been terminated.") {
		t.Errorf("the query was answered with %q", answer)
	}
	if f.conns.find(ids[0], owner{user: auth.Admin}) == nil || f.conns.find(ids[1], owner{user: auth.Admin}) != nil {
		t.Error("the wrong connections have ended")
	}
	f.expectVisit(visit{from: "203.0.113.7"}, 403, "access_config")
}

// Who guesses is told to wait. Others are not.
func TestGuessing(t *testing.T) {
	f := protected(t)
	if _, err := f.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	code, page := 401, ""
	for tries := 0; tries < 20 && code == 401; tries++ { // six, unless the machine stands still for longer than the pauses
		code, page = f.visit(visit{from: "203.0.113.7", connect: true, user: "admin", password: "wrong"})
	}
	if code != 429 || !strings.HasPrefix(page, "Too many wrong passwords for this user from your address.") {
		t.Errorf("%d %q", code, page)
	}
	f.expectVisit(visit{from: "203.0.113.8", connect: true, user: "admin", password: "secret"}, 200, "")
}

// The connection of one user is not there for another.
func TestConnectionsBelongToTheirUsers(t *testing.T) {
	f := start(t)
	id, err := f.conns.create(netip.AddrPort{}, owner{user: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	if f.conns.find(id, owner{user: "bob"}) != nil {
		t.Error("bob has got ann's connection")
	}
	f.conns.close(id, owner{user: "bob"})
	if f.conns.find(id, owner{user: "ann"}) == nil {
		t.Error("bob has closed ann's connection")
	}
	f.conns.close(id, owner{user: "ann"})
	if f.conns.find(id, owner{user: "ann"}) != nil {
		t.Error("the connection is still there")
	}
}
