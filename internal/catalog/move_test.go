package catalog

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// writers keep writing rows of a table with known keys, and know what has to be there.
type writers struct {
	t     *testing.T
	table *table.Table
	stop  chan struct{}
	once  sync.Once // closes stop
	wg    sync.WaitGroup
	first int            // key
	rows  []atomic.Int64 // by key: the number that the row has, 0 for no row
	done  atomic.Int64   // writes
	worst atomic.Int64   // nanoseconds that a write took

	faults bool           // writes may fail
	unsure []atomic.Int64 // by key: the number that it has instead if a write was made whose fate is not known, -1 for none; nobody writes that row again
}

// write has some clients change rows until they are told to end; each has keys of its own, beginning with those of a client.
func (w *world) write(t *Table, first, clients, keys int) *writers {
	r := w.writers(t, first*keys, clients*keys)
	r.start(clients, keys)
	return r
}

// writers are of some keys, and do not write yet.
func (w *world) writers(t *Table, first, keys int) *writers {
	r := &writers{t: w.t, table: t.Table, stop: make(chan struct{}), first: first, rows: make([]atomic.Int64, keys), unsure: make([]atomic.Int64, keys)}
	for i := range r.unsure {
		r.unsure[i].Store(-1)
	}
	return r
}

func (r *writers) start(clients, keys int) {
	for i := range clients {
		r.wg.Go(func() { r.run(i, keys) })
	}
	r.t.Cleanup(r.end)
}

// fill writes all rows once, before clients are started.
func (r *writers) fill() {
	r.t.Helper()
	var keys []datum.Value
	for at := range r.rows {
		keys = append(keys, datum.Int(int64(r.first+at)))
		r.rows[at].Store(1)
	}
	_, err := r.table.Write(context.Background(), table.WriteRequest{Keys: keys, Update: func(i int, _ datum.Value) (datum.Value, error) { return numbered(r.first+i, 1), nil }})
	if err != nil {
		r.t.Fatal(err)
	}
}

// progress waits until so many further rows have been written.
func (r *writers) progress(writes int64) {
	r.t.Helper()
	began := time.Now()
	for done := r.done.Load(); r.done.Load() < done+writes && !r.t.Failed(); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			r.t.Fatalf("the rows from %d on are not written any more", r.first)
		}
	}
}

// failed takes note of a write that has failed, and tells whether that may be.
func (r *writers) failed(at int, value int64, err error) bool {
	switch {
	case !r.faults:
		return false
	case errors.Is(err, table.ErrPartlyWritten), errors.Is(err, table.ErrFateUnknown), errors.Is(err, table.ErrUnknownOutcome), errors.Is(err, table.ErrLostContact) && !errors.Is(err, table.ErrNotPrimary):
		r.unsure[at].Store(value)
		return true
	}
	return errors.Is(err, table.ErrNotPrimary) || errors.Is(err, table.ErrNoQuorum)
}

func (r *writers) run(client, keys int) {
	random := rand.New(rand.NewPCG(uint64(client), 1))
	for n := int64(1); ; n++ {
		select {
		case <-r.stop:
			return
		default:
		}
		at := client*keys + random.IntN(keys)
		if r.unsure[at].Load() >= 0 {
			continue
		}
		id := r.first + at
		value := n
		if random.IntN(4) == 0 {
			value = 0
		}
		began := time.Now()
		durability := table.DurabilitySoft
		if r.faults {
			durability = table.DurabilityHard
		}
		results, err := r.table.Write(context.Background(), table.WriteRequest{Keys: []datum.Value{datum.Int(int64(id))}, Durability: durability,
			Update: func(_ int, old datum.Value) (datum.Value, error) {
				if is := numberOf(old); is != r.rows[at].Load() {
					r.t.Errorf("row %d has the number %d, not %d", id, is, r.rows[at].Load())
				}
				return numbered(id, value), nil
			}})
		if err == nil {
			err = results[0].Err
		}
		if r.failed(at, value, err) {
			continue
		}
		if err != nil {
			r.t.Errorf("write of row %d: %v", id, err)
			return
		}
		r.rows[at].Store(value)
		r.done.Add(1)
		if took := int64(time.Since(began)); took > r.worst.Load() {
			r.worst.Store(took)
		}
	}
}

// end stops the clients.
func (r *writers) end() {
	r.once.Do(func() { close(r.stop) })
	r.wg.Wait()
}

func numbered(id int, n int64) datum.Value {
	if n == 0 {
		return datum.Value{}
	}
	return datum.Object([]datum.Field{{Key: "id", Val: datum.Int(int64(id))}, {Key: "n", Val: datum.Int(n)}, {Key: "third", Val: datum.Int(n % 3)}})
}

func numberOf(row datum.Value) int64 {
	if row.IsAbsent() {
		return 0
	}
	v, _ := row.Get("n")
	n, _ := v.Int64()
	return n
}

// checkAll compares a table with what has to be in it: rows, their number, and the entries of the index third if there is one.
func checkAll(tt *testing.T, t *Table, all []*writers) {
	tt.Helper()
	rows, err := t.Scan(context.Background(), table.ScanOptions{})
	if err != nil {
		tt.Fatal(err)
	}
	seen := map[int64]int64{}
	eachRow(tt, rows, func(row datum.Value) {
		v, _ := row.Get("id")
		id, _ := v.Int64()
		if _, twice := seen[id]; twice {
			tt.Errorf("row %d is there twice", id)
		}
		seen[id] = numberOf(row)
	})
	want := 0
	for _, r := range all {
		for at := range r.rows {
			id, n := int64(r.first+at), r.rows[at].Load()
			if other := r.unsure[at].Load(); other >= 0 && seen[id] == other {
				n = other
			}
			if n != 0 {
				want++
			}
			if seen[id] != n {
				tt.Errorf("row %d has the number %d, not %d", id, seen[id], n)
			}
		}
	}
	if count, err := t.Count(context.Background(), table.ReadOptions{}); err != nil || int(count) != want || len(seen) != want {
		tt.Errorf("the table counts %d rows and has %d, not %d (%v)", count, len(seen), want, err)
	}
	x, ok := t.Index("third")
	if !ok {
		return
	}
	entries, err := x.Index.Scan(context.Background(), table.IndexScan{})
	if err != nil {
		tt.Fatal(err)
	}
	indexed := 0
	eachRow(tt, entries, func(row datum.Value) {
		v, _ := row.Get("id")
		if id, _ := v.Int64(); seen[id] != numberOf(row) {
			tt.Errorf("the index has the number %d of row %d, not %d", numberOf(row), id, seen[id])
		}
		indexed++
	})
	if indexed != want {
		tt.Errorf("the index has %d rows of %d", indexed, want)
	}
}

func eachRow(t *testing.T, rows table.Rows, f func(row datum.Value)) {
	t.Helper()
	for {
		row, ok, err := rows.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		f(row.Own())
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
}

// beginMove has a table copied to other groups, although its shards stay where they are.
func (w *world) beginMove(t *Table) {
	w.t.Helper()
	_, _, err := w.UpdateTable(context.Background(), t.Config.ID, func(_ *Snapshot, cfg *TableConfig) error {
		cfg.beginMove(cfg.Present())
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// until waits for something that the table becomes.
func (w *world) until(t *Table, what string, is func(t *Table) bool) *Table {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		changed := w.Changed()
		now, ok := w.Snapshot().TableByID(t.Config.ID)
		if !ok {
			w.t.Fatal("the table is gone")
		}
		if is(now) {
			return now
		}
		select {
		case <-changed:
		case <-ctx.Done():
			w.t.Fatalf("the table has not become %s: %+v", what, now.Config.Move)
		}
	}
}

func (w *world) untilMoved(t *Table) *Table {
	w.t.Helper()
	return w.until(t, "settled", func(t *Table) bool { return t.Config.Move == nil })
}

// untilGroups waits until the server has something of so many groups.
func (w *world) untilGroups(n int) {
	w.t.Helper()
	for began := time.Now(); w.groups() != n; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			w.t.Fatalf("there is something of %d groups, not of %d", w.groups(), n)
		}
	}
}

func TestATableMovesWhileItIsWritten(t *testing.T) {
	w := newFleet(t, "a").at("a")
	tbl := w.table(w.database("d"), "t")
	if err := w.CreateIndex(t.Context(), tbl.Config.ID, Index{Name: "third", Definition: []byte("third")}); err != nil {
		t.Fatal(err)
	}
	r := w.write(tbl, 0, 4, 500)
	for range 3 {
		before := w.until(tbl, "whole", func(t *Table) bool { return t.Config.Move == nil && t.Config.indexesReady() })
		w.beginMove(tbl)
		after := w.untilMoved(tbl)
		if slices.Equal(before.Config.Groups, after.Config.Groups) {
			t.Fatalf("a table that was moved is in the groups %v", after.Config.Groups)
		}
		r.progress(200)
	}
	r.end()
	checkAll(t, w.untilMoved(tbl), []*writers{r})
	t.Logf("%d writes, the slowest took %v", r.done.Load(), time.Duration(r.worst.Load()))
	w.untilGroups(1)
}

// reshard gives a table so many shards, with so many replicas, and waits until its rows are there.
func (w *world) reshard(t *Table, shards, replicas int) *Table {
	w.t.Helper()
	_, _, err := w.UpdateTable(context.Background(), t.Config.ID, func(s *Snapshot, cfg *TableConfig) (err error) {
		splits := make([]string, 0, shards-1)
		for i := 1; i < shards; i++ {
			splits = append(splits, SplitKey(datum.Int(int64(2000*i/shards))))
		}
		p := Placement{Shards: shards, Replicas: map[string]uint64{DefaultTag: uint64(replicas)}, PrimaryTag: DefaultTag}
		cfg.Shards, err = s.Place(p, splits, cfg)
		cfg.SplitPoints = splits
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.untilMoved(t)
}

// TestShardsOfThreeServers divides and joins a table on three servers while each of them writes and reads it.
func TestShardsOfThreeServers(t *testing.T) {
	f := newFleet(t, "a", "b", "c")
	a := f.at("a")
	tbl := a.table(a.database("d"), "t")
	if err := a.CreateIndex(t.Context(), tbl.Config.ID, Index{Name: "third", Definition: []byte("third")}); err != nil {
		t.Fatal(err)
	}
	a.until(tbl, "indexed", func(t *Table) bool { return t.Config.indexesReady() })
	var all []*writers
	for _, id := range []ServerID{"a", "b", "c"} {
		s := f.at(id)
		s.await("heard of the table", func(s *Snapshot) bool { _, ok := s.TableByID(tbl.Config.ID); return ok })
		own, _ := s.Snapshot().TableByID(tbl.Config.ID)
		all = append(all, s.write(own, len(all)*2, 2, 300))
	}
	for _, c := range []struct{ shards, replicas, parts int }{{3, 1, 3}, {2, 3, 2}, {8, 2, 3}, {1, 3, 1}} {
		now := a.reshard(tbl, c.shards, c.replicas)
		if len(now.Config.Groups) < c.parts {
			t.Errorf("%d shards with %d replicas have the groups %v", c.shards, c.replicas, now.Config.Groups)
		}
		for _, r := range all {
			r.progress(20)
		}
	}
	for _, r := range all {
		r.end()
		t.Logf("%d writes, the slowest took %v", r.done.Load(), time.Duration(r.worst.Load()))
	}
	for _, id := range []ServerID{"a", "b", "c"} {
		own, _ := f.at(id).Snapshot().TableByID(tbl.Config.ID)
		checkAll(t, own, all)
	}
}
