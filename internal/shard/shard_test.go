package shard

import (
	"errors"
	"fmt"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

func newTestShard(t *testing.T) (*Shard, *storage.Store, *storage.MemFS) {
	t.Helper()
	mem := storage.NewMemFS()
	store := openMem(t, mem)
	s, err := Create(t.Context(), store, Config{Group: 1, PrimaryKey: "id"})
	if err != nil {
		t.Fatal(err)
	}
	return s, store, mem
}

func openMem(t *testing.T, mem *storage.MemFS) *storage.Store {
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
	return store
}

func write(t *testing.T, s *Shard, id string, row datum.Value) Result {
	t.Helper()
	r := Request{Values: []datum.Value{datum.String(id)}, Keys: [][]byte{keyOf(t, id)}, Results: make([]Result, 1), Durable: true,
		Update: func(int, datum.Value) (datum.Value, error) { return row, nil }}
	if err := s.Write(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	return r.Results[0]
}

func keyOf(t *testing.T, id string) []byte {
	t.Helper()
	k, err := datum.PrimaryKey(datum.String(id))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rowOf(id string, n int) datum.Value {
	return datum.Object([]datum.Field{{Key: "id", Val: datum.String(id)}, {Key: "n", Val: datum.Int(int64(n))}})
}

func TestGetMany(t *testing.T) {
	s, _, _ := newTestShard(t)
	for i := range 50 {
		id := fmt.Sprint(i)
		write(t, s, id, rowOf(id, i))
	}
	var keys [][]byte
	order := []int{7, 99, 3, 7, 49, -1, 0, 12, 13, 14}
	for _, i := range order {
		if i < 0 {
			keys = append(keys, nil)
			continue
		}
		keys = append(keys, keyOf(t, fmt.Sprint(i)))
	}
	rows := make([]datum.Value, len(keys))
	if err := s.GetMany(t.Context(), keys, rows); err != nil {
		t.Fatal(err)
	}
	for n, i := range order {
		want := datum.Value{}
		if i >= 0 && i < 50 {
			want = rowOf(fmt.Sprint(i), i)
		}
		if rows[n].Kind() != want.Kind() || !datum.Equal(rows[n], want) {
			t.Errorf("row %d: %s, want %s", i, rows[n].Print(), want.Print())
		}
	}
}

func TestCorruptRow(t *testing.T) {
	s, store, _ := newTestShard(t)
	b := store.NewBatch()
	defer b.Close()
	b.Set(append(storage.AppendPrefix(nil, 1, storage.KindRow), keyOf(t, "a")...), datum.AppendEncoded(nil, datum.Int(1)))
	if err := store.Apply(b); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(keyOf(t, "a")); !errors.Is(err, ErrCorruptRow) {
		t.Errorf("Get: %v, want ErrCorruptRow", err)
	}
	rows := s.Scan(ScanOptions{})
	if _, _, err := rows.Next(t.Context()); !errors.Is(err, ErrCorruptRow) {
		t.Errorf("Next: %v, want ErrCorruptRow", err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}
