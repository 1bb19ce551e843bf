package feed

import (
	"errors"
	"fmt"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// Whoever follows a table whose rows go to other groups hears everything before, and then that.
func TestMovedFeedsEndBehindTheLastCommit(t *testing.T) {
	f := start(t)
	f.keepHistory()
	slow := &Expression{Eval: func(_ []byte, row datum.Value) (datum.Value, int) { return row, 1 }}
	all := map[string]*Subscription{
		"plain": f.subscribe(&Expression{}, Options{}), "slow": f.subscribe(slow, Options{}),
		"squashed": f.subscribe(&Expression{}, Options{Squash: true}), "resumable": f.resumable(Options{}),
	}
	const n = 100
	for i := range n {
		f.set(i, i)
	}
	f.hub.Moved()
	for name, s := range all {
		for i := range n {
			if got, want := show(f.next(s)), fmt.Sprintf(`{"new_val":{"id":%d,"n":%d},"old_val":null}`, i, i); got != want {
				t.Fatalf("%s: event %d is %s", name, i, got)
			}
		}
		if e, ok, err := s.Next(); ok || !errors.Is(err, table.ErrMoved) {
			t.Errorf("%s: behind the last event comes %s, %v", name, show(e), err)
		}
	}
	if _, err := f.hub.Subscribe(&Expression{}, Options{QueueSize: 1}); !errors.Is(err, table.ErrMoved) {
		t.Errorf("a new feed: %v", err)
	}
}
