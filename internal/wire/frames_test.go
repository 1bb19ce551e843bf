package wire_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFramesInOneByteWrites(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	for _, b := range []byte(frame(7, "[1,[24,[1,2]]]") + frame(8, "[1,5]\x00 text after a NUL is ignored")) {
		c.write(string(b))
	}
	c.expect(7, `{"t":1,"r":[3]}`)
	c.expect(8, `{"t":1,"r":[5]}`)
}

func TestBodiesOfAllSizes(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	rng := rand.New(rand.NewPCG(1, 2))
	for i, size := range []int{1, 480, 500, 512, 2290, 2304, 32744, 32756, 32768, 131072, 200_000, 524288, 3 << 20, 9 << 20, 1} {
		text := strings.Repeat("x", size)
		request := frame(int64(i), `[1,"`+text+`"]`) + frame(1000, "[1,1]")
		go func() { // in pieces, while the answer comes
			for request != "" {
				n := min(len(request), 1+rng.IntN(200_000))
				if _, err := c.Write([]byte(request[:n])); err != nil {
					t.Error(err)
					return
				}
				request = request[n:]
			}
		}()
		c.expect(int64(i), `{"t":1,"r":["`+text+`"]}`)
		c.expect(1000, `{"t":1,"r":[1]}`)
	}
}

func TestManyPipelinedRequests(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	const n = 50_000
	go func() {
		var b strings.Builder
		for i := range n {
			b.WriteString(frame(int64(i), fmt.Sprintf("[1,%d]", i)))
		}
		if _, err := c.Write([]byte(b.String())); err != nil {
			t.Error(err)
		}
	}()
	for i := range n {
		c.expect(int64(i), fmt.Sprintf(`{"t":1,"r":[%d]}`, i))
	}
}

func TestUnreadableBodies(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	for i, body := range []string{"", " ", "x", "[", "\xff\xfe", strings.Repeat("[", 30)} {
		c.ask(int64(i), body)
		c.expect(int64(i), `{"t":16,"r":["Client is buggy (failed to deserialize query)."],"b":[]}`)
	}
	c.ask(99, "[1,1]")
	c.expect(99, `{"t":1,"r":[1]}`)
}

func TestClaimedLengths(t *testing.T) {
	s := start(t)
	claim := func(n uint32) string {
		return string(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(nil, 5), n))
	}
	c := connect(t, s.addr)
	c.write(claim(1<<32 - 1))
	c.expect(5, `{"t":16,"r":["Query size (4294967295) greater than maximum (134217727)."],"b":[]}`)
	c.expectEOF()

	// Just too large: what follows is read, so that the answer arrives.
	c = connect(t, s.addr)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if _, err := c.Write([]byte(claim(128 << 20))); err != nil {
			t.Error(err)
		}
		chunk := make([]byte, 1<<20)
		for range 128 {
			if _, err := c.Write(chunk); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	c.expect(5, `{"t":16,"r":["Query size (134217728) greater than maximum (134217727)."],"b":[]}`)
	c.expectEOF()
	<-sent

	// A claim costs nothing until its bytes come.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		connect(t, s.addr).write(claim(128<<20-1) + "[1,")
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("100 claims of 128 MiB took %d bytes", grown)
	}
}

func TestSlowQueriesDoNotBlockOthers(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	c.ask(1, `[1,"wait"]`)
	c.ask(2, `[1,2]`)
	c.expect(2, `{"t":1,"r":[2]}`)
	c.ask(3, `[1,"slow"]`)
	c.expect(3, `{"t":1,"r":["slow"]}`)
	close(s.engine.Release)
	c.expect(1, `{"t":1,"r":["wait"]}`)
}

// Writes that arrive together wait for the disk together, and answers that are ready do not wait with them.
func TestWritesThatArriveTogetherRunTogether(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	c.write(frame(1, `[1,"write"]`) + frame(2, `[1,"write"]`) + frame(3, `[1,3]`) + frame(4, `[1,"write"]`))
	c.expect(3, `{"t":1,"r":[3]}`)
	eventually(t, "all writes run", func() bool { return s.engine.Running.Load() == 3 })
	close(s.engine.Release)
	for range 3 {
		if _, body := c.answer(); body != `{"t":1,"r":["write"]}` {
			t.Error(body)
		}
	}
}

func TestV03RunsOneAtATime(t *testing.T) {
	s := start(t)
	c := connectAs(t, s.addr, magicV03)
	c.ask(1, `[1,"wait"]`)
	c.ask(2, `[1,2]`)
	eventually(t, "the first query runs", func() bool { return s.engine.Running.Load() == 1 })
	close(s.engine.Release)
	c.expect(1, `{"t":1,"r":["wait"]}`)
	c.expect(2, `{"t":1,"r":[2]}`)
}

// A client that goes away, in any of the ways in which it can, stops its queries within 100 ms.
func TestClientGoesAway(t *testing.T) {
	leave := map[string]func(*net.TCPConn) error{
		"close":      func(c *net.TCPConn) error { return c.Close() },
		"half-close": func(c *net.TCPConn) error { return c.CloseWrite() },
		"reset":      func(c *net.TCPConn) error { return errors.Join(c.SetLinger(0), c.Close()) },
	}
	busy := map[string]func(*client){
		"one query":        func(c *client) { c.ask(1, `[1,"block"]`) },
		"queries queue up": func(c *client) { c.ask(1, `[1,"block"]`); c.ask(2, `[1,"block"]`) },
		"all slots taken": func(c *client) {
			for i := range 1030 {
				c.ask(int64(i), `[1,"block"]`)
			}
		},
	}
	for how, leave := range leave {
		for with, busy := range busy {
			for _, magic := range []string{magicV03, magicV04} {
				t.Run(fmt.Sprintf("%s, %s, %x", how, with, magic), func(t *testing.T) {
					s := start(t)
					c := connectAs(t, s.addr, magic)
					busy(c)
					eventually(t, "a query runs", func() bool { return s.engine.Running.Load() > 0 })
					if err := leave(c.Conn.(*net.TCPConn)); err != nil {
						t.Fatal(err)
					}
					// Ten times the promise: the machine of the test may be busy.
					within(t, time.Second, "all queries stop", func() bool { return s.engine.Running.Load() == 0 })
					eventually(t, "the session ends", func() bool { return s.sessions.Sessions() == 0 && s.Connections() == 0 })
				})
			}
		}
	}
}

func TestCursorsAreClosedWithTheConnection(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	for i := range 100 {
		c.ask(int64(i), `[1,[173,[100]]]`)
	}
	for range 100 {
		c.answer()
	}
	c.ask(1000, `[1,"feed"]`)
	c.expect(1000, `{"t":3,"r":[],"n":[1]}`)
	c.ask(1000, `[2]`)
	eventually(t, "the feed waits", func() bool { return s.engine.Running.Load() == 1 })
	c.Close()
	eventually(t, "the cursors are closed", func() bool { return s.engine.Cursors.Load() == 0 })
}

// A client that sends queries and does not read their answers is not served further, others are, and when it leaves its
// goroutines end.
func TestClientThatDoesNotRead(t *testing.T) {
	s := start(t)
	for name, query := range map[string]string{"quick": `[1,"` + strings.Repeat("x", 10_000) + `"]`, "slow": `[1,"big"]`} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, s.addr)
			var mu sync.Mutex
			sent := 0
			count := func() int {
				mu.Lock()
				defer mu.Unlock()
				return sent
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for i := range 1_000_000 {
					if _, err := c.Write([]byte(frame(int64(i), query))); err != nil {
						return
					}
					mu.Lock()
					sent++
					mu.Unlock()
				}
			}()
			stuckAt, since := -1, time.Now()
			// It takes the answers to fill the buffers of the sockets, which are some megabytes.
			within(t, 4*patience, "the server stops reading", func() bool {
				if n := count(); n != stuckAt {
					stuckAt, since = n, time.Now()
				}
				return time.Since(since) > 300*time.Millisecond
			})
			other := connect(t, s.addr)
			other.ask(1, "[1,1]")
			other.expect(1, `{"t":1,"r":[1]}`)
			other.Close()
			c.Close()
			<-ended
			eventually(t, "the connection ends", func() bool { return s.Connections() == 0 && s.engine.Running.Load() == 0 })
		})
	}
}

func TestShutdown(t *testing.T) {
	s := start(t)
	idle := connect(t, s.addr)
	reader := connect(t, s.addr)
	reader.ask(1, `[1,"feed"]`)
	reader.expect(1, `{"t":3,"r":[],"n":[1]}`)
	reader.ask(1, `[2]`)
	eventually(t, "the feed waits", func() bool { return s.engine.Running.Load() == 1 })
	writer := connect(t, s.addr)
	writer.ask(1, `[1,"wait"]`)
	eventually(t, "the write runs", func() bool { return s.engine.Running.Load() == 2 })
	newcomer := dial(t, s.addr)
	newcomer.write(magicV10)
	newcomer.expectMessage(greeting)

	done := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		done <- s.Shutdown(ctx)
	}()
	reader.expect(1, `{"t":18,"e":4200000,"r":["Server is shutting down."],"b":[]}`)
	reader.expectEOF()
	idle.expectEOF()
	newcomer.expectEOF()
	close(s.engine.Release)
	writer.expect(1, `{"t":1,"r":["wait"]}`) // what may be a write finishes
	writer.expectEOF()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", s.addr); err == nil {
		t.Error("the port is still open")
	}
}

func TestShutdownCancelsWhatDoesNotFinish(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	c.ask(1, `[1,"block"]`)
	eventually(t, "the query runs", func() bool { return s.engine.Running.Load() == 1 })
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		c.expect(1, `{"t":18,"e":4200000,"r":["Server is shutting down."],"b":[]}`)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-answered
}

func TestPanicsCostTheirSenderAnError(t *testing.T) {
	s := start(t)
	c := connect(t, s.addr)
	for i, query := range []string{`[1,"panic"]`, `[1,"panic slowly"]`} {
		c.ask(int64(i), query)
		if _, body := c.answer(); !strings.HasPrefix(body, `{"t":18,"e":1000000,"r":["Internal error`) {
			t.Errorf("%s: %s", query, body)
		}
	}
	c.ask(9, "[1,1]")
	c.expect(9, `{"t":1,"r":[1]}`)
	if log := s.log.String(); strings.Count(log, "sessiontest.(*plan).Start") < 2 {
		t.Errorf("the log has no stacks:\n%s", log)
	}
}
