package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// byField indexes a field.
func byField(name string) IndexFunction {
	return func(row datum.Value) (datum.Value, bool) { return row.Get(name) }
}

func addIndex(t *testing.T, s *Shard, c IndexConfig) *Index {
	t.Helper()
	x, err := s.AddIndex(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// dump returns the entries of an index as `value/primary key` or `value/primary key*copies`.
func dump(t *testing.T, store *storage.Store, number uint32) string {
	t.Helper()
	lower, upper := storage.IndexRange(1, storage.KindIndex, number)
	it, err := store.Iter(lower, upper)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		v, pk, copies, err := splitEntry(it.Key()[len(lower):], value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, printEntry(t, v, pk, copies))
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func printEntry(t *testing.T, v, pk []byte, copies int) string {
	t.Helper()
	key, _, err := datum.DecodeKey(pk)
	if err != nil {
		t.Fatal(err)
	}
	out := fmt.Sprintf("%d bytes/%s", len(v), key.PrintCompact())
	if value, _, err := datum.DecodeKey(v); err == nil {
		out = value.PrintCompact() + "/" + key.PrintCompact()
	}
	if copies != 1 {
		out += fmt.Sprint("*", copies)
	}
	return out
}

// expected is what dump should return: computed from the rows.
func expected(t *testing.T, s *Shard, x *Index) string {
	t.Helper()
	rows := s.Scan(ScanOptions{})
	var keys [][]byte
	copies := map[string]int{}
	primary := map[string]int{}
	for {
		row, ok, err := rows.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		id, _ := row.Get("id")
		pk := keyOf(t, id.AsString())
		var e entries
		x.compute(&e, pk, row)
		for i := range e.list {
			keys = append(keys, bytes.Clone(e.key(i)))
			copies[string(e.key(i))] = e.list[i].copies
			primary[string(e.key(i))] = len(pk)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(keys, bytes.Compare)
	var all []string
	for _, k := range keys {
		at := len(k) - primary[string(k)]
		all = append(all, printEntry(t, k[:at], k[at:], copies[string(k)]))
	}
	return strings.Join(all, " ")
}

// Index entries change in the same batch as their rows, and only those that have to.
func TestWritersMaintainIndexes(t *testing.T) {
	s, store, mem := newTestShard(t)
	addIndex(t, s, IndexConfig{Number: 1, Function: byField("n"), Ready: true})
	multi := addIndex(t, s, IndexConfig{Number: 2, Function: byField("m"), Multi: true, Ready: true})
	put := func(id string, fields ...datum.Field) {
		write(t, s, id, datum.Object(append(fields, datum.Field{Key: "id", Val: datum.String(id)})))
	}
	n := func(v datum.Value) datum.Field { return datum.Field{Key: "n", Val: v} }
	m := func(v ...datum.Value) datum.Field { return datum.Field{Key: "m", Val: datum.Array(v)} }
	one, two := datum.Int(1), datum.Int(2)
	put("a", n(two), m(two, one, two))
	put("b", n(one), datum.Field{Key: "m", Val: one})
	put("c", n(datum.Null), m(datum.Null, datum.Object(nil), two))
	put("d")
	put("e", n(datum.Array([]datum.Value{one, datum.Null})))
	if got, want := dump(t, store, 1), `1/"b" 2/"a"`; got != want {
		t.Errorf("entries %s, want %s", got, want)
	}
	if got, want := dump(t, store, 2), `1/"a" 1/"b" 2/"a"*2 2/"c"`; got != want {
		t.Errorf("entries %s, want %s", got, want)
	}
	put("a", n(one), m(one, two))
	put("c", m())
	write(t, s, "b", datum.Null)
	if got, want := dump(t, openMem(t, mem.Crash()), 1), dump(t, store, 1); got != want {
		t.Errorf("entries after a crash %s, want %s", got, want)
	}
	if got, want := dump(t, store, 1), `1/"a"`; got != want {
		t.Errorf("entries %s, want %s", got, want)
	}
	if got, want := dump(t, store, 2), `1/"a" 2/"a"`; got != want {
		t.Errorf("entries %s, want %s", got, want)
	}
	if err := s.DropIndex(t.Context(), multi); err != nil {
		t.Fatal(err)
	}
	put("f", n(two), m(one))
	if got := dump(t, store, 2); got != "" {
		t.Errorf("entries after the end of the index: %s", got)
	}
	if got, want := dump(t, store, 1), `1/"a" 2/"f"`; got != want {
		t.Errorf("entries %s, want %s", got, want)
	}
}

// After a build that ran while rows changed the index has what a computation from the rows gives; so it has after a crash
// in the middle and a second build.
func TestBuildWhileRowsChange(t *testing.T) {
	s, store, mem := newTestShard(t)
	row := func(r *rand.Rand, id string) datum.Value {
		var m []datum.Value
		for range r.IntN(4) {
			m = append(m, datum.Int(int64(r.IntN(4))))
		}
		return datum.Object([]datum.Field{{Key: "id", Val: datum.String(id)}, {Key: "n", Val: datum.Int(int64(r.IntN(50)))}, {Key: "m", Val: datum.Array(m)}})
	}
	const keys = 3000
	r := rand.New(rand.NewPCG(1, 2))
	for i := range keys {
		if i%3 > 0 {
			id := fmt.Sprint(i)
			write(t, s, id, row(r, id))
		}
	}
	configs := []IndexConfig{
		{Number: 1, Function: byField("n")},
		{Number: 2, Function: byField("m"), Multi: true},
	}
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for ctx.Err() == nil {
				id := fmt.Sprint(r.IntN(keys))
				v := row(r, id)
				if r.IntN(3) == 0 {
					v = datum.Null
				}
				write(t, s, id, v)
			}
		})
	}
	var crashed []*storage.MemFS
	var indexes []*Index
	for i, c := range configs {
		x := addIndex(t, s, c)
		indexes = append(indexes, x)
		done := make(chan error)
		go func() { done <- x.Build(t.Context(), 2) }()
		for over := false; !over; {
			select {
			case err := <-done:
				over = true
				if err != nil {
					t.Error(err)
				}
			default:
				if len(crashed) < 4*(i+1) && x.scanned.Load() > int64(len(crashed)%4)*500 {
					crashed = append(crashed, mem.Crash())
				}
			}
		}
		crashed = append(crashed, mem.Crash())
	}
	stop()
	writers.Wait()
	for i, x := range indexes {
		if got, want := dump(t, store, uint32(i+1)), expected(t, s, x); got != want {
			t.Errorf("index %d has\n%s\nwant\n%s", i+1, got, want)
		}
	}
	if some, err := s.anyKey(storage.KindRange(1, storage.KindTouched)); some || err != nil {
		t.Errorf("marks are left: %v, %v", some, err)
	}
	for _, fs := range crashed {
		store := openMem(t, fs)
		again, err := Open(store, s.config)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range configs {
			x := addIndex(t, again, c)
			if err := x.Build(t.Context(), 2); err != nil {
				t.Fatal(err)
			}
			if got, want := dump(t, store, uint32(i+1)), expected(t, again, x); got != want {
				t.Errorf("after a crash index %d has\n%s\nwant\n%s", i+1, got, want)
			}
		}
	}
}

func TestSweepIndexes(t *testing.T) {
	s, store, _ := newTestShard(t)
	for n := range uint32(4) {
		addIndex(t, s, IndexConfig{Number: n + 1, Function: byField("n"), Ready: true})
	}
	write(t, s, "a", rowOf("a", 1))
	if err := s.SweepIndexes(t.Context(), []uint32{3, 1}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for n := range uint32(4) {
		got = append(got, dump(t, store, n+1))
	}
	if want := []string{`1/"a"`, "", `1/"a"`, ""}; !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

// A long value is cut in its entry, and equal beginnings do not make one entry of two rows.
func TestLongValues(t *testing.T) {
	s, store, _ := newTestShard(t)
	addIndex(t, s, IndexConfig{Number: 1, Function: byField("n"), Ready: true})
	for _, id := range []string{"b", "a"} {
		v := strings.Repeat("x", 5000) + id
		write(t, s, id, datum.Object([]datum.Field{{Key: "id", Val: datum.String(id)}, {Key: "n", Val: datum.String(v)}}))
	}
	if got, want := dump(t, store, 1), `4096 bytes/"a" 4096 bytes/"b"`; got != want {
		t.Errorf("entries %s, want %s", got, want)
	}
}
