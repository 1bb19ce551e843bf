package catalog

import (
	"context"
	"slices"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// TestRowsThatChangeDuringTheFirstPass copies a table into the groups of another one, on three servers, while it is written, and has so many keys change all the time that the pass is
// divided again and again. Some groups take rows as files, and others, with several replicas, as writes.
func TestRowsThatChangeDuringTheFirstPass(t *testing.T) {
	for _, replicas := range []int{1, 2} {
		f := newFleet(t, "a", "b", "c")
		a := f.at("a")
		d := a.database("d")
		from, to := a.table(d, "from"), a.table(d, "to")
		for _, tbl := range []*Table{from, to} {
			if err := a.CreateIndex(t.Context(), tbl.Config.ID, Index{Name: "third", Definition: []byte("third")}); err != nil {
				t.Fatal(err)
			}
			a.until(tbl, "indexed", func(t *Table) bool { return t.Config.indexesReady() })
		}
		to = a.reshard(to, 3, replicas)
		still := a.writers(from, 1000, 1000)
		still.fill()
		long := slices.Concat(a.longRows(from, -40, 40), a.longRows(from, 3000, 40))
		r := a.write(from, 0, 4, 250)
		r.progress(10)

		k := &copier{catalog: a.Catalog, table: &Table{Config: from.Config, Table: from.Table, parts: from.parts, next: to.Table}, part: from.parts[0]}
		if divided := k.copyWhile(t, r); divided < 6 {
			t.Errorf("the pass was divided %d times", divided)
		}
		results, err := to.Write(t.Context(), table.WriteRequest{Keys: long, Update: func(int, datum.Value) (datum.Value, error) { return datum.Value{}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range results {
			if pad, _ := row.Old.Get("pad"); len(pad.AsString()) != longPad {
				t.Errorf("row %s was not copied", long[i].Print())
			}
		}
		checkAll(t, a.untilMoved(to), []*writers{still, r})
	}
}

// TestShardsAmongOlderServers divides a table on servers that give new groups all of their replicas at once, so that their rows come as writes.
func TestShardsAmongOlderServers(t *testing.T) {
	f := startFleetAt(t, levelFilling-1, 1, []ServerID{"a", "b", "c"})
	a := f.at("a")
	tbl := a.table(a.database("d"), "t")
	still := a.writers(tbl, 1000, 1000)
	still.fill()
	r := a.write(tbl, 0, 2, 300)
	a.reshard(tbl, 3, 2)
	r.progress(20)
	r.end()
	checkAll(t, a.untilMoved(tbl), []*writers{still, r})
}

// longPad makes rows so long that the copier looks up after some of them.
const longPad = 32 << 10

// longRows writes such rows, and returns their keys, which are numbers from first on.
func (w *world) longRows(t *Table, first, n int) (keys []datum.Value) {
	w.t.Helper()
	for i := range n {
		keys = append(keys, datum.Int(int64(first+i)))
	}
	pad := datum.String(string(make([]byte, longPad)))
	_, err := t.Write(context.Background(), table.WriteRequest{Keys: keys, Update: func(i int, _ datum.Value) (datum.Value, error) {
		return datum.Object([]datum.Field{{Key: "id", Val: keys[i]}, {Key: "pad", Val: pad}}), nil
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return keys
}

// copyWhile copies everything, what has changed at the end last, and tells how often the pass was divided.
func (k *copier) copyWhile(t *testing.T, r *writers) (divided int) {
	t.Helper()
	var err error
	if k.epoch, err = k.part.Group().Epoch(); err != nil {
		t.Fatal(err)
	}
	if k.keys, err = k.part.FollowKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer k.part.UnfollowKeys(k.keys)
	b := newBulk(k)
	b.crowded = func() bool {
		divided++
		r.progress(5)
		return true
	}
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.end()
	if err := k.copyChanged(t.Context(), k.keys.Take()); err != nil {
		t.Fatal(err)
	}
	return divided
}
