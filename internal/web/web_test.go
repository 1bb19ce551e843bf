package web

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/login"
	"rethinkdb/internal/session"
	"rethinkdb/internal/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fixture struct {
	*Server
	tb       testing.TB
	url      string
	engine   *sessiontest.Engine
	sessions *session.Manager
	users    *auth.Users
	logIns   *login.Sessions
	unready  error
	client   *http.Client
}

func start(t *testing.T, change ...func(*Options)) *fixture {
	f := &fixture{tb: t, engine: sessiontest.New(), sessions: session.NewManager(), users: openUsers(t), client: &http.Client{Transport: &http.Transport{}}}
	f.logIns = login.New(login.Options{Idle: time.Hour, Credential: f.users.Credential})
	f.users.OnChange(f.logIns.Recheck)
	opt := Options{
		Engine: f.engine, Sessions: f.sessions, Users: f.users, LogIns: f.logIns, Logger: slog.New(slog.DiscardHandler),
		ServerID: "8e0b6b2f-0000-4000-8000-000000000001", ServerName: func() string { return "<b>srv</b>" }, Version: "2.4.4",
		SystemDatabase: "system", Ready: func() error { return f.unready },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "metric 1\n") }), // into memory
	}
	for _, f := range change {
		f(&opt)
	}
	f.Server = NewServer(opt)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.url = "http://" + l.Addr().String()
	ended := make(chan error)
	go func() { ended <- f.Serve(l) }()
	t.Cleanup(func() {
		f.logIns.Close()
		f.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := f.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return f
}

func openUsers(tb testing.TB) *auth.Users {
	tb.Helper()
	users, err := auth.OpenUsers(&authtest.Store{})
	if err != nil {
		tb.Fatal(err)
	}
	return users
}

func (f *fixture) do(ctx context.Context, method, path, body string) (code int, contentType, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.tb.Fatal(err)
	}
	res, err := f.client.Do(req)
	if err != nil {
		return 0, "", "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header.Get("Content-Type"), string(b), err
}

func (f *fixture) expect(method, path, body string, wantCode int, wantType, wantBody string) {
	f.tb.Helper()
	code, contentType, text, err := f.do(context.Background(), method, path, body)
	if err != nil {
		f.tb.Fatal(err)
	}
	if code != wantCode || contentType != wantType || text != wantBody {
		f.tb.Errorf("%s %s: %d %s %q, want %d %s %q", method, path, code, contentType, text, wantCode, wantType, wantBody)
	}
}

func (f *fixture) open() string {
	f.tb.Helper()
	_, _, id, err := f.do(context.Background(), "POST", "/ajax/reql/open-new-connection?cacheBuster=0.1", "")
	if err != nil || len(id) != 24 {
		f.tb.Fatalf("id %q, %v", id, err)
	}
	return id
}

func request(token int64, query string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(token))) + query
}

var duration = regexp.MustCompile(`"p":\[\{"duration\(ms\)":[0-9.e+-]+\}\]`)

// ask gives the answer to a query, with its duration replaced by P.
func (f *fixture) ask(id string, token int64, query string) string {
	f.tb.Helper()
	code, contentType, text, err := f.do(context.Background(), "POST", "/ajax/reql/?conn_id="+id, request(token, query))
	if err != nil || code != 200 || contentType != "application/octet-stream" || len(text) < 12 {
		f.tb.Fatalf("%d %s %q %v", code, contentType, text, err)
	}
	if got := int64(binary.LittleEndian.Uint64([]byte(text))); got != token {
		f.tb.Errorf("token %d, want %d", got, token)
	}
	if n := binary.LittleEndian.Uint32([]byte(text[8:])); int(n) != len(text)-12 {
		f.tb.Errorf("length %d of %d bytes", n, len(text)-12)
	}
	return duration.ReplaceAllString(text[12:], "P")
}

func (f *fixture) eventually(what string, cond func() bool) {
	f.tb.Helper()
	deadline := time.NewTimer(5 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			f.tb.Fatalf("never: %s", what)
		}
	}
}

func TestQueries(t *testing.T) {
	f := start(t)
	id := f.open()
	for _, test := range []struct{ query, want string }{
		{"[1,[24,[1,2]]]", `{"t":1,"r":[3],P}`},
		{`[1,"slow"]`, `{"t":1,"r":["slow"],P}`},
		{"[1,[173,[6]]]", `{"t":3,"r":[0,1,2,3],P,"n":[]}`},
		{"[1,[173,[6]]]", `{"t":16,"r":["ERROR: duplicate token 1"],"b":[],P}`},
		{"[2]", `{"t":2,"r":[4,5],P,"n":[]}`},
		{"[2]", `{"t":16,"r":["Token 1 not in stream cache."],"b":[],P}`},
		{"[4]", `{"t":4,"r":[],P}`},
		{"[5]", `{"t":5,"r":[{"id":"8e0b6b2f-0000-4000-8000-000000000001","name":"test","proxy":false}],P}`},
		{"x", `{"t":16,"r":["Client is buggy (failed to deserialize query)."],"b":[]}`},
		{"", `{"t":16,"r":["Client is buggy (failed to deserialize query)."],"b":[]}`},
	} {
		if got := f.ask(id, 1, test.query); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.query, got, test.want)
		}
	}
}

func TestWrongRequests(t *testing.T) {
	f := start(t)
	id := f.open()
	missing := "Required parameter \"conn_id\" missing\n"
	f.expect("GET", "/ajax/reql/open-new-connection", "", 400, "application/text", missing)
	f.expect("POST", "/ajax/reql/", "", 400, "application/text", missing)
	f.expect("GET", "/ajax/reql", "", 400, "application/text", missing)
	f.expect("POST", "/ajax/reql/?conn_id="+id, "1234567", 400, "application/text", "Client is buggy (request too small).")
	f.expect("POST", "/ajax/reql/?conn_id="+id, request(1, `[1,1,{"noreply":true}]`), 400, "application/text", "noreply queries are not supported over HTTP\n")
	f.expect("GET", "/ajax/other", "", 404, "", "")
	f.expect("GET", "/etc/passwd", "", 403, "", "")
	f.expect("POST", "/", "", 405, "", "")
	f.expect("DELETE", "/style.css", "", 405, "", "")
	if got, want := f.ask("nobody", 3, "[1,1]"), `{"t":16,"r":["This HTTP connection is not open."],"b":[]}`; got != want {
		t.Errorf("unknown connection: %s", got)
	}
}

// Ids are compared as they are written.
func TestIDsAreNotDecoded(t *testing.T) {
	f := start(t)
	for {
		id := f.open()
		if !strings.Contains(id, "+") {
			continue
		}
		if got := f.ask(strings.ReplaceAll(id, "+", "%2B"), 1, "[1,1]"); !strings.Contains(got, "not open") {
			t.Error(got)
		}
		if got := f.ask(id, 1, "[1,1]"); got != `{"t":1,"r":[1],P}` {
			t.Error(got)
		}
		return
	}
}

func TestCloseConnection(t *testing.T) {
	f := start(t)
	id := f.open()
	if got := f.ask(id, 1, `[1,"feed"]`); got != `{"t":3,"r":[],P,"n":[1]}` {
		t.Fatal(got)
	}
	answered := make(chan string)
	go func() { answered <- f.ask(id, 1, "[2]") }()
	f.eventually("the feed waits", func() bool { return f.engine.Running.Load() == 1 })
	f.expect("POST", "/ajax/reql/close-connection?conn_id="+id, "", 200, "", "")
	if got := <-answered; got != `{"t":18,"e":4200000,"r":["This ReQL connection has been terminated."],"b":[],P}` {
		t.Error(got)
	}
	if f.sessions.Sessions() != 0 || f.engine.Cursors.Load() != 0 {
		t.Error("something is left of the connection")
	}
	if got := f.ask(id, 1, "[1,1]"); !strings.Contains(got, "not open") {
		t.Error(got)
	}
	f.expect("POST", "/ajax/reql/close-connection?conn_id="+id, "", 200, "", "")
}

func TestConnectionsExpire(t *testing.T) {
	f := start(t)
	f.conns.lifetime = 50 * time.Millisecond
	id := f.open()
	if got := f.ask(id, 1, `[1,"block"]`); got != `{"t":18,"e":4200000,"r":["HTTP ReQL query timed out after 300 seconds."],"b":[],P}` {
		t.Error(got)
	}
	f.eventually("the session ends", func() bool { return f.sessions.Sessions() == 0 })
}

// When the HTTP client goes away the query it waited for stops; the connection stays.
func TestClientGoesAway(t *testing.T) {
	f := start(t)
	id := f.open()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		_, _, _, err := f.do(ctx, "POST", "/ajax/reql/?conn_id="+id, request(1, `[1,"block"]`))
		ended <- err
	}()
	f.eventually("the query runs", func() bool { return f.engine.Running.Load() == 1 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	f.eventually("the query stops", func() bool { return f.engine.Running.Load() == 0 })
	f.eventually("the token is free", func() bool { return f.ask(id, 1, "[1,1]") == `{"t":1,"r":[1],P}` })
}

func TestOversizedHeadersAreRefused(t *testing.T) {
	f := start(t)
	req, err := http.NewRequest("GET", f.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X", strings.Repeat("x", 100_000))
	res, err := f.client.Do(req)
	if err != nil {
		return // the server may close before everything was sent
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("POST", "/ajax/reql/", "conn_id=x", []byte("12345678[1,1]"))
	f.Add("GET", "/", "", []byte{})
	f.Add("POST", "/ajax/reql/close-connection", "&&conn_id==&", []byte{1})
	f.Add("POST", "/ajax/login", "", []byte(`{"user":"admin","password":"secret"}`))
	f.Add("POST", "/ajax/logout", "everywhere", []byte(`{}`))
	users := openUsers(f)
	if _, err := users.SetInitialPassword("secret"); err != nil {
		f.Fatal(err)
	}
	logIns := login.New(login.Options{Credential: users.Credential})
	f.Cleanup(logIns.Close)
	s := NewServer(Options{
		Engine: sessiontest.New(), Sessions: session.NewManager(), Users: users, LogIns: logIns, Logger: slog.New(slog.DiscardHandler),
		ServerName: func() string { return "" }, Ready: func() error { return nil }, Metrics: http.NotFoundHandler(),
	})
	f.Cleanup(func() { s.Close() })
	h := s.Handler()
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Host = "localhost"
		r.Header.Set(pageHeader, pageBackground)
		h.ServeHTTP(httptest.NewRecorder(), r)
	})
}
