package replication

import (
	"fmt"
	"testing"
)

// The next round waits for those whom the last one has answered, until they come back, their time is over, or the clock ticks.
func TestRoundsGather(t *testing.T) {
	h, r, epoch := alone(t)
	n := 0
	come := func(clients int) {
		for range clients {
			n++
			b := h.o.Store.NewBatch()
			t.Cleanup(b.Close)
			b.Set(rowKey(1, fmt.Sprint(n)), nil)
			if _, err := r.begin(&Command{Batch: b, Rows: 1, Epoch: epoch}); err != nil {
				t.Fatal(err)
			}
		}
		r.work()
	}
	answer := func() {
		h.o.Store.Confirm()
		r.work()
	}
	rounds := r.Status().Last
	expect := func(more uint64, when string) {
		t.Helper()
		rounds += more
		if got := r.Status().Last; got != rounds {
			t.Fatalf("%s there are %d rounds too many", when, int64(got-rounds))
		}
	}

	come(1)
	expect(1, "when the first one has come")
	come(2)
	expect(0, "when two more have come meanwhile")
	answer()
	expect(0, "as long as the first one may come back")
	come(1)
	expect(1, "when he has")

	answer()
	come(2)
	expect(0, "as long as one of three is missing")
	r.gathered()
	r.work()
	expect(1, "when his time is over")

	answer()
	come(1)
	expect(0, "as long as one of two is missing")
	h.tick()
	r.work()
	expect(1, "at the tick")

	for range 3 {
		answer()
		expect(0, "when nobody has come")
		come(1)
		expect(1, "when somebody writes alone")
	}

	// How long two are waited for depends on whether they came back in time before.
	come(2)
	answer()
	come(2)
	patience := r.gather.patience
	for want := patience - 1; want >= minPatience-1; want-- {
		answer()
		r.gathered()
		come(2)
		if got := r.gather.patience; got != max(want, minPatience) {
			t.Fatalf("the patience is %d after waiting in vain, want %d", got, max(want, minPatience))
		}
	}
	for want := minPatience + 1; want <= maxPatience+1; want++ {
		answer()
		come(2)
		if got := r.gather.patience; got != min(want, maxPatience) {
			t.Fatalf("the patience is %d when they came in time, want %d", got, min(want, maxPatience))
		}
	}
	answer()
	if got := r.State().Applied; got != Index(n) {
		t.Errorf("%d of %d commands are applied", got, n)
	}
}
