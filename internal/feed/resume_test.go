package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

func (f *fixture) keepHistory() {
	f.t.Helper()
	if err := f.part.KeepHistory(f.t.Context(), true); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { f.part.LeaveHistory(true) })
}

// resumable subscribes from now on.
func (f *fixture) resumable(o Options) *Subscription {
	f.t.Helper()
	o.QueueSize, o.Positions = 100_000, true
	s, err := f.hub.Resumable().Subscribe(&Expression{}, o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(s.Close)
	last, err := f.part.LastLogged()
	if err != nil {
		f.t.Fatal(err)
	}
	s.Begin(Behind(last))
	return s
}

// rest gives the next n events behind a position.
func (f *fixture) rest(after Position, n int) string {
	f.t.Helper()
	r := f.hub.Resumable().Resume(f.part, &Expression{}, &Expression{}, Options{QueueSize: 100_000, Positions: true}, after)
	var out []string
	for len(out) < n {
		e, ok, err := r.Next(f.t.Context(), func() error { return nil })
		if err != nil {
			f.t.Fatal(err)
		}
		if !ok {
			e = f.next(r.Subscription())
		}
		out = append(out, show(e))
	}
	if s := r.Subscription(); s != nil {
		s.Close()
	}
	return strings.Join(out, "\n")
}

// Behind each event the others come, those from the history and those that come after it.
func TestResumeBehindEachEvent(t *testing.T) {
	f := start(t)
	f.keepHistory()
	s := f.resumable(Options{})
	for i := range 20 {
		f.set(i%3, i)
	}
	var shown []string
	var at []Position
	for range 20 {
		e := f.next(s)
		shown, at = append(shown, show(e)), append(at, *e.At)
	}
	for i, p := range at {
		if got, want := f.rest(p, 19-i), strings.Join(shown[i+1:], "\n"); got != want {
			t.Fatalf("behind event %d comes\n%s\nwant\n%s", i, got, want)
		}
	}
	f.set(9, 9)
	if got, want := f.rest(at[19], 1), `{"new_val":{"id":9,"n":9},"old_val":null}`; got != want {
		t.Errorf("behind the last event comes %s", got)
	}
}

// The events of a batch of squashed changes are no places in the history. Behind one of them come the others of the batch.
func TestResumeAmongSquashedChanges(t *testing.T) {
	f := start(t)
	f.keepHistory()
	f.set(1, 0)
	s := f.resumable(Options{Squash: true})
	batch := func(n int) []string {
		f.set(1, n)
		f.set(2, n)
		f.set(3, n)
		f.put(3, func(int) int { return -1 })
		f.set(4, n)
		f.set(1, n+1)
		f.gone()
		return []string{
			fmt.Sprintf(`{"new_val":{"id":1,"n":%d},"old_val":{"id":1,"n":%d}}`, n+1, n-1),
			fmt.Sprintf(`{"new_val":{"id":2,"n":%d},"old_val":%s}`, n, previous(2, n)),
			fmt.Sprintf(`{"new_val":{"id":4,"n":%d},"old_val":%s}`, n, previous(4, n)),
		}
	}
	var want []string
	var at []Position
	for n := 1; n < 7; n += 2 {
		want = append(want, batch(n)...)
		for range 3 {
			at = append(at, *f.next(s).At)
		}
	}
	f.set(5, 5)
	last := `{"new_val":{"id":5,"n":5},"old_val":null}`
	for i, p := range at {
		left := want[i+1 : (i/3+1)*3] // of the batch
		got := f.rest(p, len(left))
		if got != strings.Join(left, "\n") {
			t.Fatalf("behind event %d (%+v) comes\n%s\nwant\n%s", i, p, got, strings.Join(left, "\n"))
		}
	}
	if got := f.rest(at[len(at)-1], 1); got != last {
		t.Errorf("behind the last batch comes %s", got)
	}
}

func previous(id, n int) string {
	if n == 1 {
		return "null"
	}
	return fmt.Sprintf(`{"id":%d,"n":%d}`, id, n-2)
}

// gone waits until everything written has come through the gate and reached the lists.
func (f *fixture) gone() {
	f.t.Helper()
	g := f.hub.gate
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Microsecond) {
		g.mu.Lock()
		running := g.running
		g.mu.Unlock()
		if !running {
			break
		}
		if time.Now().After(end) {
			f.t.Fatal("commits wait at the gate")
		}
	}
	for g.behind.flush() {
	}
}

// A batch whose end the history does not have was never given.
func TestResumeOfWhatIsNotInTheHistory(t *testing.T) {
	f := start(t)
	f.keepHistory()
	s := f.resumable(Options{})
	f.set(1, 1)
	f.set(1, 2)
	first, second := *f.next(s).At, *f.next(s).At
	for what, p := range map[string]Position{
		"another epoch":            {Place: Place{Epoch: first.Epoch + 1, Index: first.Index}},
		"a later commit":           {Place: Place{Epoch: first.Epoch, Index: second.Index + 1}},
		"a batch that ends later":  {From: first.Place, Place: Place{Epoch: first.Epoch, Index: second.Index + 1}, Done: 1},
		"a batch of another epoch": {From: first.Place, Place: Place{Epoch: first.Epoch + 1, Index: second.Index}, Done: 1},
	} {
		r := f.hub.Resumable().Resume(f.part, &Expression{}, &Expression{}, Options{QueueSize: 10}, p)
		var err error
		for ok := true; ok && err == nil; {
			_, ok, err = r.Next(t.Context(), func() error { return nil })
		}
		if !errors.Is(err, table.ErrHistoryLost) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// slowDisk is a table whose commits are on disk when the test says so.
type slowDisk struct {
	*table.Part
	synced chan error
}

func (d slowDisk) Sync(ctx context.Context) error {
	select {
	case err := <-d.synced:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestResumableFeedsTellWhatIsOnDisk(t *testing.T) {
	f := start(t)
	f.hub.Close()
	tbl, err := table.Create(t.Context(), f.store, table.Config{ID: "u", PrimaryKey: "id", Durability: table.DurabilitySoft, Groups: []storage.GroupID{2}})
	if err != nil {
		t.Fatal(err)
	}
	disk := slowDisk{tbl.Parts()[0], make(chan error)}
	f.Table, f.part, f.hub = tbl, disk.Part, Of(disk)
	t.Cleanup(tbl.CloseTap)
	f.keepHistory()
	plain, resumable := f.subscribe(&Expression{}, Options{}), f.resumable(Options{})
	f.set(1, 1)
	const first = `{"new_val":{"id":1,"n":1},"old_val":null}`
	f.expect(plain, first)
	if e, ok, err := resumable.Next(); ok || err != nil {
		t.Fatalf("before it is on disk: %s, %v", show(e), err)
	}
	disk.synced <- nil
	f.expect(resumable, first)

	// When the disk fails the feed ends; one that comes when it is well again lives.
	f.set(1, 2)
	broken := errors.New("the disk is full")
	disk.synced <- broken
	woken := make(chan struct{})
	if resumable.Wait(func() { close(woken) }) {
		<-woken
	}
	if _, ok, err := resumable.Next(); ok || !errors.Is(err, broken) {
		t.Fatalf("after a failure: %v, %v", ok, err)
	}
	again := f.resumable(Options{})
	f.set(1, 3)
	disk.synced <- nil
	f.expect(again, `{"new_val":{"id":1,"n":3},"old_val":{"id":1,"n":2}}`)
}
