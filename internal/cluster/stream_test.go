package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// echoStream sends back what comes.
func echoStream(_ context.Context, s *Stream) error {
	_, err := io.Copy(s, s)
	return err
}

// A hundred streams with much more than fits a window, in both directions at the same time.
func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(b *Mesh) { b.HandleStream("echo", echoStream) })
		a.mesh.HandleStream("echo", echoStream)
		ask := func(m *Mesh, to ServerID, seed uint64) {
			s, err := m.Open(to, "echo")
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			var sent, received [sha256.Size]byte
			var both sync.WaitGroup
			both.Go(func() {
				random, sum := rand.NewChaCha8([32]byte{byte(seed)}), sha256.New()
				for i := range 20 {
					text := make([]byte, i*6_000)
					_, _ = random.Read(text) // which never fails
					sum.Write(text)
					if n, err := s.Write(text); n != len(text) || err != nil {
						t.Error(n, err)
					}
				}
				if err := s.CloseWrite(); err != nil {
					t.Error(err)
				}
				sent = [sha256.Size]byte(sum.Sum(nil))
			})
			both.Go(func() {
				sum := sha256.New()
				if _, err := io.Copy(sum, s); err != nil {
					t.Error(err)
				}
				received = [sha256.Size]byte(sum.Sum(nil))
			})
			both.Wait()
			if sent != received {
				t.Errorf("stream %d came back changed", seed)
			}
		}
		var all sync.WaitGroup
		for i := range uint64(50) {
			all.Go(func() { ask(a.mesh, "id-b", i) })
			all.Go(func() { ask(b.mesh, "id-a", i) })
		}
		all.Wait()
		synctest.Wait()
		if n := len(a.mesh.link("id-b").control.streams.byID) + len(b.mesh.link("id-a").control.streams.byID); n != 0 {
			t.Errorf("%d streams are not forgotten", n)
		}
	})
}

// A stream that nobody reads waits, with no more than its window in memory, and the others go on.
func TestStreamThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		got := make(chan int64, 1)
		a, _ := pair(t, func(b *Mesh) {
			b.HandleStream("wait", func(_ context.Context, s *Stream) error {
				<-proceed
				n, err := io.Copy(io.Discard, s)
				got <- n
				return err
			})
			b.HandleStream("echo", echoStream)
		})
		s, err := a.mesh.Open("id-b", "wait")
		if err != nil {
			t.Fatal(err)
		}
		const size = 10 << 20
		done := make(chan error, 1)
		go func() {
			_, err := s.Write(make([]byte, size))
			done <- errors.Join(err, s.Close())
		}()
		synctest.Wait()
		if s.credit != 0 || s.queued != 0 {
			t.Errorf("credit %d, queued %d", s.credit, s.queued)
		}
		other, err := a.mesh.Open("id-b", "echo")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		text := make([]byte, 5)
		if _, err := other.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(other, text); err != nil || string(text) != "hello" {
			t.Errorf("%q, %v", text, err)
		}
		close(proceed)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := <-got; n != size {
			t.Errorf("%d bytes arrived", n)
		}
	})
}

// Only who has written everything makes the other side see the end.
func TestEndsOfStreams(t *testing.T) {
	for name, c := range map[string]struct {
		write func(s *Stream)
		whole bool // the other side sees the end
	}{
		"closed for writing": {func(s *Stream) { _ = s.CloseWrite() }, true},
		"closed":             {func(s *Stream) { s.Close() }, true},
		"aborted":            {func(s *Stream) { s.Abort(errors.New("it is broken")) }, false},
		"lost":               {func(s *Stream) { synctest.Wait(); s.in.fail(ErrLost) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := make(chan error, 1)
				a, _ := pair(t, func(b *Mesh) {
					b.HandleStream("read", func(_ context.Context, s *Stream) error {
						_, err := io.ReadFull(s, make([]byte, 6))
						got <- err
						return nil
					})
				})
				s, err := a.mesh.Open("id-b", "read")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
				c.write(s)
				if name == "lost" {
					a.mesh.link("id-b").end(errSilent)
				}
				err = <-got
				if whole := errors.Is(err, io.ErrUnexpectedEOF); err == nil || errors.Is(err, io.EOF) || whole != c.whole {
					t.Errorf("%v", err)
				}
				if _, err := s.Write([]byte("more")); err == nil {
					t.Error("it takes more")
				}
			})
		})
	}
}

// What a handler fails with reaches who has opened the stream; so does that there is none.
func TestStreamFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := pair(t, func(b *Mesh) {
			b.HandleStream("fail", func(context.Context, *Stream) error { return &Failure{"kind", "text"} })
			b.HandleStream("say and end", func(_ context.Context, s *Stream) error {
				_, err := s.Write([]byte("bye"))
				return err
			})
		})
		for kind, want := range map[string]Failure{
			"fail":       {"kind", "text"},
			"unheard of": {FailedUnknown, `this server does not know streams of the kind "unheard of"`},
		} {
			s, err := a.mesh.Open("id-b", kind)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Read(make([]byte, 1))
			if f, ok := errors.AsType[*Failure](err); !ok || *f != want {
				t.Errorf("%s: %v", kind, err)
			}
			if _, err := s.Write([]byte("more")); err == nil {
				t.Errorf("%s takes more", kind)
			}
			s.Close()
		}
		s, err := a.mesh.Open("id-b", "say and end")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if text, err := io.ReadAll(s); string(text) != "bye" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		for err == nil { // it has no reader any more, which this side hears of in time
			_, err = s.Write(make([]byte, chunkBytes))
		}
	})
}

// A stream ends with the context of who opened it, and the context of the handler with the stream.
func TestStreamContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled := make(chan error, 1)
		a, _ := pair(t, func(b *Mesh) {
			b.HandleStream("wait", func(ctx context.Context, s *Stream) error {
				<-ctx.Done()
				_, err := s.Read(make([]byte, 1))
				handled <- err
				return nil
			})
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s, err := a.mesh.Open("id-b", "wait")
		if err != nil {
			t.Fatal(err)
		}
		s.EndWith(ctx)
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if f, ok := errors.AsType[*Failure](<-handled); !ok || f.Kind != FailedCanceled {
			t.Errorf("%v", f)
		}
		if s, err := a.mesh.Open("id-b", "wait"); err == nil {
			s.EndWith(ctx) // which is over already
			if _, err := s.Read(make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if err := <-handled; err == nil {
			t.Error("the handler has read something")
		}
	})
}

func TestTooManyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(b *Mesh) { b.HandleStream("echo", echoStream) })
		var list []*Stream
		for range maxAccepted + 1 {
			s, err := a.mesh.Open("id-b", "echo")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			list = append(list, s)
		}
		_, err := list[maxAccepted].Read(make([]byte, 1))
		if f, ok := errors.AsType[*Failure](err); !ok || f.Kind != FailedCrowded {
			t.Errorf("%v", err)
		}
		list[0].Close()
		synctest.Wait()
		s, err := a.mesh.Open("id-b", "echo")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CloseWrite(); err != nil {
			t.Error(err)
		}
		if text, err := io.ReadAll(s); len(text) != 0 || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		synctest.Wait()
		if n := b.mesh.link("id-a").control.streams.accepted; n >= maxAccepted {
			t.Errorf("%d streams are left", n)
		}
	})
}

// Who sends more than was asked for, or anything else that cannot be, loses the link.
func TestHostileStreams(t *testing.T) {
	for name, frames := range map[string][]frame{
		"more than the window":    {{kind: open, id: 101, label: "wait"}, {kind: data, id: 101, body: make([]byte, firstWindowBytes)}, {kind: data, id: 101, body: []byte{0}}},
		"a stream of this side":   {{kind: open, id: 100, label: "wait"}},
		"a stream twice":          {{kind: open, id: 101, label: "wait"}, {kind: open, id: 101, label: "wait"}},
		"a window of nothing":     {{kind: open, id: 101, label: "wait"}, {kind: window, id: 101}},
		"a huge window":           {{kind: open, id: 101, label: "wait"}, {kind: window, id: 101, body: bytes.Repeat([]byte{0xff}, 4)}},
		"more windows than bytes": {{kind: open, id: 101, label: "wait"}, {kind: window, id: 101, body: []byte{0, 0, 16, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := pair(t, func(b *Mesh) {
					b.HandleStream("wait", func(ctx context.Context, _ *Stream) error {
						<-ctx.Done()
						return nil
					})
				})
				synctest.Wait()
				l := a.mesh.link("id-b")
				if !l.dialed { // then b's streams are odd
					for i := range frames {
						frames[i].id ^= 1
					}
				}
				for _, f := range frames {
					l.bulk.out.put(chunks, f)
				}
				select {
				case <-l.gone:
				case <-time.After(time.Minute):
					t.Fatal("the link stays")
				}
				if lost := b.lostPeers(); len(lost) != 1 {
					t.Errorf("b has lost %v", lost)
				}
			})
		})
	}
}
