package wire_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/session"
	"rethinkdb/internal/wire"
)

// The benchmarks compare the whole way of a request but for its execution with a bare echo of the same frames.

// echo is what a server costs that only moves frames: the ceiling.
func echo(b *testing.B, answerBytes int) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	answer := make([]byte, 12+answerBytes)
	binary.LittleEndian.PutUint32(answer[8:], uint32(answerBytes))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, w := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 64<<10)
				var h [12]byte
				body := make([]byte, 4096)
				for {
					if _, err := io.ReadFull(r, h[:]); err != nil {
						return
					}
					if _, err := io.ReadFull(r, body[:binary.LittleEndian.Uint32(h[8:])]); err != nil {
						return
					}
					if _, err := w.Write(answer); err != nil {
						return
					}
					if r.Buffered() == 0 && w.Flush() != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

type fixedEngine struct{ answer []byte }

func (e fixedEngine) Open(session.Client) session.Compiler { return e }
func (e fixedEngine) AppendServerInfo(dst []byte) []byte   { return dst }

const benchQuery = `[1,1,{"db":[14,["test"]]}]`

// exchange sends requests and reads as many answers.
func exchange(b *testing.B, c net.Conn, request []byte, answerBytes, times int) {
	answer := make([]byte, answerBytes)
	for range times {
		if _, err := c.Write(request); err != nil {
			b.Error(err)
			return
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			b.Error(err)
			return
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, answerBytes := range []int{20, 1020} {
		answer := fmt.Appendf(nil, `{"t":1,"r":["%0*d"]}`, answerBytes-16, 0)
		for _, conns := range []int{1, 16, 64} {
			request := []byte(frame(1, benchQuery))
			run := func(b *testing.B, conn func(i int) net.Conn) {
				b.ReportAllocs()
				cs := make([]net.Conn, conns)
				for i := range cs {
					cs[i] = conn(i)
				}
				var wg sync.WaitGroup
				b.ResetTimer()
				for i, c := range cs {
					wg.Go(func() {
						times := b.N / conns
						if i < b.N%conns {
							times++
						}
						exchange(b, c, request, 12+len(answer), times)
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			}
			b.Run(fmt.Sprintf("wire/%dB/c%d", answerBytes, conns), func(b *testing.B) {
				s := start(b, func(o *wire.Options) { o.Engine = fixedEngine{answer} })
				run(b, func(int) net.Conn { return connect(b, s.addr).Conn })
			})
			b.Run(fmt.Sprintf("echo/%dB/c%d", answerBytes, conns), func(b *testing.B) {
				addr := echo(b, len(answer))
				run(b, func(int) net.Conn { return dial(b, addr).Conn })
			})
		}
	}
}

// BenchmarkPipelined has 64 requests in flight on one connection.
func BenchmarkPipelined(b *testing.B) {
	answer := fmt.Appendf(nil, `{"t":1,"r":["%0*d"]}`, 1004, 0)
	var requests []byte
	for i := range 64 {
		requests = append(requests, frame(int64(i), benchQuery)...)
	}
	run := func(b *testing.B, c net.Conn) {
		b.ReportAllocs()
		b.ResetTimer()
		exchange(b, c, requests, 64*(12+len(answer)), (b.N+63)/64)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	}
	b.Run("wire", func(b *testing.B) {
		s := start(b, func(o *wire.Options) { o.Engine = fixedEngine{answer} })
		run(b, connect(b, s.addr).Conn)
	})
	b.Run("echo", func(b *testing.B) { run(b, dial(b, echo(b, len(answer))).Conn) })
}

// 10,000 idle connections cost the server less than 300 MB. Both ends are in this process, so the true figure is lower
// than the one measured here.
func TestIdleConnectionsAreCheap(t *testing.T) {
	const maxBytes = 30_000
	n := 10_000
	if limit := openFiles(); limit < 2*n+200 {
		n = (limit - 200) / 2
	}
	s := start(t)
	memory := func() uint64 {
		runtime.GC()
		debug.FreeOSMemory() // the second collection empties the pools of buffers
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := memory()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, magicV04+"\x00\x00\x00\x00"+useJSON+frame(1, "[1,1]")); err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	for _, c := range conns { // each has been active once
		b := make([]byte, 8+12+len(`{"t":1,"r":[1]}`))
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
	}
	// A connection gives its buffer back when it finds that nothing more has come, which on a busy machine is after its answer.
	each := uint64(0)
	defer func() { t.Logf("%d bytes per connection, both ends together, with %d connections", each, n) }()
	within(t, 4*patience, "idle connections are cheap", func() bool {
		each = (memory() - before) / uint64(n)
		return each <= maxBytes
	})
}
