package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// padded compiles any definition to an index on long strings made of the primary key. The function waits at the row 700 until
// the gate is open.
func padded(gate <-chan struct{}) IndexCompiler {
	return func([]byte) (table.IndexFunction, error) {
		return func(row datum.Value) (datum.Value, bool) {
			id, _ := row.Get("id")
			if id.AsNumber() == 700 {
				<-gate
			}
			return datum.String(strings.Repeat("x", 400) + fmt.Sprintf("%06d", 5000-int(id.AsNumber()))), true
		}, nil
	}
}

// inMemory opens a catalog in memory.
func inMemory(t *testing.T, mem *storage.MemFS, compile IndexCompiler) *world {
	t.Helper()
	store, err := storage.Open("data", storage.Options{Mem: mem})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := Open(context.Background(), Options{Store: store, Metadata: openMetadata(t, store), Compile: compile,
		NewServer: Server{Name: "alpha", Tags: []string{DefaultTag}, CacheBytes: AutoCache}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &world{t: t, store: store, Catalog: c}
}

// ids returns the primary keys of an index's rows in its order.
func ids(t *testing.T, x table.IndexInfo) []int {
	t.Helper()
	rows, err := x.Index.Scan(t.Context(), table.IndexScan{})
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for {
		row, ok, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		id, _ := row.Get("id")
		out = append(out, int(id.AsNumber()))
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// newest returns an index as it is now.
func (w *world) newest(id TableID, name string) (table.IndexInfo, bool) {
	t, ok := w.Snapshot().TableByID(id)
	if !ok {
		return table.IndexInfo{}, false
	}
	return t.Index(name)
}

// An index that is being built when the server ends, in whatever way, is built by the next one.
func TestBuildsAreTakenUpAgain(t *testing.T) {
	mem := storage.NewMemFS()
	gate := make(chan struct{})
	w := inMemory(t, mem, padded(gate))
	tbl := w.table(w.database("shop"), "orders")
	w.insert(tbl, 1500)
	id := tbl.Config.ID
	if err := w.CreateIndex(t.Context(), id, Index{Name: "x", Definition: []byte("f")}); err != nil {
		t.Fatal(err)
	}
	if err := w.CreateIndex(t.Context(), id, Index{Name: "x", Definition: []byte("f")}); !errors.Is(err, ErrIndexExists) {
		t.Errorf("the same index again: %v", err)
	}
	x, ok := w.newest(id, "x")
	if !ok || x.Ready {
		t.Fatalf("a new index: %v, %+v", ok, x)
	}
	during := mem.Crash()
	close(gate)
	<-x.Built
	if x, _ := w.newest(id, "x"); !x.Ready {
		t.Error("a built index is not ready")
	}
	want := make([]int, 1500)
	for i := range want {
		want[i] = len(want) - 1 - i
	}
	if got := ids(t, x); !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d in descending order", len(got), len(want))
	}
	for when, fs := range map[string]*storage.MemFS{"in the middle": during, "afterwards": mem.Crash()} {
		again := inMemory(t, fs, padded(gate))
		x, ok := again.newest(id, "x")
		if !ok {
			t.Fatalf("crash %s: the index is gone", when)
		}
		<-x.Built
		x, _ = again.newest(id, "x")
		if got := ids(t, x); !x.Ready || !slices.Equal(got, want) {
			t.Errorf("crash %s: ready %v, %d rows", when, x.Ready, len(got))
		}
	}
}

// An index and a table can be dropped, and the catalog closed, while a build goes on.
func TestBuildsEnd(t *testing.T) {
	open := make(chan struct{})
	close(open)
	mem := storage.NewMemFS()
	w := inMemory(t, mem, padded(open))
	d := w.database("shop")
	for i := range 10 {
		tbl := w.table(d, fmt.Sprint("t", i))
		w.insert(tbl, 1500)
		id := tbl.Config.ID
		for _, name := range []string{"a", "b", "c"} {
			if err := w.CreateIndex(t.Context(), id, Index{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		waiting, _ := w.newest(id, "c")
		if err := w.DropIndex(t.Context(), id, "b"); err != nil {
			t.Error(err)
		}
		if err := w.RenameIndex(t.Context(), id, "a", "c", true); err != nil {
			t.Error(err)
		}
		<-waiting.Built
		now, _ := w.Snapshot().TableByID(id)
		if names := now.Config.IndexNames(); !slices.Equal(names, []string{"c"}) {
			t.Errorf("indexes %q, want c", names)
		}
		if i%2 == 0 {
			if _, err := w.DropTable(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
	}
	w.Close()
	if err := w.CreateIndex(t.Context(), w.Snapshot().Tables()[0].Config.ID, Index{Name: "late"}); err == nil {
		t.Error("an index was created after the end")
	}
}
