//go:build hostile

package hostile

import (
	"strings"
	"testing"
	"time"
)

func attackTokens(t *testing.T, s *target) {
	endless := start(T(tRange))
	s.attack(t, "a token twice", func(t *testing.T) {
		conn := login(t, s.Addr())
		wants(t, conn.ask(endless), `{"t":3,`)
		for _, body := range []string{endless, "[1,1]", "[4]"} {
			wants(t, conn.ask(body), `{"t":16,"r":["ERROR: duplicate token 7"],"b":[]}`)
		}
		wants(t, conn.ask("[2]"), `{"t":3,`)
		wants(t, conn.ask("[3]"), `{"t":2,"r":[],"n":[]}`)
		wants(t, conn.ask("[3]"), "Token 7 not in stream cache.")
		conn.alive()
	})
	s.attack(t, "a token twice while its query runs", func(t *testing.T) {
		conn := login(t, s.Addr())
		conn.query(1, start(T(tCount, T(tRange, 1_000_000_000_000))))
		conn.query(1, start(T(tCount, T(tRange, 10))))
		_, answer := conn.answer()
		wants(t, answer, "ERROR: duplicate token 1")
		conn.query(1, "[3]")
		for range 2 {
			_, answer = conn.answer()
			wants(t, answer, `{"t":2,"r":[],"n":[]}`)
		}
		conn.alive()
	})
	s.attack(t, "100,000 tokens that do not exist", func(t *testing.T) {
		conn := login(t, s.Addr())
		go conn.send(strings.Repeat(frame(3, "[2]")+frame(4, "[3]"), 50_000))
		for range 100_000 {
			_, answer := conn.answer()
			wants(t, answer, "not in stream cache.")
		}
		conn.alive()
	})
	s.attack(t, "a million tokens", func(t *testing.T) {
		conn := login(t, s.Addr())
		const n = 1_000_000
		go func() {
			var b strings.Builder
			for i := range int64(n) {
				b.WriteString(frame(i, "[1,1]"))
				if b.Len() > 1<<20 {
					conn.send(b.String())
					b.Reset()
				}
			}
			conn.send(b.String())
		}()
		for i := range int64(n) {
			if token, answer := conn.answer(); token != i || answer != `{"t":1,"r":[1]}` {
				t.Fatalf("query %d has the answer %.100s of query %d", i, answer, token)
			}
		}
	})
	s.attack(t, "100,000 open cursors", func(t *testing.T) {
		conn := login(t, s.Addr())
		const n, most = 100_000, 65_536
		body := startWith(T(tRange), `"max_batch_rows":1`)
		go func() {
			for i := range int64(n) {
				conn.send(frame(i, body))
			}
		}()
		open, refused := 0, 0
		for range n {
			switch _, answer := conn.answer(); {
			case strings.HasPrefix(answer, `{"t":3,`):
				open++
			case strings.Contains(answer, "open cursors"):
				refused++
			default:
				t.Fatalf("the answer is %.200s", answer)
			}
		}
		if open != most || refused != n-most {
			t.Errorf("%d cursors are open, %d were refused", open, refused)
		}
	})
	s.attack(t, "100,000 requests for more of one cursor", func(t *testing.T) {
		conn := login(t, s.Addr())
		wants(t, conn.ask(startWith(T(tRange), `"max_batch_rows":1`)), `{"t":3,`)
		go conn.send(strings.Repeat(frame(7, "[2]"), 100_000) + frame(7, "[3]"))
		for {
			if _, answer := conn.answer(); strings.HasPrefix(answer, `{"t":2,`) {
				break
			}
		}
	})
	s.attack(t, "2,000 waits for an endless query without an answer", func(t *testing.T) {
		conn := login(t, s.Addr())
		conn.query(1, startWith(T(tCount, T(tRange, 1_000_000_000_000)), `"noreply":true`))
		// As many as fit into the server's socket: it does not read on, and behind more it would not see that the client leaves.
		conn.send(strings.Repeat(frame(2, "[4]"), 2000))
		conn.silent(headStart)
		conn.close()
		s.comesToRest(t)
	})
	s.attack(t, "2,000 parallel queries", func(t *testing.T) {
		conn := login(t, s.Addr())
		const n = 2000
		go func() {
			for i := range int64(n) {
				conn.send(frame(i, start(T(tCount, T(tRange, 20_000)))))
			}
		}()
		seen := make([]bool, n)
		for range n {
			token, answer := conn.answer()
			if wants(t, answer, `{"t":1,"r":[20000]}`); seen[token] {
				t.Errorf("query %d was answered twice", token)
			}
			seen[token] = true
		}
	})
	s.attack(t, "2,000 parallel queries that do not end", func(t *testing.T) {
		conn := login(t, s.Addr())
		for i := range int64(1500) {
			conn.query(i, start(T(tCount, T(tRange, 1_000_000_000_000))))
		}
		other := login(t, s.Addr())
		other.alive()
		conn.close()
		s.comesToRest(t)
	})
}

// attackReaders has clients that do not take what they asked for.
func attackReaders(t *testing.T, s *target) {
	large := startWith(T(tRange), `"max_batch_bytes":1048576`)
	deaf := func(t *testing.T, c *client, data string) {
		t.Helper()
		if err := c.conn.SetReadBuffer(4096); err != nil {
			t.Fatal(err)
		}
		// What the server does not read on blocks the sender.
		if err := c.conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, _ = c.conn.Write([]byte(data)) // an error is what the deadline is for
	}
	for _, c := range []struct {
		name    string
		clients int
		data    string
	}{
		{"a client that reads no stream", 1, frame(1, large) + strings.Repeat(frame(1, "[2]"), 5000)},
		{"clients that read no small answers", 20, strings.Repeat(frame(1, "[1,1]"), 200_000)},
		{"clients that read no errors", 20, strings.Repeat(frame(1, "}"), 200_000)},
		{"clients that read no large answers", 10, strings.Repeat(frame(1, start(T(tMul, array(term(`"`+strings.Repeat("x", 1000)+`"`)), 1000))), 300)},
		{"a client that reads no huge answers", 4, strings.Repeat(frame(1, start(T(tMul, array(term(`"`+strings.Repeat("x", 1000)+`"`)), 50_000))), 20)},
		{"a client that reads no large rows", 1, frame(1, start(T(tMap, T(tRange), fn(1, 1, megabytes(8))))) + strings.Repeat(frame(1, "[2]"), 100)},
	} {
		s.attack(t, c.name, func(t *testing.T) {
			var conns []*client
			for range c.clients {
				conn := login(t, s.Addr())
				deaf(t, conn, c.data)
				conns = append(conns, conn)
			}
			login(t, s.Addr()).alive()
			for _, conn := range conns {
				conn.close()
			}
			s.comesToRest(t)
		})
	}
	s.attack(t, "a client that opens 500 streams and reads none", func(t *testing.T) {
		conn := login(t, s.Addr())
		var b strings.Builder
		for i := range int64(500) {
			b.WriteString(frame(i, large))
		}
		for i := range int64(500) {
			b.WriteString(strings.Repeat(frame(i, "[2]"), 10))
		}
		deaf(t, conn, b.String())
		login(t, s.Addr()).alive()
		conn.close()
		s.comesToRest(t)
	})
	s.attack(t, "100 clients that read one byte of a stream", func(t *testing.T) {
		var conns []*client
		for range 100 {
			conn := login(t, s.Addr())
			deaf(t, conn, frame(1, large)+strings.Repeat(frame(1, "[2]"), 20))
			if _, err := conn.in.ReadByte(); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		login(t, s.Addr()).alive()
		for _, conn := range conns {
			conn.close()
		}
		s.comesToRest(t)
	})
	s.attack(t, "clients that ask and close their side", func(t *testing.T) {
		for range 200 {
			conn := login(t, s.Addr())
			conn.query(1, large)
			conn.query(1, "[2]")
			conn.closeWrite()
			conn.rest()
		}
	})
	s.attack(t, "clients that leave in the middle of an answer", func(t *testing.T) {
		for i := range 200 {
			conn := login(t, s.Addr())
			conn.query(1, large)
			for range i {
				if _, err := conn.in.ReadByte(); err != nil {
					t.Fatal(err)
				}
			}
			conn.close()
		}
	})
}
