package shard

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Writers that take several latches at once exclude each other on each and do not deadlock, also when some give up.
func TestLatchesExclude(t *testing.T) {
	l := newLatches()
	const keys = 12
	var inside [keys]int // guarded by the latches; the race detector checks that too
	total := [keys]int{}
	var mu sync.Mutex
	want := [keys]int{}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for range 500 {
				var hashes []uint64
				for range 1 + r.IntN(4) {
					hashes = append(hashes, r.Uint64N(keys))
				}
				slices.Sort(hashes)
				hashes = slices.Compact(hashes)
				ctx, cancel := context.WithCancel(context.Background())
				if r.IntN(4) == 0 {
					go cancel()
				}
				if err := l.acquireAll(ctx, hashes); err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					cancel()
					continue
				}
				for _, h := range hashes {
					inside[h]++
					if inside[h] != 1 {
						t.Errorf("%d writers hold latch %d", inside[h], h)
					}
					total[h]++
				}
				for _, h := range hashes {
					inside[h]--
				}
				l.releaseAll(hashes)
				cancel()
				mu.Lock()
				for _, h := range hashes {
					want[h]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if total != want {
		t.Errorf("writers were inside %v times, want %v", total, want)
	}
	for i := range l.parts {
		if n := len(l.parts[i].held); n > 0 {
			t.Errorf("%d latches are still held", n)
		}
	}
}

func TestLatchIsHandedOverInOrder(t *testing.T) {
	l := newLatches()
	if err := l.acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() {
			if err := l.acquire(context.Background(), 1); err != nil {
				t.Error(err)
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			l.release(1)
		})
		for waiting := 0; waiting <= i; { // until this one has queued
			p := l.part(1)
			p.mu.Lock()
			if q := p.held[1]; q != nil {
				waiting = len(q.waiters)
			}
			p.mu.Unlock()
		}
	}
	l.release(1)
	wg.Wait()
	if !slices.IsSorted(order) {
		t.Errorf("order %v", order)
	}
}

func BenchmarkLatch(b *testing.B) {
	l := newLatches()
	key := []byte("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
	b.ReportAllocs()
	for b.Loop() {
		h := l.hash(key)
		if err := l.acquire(context.Background(), h); err != nil {
			b.Fatal(err)
		}
		l.release(h)
	}
}
