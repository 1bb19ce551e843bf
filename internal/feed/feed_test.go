package feed

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a table that is followed.
type fixture struct {
	*table.Table
	part  *table.Part
	t     testing.TB
	store *storage.Store
	hub   *Hub
}

func start(t testing.TB) *fixture {
	t.Helper()
	store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS(), CacheBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	tbl, err := table.Create(t.Context(), store, table.Config{ID: "t", PrimaryKey: "id", Durability: table.DurabilitySoft, Groups: []storage.GroupID{1}})
	if err != nil {
		t.Fatal(err)
	}
	part := tbl.Parts()[0]
	f := &fixture{Table: tbl, part: part, t: t, store: store, hub: Of(part)}
	t.Cleanup(func() {
		tbl.CloseTap()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func row(id, n int) datum.Value {
	return datum.Object([]datum.Field{{Key: "id", Val: datum.Int(int64(id))}, {Key: "n", Val: datum.Int(int64(n))}})
}

func n(row datum.Value) int {
	v, _ := row.Get("n")
	return int(v.AsNumber())
}

// put makes n of a row what f says; f gets -1 for a row that is not there, and makes it go by returning that.
func (f *fixture) put(id int, change func(n int) int) {
	f.t.Helper()
	_, err := f.Write(context.Background(), table.WriteRequest{Keys: []datum.Value{datum.Int(int64(id))}, Update: func(_ int, old datum.Value) (datum.Value, error) {
		was := -1
		if !old.IsAbsent() {
			was = n(old)
		}
		is := change(was)
		if is < 0 {
			return datum.Value{}, nil
		}
		return row(id, is), nil
	}})
	if err != nil {
		f.t.Error(err)
	}
}

func (f *fixture) set(id, to int) { f.put(id, func(int) int { return to }) }

func (f *fixture) subscribe(e *Expression, o Options) *Subscription {
	f.t.Helper()
	if o.QueueSize == 0 {
		o.QueueSize = 100_000
	}
	s, err := f.hub.Subscribe(e, o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(s.Close)
	return s
}

// next waits for the next event.
func (f *fixture) next(s *Subscription) Event {
	f.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		e, ok, err := s.Next()
		if err != nil {
			f.t.Fatal(err)
		}
		if ok {
			return e
		}
		woken := make(chan struct{})
		if !s.Wait(func() { close(woken) }) {
			continue
		}
		select {
		case <-woken:
		case <-time.After(time.Until(end)):
			f.t.Fatal("no event")
		}
	}
}

// dispatched waits until everything written has reached the lists.
func (f *fixture) dispatched() {
	f.t.Helper()
	for f.hub.flush() {
	}
	f.hub.round.Lock()
	defer f.hub.round.Unlock()
}

func show(e Event) string {
	if e.Kind == Overflow {
		return fmt.Sprint("skipped ", e.Skipped)
	}
	b, err := e.AppendJSON(nil, Format{})
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (f *fixture) expect(s *Subscription, want ...string) {
	f.t.Helper()
	for _, w := range want {
		if got := show(f.next(s)); got != w {
			f.t.Fatalf("got %s\nwant %s", got, w)
		}
	}
}

func TestChangesComeInTheOrderOfCommits(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{})
	var writers sync.WaitGroup
	const each = 500
	for range 4 {
		writers.Go(func() {
			for range each {
				f.put(1, func(n int) int { return n + 1 })
			}
		})
	}
	for i := range 4 * each {
		e := f.next(s)
		if n(e.New) != i || i > 0 && n(e.Old) != i-1 {
			t.Fatalf("event %d is %s", i, show(e))
		}
	}
	writers.Wait()
}

// A subscriber that joins while others write misses nothing after its start and sees nothing before it.
func TestJoiningIsExact(t *testing.T) {
	f := start(t)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for id := range 3 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f.put(id, func(n int) int { return n + 1 })
				}
			}
		})
	}
	for i := range 200 {
		e := &Expression{}
		if i%2 == 0 {
			e.Point, _ = table.AppendPrimaryKey(nil, datum.Int(0))
		}
		s := f.subscribe(e, Options{})
		snap, err := f.part.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		s.After(snap.Index)
		key, _ := table.AppendPrimaryKey(nil, datum.Int(0))
		at, err := snap.Get(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := snap.Close(); err != nil {
			t.Fatal(err)
		}
		for {
			e := f.next(s)
			if id, _ := e.New.Get("id"); id.AsNumber() != 0 {
				continue
			}
			if !datum.Equal(orNull(e.Old), orNull(at)) {
				t.Fatalf("after %s comes %s", orNull(at).Print(), show(e))
			}
			break
		}
		s.Close()
	}
	close(stop)
	writers.Wait()
}

func TestAnExpressionIsEvaluatedOnceForAll(t *testing.T) {
	f := start(t)
	var evaluated atomic.Int64
	expression := func() *Expression {
		return &Expression{Name: "small", Quick: true, Eval: func(_ []byte, row datum.Value) (datum.Value, int) {
			evaluated.Add(1)
			if n(row) < 10 {
				return row, 1
			}
			return datum.Value{}, 0
		}}
	}
	var all []*Subscription
	for range 100 {
		all = append(all, f.subscribe(expression(), Options{}))
	}
	f.set(1, 5)
	f.set(1, 50)
	f.set(1, 60)
	f.set(1, 6)
	for _, s := range all {
		f.expect(s, `{"new_val":{"id":1,"n":5},"old_val":null}`, `{"new_val":null,"old_val":{"id":1,"n":5}}`, `{"new_val":{"id":1,"n":6},"old_val":null}`)
	}
	if n := evaluated.Load(); n != 7 {
		t.Errorf("evaluated %d rows for 100 subscribers", n)
	}
	for _, s := range all {
		s.Close()
	}
	if n := f.hub.Groups(); n != 0 {
		t.Errorf("%d groups are left", n)
	}
}

func TestOverflowDropsAllThatWaits(t *testing.T) {
	f := start(t)
	slow := f.subscribe(&Expression{Name: "all"}, Options{QueueSize: 10})
	fast := f.subscribe(&Expression{Name: "all"}, Options{})
	for i := range 25 {
		f.set(1, i)
	}
	for i := range 25 {
		if e := f.next(fast); n(e.New) != i {
			t.Fatalf("event %d is %s", i, show(e))
		}
	}
	f.expect(slow, "skipped 22", `{"new_val":{"id":1,"n":22},"old_val":{"id":1,"n":21}}`, `{"new_val":{"id":1,"n":23},"old_val":{"id":1,"n":22}}`)
}

// What a subscriber who never fetches leaves behind is dropped while others are served.
func TestASleepingSubscriberHoldsLittle(t *testing.T) {
	f := start(t)
	asleep := f.subscribe(&Expression{Name: "all"}, Options{QueueSize: 100})
	squashed := f.subscribe(&Expression{Name: "all"}, Options{QueueSize: 100, Squash: true})
	for _, s := range []*Subscription{asleep, squashed} {
		s.After(0)
	}
	const writes = 10 * trimEvents
	for i := range writes {
		f.set(i%7, i)
	}
	f.dispatched()
	end := asleep.group.tail.Load().number
	for _, s := range []*Subscription{asleep, squashed} {
		s.mu.Lock()
		behind := end - s.last.number
		s.mu.Unlock()
		if behind > trimEvents+100 {
			t.Errorf("%d of %d events are kept for a subscriber", behind, writes)
		}
	}
	if e := f.next(asleep); e.Kind != Overflow || e.Skipped < writes-trimEvents-100 {
		t.Errorf("on waking it gets %s", show(e))
	}
	if rows := len(squashed.merged.list); rows > 7 {
		t.Errorf("%d squashed changes of 7 rows", rows)
	}
}

func TestCommitsThatDoNotFitAreAnOverflow(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{})
	f.hub.round.Lock() // nothing is taken to the groups
	f.set(1, 1)
	f.hub.mu.Lock()
	f.hub.pendingBytes = maxPendingBytes
	f.hub.mu.Unlock()
	f.set(1, 2)
	f.set(1, 3)
	f.hub.round.Unlock()
	f.expect(s, "skipped 2", `{"new_val":{"id":1,"n":3},"old_val":{"id":1,"n":2}}`)
}

func TestSquash(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{Squash: true})
	f.set(1, 1)
	f.set(2, 1)
	f.set(1, 2)
	f.set(3, 1)
	f.set(3, -1)
	f.set(2, 3)
	f.dispatched()
	f.expect(s, `{"new_val":{"id":1,"n":2},"old_val":null}`, `{"new_val":{"id":2,"n":3},"old_val":null}`)
	f.set(1, 7)
	f.set(1, 2)
	f.set(2, -1)
	f.dispatched()
	f.expect(s, `{"new_val":null,"old_val":{"id":2,"n":3}}`)
}

func TestSquashCollectsForAnInterval(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{Squash: true, Interval: 50 * time.Millisecond})
	began := time.Now()
	f.set(1, 1)
	go func() {
		for i := range 20 {
			f.set(1, i)
		}
	}()
	e := f.next(s)
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("%s after %v", show(e), took)
	}
	if !e.Old.IsAbsent() {
		t.Errorf("the first event is %s", show(e))
	}
}

// An interval of squashing ends early when half of the queue is full.
func TestSquashDoesNotWaitForRoom(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{Squash: true, Interval: time.Hour, QueueSize: 10})
	woken := make(chan struct{}, 1)
	if !s.Wait(func() { woken <- struct{}{} }) {
		t.Fatal("there is news before anything has happened")
	}
	for i := range 5 {
		f.set(i, 1)
	}
	f.dispatched()
	select {
	case <-woken:
		t.Fatal("woken when half of the queue was full")
	default:
	}
	f.set(5, 1)
	<-woken
	for i := range 6 {
		f.expect(s, fmt.Sprintf(`{"new_val":{"id":%d,"n":1},"old_val":null}`, i))
	}
}

// byN is the order of rows by n, from the rows of the table.
func (f *fixture) byN(limit int, descending bool, reads *int) *Expression {
	places := func(key []byte, row datum.Value) []string {
		b, _ := datum.AppendKey(nil, datum.Int(int64(n(row))))
		return []string{string(append(b, key...))}
	}
	return &Expression{Name: fmt.Sprint("by n ", limit, descending), Order: &Order{Limit: limit, Descending: descending, Places: places,
		Value: func(row datum.Value) (datum.Value, bool) { return row, true },
		Read: func(ctx context.Context, count int) ([]Item, bool, table.CommitIndex, error) {
			*reads++
			snap, err := f.part.Snapshot()
			if err != nil {
				return nil, false, 0, err
			}
			rows, err := f.Scan(ctx, table.ScanOptions{At: snap})
			if err != nil {
				return nil, false, 0, err
			}
			o := Order{Descending: descending}
			var items []Item
			for {
				row, ok, err := rows.Next(ctx)
				if err != nil {
					return nil, false, 0, err
				}
				if !ok {
					break
				}
				id, _ := row.Get("id")
				key, _ := table.AppendPrimaryKey(nil, id)
				place := places(key, row)[0]
				i, _ := o.findIn(items, place)
				items = append(items[:i], append([]Item{{Place: place, Key: string(key), Value: row}}, items[i:]...)...)
			}
			all := len(items) <= count
			items = items[:min(count, len(items))]
			if err := rows.Close(); err != nil {
				return nil, false, 0, err
			}
			return items, all, snap.Index, snap.Close()
		}}}
}

func TestFirstRowsOfAnOrder(t *testing.T) {
	f := start(t)
	for i := range 5 {
		f.set(i, 10*i)
	}
	reads := 0
	s := f.subscribe(f.byN(2, false, &reads), Options{Offsets: true})
	for i := range 2 {
		e, ok := s.Initial()
		if !ok || n(e.New) != 10*i || e.NewOffset != i {
			t.Fatalf("initial value %d is %s", i, show(e))
		}
	}
	if _, ok := s.Initial(); ok {
		t.Fatal("there is a third")
	}
	for _, step := range []struct {
		id, to              int
		old, new            int // ids, -1 for none
		oldOffset, newPlace int
	}{
		{4, 5, 1, 4, 1, 1},  // comes in, and the last goes
		{4, 50, 4, 1, 1, 1}, // and back
		{0, -1, 0, 2, 0, 1}, // a delete lets the next in
		{2, 5, 2, 2, 1, 0},  // changes its place
		{3, 1, 1, 3, 1, 0},
	} {
		f.set(step.id, step.to)
		e := f.next(s)
		id := func(v datum.Value) int {
			if v.IsAbsent() {
				return -1
			}
			i, _ := v.Get("id")
			return int(i.AsNumber())
		}
		if id(e.Old) != step.old || id(e.New) != step.new || e.OldOffset != step.oldOffset || e.NewOffset != step.newPlace {
			t.Fatalf("%+v gave %s from %d to %d", step, show(e), e.OldOffset, e.NewOffset)
		}
	}
	if reads != 1 {
		t.Errorf("the table was read %d times", reads)
	}
}

func TestFirstRowsAreReadAgainWhenTheyRunOut(t *testing.T) {
	f := start(t)
	const rows = 3 * spareRows
	for i := range rows {
		f.set(i, i)
	}
	reads := 0
	s := f.subscribe(f.byN(2, true, &reads), Options{})
	have := []int{}
	for e, ok := s.Initial(); ok; e, ok = s.Initial() {
		have = append(have, n(e.New))
	}
	for i := rows - 1; i > 1; i-- {
		f.set(i, -1)
		e := f.next(s)
		if n(e.Old) != i || n(e.New) != i-2 {
			t.Fatalf("without %d comes %s", i, show(e))
		}
	}
	if len(have) != 2 || reads < 2 || reads > 4 {
		t.Errorf("began with %v, read %d times", have, reads)
	}
}

func TestSingleRowsCostOthersNothing(t *testing.T) {
	f := start(t)
	var all []*Subscription
	for id := range 50 {
		key, err := table.AppendPrimaryKey(nil, datum.Int(int64(id)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.subscribe(&Expression{Point: key}, Options{}))
	}
	for id := range 50 {
		f.set(1000+id, 1)
	}
	f.hub.mu.Lock()
	if len(f.hub.pending) > 0 || f.hub.running {
		t.Error("changes of other rows were taken")
	}
	f.hub.mu.Unlock()
	f.set(7, 1)
	f.expect(all[7], `{"new_val":{"id":7,"n":1},"old_val":null}`)
	for i, s := range all {
		if _, ok, _ := s.Next(); ok {
			t.Errorf("the feed of %d got something", i)
		}
	}
}

func TestTheEndOfTheTableEndsItsFeeds(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{})
	woken := make(chan struct{})
	if !s.Wait(func() { close(woken) }) {
		t.Fatal("there is something")
	}
	if err := f.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-woken
	if _, ok, err := s.Next(); ok || err != ErrAborted { //nolint:errorlint // as it is given
		t.Errorf("%v, %v", ok, err)
	}
	if _, err := f.hub.Subscribe(&Expression{}, Options{QueueSize: 1}); err != ErrAborted { //nolint:errorlint // likewise
		t.Errorf("a new feed: %v", err)
	}
}

func TestWatch(t *testing.T) {
	var mu sync.Mutex
	rows := []datum.Value{row(1, 1)}
	w := NewWatch(func(context.Context) ([]datum.Value, error) {
		mu.Lock()
		defer mu.Unlock()
		return append([]datum.Value(nil), rows...), nil
	}, false)
	t.Cleanup(w.Hub().Close)
	f := &fixture{t: t, hub: w.Hub()}
	s := f.subscribe(&Expression{}, Options{})
	have, index, err := w.State(t.Context())
	if err != nil || len(have) != 1 {
		t.Fatal(have, err)
	}
	s.After(index)
	mu.Lock()
	rows = []datum.Value{row(1, 2), row(2, 1)}
	mu.Unlock()
	w.Poke()
	f.expect(s, `{"new_val":{"id":1,"n":2},"old_val":{"id":1,"n":1}}`, `{"new_val":{"id":2,"n":1},"old_val":null}`)
	mu.Lock()
	rows = rows[:1]
	mu.Unlock()
	f.expect(s, `{"new_val":null,"old_val":{"id":2,"n":1}}`) // it looks without being told as well
}

func BenchmarkFanOut(b *testing.B) {
	for _, subscribers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint(subscribers), func(b *testing.B) {
			f := start(b)
			var all []*Subscription
			for range subscribers {
				all = append(all, f.subscribe(&Expression{Name: "all"}, Options{}))
			}
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				f.put(1, func(n int) int { return n + 1 })
				for _, s := range all {
					e := f.next(s)
					buf, _ = e.AppendJSON(buf[:0], Format{})
				}
			}
		})
	}
}

// A subscriber may follow the link to a node before that is the tail of the list.
func TestAheadOfTheTail(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{})
	f.set(1, 1)
	f.expect(s, `{"new_val":{"id":1,"n":1},"old_val":null}`)
	f.set(1, 2)
	f.dispatched()
	s.group.tail.Store(s.last)
	f.expect(s, `{"new_val":{"id":1,"n":2},"old_val":{"id":1,"n":1}}`)
	if e, ok, err := s.Next(); ok || err != nil {
		t.Errorf("%s, %v", show(e), err)
	}
}

// Who looks after subscribers takes nothing in for one that does not yet know where it begins.
func TestNothingIsTakenInBeforeTheBeginning(t *testing.T) {
	f := start(t)
	s := f.subscribe(&Expression{}, Options{Squash: true})
	f.set(1, 1)
	f.dispatched()
	s.trim()
	s.After(f.part.Applied()) // the state with this commit is what it begins with
	f.set(1, 2)
	f.expect(s, `{"new_val":{"id":1,"n":2},"old_val":{"id":1,"n":1}}`)
}
