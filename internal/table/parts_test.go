package table_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
	"rethinkdb/internal/table/tabletest"
)

// A table of several parts gives the same as one with a single part, in the same order, also when it gets other parts meanwhile.
func TestSeveralPartsAreLikeOne(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			tabletest.New(t, rand.New(rand.NewPCG(seed, 1)), nil).Check()
		})
	}
}

// A view has the rows of its parts, and ends with the layout.
func TestViewEndsWithTheLayout(t *testing.T) {
	store := memoryStore(t)
	split, _ := table.AppendPrimaryKey(nil, datum.Int(10))
	c := table.Config{ID: "several", PrimaryKey: "id", Groups: []storage.GroupID{1, 2}, Splits: []string{string(split)}, Parts: []int{1, 0}}
	tbl, err := table.Create(t.Context(), store, c)
	if err != nil {
		t.Fatal(err)
	}
	var keys []datum.Value
	for i := range 30 {
		keys = append(keys, datum.Int(int64(i)))
	}
	_, err = tbl.Write(t.Context(), table.WriteRequest{Keys: keys, Durability: table.DurabilitySoft, Update: func(i int, _ datum.Value) (datum.Value, error) {
		return datum.Object([]datum.Field{{Key: "id", Val: keys[i]}}), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	view := tbl.Only(0)
	if n, err := view.Count(t.Context(), table.ReadOptions{}); n != 20 || err != nil {
		t.Errorf("a view of the keys from 10 on has %d rows, %v", n, err)
	}
	if row, err := view.Get(t.Context(), datum.Int(12), table.ReadOptions{}); row.IsAbsent() || err != nil {
		t.Errorf("row 12 of the view: %v", err)
	}
	if _, err := view.Get(t.Context(), datum.Int(2), table.ReadOptions{}); err != table.ErrMoved { //nolint:errorlint // it is never wrapped
		t.Errorf("a row that the view has not: %v", err)
	}
	rows, err := view.Scan(t.Context(), table.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	one, err := table.Create(t.Context(), store, table.Config{ID: "several", PrimaryKey: "id", Groups: []storage.GroupID{3}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tbl.SetLayout(one.Config(), one.Parts()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := rows.Next(t.Context()); err != table.ErrMoved { //nolint:errorlint // it is never wrapped
		t.Errorf("a scan of a view that has ended: %v", err)
	}
	if _, err := view.Count(t.Context(), table.ReadOptions{}); err != table.ErrMoved { //nolint:errorlint // it is never wrapped
		t.Errorf("a count of a view that has ended: %v", err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}

// Whoever asks for rows that have moved is told so, also when nothing is left of where they were.
func TestAPartThatHasMovedSaysSo(t *testing.T) {
	store := memoryStore(t)
	for name, c := range map[string]struct {
		moved bool
		want  error
	}{"rows that have moved": {true, table.ErrMoved}, "rows of a table that was dropped": {false, table.ErrDropped}} {
		p, err := table.CreatePart(t.Context(), store, 1, "id")
		if err != nil {
			t.Fatal(err)
		}
		if c.moved {
			p.Moved()
		}
		if err := p.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Local(t.Context(), table.ReadSingle); !errors.Is(err, c.want) {
			t.Errorf("who asks for %s gets the error %v", name, err)
		}
	}
}

// memoryStore opens a store in memory, until the end of the test.
func memoryStore(t *testing.T) *storage.Store {
	t.Helper()
	store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}
