package httpfetch_test

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/httpfetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// get is a request as r.http makes one when it is told nothing else.
func get(url string) *httpfetch.Request {
	return &httpfetch.Request{Method: "GET", URL: url, Timeout: 30 * time.Second, Attempts: 5, Redirects: 1}
}

// fetch makes one request and gives its body, or the text of its error.
func fetch(t *testing.T, allow []netip.Prefix, r *httpfetch.Request) string {
	t.Helper()
	return fetchBy(t, httpfetch.New(httpfetch.Options{Allow: allow, UserAgent: "RethinkDB/test"}), r)
}

func fetchBy(t *testing.T, c *httpfetch.Client, r *httpfetch.Request) string {
	t.Helper()
	s := c.Session(r.Insecure)
	defer s.Close()
	resp, err := s.Do(t.Context(), r)
	if err != nil {
		var e *httpfetch.Error
		if !errors.As(err, &e) {
			t.Fatalf("%s %s: an error of another type: %v", r.Method, r.URL, err)
		}
		return "error: " + e.Text
	}
	return string(resp.Body)
}

// serve starts a server that is closed with the test.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s", r.Method, r.URL.RequestURI())
	for _, name := range []string{"User-Agent", "Accept", "Content-Type", "Authorization", "Cookie", "X-One"} {
		if v := r.Header.Values(name); len(v) > 0 {
			fmt.Fprintf(w, "\n%s: %s", name, strings.Join(v, " | "))
		}
	}
	if len(body) > 0 {
		fmt.Fprintf(w, "\n%s", body)
	}
}

func TestRequests(t *testing.T) {
	server := serve(t, echo)
	host := strings.TrimPrefix(server.URL, "http://")
	const usual = "\nUser-Agent: RethinkDB/test\nAccept: */*"
	for _, c := range []struct {
		name string
		edit func(r *httpfetch.Request)
		want string
	}{
		{"plain", func(*httpfetch.Request) {}, "GET /" + usual},
		{"without a scheme", func(r *httpfetch.Request) { r.URL = host + "/x" }, "GET /x" + usual},
		{"with parameters", func(r *httpfetch.Request) { r.Params = []httpfetch.Param{{"a b", "1&2"}, {"c", ""}} }, "GET /?a%20b=1%262&c=" + usual},
		{"with parameters in the URL too", func(r *httpfetch.Request) {
			r.URL += "/p?z=1"
			r.Params = []httpfetch.Param{{"a", "1"}}
		}, "GET /p?z=1&a=1" + usual},
		{"with a fragment", func(r *httpfetch.Request) { r.URL += "/p#q" }, "GET /p" + usual},
		{"with header lines", func(r *httpfetch.Request) {
			r.Header = []string{"x-one: 1", "X-One:2", "Accept:", "user-agent: me", "nonsense", ""}
		}, "GET /\nUser-Agent: me\nX-One: 1 | 2"},
		{"with an empty header", func(r *httpfetch.Request) { r.Header = []string{"X-One;"} }, "GET /" + usual + "\nX-One: "},
		{"with a name that is none", func(r *httpfetch.Request) { r.Header = []string{"X One: 1"} }, "error: the header line `X One: 1` is not valid"},
		{"with a value that ends a line", func(r *httpfetch.Request) { r.Header = []string{"X-One: 1\r\nX: 2"} }, "error: the header line `X-One: 1\r\nX: 2` is not valid"},
		{"post", func(r *httpfetch.Request) {
			r.Method, r.HasBody, r.Body, r.ContentType = "POST", true, "a=1", "application/x-www-form-urlencoded"
		}, "POST /" + usual + "\nContent-Type: application/x-www-form-urlencoded\na=1"},
		{"post with a type of its own", func(r *httpfetch.Request) {
			r.Method, r.HasBody, r.Body, r.ContentType, r.Header = "POST", true, "a", "text/plain", []string{"content-type: text/x"}
		}, "POST /" + usual + "\nContent-Type: text/x\na"},
		{"delete with a body", func(r *httpfetch.Request) { r.Method, r.HasBody, r.Body = "DELETE", true, "{}" }, "DELETE /" + usual + "\n{}"},
		{"basic authentication", func(r *httpfetch.Request) { r.Auth = httpfetch.Auth{Scheme: "basic", User: "u", Password: "p:q"} },
			"GET /" + usual + "\nAuthorization: Basic dTpwOnE="},
		{"authentication in the URL", func(r *httpfetch.Request) { r.URL = "http://u:p@" + host }, "GET /" + usual + "\nAuthorization: Basic dTpw"},
		{"no attempts", func(r *httpfetch.Request) { r.Attempts = 0 }, "error: could not perform, no attempts allowed"},
		{"no time", func(r *httpfetch.Request) { r.Timeout = 0 }, "error: timed out after 0.000 seconds"},
		{"another protocol", func(r *httpfetch.Request) { r.URL = "file:///etc/passwd" }, "error: Unsupported protocol"},
		{"no host", func(r *httpfetch.Request) { r.URL = "http:///x" }, "error: URL using bad/illegal format or missing URL"},
		{"no URL", func(r *httpfetch.Request) { r.URL = "" }, "error: URL using bad/illegal format or missing URL"},
		{"a URL that is none", func(r *httpfetch.Request) { r.URL = "http://[::1" }, "error: URL using bad/illegal format or missing URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := get(server.URL)
			c.edit(r)
			if got := fetch(t, loopback, r); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestGuard connects to addresses that are not public, in several spellings, and by way of a redirect.
func TestGuard(t *testing.T) {
	server := serve(t, echo)
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	refused := func(t *testing.T, allow []netip.Prefix, url string) {
		t.Helper()
		var log strings.Builder
		c := httpfetch.New(httpfetch.Options{Allow: allow, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 2 {
			if got := fetchBy(t, c, get(url)); got != "error: could not connect to server" {
				t.Errorf("%s: got %s, want a refusal", url, got)
			}
		}
		if strings.Count(log.String(), "--http-client-allow") != 1 {
			t.Errorf("%s: the log has %q", url, log.String())
		}
	}
	for _, host := range []string{"127.0.0.1", "127.1.2.3", "localhost", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
		"10.0.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
		"[fc00::1]", "[fd12::1]", "[fe80::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "[ff02::1]"} {
		t.Run(host, func(t *testing.T) { refused(t, nil, "http://"+host+port+"/") })
	}
	t.Run("another network is allowed", func(t *testing.T) {
		refused(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, server.URL)
	})
	t.Run("redirect", func(t *testing.T) {
		redirect := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.2"+port, http.StatusFound)
		})
		only := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		refused(t, only, redirect.URL)
	})
	t.Run("redirect to another protocol", func(t *testing.T) {
		redirect := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		})
		if got := fetch(t, loopback, get(redirect.URL)); got != "error: Unsupported protocol" {
			t.Errorf("got %s", got)
		}
	})
}

func TestRedirects(t *testing.T) {
	other := serve(t, echo)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "keep-alive")
		switch r.URL.Path {
		case "/once", "/see", "/keep":
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "1"})
			status := map[string]int{"/once": http.StatusFound, "/see": http.StatusSeeOther, "/keep": http.StatusTemporaryRedirect}
			http.Redirect(w, r, "/end?x=1", status[r.URL.Path])
		case "/twice":
			http.Redirect(w, r, "/once", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		default:
			echo(w, r)
		}
	})
	const usual = "\nUser-Agent: RethinkDB/test\nAccept: */*"
	for _, c := range []struct {
		name, method, path string
		redirects          int
		want               string
	}{
		{"followed with its cookie", "GET", "/once", 1, "GET /end?x=1" + usual + "\nAuthorization: Basic dTpw\nCookie: c=1"},
		{"not allowed", "GET", "/once", 0, "error: status code 302"},
		{"one too many", "GET", "/twice", 1, "error: Number of redirects hit maximum amount"},
		{"two", "GET", "/twice", 2, "GET /end?x=1" + usual + "\nAuthorization: Basic dTpw\nCookie: c=1"},
		{"for ever", "GET", "/loop", 20, "error: Number of redirects hit maximum amount"},
		{"post becomes get", "POST", "/once", 1, "GET /end?x=1" + usual + "\nAuthorization: Basic dTpw\nCookie: c=1"},
		{"put becomes get", "PUT", "/see", 1, "GET /end?x=1" + usual + "\nAuthorization: Basic dTpw\nCookie: c=1"},
		{"post stays", "POST", "/keep", 1, "POST /end?x=1" + usual + "\nAuthorization: Basic dTpw\nCookie: c=1\nbody"},
		{"nothing secret goes elsewhere", "GET", "/away", 1, "GET /" + usual},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := get(server.URL + c.path)
			r.Method, r.Redirects = c.method, c.redirects
			r.HasBody = c.method != "GET"
			r.Body = "body"
			r.Auth = httpfetch.Auth{Scheme: "basic", User: "u", Password: "p"}
			if got := fetch(t, loopback, r); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestAttempts(t *testing.T) {
	var calls atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := calls.Add(1); n < 3 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "now")
	})
	if got := fetch(t, loopback, get(server.URL)); got != "now" || calls.Load() != 3 {
		t.Errorf("got %q after %d attempts", got, calls.Load())
	}
	calls.Store(0)
	r := get(server.URL)
	r.Attempts = 2
	if got := fetch(t, loopback, r); got != "error: status code 503" || calls.Load() != 2 {
		t.Errorf("got %q after %d attempts", got, calls.Load())
	}
	missing := serve(t, func(w http.ResponseWriter, r *http.Request) { calls.Add(1); http.NotFound(w, r) })
	calls.Store(0)
	if got := fetch(t, loopback, get(missing.URL)); got != "error: status code 404" || calls.Load() != 1 {
		t.Errorf("got %q after %d attempts", got, calls.Load())
	}
	if got := fetch(t, loopback, get("http://127.0.0.1:1/")); got != "error: could not connect to server" {
		t.Errorf("nobody listens: got %q", got)
	}
	if got := fetch(t, loopback, get("http://no-such-host.invalid/")); got != "error: Couldn't resolve host name" {
		t.Errorf("no such host: got %q", got)
	}
}

// raw serves connections whose server says nothing but text.
func raw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			if _, err := c.Read(buf); err == nil {
				serve(c)
			}
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func TestHostileServers(t *testing.T) {
	endless := func(head string) func(net.Conn) {
		return func(c net.Conn) {
			fmt.Fprint(c, head)
			block := []byte(strings.Repeat("x", 64<<10))
			for {
				if _, err := c.Write(block); err != nil {
					return
				}
			}
		}
	}
	bomb := func(c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
		z := gzip.NewWriter(c)
		block := make([]byte, 1<<20)
		for {
			if _, err := z.Write(block); err != nil {
				return
			}
		}
	}
	text := func(s string) func(net.Conn) { return func(c net.Conn) { fmt.Fprint(c, s) } }
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		want  string // the beginning
	}{
		{"endless body", endless("HTTP/1.1 200 OK\r\n\r\n"), "error: the response has more than 67108864 bytes"},
		{"huge announced body", text("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "error: the response has more than 67108864 bytes"},
		{"compressed bomb", bomb, "error: the response has more than 67108864 bytes"},
		{"endless header", endless("HTTP/1.1 200 OK\r\nA: "), "error: Weird server reply"},
		{"no HTTP", text("hello\r\n\r\n"), "error: Weird server reply"},
		{"nothing", text(""), "error: Server returned nothing (no headers, no data)"},
		{"too short", text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "error: Transferred a partial file"},
		{"bad compression", text("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nabcdefghijklmnop"), "error: Unrecognized or bad HTTP Content or Transfer-Encoding"},
		{"unknown compression", text("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nabc"), "error: Unrecognized or bad HTTP Content or Transfer-Encoding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := get(raw(t, c.serve))
			r.Timeout = 10 * time.Minute // bytes are read, not waited for, and the machine may have other things to do
			if got := fetch(t, loopback, r); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestSilence asks servers that never answer, or never finish.
func TestSilence(t *testing.T) {
	for _, c := range []struct{ name, head string }{
		{"no answer", ""},
		{"no end of the header", "HTTP/1.1 200 OK\r\n"},
		{"no body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := raw(t, func(conn net.Conn) {
				fmt.Fprint(conn, c.head)
				_, _ = conn.Read(make([]byte, 1)) // until the client gives up
			})
			r := get(url)
			r.Timeout = 50 * time.Millisecond
			if got := fetch(t, loopback, r); got != "error: timed out after 0.050 seconds" {
				t.Errorf("got %s", got)
			}

			r.Timeout = time.Hour
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			s := httpfetch.New(httpfetch.Options{Allow: loopback}).Session(false)
			defer s.Close()
			if _, err := s.Do(ctx, r); !errors.Is(err, context.Canceled) {
				t.Errorf("an interrupted request: got %v", err)
			}
		})
	}
}

func TestCompression(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Errorf("Accept-Encoding: %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", strings.TrimPrefix(r.URL.Path, "/"))
		var z io.WriteCloser = gzip.NewWriter(w)
		if r.URL.Path == "/deflate" {
			z, _ = flate.NewWriter(w, 5)
		}
		fmt.Fprint(z, "plain")
		_ = z.Close()
	})
	for _, path := range []string{"/gzip", "/deflate"} {
		if got := fetch(t, loopback, get(server.URL+path)); got != "plain" {
			t.Errorf("%s: got %q", path, got)
		}
	}
}

func TestVerify(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	if got := fetch(t, loopback, get(server.URL)); got != "error: SSL peer certificate or SSH remote key was not OK" {
		t.Errorf("verified: got %s", got)
	}
	r := get(server.URL)
	r.Insecure = true
	if got := fetch(t, loopback, r); !strings.HasPrefix(got, "GET /") {
		t.Errorf("not verified: got %s", got)
	}
	plain := serve(t, echo)
	if got := fetch(t, loopback, get("https"+strings.TrimPrefix(plain.URL, "http"))); got != "error: SSL connect error" {
		t.Errorf("no TLS: got %s", got)
	}
}

func TestDigest(t *testing.T) {
	for _, challenge := range []string{
		`Digest realm="r", nonce="n1", qop="auth,auth-int", opaque="o"`,
		`Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256`,
		`Digest realm="r", nonce="n1", algorithm=MD5-sess, qop=auth`,
		`Digest realm="r", nonce="n1"`,
	} {
		t.Run(challenge, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if httpfetch.DigestMatches(challenge, r.Header.Get("Authorization"), "me", "secret", r.Method, r.URL.RequestURI()) {
					fmt.Fprintf(w, "welcome %s", body)
					return
				}
				w.Header().Add("WWW-Authenticate", "Basic realm=x")
				w.Header().Add("WWW-Authenticate", challenge)
				http.Error(w, "who are you?", http.StatusUnauthorized)
			})
			r := get(server.URL + "/a?b=" + url.QueryEscape("c d"))
			r.Method, r.HasBody, r.Body = "POST", true, "data"
			r.Auth = httpfetch.Auth{Scheme: "digest", User: "me", Password: "secret"}
			if got := fetch(t, loopback, r); got != "welcome data" {
				t.Errorf("got %s", got)
			}
			r.Auth.Password = "wrong"
			if got := fetch(t, loopback, r); got != "error: status code 401" {
				t.Errorf("with a wrong password: got %s", got)
			}
		})
	}
}
