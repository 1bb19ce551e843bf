package exec_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/httpfetch"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

type webCluster struct{ memCluster }

func (webCluster) RequireConnect(*exec.Client) error { return nil }

// web answers queries with r.http, which may reach this machine.
func web() *server {
	e := exec.New(webCluster{}, slog.New(slog.DiscardHandler))
	e.UseHTTP(httpfetch.New(httpfetch.Options{UserAgent: "RethinkDB/test", Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
	return &server{compiler: e.Open(session.Client{User: "admin", Addr: netip.MustParseAddrPort("127.0.0.1:1")})}
}

// TestHTTP runs testdata/http.script, in the form of TestScripts. HOST is a server with these pages:
//
//	/echo               the method, the URL, and those headers and the body that the request has
//	/body?type=T&body=B B, with the Content-Type T
//	/status?code=N      "gone", with the status N
//	/pages?n=N          an array of two numbers; links to the next page while N < 3
//	/links?v=V          with a Link header V
func TestHTTP(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(pages))
	defer site.Close()
	host := strings.TrimPrefix(site.URL, "http://")
	s := web()
	datadriven.RunTest(t, "testdata/http.script", func(t *testing.T, d *datadriven.TestData) string {
		return strings.ReplaceAll(s.run(t, strings.ReplaceAll(d.Input, "HOST", host)), host, "HOST")
	})
}

func pages(w http.ResponseWriter, r *http.Request) {
	w.Header()["Date"] = nil
	q := r.URL.Query()
	switch r.URL.Path {
	case "/echo":
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.RequestURI())
		for _, name := range []string{"User-Agent", "Content-Type", "Authorization", "X-One"} {
			if v := r.Header.Values(name); len(v) > 0 {
				fmt.Fprintf(w, "; %s: %s", name, strings.Join(v, " | "))
			}
		}
		fmt.Fprintf(w, "; %s", body)
	case "/body":
		w.Header().Set("Content-Type", q.Get("type"))
		fmt.Fprint(w, q.Get("body"))
	case "/status":
		var code int
		_, _ = fmt.Sscan(q.Get("code"), &code)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		fmt.Fprint(w, "gone")
	case "/pages":
		var n int
		_, _ = fmt.Sscan(q.Get("n"), &n)
		if n < 3 {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s/pages?n=%d>; rel="next", <http://%s/pages?n=3>; rel="last"`, r.Host, n+1, r.Host))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "[%d,%d]", 2*n, 2*n+1)
	case "/links":
		w.Header().Set("Link", q.Get("v"))
	default:
		http.NotFound(w, r)
	}
}

// TestHTTPInterrupted ends queries whose servers never answer.
func TestHTTPInterrupted(t *testing.T) {
	asked := make(chan struct{}, 1)
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer site.Close()
	body, err := reqltest.Query(fmt.Sprintf("r.http(%q).default(1)", site.URL))
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []byte)
	go func() {
		out, _ := web().compiler.Compile(q).Start(ctx, nil)
		done <- out
	}()
	<-asked
	cancel()
	select {
	case out := <-done:
		if !strings.Contains(string(out), "Query terminated") {
			t.Errorf("got %s", out)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the query goes on")
	}
}
