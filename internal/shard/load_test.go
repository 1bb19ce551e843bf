package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// indexed makes a shard with three indexes, of different kinds, that are ready.
func indexed(t *testing.T, store *storage.Store, group storage.GroupID) *Shard {
	t.Helper()
	s, err := Create(t.Context(), store, Config{Group: group, PrimaryKey: "id"})
	if err != nil {
		t.Fatal(err)
	}
	addIndex(t, s, IndexConfig{Number: 1, Function: byField("n"), Ready: true})
	addIndex(t, s, IndexConfig{Number: 2, Function: byField("tags"), Multi: true, Ready: true})
	addIndex(t, s, IndexConfig{Number: 7, Function: byField("text"), Ready: true})
	return s
}

// anyRow is a row with values by chance: equal ones, several of one row, some that are cut, and rows without.
func anyRow(r *rand.Rand, id string) datum.Value {
	fields := []datum.Field{{Key: "id", Val: datum.String(id)}, {Key: "n", Val: datum.Int(r.Int64N(5))}}
	if r.IntN(3) > 0 {
		tags := make([]datum.Value, r.IntN(4))
		for i := range tags {
			tags[i] = datum.String(fmt.Sprint("tag", r.IntN(3)))
		}
		fields = append(fields, datum.Field{Key: "tags", Val: datum.Array(tags)})
	}
	if r.IntN(4) == 0 {
		fields = append(fields, datum.Field{Key: "text", Val: datum.String(string(bytes.Repeat([]byte{'x'}, r.IntN(2*MaxValueKeyBytes))))})
	}
	return datum.Object(fields)
}

// contents are the rows and the index entries of a group, without its number, and its count of rows.
func contents(t *testing.T, store *storage.Store, group storage.GroupID) string {
	t.Helper()
	var out bytes.Buffer
	for _, k := range []storage.Kind{storage.KindRow, storage.KindIndex, storage.KindTouched, storage.KindHistory} {
		lower, upper := storage.KindRange(group, k)
		it, err := store.Iter(lower, upper)
		if err != nil {
			t.Fatal(err)
		}
		for ok := it.First(); ok; ok = it.Next() {
			v, err := it.Value()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%c %x %x\n", k, it.Key()[storage.PrefixLen:], v)
		}
		if err := errors.Join(it.Err(), it.Close()); err != nil {
			t.Fatal(err)
		}
	}
	g, err := replication.Open(store, group)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&out, g.State().Rows)
	return out.String()
}

// load loads the rows of one shard into another one.
func load(t *testing.T, from, to *Shard, b Bounds, bytes int) *Load {
	t.Helper()
	l, err := to.Load()
	if err != nil {
		t.Fatal(err)
	}
	l.fileBytes, l.entryBytes = bytes, bytes
	rows := from.Scan(ScanOptions{Bounds: b, Transient: true})
	for {
		key, row, ok, err := rows.NextStored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if err := l.Add(t.Context(), key, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return l
}

func finish(t *testing.T, l *Load) {
	t.Helper()
	if err := l.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestLoadIsLikeWriting compares a shard whose rows were loaded, in ranges, in the midst of writes of others, with one that they were written to.
func TestLoadIsLikeWriting(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			mem := storage.NewMemFS()
			store := openMem(t, mem)
			written, loaded := indexed(t, store, 1), indexed(t, store, 2)
			for i := range 400 {
				id := fmt.Sprintf("%03d", i)
				write(t, written, id, anyRow(r, id))
			}
			bytes := []int{1, 3000, 1 << 20}[seed%3]
			middle := keyOf(t, fmt.Sprintf("%03d", r.IntN(400)))
			low, high := load(t, written, loaded, Bounds{High: middle}, bytes), load(t, written, loaded, Bounds{Low: middle}, bytes)
			finish(t, low)
			first := anyRow(r, "000") // another copier is at work beside the second load
			write(t, written, "000", first)
			write(t, loaded, "000", first)
			finish(t, high)
			for i := range 200 {
				id := fmt.Sprintf("%03d", r.IntN(500))
				row := anyRow(r, id)
				if i%3 == 0 {
					row = datum.Value{}
				}
				write(t, written, id, row)
				write(t, loaded, id, row)
			}
			want := contents(t, store, 1)
			if got := contents(t, store, 2); got != want {
				t.Errorf("the loaded rows are\n%s\nnot\n%s", got, want)
			}
			if got := contents(t, openMem(t, mem.Crash()), 2); got != want {
				t.Errorf("after a crash the loaded rows are\n%s\nnot\n%s", got, want)
			}
		})
	}
}

// TestLoadsThatDoNotFinish leave no rows, whether they are ended, or the server crashes, or the shard is dropped.
func TestLoadsThatDoNotFinish(t *testing.T) {
	s, store, mem := newTestShard(t)
	for i := range 100 {
		id := fmt.Sprintf("%03d", i)
		write(t, s, id, rowOf(id, i))
	}
	to, err := Create(t.Context(), store, Config{Group: 2, PrimaryKey: "id"})
	if err != nil {
		t.Fatal(err)
	}
	empty := contents(t, store, 2)
	crashed, ended, late := load(t, s, to, Bounds{}, 1000), load(t, s, to, Bounds{}, 1000), load(t, s, to, Bounds{}, 1000)
	if got := contents(t, openMem(t, mem.Crash()), 2); got != empty {
		t.Errorf("a crash has left\n%s", got)
	}
	if err := errors.Join(crashed.Abort(), ended.Abort()); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, store, 2); got != empty {
		t.Errorf("a load that was ended has left\n%s", got)
	}
	if err := to.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := late.Finish(t.Context()); !errors.Is(err, ErrDropped) {
		t.Errorf("a load into a shard that was dropped: %v", err)
	}
	if some, err := to.anyKey(storage.GroupRange(2)); err != nil || some {
		t.Errorf("a load into a shard that was dropped has left something: %v", err)
	}
}

// TestAnIndexIsDroppedDuringALoad has nothing of the index come afterwards.
func TestAnIndexIsDroppedDuringALoad(t *testing.T) {
	store := openMem(t, storage.NewMemFS())
	s, to := indexed(t, store, 1), indexed(t, store, 2)
	for i := range 100 {
		id := fmt.Sprintf("%03d", i)
		write(t, s, id, rowOf(id, i))
	}
	l := load(t, s, to, Bounds{}, 100)
	for _, of := range []*Shard{s, to} {
		x, _ := of.Index(1)
		if err := of.DropIndex(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, l)
	if got, want := contents(t, store, 2), contents(t, store, 1); got != want {
		t.Errorf("the loaded rows are\n%s\nnot\n%s", got, want)
	}
}

// TestLoadsAreForSingleReplicas refuses others, and also what has become one meanwhile.
func TestLoadsAreForSingleReplicas(t *testing.T) {
	s, store, _ := newTestShard(t)
	write(t, s, "a", rowOf("a", 1))
	to, err := Create(t.Context(), store, Config{Group: 2, PrimaryKey: "id"})
	if err != nil {
		t.Fatal(err)
	}
	l := load(t, s, to, Bounds{}, 1000)
	single := to.Group()
	to.SetGroup(replication.Absent{})
	if _, err := to.Load(); !errors.Is(err, ErrNotAlone) {
		t.Errorf("rows may be loaded into a group that is absent: %v", err)
	}
	if err := single.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Finish(context.Background()); !errors.Is(err, ErrDropped) {
		t.Errorf("a load into a group that is no more: %v", err)
	}
}
