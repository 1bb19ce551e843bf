//go:build hostile

package hostile

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// post sends a request to the web port and gives the body of the answer.
func (s *target) post(t *testing.T, path, body string) string {
	t.Helper()
	response, err := http.Post("http://"+s.web+path, "", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("%d %s", response.StatusCode, text)
}

// openWeb opens an HTTP connection of a driver and gives its id.
func (s *target) openWeb(t *testing.T) string {
	t.Helper()
	id, ok := strings.CutPrefix(s.post(t, "/ajax/reql/open-new-connection", ""), "200 ")
	if !ok {
		t.Fatalf("no connection on the web port: %s", id)
	}
	return id
}

func (s *target) askWeb(t *testing.T, id, query string) string {
	t.Helper()
	return s.post(t, "/ajax/reql/?conn_id="+id, "12345678"+query)
}

func attackWeb(t *testing.T, s *target) {
	id := s.openWeb(t)
	defer func() { s.post(t, "/ajax/reql/close-connection?conn_id="+id, "") }()
	get := func(path string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	}
	request := func(method, path, headers, body string) string {
		return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n" + body
	}
	logIn := func(body string) string {
		return request("POST", "/ajax/login", fmt.Sprintf("X-RethinkDB-Page: active\r\nContent-Length: %d\r\n", len(body)), body)
	}
	query := "/ajax/reql/?conn_id=" + id
	for _, c := range []struct{ name, send, want string }{
		{"random bytes", randomBytes(1000, 20), "HTTP/1.1 400"},
		{"a megabyte of random bytes", randomBytes(1<<20, 21), "HTTP/1.1 400|HTTP/1.1 431|"},
		{"the handshake of a driver", hello + "\r\n\r\n", "HTTP/1.1 400"},
		{"a TLS client hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + randomBytes(502, 22), "HTTP/1."},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 "},
		{"HTTP/9.9", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "HTTP/1.1 505"},
		{"half of a request", "GET / HT", ""},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
		{"a header of a megabyte", request("GET", "/", "X: "+strings.Repeat("x", 1<<20)+"\r\n", ""), "HTTP/1.1 431|"},
		{"100,000 headers", request("GET", "/", strings.Repeat("X: y\r\n", 100_000), ""), "HTTP/1.1 431|"},
		{"a header without a colon", request("GET", "/", "nonsense\r\n", ""), "HTTP/1.1 400"},
		{"a header with a NUL byte", request("GET", "/", "X: \x00\r\n", ""), "HTTP/1.1 400"},
		{"a path of a megabyte", get("/" + strings.Repeat("x", 1<<20)), "HTTP/1.1 431|HTTP/1.1 414|"},
		{"a path that climbs", get("/../../../../etc/passwd"), "HTTP/1.1 403"},
		{"a path that climbs in disguise", get("/%2e%2e/%2e%2e/etc/passwd"), "HTTP/1.1 403"},
		{"a path with a NUL byte", get("/%00"), "HTTP/1.1 403"},
		{"a path that is no path", get("\\..\\"), "HTTP/1.1 400"},
		{"another path", get("/debug/pprof/"), "HTTP/1.1 403"},
		{"DELETE", request("DELETE", "/", "", ""), "HTTP/1.1 405"},
		{"TRACE", request("TRACE", "/", "Cookie: secret\r\n", ""), "HTTP/1.1 405"},
		{"CONNECT", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n", "HTTP/1.1 40"},
		{"a method that does not exist", request("HOSTILE", "/", "", ""), "HTTP/1.1 405"},
		{"a method of 10,000 letters", request(strings.Repeat("X", 10_000), "/", "", ""), "HTTP/1.1 405|HTTP/1.1 400"},
		{"two lengths", request("POST", query, "Content-Length: 1\r\nContent-Length: 2\r\n", "x"), "HTTP/1.1 400"},
		{"a length and chunks", request("POST", query, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "HTTP/1.1 400"},
		{"a negative length", request("POST", query, "Content-Length: -1\r\n", ""), "HTTP/1.1 400"},
		{"a length that is out of range", request("POST", query, "Content-Length: 99999999999999999999\r\n", ""), "HTTP/1.1 400"},
		{"a chunk that is out of range", request("POST", query, "Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"), ""},
		{"a chunk that is none", request("POST", query, "Transfer-Encoding: chunked\r\n", "xyz\r\n"), ""},
		{"an unknown encoding", request("POST", query, "Transfer-Encoding: gzip\r\n", "x"), "HTTP/1.1 501|HTTP/1.1 400"},
		{"a body that ends early", request("POST", query, "Content-Length: 100\r\n", "12345678[1,"), ""},
		{"no conn_id", request("POST", "/ajax/reql/", "Content-Length: 13\r\n", "12345678[1,1]"), "Required parameter \"conn_id\" missing"},
		{"an unknown conn_id", request("POST", "/ajax/reql/?conn_id=x", "Content-Length: 13\r\n", "12345678[1,1]"), "This HTTP connection is not open."},
		{"an empty conn_id", request("POST", "/ajax/reql/?conn_id=", "Content-Length: 13\r\n", "12345678[1,1]"), "This HTTP connection is not open."},
		{"a conn_id in percent", request("POST", "/ajax/reql/?conn_id="+url.QueryEscape(id), "Content-Length: 13\r\n", "12345678[1,1]"), "This HTTP connection is not open."},
		{"a conn_id of 10,000 letters", request("POST", "/ajax/reql/?conn_id="+strings.Repeat("x", 10_000), "Content-Length: 13\r\n", "12345678[1,1]"), "This HTTP connection is not open."},
		{"closing an unknown conn_id", request("POST", "/ajax/reql/close-connection?conn_id=x", "Content-Length: 0\r\n", ""), "HTTP/1.1 200"},
		{"a log-in that is no form", logIn("[[[["), "HTTP/1.1 400"},
		{"a log-in that is nested", logIn(nest("[", "", "]", 1_000_000)), "HTTP/1.1 400|"},
		{"a log-in with a password of 1 MB", logIn(`{"user":"admin","password":"` + strings.Repeat("x", mega) + `"}`), "HTTP/1.1 400|"},
		{"a log-in from a page of others", request("POST", "/ajax/login", "Origin: http://evil.example\r\nX-RethinkDB-Page: active\r\nContent-Length: 2\r\n", "{}"), "HTTP/1.1 403"},
		{"a session that is invented", request("POST", "/ajax/logout", "Cookie: rethinkdb_session_x="+strings.Repeat("x", 10_000)+"\r\nX-RethinkDB-Page: active\r\nContent-Length: 0\r\n", ""), "HTTP/1.1 200"},
		{"opening by GET", get("/ajax/reql/open-new-connection"), "HTTP/1.1 400"},
		{"a body without a token", request("POST", query, "Content-Length: 7\r\n", "1234567"), "Client is buggy (request too small)."},
		{"a body without a query", request("POST", query, "Content-Length: 8\r\n", "12345678"), "Client is buggy (failed to deserialize query)."},
		{"a body that is no JSON", request("POST", query, "Content-Length: 9\r\n", "12345678x"), "Client is buggy (failed to deserialize query)."},
		{"a query without an answer", request("POST", query, "Content-Length: 31\r\n", `12345678[1,1,{"noreply":true} ]`), "noreply queries are not supported over HTTP"},
		{"a query that is nested", request("POST", query, "Content-Length: 2000011\r\n", "12345678[1,"+nest("[", "", "]", 1_000_000)), "nesting depth limit"},
		{"CONTINUE without a query", request("POST", query, "Content-Length: 11\r\n", "12345678[2]"), "not in stream cache."},
	} {
		s.attack(t, c.name, func(t *testing.T) {
			conn := dial(t, s.web)
			conn.send(c.send)
			conn.closeWrite()
			wants(t, conn.rest(), c.want)
		})
	}

	s.attack(t, "a body of 200 MB", func(t *testing.T) {
		conn := dial(t, s.web)
		conn.send(request("POST", query, fmt.Sprintf("Content-Length: %d\r\n", 200*mega), ""))
		chunk := strings.Repeat("x", mega)
		for range 200 {
			conn.send(chunk)
		}
		wants(t, conn.rest(), "HTTP/1.1 413|")
	})
	s.attack(t, "20 bodies without an end", func(t *testing.T) {
		var conns []*client
		for range 20 {
			conn := dial(t, s.web)
			conn.send(request("POST", query, "Transfer-Encoding: chunked\r\n", "100000\r\n"+strings.Repeat("x", 1<<20)+"\r\n"))
			conns = append(conns, conn)
		}
		wants(t, s.askWeb(t, id, "[1,1]"), `{"t":1,"r":[1]`)
		for _, conn := range conns {
			conn.close()
		}
	})
	s.attack(t, "500 requests that do not go on", func(t *testing.T) {
		var conns []*client
		for i := range 500 {
			conn := dial(t, s.web)
			conn.send([]string{"", "GET", "GET / HTTP/1.1\r\nX: ", request("POST", query, "Content-Length: 100\r\n", "1")}[i%4])
			conns = append(conns, conn)
		}
		wants(t, s.askWeb(t, id, "[1,1]"), `{"t":1,"r":[1]`)
		for _, conn := range conns {
			conn.close()
		}
	})
	s.attack(t, "5,000 requests at once on one connection", func(t *testing.T) {
		conn := dial(t, s.web)
		go conn.send(strings.Repeat("GET /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n", 4999) + get("/style.css"))
		if n := strings.Count(conn.rest(), "HTTP/1.1 200"); n != 5000 {
			t.Errorf("%d were answered", n)
		}
	})
	s.attack(t, "a client that reads no answers", func(t *testing.T) {
		conn := dial(t, s.web)
		if err := conn.conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, _ = conn.conn.Write([]byte(strings.Repeat("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 100_000))) // an error is what the deadline is for
		wants(t, s.askWeb(t, id, "[1,1]"), `{"t":1,"r":[1]`)
		conn.close()
	})
	s.attack(t, "1,100 parallel endless queries", func(t *testing.T) {
		id := s.openWeb(t)
		var sent, done sync.WaitGroup
		for i := range 1100 {
			sent.Add(1)
			done.Go(func() {
				conn := dial(t, s.web)
				body := fmt.Sprintf("%08d", i) + start(T(tCount, T(tRange, 1_000_000_000_000)))
				conn.send(request("POST", "/ajax/reql/?conn_id="+id, fmt.Sprintf("Content-Length: %d\r\n", len(body)), body))
				sent.Done()
				wants(t, conn.rest(), "This ReQL connection has been terminated.|This HTTP connection is not open.")
			})
		}
		sent.Wait()
		<-time.After(headStart)
		s.post(t, "/ajax/reql/close-connection?conn_id="+id, "")
		done.Wait()
		s.comesToRest(t)
	})
	s.attack(t, "10,000 connections of drivers", func(t *testing.T) {
		ids := make(chan string, 10_100)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10_100 / 8 {
					if id, ok := strings.CutPrefix(s.post(t, "/ajax/reql/open-new-connection", ""), "200 "); ok {
						ids <- id
					}
				}
			})
		}
		wg.Wait()
		close(ids)
		if len(ids) > 10_000 {
			t.Errorf("%d are open", len(ids))
		}
		wants(t, s.post(t, "/ajax/reql/open-new-connection", ""), "503 too many open HTTP connections|which is the most that a user may have")
		for id := range ids {
			wg.Go(func() { s.post(t, "/ajax/reql/close-connection?conn_id="+id, "") })
			if len(ids)%8 == 0 {
				wg.Wait()
			}
		}
		wg.Wait()
	})
}
