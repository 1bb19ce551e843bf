//go:build hostile

package hostile

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

func attackFloods(t *testing.T, s *target) {
	s.attack(t, "9,000 idle connections", func(t *testing.T) {
		const (
			connections = 9000 // each needs a descriptor here and one there, and there is a limit of 20,000
			dialers     = 20
		)
		conns := make([]net.Conn, connections)
		var wg sync.WaitGroup
		for d := range dialers {
			wg.Go(func() {
				for i := d; i < connections; i += dialers {
					conn, err := net.DialTimeout("tcp", s.Addr(), patience)
					if err != nil {
						t.Error(err)
						return
					}
					conns[i] = conn
					if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
						t.Error(err)
					}
					if _, err := conn.Write([]byte(hello + frame(1, "[1,1]"))); err != nil {
						t.Error(err)
					}
					answer := make([]byte, len("SUCCESS\x00")+12+len(`{"t":1,"r":[1]}`))
					for n := 0; n < len(answer); {
						m, err := conn.Read(answer[n:])
						if n += m; err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		login(t, s.Addr()).alive()
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	})
	s.attack(t, "connections that come and go", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for i := range 200 {
					conn, err := net.DialTimeout("tcp", s.Addr(), patience)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := conn.Write([]byte(hello + frame(1, start(T(tCount, T(tRange, 1_000_000)))))[:len(hello)+i%30]); err != nil {
						t.Error(err)
					}
					conn.Close()
				}
			})
		}
		wg.Wait()
		loginSoon(t, s.Addr()).close()
		s.comesToRest(t)
	})
	s.attack(t, "queries of 30 connections at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 30 {
			conn := login(t, s.Addr())
			wg.Go(func() {
				for i := range int64(50) {
					conn.query(i, start(T(tCount, T(tRange, 10_000))))
				}
				for range 50 {
					_, answer := conn.answer()
					wants(t, answer, `{"t":1,"r":[10000]}`)
				}
			})
		}
		wg.Wait()
	})
	s.attack(t, "20 connections that send 20 MB each at once", func(t *testing.T) {
		body := frame(1, start(T(tCount, strings.Repeat("x", 20*mega))))
		var wg sync.WaitGroup
		for range 20 {
			conn := login(t, s.Addr())
			wg.Go(func() {
				conn.send(body)
				_, answer := conn.answer()
				wants(t, answer, `{"t":1,"r":[20971520]}`)
			})
		}
		wg.Wait()
	})
	s.attack(t, "30 large results at once", func(t *testing.T) {
		// Each may have 1 GiB, but not all of them: some get their result and the others an error.
		hog := start(T(tCount, T(tCoerceTo, T(tMap, T(tRange, 700), fn(1, 1, T(tAdd, megabytes(1), T(tCoerceTo, v(1), "string")))), "array")))
		var wg sync.WaitGroup
		for range 30 {
			conn := login(t, s.Addr())
			wg.Go(func() {
				conn.query(1, hog)
				_, answer := conn.answer()
				wants(t, answer, `{"t":1,"r":[700]}|The server has no memory for this query|`+tooMuch)
			})
		}
		wg.Wait()
		login(t, s.Addr()).alive()
	})
	s.attack(t, "slow senders of 20 large queries", func(t *testing.T) {
		body := frame(1, start(T(tCount, strings.Repeat("x", 5*mega))))
		var conns []*client
		for range 20 {
			conn := login(t, s.Addr())
			conn.send(body[:len(body)/2])
			conns = append(conns, conn)
		}
		login(t, s.Addr()).alive()
		for _, conn := range conns {
			conn.send(body[len(body)/2:])
		}
		for _, conn := range conns {
			_, answer := conn.answer()
			wants(t, answer, `{"t":1,"r":[5242880]}`)
		}
	})
}
