package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openStore opens a store for the length of the test, in memory if mem is not nil.
func openStore(t testing.TB, dir string, o storage.Options) *storage.Store {
	t.Helper()
	s, err := storage.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

func newMemTable(t testing.TB) *Table {
	t.Helper()
	return createTable(t, openStore(t, "data", storage.Options{Mem: storage.NewMemFS()}))
}

func newGroup(t testing.TB, s *storage.Store) storage.GroupID {
	t.Helper()
	g, err := s.AllocateGroup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func createTable(t testing.TB, s *storage.Store) *Table {
	t.Helper()
	tbl, err := Create(t.Context(), s, Config{ID: "6f1e34ab-4d2e-4a86-b3a9-3b6d3a3d6f60", PrimaryKey: "id", Groups: []storage.GroupID{newGroup(t, s)}})
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

// object makes an object from keys and values in turn. Values are Go values.
func object(pairs ...any) datum.Value {
	var fields []datum.Field
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, datum.Field{Key: pairs[i].(string), Val: value(pairs[i+1])})
	}
	return datum.Object(fields)
}

func value(x any) datum.Value {
	switch x := x.(type) {
	case datum.Value:
		return x
	case int:
		return datum.Int(int64(x))
	case float64:
		return datum.Number(x)
	case string:
		return datum.String(x)
	case bool:
		return datum.Bool(x)
	case nil:
		return datum.Null
	}
	panic(fmt.Sprintf("value of %T", x))
}

// put stores rows under their primary keys.
func put(t testing.TB, tbl *Table, d Durability, rows ...datum.Value) {
	t.Helper()
	keys := make([]datum.Value, len(rows))
	for i, r := range rows {
		keys[i], _ = r.Get(tbl.PrimaryKey())
	}
	results, err := tbl.Write(t.Context(), WriteRequest{
		Keys:       keys,
		Update:     func(i int, _ datum.Value) (datum.Value, error) { return rows[i], nil },
		Durability: d,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("write %s: %v", keys[i].Print(), r.Err)
		}
	}
}

// writeOne changes one row.
func writeOne(t testing.TB, tbl *Table, key datum.Value, update func(old datum.Value) (datum.Value, error)) WriteResult {
	t.Helper()
	results, err := tbl.Write(t.Context(), WriteRequest{
		Keys:       []datum.Value{key},
		Update:     func(_ int, old datum.Value) (datum.Value, error) { return update(old) },
		Durability: DurabilitySoft,
	})
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

func get(t testing.TB, tbl *Table, key any) datum.Value {
	t.Helper()
	row, err := tbl.Get(t.Context(), value(key), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func count(t testing.TB, tbl *Table) int64 {
	t.Helper()
	n, err := tbl.Count(t.Context(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// drain returns the primary keys of all rows.
func drain(ctx context.Context, rows Rows) ([]datum.Value, error) {
	var keys []datum.Value
	for {
		row, ok, err := rows.Next(ctx)
		if err != nil || !ok {
			return keys, err
		}
		k, found := row.Get("id")
		if !found {
			return keys, fmt.Errorf("a row without id: %s", row.Print())
		}
		keys = append(keys, k.Own())
	}
}

func scan(t testing.TB, tbl *Table, o ScanOptions) []datum.Value {
	t.Helper()
	rows, err := tbl.Scan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	keys, err := drain(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// document makes a row of about 1 KB like those of an application: strings, numbers, an array of objects.
func document(key datum.Value, r *rand.Rand) datum.Value {
	word := func(n int) datum.Value {
		b := make([]byte, n)
		for i := range b {
			b[i] = "etaoin shrdlu cmfwyp"[r.IntN(20)]
		}
		return datum.String(string(b))
	}
	items := make([]datum.Value, 3)
	for i := range items {
		items[i] = object("sku", word(12), "quantity", r.IntN(10), "price", float64(r.IntN(10000))/100)
	}
	return object("id", key, "name", word(20), "email", word(24), "age", r.IntN(90), "active", r.IntN(2) == 0,
		"score", r.Float64(), "address", object("street", word(30), "city", word(12), "zip", word(5)),
		"items", datum.Array(items), "created", datum.Time(1.7e9+float64(r.IntN(1e6)), 60), "text", word(560), "views", r.IntN(1000))
}

func uuidKey(r *rand.Rand) datum.Value {
	return datum.String(fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xffff, r.Uint32()&0xffff, r.Uint64()&0xffffffffffff))
}
