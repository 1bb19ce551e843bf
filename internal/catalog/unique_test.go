package catalog

import (
	"errors"
	"math"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// halves compiles any definition to an index on the field n, and of rows without it on the primary key divided by the length of the
// definition, rounded up: "a" gives each row a value of its own, "aa" gives one to two. The function waits at the row 700 until
// the gate is open.
func halves(gate <-chan struct{}) IndexCompiler {
	return func(definition []byte) (table.IndexFunction, error) {
		return func(row datum.Value) (datum.Value, bool) {
			if n, ok := row.Get("n"); ok {
				return n, true
			}
			id, _ := row.Get("id")
			if id.AsNumber() == 700 {
				<-gate
			}
			return datum.Number(math.Ceil(id.AsNumber() / float64(len(definition)))), true
		}, nil
	}
}

func opened() <-chan struct{} {
	gate := make(chan struct{})
	close(gate)
	return gate
}

// writeN stores a row with this n and returns its own error.
func writeN(t *testing.T, tbl *Table, id, n int) error {
	t.Helper()
	results, err := tbl.Write(t.Context(), table.WriteRequest{
		Keys: []datum.Value{datum.Int(int64(id))},
		Update: func(int, datum.Value) (datum.Value, error) {
			return datum.Object([]datum.Field{{Key: "id", Val: datum.Int(int64(id))}, {Key: "n", Val: datum.Int(int64(n))}}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return results[0].Err
}

func wantDuplicate(t *testing.T, err error, index string) {
	t.Helper()
	var dup *table.DuplicateError
	if !errors.As(err, &dup) || dup.Index != index {
		t.Errorf("got error %v, want one of the index %q", err, index)
	}
}

// A unique index stays one: under another name, and after a crash.
func TestUniqueIndex(t *testing.T) {
	mem := storage.NewMemFS()
	w := inMemory(t, mem, halves(opened()))
	tbl := w.table(w.database("shop"), "orders")
	w.insert(tbl, 10)
	id := tbl.Config.ID
	if err := w.CreateIndex(t.Context(), id, Index{Name: "x", Unique: true, Definition: []byte("a")}); err != nil {
		t.Fatal(err)
	}
	x, _ := w.newest(id, "x")
	<-x.Built
	wantDuplicate(t, writeN(t, tbl, 100, 3), "x")
	if err := w.RenameIndex(t.Context(), id, "x", "y", false); err != nil {
		t.Fatal(err)
	}
	wantDuplicate(t, writeN(t, tbl, 100, 3), "y")

	again := inMemory(t, mem.Crash(), halves(opened()))
	tbl, _ = again.Snapshot().TableByID(id)
	if y, _ := again.newest(id, "y"); !y.Ready || !y.Unique {
		t.Errorf("after a crash: %+v", y)
	}
	wantDuplicate(t, writeN(t, tbl, 100, 3), "y")
	if err := again.DropIndex(t.Context(), id, "y"); err != nil {
		t.Fatal(err)
	}
	if err := writeN(t, tbl, 100, 3); err != nil {
		t.Errorf("after the end of the index: %v", err)
	}
}

// The build of a unique index over rows that are not unique fails for good, and leaves nothing but a record of why. A build
// that a crash interrupts before that begins anew, and finds the same.
func TestIndexThatIsNotUnique(t *testing.T) {
	mem := storage.NewMemFS()
	gate := make(chan struct{})
	w := inMemory(t, mem, halves(gate))
	tbl := w.table(w.database("shop"), "orders")
	w.insert(tbl, 1500)
	id := tbl.Config.ID
	if err := w.CreateIndex(t.Context(), id, Index{Name: "x", Unique: true, Definition: []byte("aa")}); err != nil {
		t.Fatal(err)
	}
	if x, _ := w.newest(id, "x"); x.Ready || x.NotUnique != nil {
		t.Errorf("a new index: %+v", x)
	}
	during := mem.Crash()
	close(gate)
	x, _ := w.newest(id, "x")
	<-x.Built
	afterwards := mem.Crash()
	w.wantNotUnique(id, "x")
	for when, fs := range map[string]*storage.MemFS{"in the middle": during, "afterwards": afterwards} {
		again := inMemory(t, fs, halves(gate))
		x, ok := again.newest(id, "x")
		if !ok {
			t.Fatalf("crash %s: the index is gone", when)
		}
		<-x.Built
		again.wantNotUnique(id, "x")
		if err := again.RenameIndex(t.Context(), id, "x", "y", false); err != nil {
			t.Error(err)
		}
		again.wantNotUnique(id, "y")
		tbl, _ := again.Snapshot().TableByID(id)
		if err := writeN(t, tbl, 3000, -1); err != nil {
			t.Error(err)
		}
		if err := again.CreateIndex(t.Context(), id, Index{Name: "z", Unique: true, Definition: []byte("a")}); err != nil {
			t.Error(err)
		}
		z, _ := again.newest(id, "z")
		<-z.Built
		if err := again.RenameIndex(t.Context(), id, "z", "y", true); err != nil {
			t.Error(err)
		}
		if y, _ := again.newest(id, "y"); !y.Ready || y.NotUnique != nil {
			t.Errorf("crash %s: the index that took the place of the failed one: %+v", when, y)
		}
	}
}

// wantNotUnique checks an index whose build has failed because of the rows 1 and 2.
func (w *world) wantNotUnique(id TableID, name string) {
	w.t.Helper()
	x, ok := w.newest(id, name)
	if !ok || x.Ready || x.NotUnique == nil {
		w.t.Fatalf("index %q: %v, %+v", name, ok, x)
	}
	if !datum.Equal(x.NotUnique.First, datum.Int(1)) || !datum.Equal(x.NotUnique.Second, datum.Int(2)) {
		w.t.Errorf("%v, want the rows 1 and 2", x.NotUnique)
	}
	tbl, _ := w.Snapshot().TableByID(id)
	if err := writeN(w.t, tbl, 3000, 1); err != nil {
		w.t.Errorf("a write after the failure: %v", err)
	}
	for _, kind := range []storage.Kind{storage.KindIndex, storage.KindTouched} {
		it, err := w.store.Iter(storage.KindRange(tbl.Config.Groups[0], kind))
		if err != nil {
			w.t.Fatal(err)
		}
		if it.First() {
			w.t.Errorf("the failed index has left a key of kind %c", kind)
		}
		if err := it.Close(); err != nil {
			w.t.Error(err)
		}
	}
}
