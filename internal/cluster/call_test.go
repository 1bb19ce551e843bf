package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pair is two servers that are connected, of which b answers.
func pair(t *testing.T, prepare func(b *Mesh)) (a, b *server) {
	t.Helper()
	n := newNetwork(t)
	a, b = newServer(t, n, "a"), newServer(t, n, "b")
	prepare(b.mesh)
	join(t, a, b)
	return a, b
}

func echo(_ context.Context, from ServerID, request []byte) ([]byte, error) {
	return append([]byte(from+" "), request...), nil
}

func TestCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(b *Mesh) {
			b.HandleCall("echo", echo)
			b.HandleCall("fail", func(context.Context, ServerID, []byte) ([]byte, error) { return nil, errors.New("it is broken") })
			b.HandleCall("fail well", func(context.Context, ServerID, []byte) ([]byte, error) {
				return nil, fmt.Errorf("wrapped: %w", &Failure{"kind", "text"})
			})
			b.HandleCall("much", func(context.Context, ServerID, []byte) ([]byte, error) { return make([]byte, MaxMessageBytes+1), nil })
			b.HandleCall("add", Answer(func(_ context.Context, _ ServerID, terms []int) (int, error) { return terms[0] + terms[1], nil }))
		})
		call := func(kind string, request []byte) (string, error) {
			text, err := a.mesh.Call(t.Context(), "id-b", kind, request)
			return string(text), err
		}
		if text, err := call("echo", []byte("hello")); text != "id-a hello" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		big := bytes.Repeat([]byte("x"), MaxMessageBytes-5)
		if text, err := call("echo", big); len(text) != MaxMessageBytes || err != nil {
			t.Errorf("%d bytes, %v", len(text), err)
		}
		for _, c := range []struct {
			kind    string
			request []byte
			want    Failure
		}{
			{"fail", nil, Failure{"", "it is broken"}},
			{"fail well", nil, Failure{"kind", "text"}},
			{"much", nil, Failure{FailedTooLong, "the answer has 16777217 bytes, and may have 16777216"}},
			{"unheard of", nil, Failure{FailedUnknown, `this server does not know calls of the kind "unheard of"`}},
			{"add", []byte("["), Failure{"", "the request cannot be read: unexpected end of JSON input"}},
		} {
			_, err := call(c.kind, c.request)
			if f, ok := errors.AsType[*Failure](err); !ok || *f != c.want {
				t.Errorf("%s: %v, want %v", c.kind, err, c.want)
			}
		}
		if _, err := call("echo", make([]byte, MaxMessageBytes+1)); !errors.Is(err, ErrTooLong) {
			t.Error(err)
		}
		if sum, err := Ask[int](t.Context(), a.mesh, "id-b", "add", []int{2, 3}); sum != 5 || err != nil {
			t.Errorf("%d, %v", sum, err)
		}
		if _, err := Ask[int](t.Context(), b.mesh, "id-a", "add", []int{2, 3}); err == nil || !strings.Contains(err.Error(), "does not know") {
			t.Errorf("%v", err)
		}
		if _, err := Ask[string](t.Context(), a.mesh, "id-b", "add", []int{2, 3}); err == nil {
			t.Error("a number was read as a text")
		}
		if _, err := a.mesh.Call(t.Context(), "id-c", "echo", nil); !errors.Is(err, ErrNotConnected) {
			t.Error(err)
		}
	})
}

// Calls do not wait for each other, in either direction.
func TestManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, func(b *Mesh) {
			b.HandleCall("wait", func(_ context.Context, _ ServerID, request []byte) ([]byte, error) {
				time.Sleep(time.Duration(len(request)) * time.Second)
				return request, nil
			})
		})
		a.mesh.HandleCall("echo", echo)
		start := time.Now()
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				text, err := a.mesh.Call(t.Context(), "id-b", "wait", make([]byte, i))
				if err != nil || len(text) != i || time.Since(start) != time.Duration(i)*time.Second {
					t.Errorf("call %d: %d bytes, %v after %v", i, len(text), err, time.Since(start))
				}
			})
			all.Go(func() {
				text, err := b.mesh.Call(t.Context(), "id-a", "echo", fmt.Append(nil, i))
				if want := fmt.Sprint("id-b ", i); err != nil || string(text) != want {
					t.Errorf("%q, want %q: %v", text, want, err)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if n := len(a.mesh.link("id-b").calls.waiting) + len(b.mesh.link("id-a").calls.served); n != 0 {
			t.Errorf("%d calls are not forgotten", n)
		}
	})
}

// Who gives up a call has its handler stopped, and so has who leaves.
func TestCallGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := make(chan struct{}, 2)
		a, b := pair(t, func(b *Mesh) {
			b.HandleCall("wait", func(ctx context.Context, _ ServerID, _ []byte) ([]byte, error) {
				<-ctx.Done()
				stopped <- struct{}{}
				return nil, ctx.Err()
			})
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.mesh.Call(ctx, "id-b", "wait", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		<-stopped
		result := make(chan error)
		go func() {
			_, err := a.mesh.Call(t.Context(), "id-b", "wait", nil)
			result <- err
		}()
		synctest.Wait()
		a.mesh.link("id-b").end(errSilent)
		if err := <-result; !errors.Is(err, ErrLost) {
			t.Error(err)
		}
		<-stopped
		b.await(1)
	})
}

func TestTooManyCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		a, _ := pair(t, func(b *Mesh) {
			b.HandleCall("wait", func(context.Context, ServerID, []byte) ([]byte, error) {
				<-release
				return nil, nil
			})
		})
		results := make(chan error, maxServed+1)
		for range maxServed + 1 {
			go func() {
				_, err := a.mesh.Call(t.Context(), "id-b", "wait", nil)
				results <- err
			}()
		}
		if f, ok := errors.AsType[*Failure](<-results); !ok || f.Kind != FailedCrowded {
			t.Errorf("%v", f)
		}
		close(release)
		for range maxServed {
			if err := <-results; err != nil {
				t.Fatal(err)
			}
		}
	})
}
