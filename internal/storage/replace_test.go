package storage

import (
	"errors"
	"fmt"
	"testing"
)

// A range is replaced at once, for readers, for the cache of rows and for crashes; nothing beside it changes.
func TestReplace(t *testing.T) {
	mem := NewMemFS()
	s := open(t, "data", Options{Mem: mem})
	row := func(g GroupID, i int) []byte { return append(AppendPrefix(nil, g, KindRow), fmt.Sprintf("%04d", i)...) }
	b := s.NewBatch()
	for i := range 1000 {
		b.Set(row(1, i), []byte("old"))
		b.Set(row(2, i), []byte("other"))
	}
	if err := s.Commit(t.Context(), b, true); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if _, found, err := s.GetRow(row(1, 7)); err != nil || !found {
		t.Fatal(found, err)
	}
	var runs []*SortedRun
	for r := range 3 {
		run, err := s.NewSortedRun()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			if err := run.Set(row(1, 2*(10*r+i)), []byte("new")); err != nil {
				t.Fatal(err)
			}
		}
		runs = append(runs, run)
	}
	if err := runs[0].Finish(); err != nil {
		t.Fatal(err)
	}
	lower, upper := GroupRange(1)
	if err := s.Replace(t.Context(), lower, upper, runs); err != nil {
		t.Fatal(err)
	}
	again := open(t, "data", Options{Mem: mem.Crash()})
	for _, store := range []*Store{s, again} {
		for i := range 1000 {
			want := i%2 == 0 && i < 60
			v, found, err := store.GetRow(row(1, i))
			if err != nil || found != want || found && string(v) != "new" {
				t.Fatalf("row %d: %q, %v, %v", i, v, found, err)
			}
			if v, _, err := store.GetRow(row(2, i)); err != nil || string(v) != "other" {
				t.Fatalf("row %d of the other group: %q, %v", i, v, err)
			}
		}
	}
	if err := errors.Join(s.Close(), again.Close()); err != nil {
		t.Error(err)
	}
}
