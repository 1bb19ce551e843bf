package cluster

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"
)

// overSockets is two servers with a link over this machine's loopback.
func overSockets(b *testing.B, prepare func(*Mesh)) (*server, *server) {
	b.Helper()
	n := newNetwork(b)
	one, two := newServer(b, n, "a"), newServer(b, n, "b")
	prepare(two.mesh)
	one.listen()
	two.listen()
	join(b, one, two)
	return one, two
}

// BenchmarkCall asks for what a small document has, at 1 to 64 calls at a time.
func BenchmarkCall(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			answer := make([]byte, 300)
			one, _ := overSockets(b, func(m *Mesh) {
				m.HandleCall("get", func(context.Context, ServerID, []byte) ([]byte, error) { return answer, nil })
			})
			request := make([]byte, 100)
			b.ReportAllocs()
			b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := one.mesh.Call(b.Context(), "id-b", "get", request); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkSend sends messages of the size of one written document, as fast as they are taken.
func BenchmarkSend(b *testing.B) {
	got := make(chan struct{}, 1<<16)
	one, _ := overSockets(b, func(m *Mesh) {
		m.HandleMessages(testing1, func(ServerID, []byte) { got <- struct{}{} })
	})
	text := make([]byte, 500)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	sent, received := 0, 0
	for b.Loop() {
		if err := one.mesh.Send("id-b", testing1, text); err != nil {
			b.Fatal(err)
		}
		for sent++; sent-received > 1000; received++ {
			<-got
		}
	}
	for ; received < sent; received++ {
		<-got
	}
}

// BenchmarkStream is the throughput of one stream over each of the two connections.
func BenchmarkStream(b *testing.B) {
	for name, open := range map[string]func(m *Mesh, to ServerID, kind string) (*Stream, error){"control": (*Mesh).Open, "bulk": (*Mesh).OpenBulk} {
		b.Run(name, func(b *testing.B) {
			one, _ := overSockets(b, func(m *Mesh) {
				m.HandleStream("take", func(_ context.Context, s *Stream) error {
					_, err := io.Copy(io.Discard, s)
					return err
				})
			})
			s, err := open(one.mesh, "id-b", "take")
			if err != nil {
				b.Fatal(err)
			}
			text := make([]byte, 256<<10)
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := s.Write(text); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.CloseWrite(); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadAll(s); err != nil {
				b.Fatal(err)
			}
		})
	}
}
