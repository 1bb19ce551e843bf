package exec

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// compute steps until it has done so n times after it first had a turn, and calls during with a turn.
func compute(ctx context.Context, t *turns, n int, during func()) error {
	p := pace{turns: t, since: time.Now()}
	defer p.end()
	for i := 0; i < n; {
		if err := p.step(ctx); err != nil {
			return err
		}
		if p.has {
			during()
			i++
		}
	}
	return nil
}

func TestNoMoreQueriesComputeThanThereAreTurns(t *testing.T) {
	turns := newTurns()
	turns.free = 2
	var computing, most atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			p := pace{turns: turns, since: time.Now()}
			defer p.end()
			for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
				if err := p.step(t.Context()); err != nil {
					t.Error(err)
				}
				if p.has {
					most.Store(max(most.Load(), computing.Add(1)))
					computing.Add(-1)
				}
			}
		})
	}
	wg.Wait()
	if turns.free != 2 || turns.waiting.Load() != 0 {
		t.Errorf("%d turns are left, %d wait", turns.free, turns.waiting.Load())
	}
	// Two, and those who went ahead because the machine was too busy to run these.
	if n := most.Load(); n == 0 || n > 10 {
		t.Errorf("%d computed at the same time", n)
	}
}

func TestATurnThatIsNotGivenBackHoldsUpNobodyForLong(t *testing.T) {
	turns := newTurns()
	turns.free = 1
	if err := turns.take(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	for range 3 { // go ahead one after the other
		if err := compute(t.Context(), turns, 1, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	turns.give()
	if turns.free != 1 {
		t.Errorf("%d turns are left", turns.free)
	}
}

func TestAnInterruptedQueryDoesNotWaitForATurn(t *testing.T) {
	turns := newTurns()
	turns.free = 0
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := turns.take(ctx, false); err != errInterrupted { //nolint:errorlint // never wrapped
		t.Errorf("got %v", err)
	}
	if turns.waiting.Load() != 0 || turns.free != 0 {
		t.Errorf("%d turns are left, %d wait", turns.free, turns.waiting.Load())
	}
}

func TestQueriesThatComeForTheFirstTimeGoFirst(t *testing.T) {
	turns := newTurns()
	turns.free = 0
	names := map[chan struct{}]string{}
	for i, name := range []string{"first", "again"} {
		for range 4 {
			ready := make(chan struct{})
			names[ready] = name
			turns.queues[i].PushBack(ready)
			turns.waiting.Add(1)
		}
	}
	var order []string
	for range 8 {
		turns.give()
		for ready, name := range names {
			select {
			case <-ready:
				order = append(order, name)
				delete(names, ready)
			default:
			}
		}
	}
	if got, want := strings.Join(order, " "), "first first first again first again again again"; got != want {
		t.Errorf("the order is %s\nwant %s", got, want)
	}
}
