package catalog

import (
	"context"
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
	wg    sync.WaitGroup
	rows  []atomic.Int64 // by key: the number that the row has, 0 for no row
	done  atomic.Int64   // writes
	worst atomic.Int64   // nanoseconds that a write took
}

// write has some clients change rows until the returned function is called; each has keys of its own.
func (w *world) write(t *Table, clients, keys int) *writers {
	r := &writers{t: w.t, table: t.Table, stop: make(chan struct{}), rows: make([]atomic.Int64, clients*keys)}
	for i := range clients {
		r.wg.Go(func() { r.run(i, keys) })
	}
	return r
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
		value := n
		if random.IntN(4) == 0 {
			value = 0
		}
		began := time.Now()
		results, err := r.table.Write(context.Background(), table.WriteRequest{Keys: []datum.Value{datum.Int(int64(at))}, Durability: table.DurabilitySoft,
			Update: func(_ int, old datum.Value) (datum.Value, error) {
				if is := numberOf(old); is != r.rows[at].Load() {
					r.t.Errorf("row %d has the number %d, not %d", at, is, r.rows[at].Load())
				}
				return numbered(at, value), nil
			}})
		if err == nil {
			err = results[0].Err
		}
		if err != nil {
			r.t.Errorf("write of row %d: %v", at, err)
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
	close(r.stop)
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

// check compares a table with what has to be in it: rows, their number, and the entries of the index third if there is one.
func (r *writers) check(t *Table) {
	r.t.Helper()
	rows, err := t.Scan(context.Background(), table.ScanOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	seen := map[int64]int64{}
	eachRow(r.t, rows, func(row datum.Value) {
		v, _ := row.Get("id")
		id, _ := v.Int64()
		if _, twice := seen[id]; twice {
			r.t.Errorf("row %d is there twice", id)
		}
		seen[id] = numberOf(row)
	})
	want := 0
	for at := range r.rows {
		n := r.rows[at].Load()
		if n != 0 {
			want++
		}
		if seen[int64(at)] != n {
			r.t.Errorf("row %d has the number %d, not %d", at, seen[int64(at)], n)
		}
	}
	if count, err := t.Count(context.Background()); err != nil || int(count) != want || len(seen) != want {
		r.t.Errorf("the table counts %d rows and has %d, not %d (%v)", count, len(seen), want, err)
	}
	x, ok := t.Index("third")
	if !ok {
		return
	}
	entries, err := x.Index.Scan(context.Background(), table.IndexScan{})
	if err != nil {
		r.t.Fatal(err)
	}
	indexed := 0
	eachRow(r.t, entries, func(row datum.Value) {
		v, _ := row.Get("id")
		if id, _ := v.Int64(); seen[id] != numberOf(row) {
			r.t.Errorf("the index has the number %d of row %d, not %d", numberOf(row), id, seen[id])
		}
		indexed++
	})
	if indexed != want {
		r.t.Errorf("the index has %d rows of %d", indexed, want)
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
	r := w.write(tbl, 4, 500)
	for range 3 {
		before, done := w.until(tbl, "whole", func(t *Table) bool { return t.Config.Move == nil && t.Config.indexesReady() }), r.done.Load()
		w.beginMove(tbl)
		after := w.untilMoved(tbl)
		if slices.Equal(before.Config.Groups, after.Config.Groups) {
			t.Fatalf("a table that was moved is in the groups %v", after.Config.Groups)
		}
		for r.done.Load() < done+200 && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
	}
	r.end()
	r.check(w.untilMoved(tbl))
	t.Logf("%d writes, the slowest took %v", r.done.Load(), time.Duration(r.worst.Load()))
	w.untilGroups(1)
}
