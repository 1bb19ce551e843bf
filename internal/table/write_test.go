package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// set returns an Update that makes row of whatever there is.
func set(row datum.Value) func(datum.Value) (datum.Value, error) {
	return func(datum.Value) (datum.Value, error) { return row, nil }
}

func TestInsertUpdateDelete(t *testing.T) {
	tbl := newMemTable(t)
	one := object("id", 1, "a", "x")

	r := writeOne(t, tbl, datum.Int(1), set(one))
	if r.Err != nil || !r.Changed || !r.Old.IsAbsent() || !datum.Equal(r.New, one) {
		t.Errorf("insert: %+v", r)
	}
	if row := get(t, tbl, 1); !datum.Equal(row, one) {
		t.Errorf("get: %s", row.Print())
	}
	r = writeOne(t, tbl, datum.Int(1), set(object("id", 1, "a", "x")))
	if r.Err != nil || r.Changed || !datum.Equal(r.Old, one) || !datum.Equal(r.New, one) {
		t.Errorf("the same row again: %+v", r)
	}
	r = writeOne(t, tbl, datum.Int(1), set(object("id", 1, "a", "y")))
	if r.Err != nil || !r.Changed || !datum.Equal(r.Old, one) {
		t.Errorf("replace: %+v", r)
	}
	if n := count(t, tbl); n != 1 {
		t.Errorf("count %d, want 1", n)
	}
	r = writeOne(t, tbl, datum.Int(1), set(datum.Null))
	if r.Err != nil || !r.Changed || !r.New.IsAbsent() {
		t.Errorf("delete: %+v", r)
	}
	r = writeOne(t, tbl, datum.Int(1), set(datum.Null))
	if r.Err != nil || r.Changed || !r.Old.IsAbsent() || !r.New.IsAbsent() {
		t.Errorf("delete of nothing: %+v", r)
	}
	if row := get(t, tbl, 1); !row.IsAbsent() {
		t.Errorf("deleted row: %s", row.Print())
	}
	if n := count(t, tbl); n != 0 {
		t.Errorf("count %d, want 0", n)
	}
	if s := tbl.Stats(); s.RowsWritten != 3 {
		t.Errorf("%d rows written, want 3", s.RowsWritten)
	}
}

func TestErrorsOfRows(t *testing.T) {
	tbl := newMemTable(t)
	put(t, tbl, DurabilitySoft, object("id", 1, "a", 1))
	long := make([]datum.Value, 100_001)
	for i := range long {
		long[i] = datum.Int(0)
	}
	deep := datum.Array(long[:1])
	for range datum.MaxDepth + 1 {
		deep = datum.Array([]datum.Value{deep})
	}
	for _, c := range []struct {
		name string
		key  datum.Value
		row  datum.Value
		want string
	}{
		{"changed key", value(1), object("id", 2, "b", 1),
			"Primary key `id` cannot be changed (`{\n\t\"a\":\t1,\n\t\"id\":\t1\n}` -> `{\n\t\"b\":\t1,\n\t\"id\":\t2\n}`)."},
		{"wrong key of a new row", value(8), object("id", 99), "Primary key `id` cannot be changed (null -> {\n\t\"id\":\t99\n})"},
		{"no key", value(1), object("a", 1), "Inserted object must have primary key `id`:\n{\n\t\"a\":\t1\n}"},
		{"no key in an empty row", value(9), object(), "Inserted object must have primary key `id`:\n{}"},
		{"number", value(1), value(-2.5), "Inserted value must be an OBJECT (got NUMBER):\n-2.5"},
		{"string", value(1), value("abc"), "Inserted value must be an OBJECT (got STRING):\n\"abc\""},
		{"array", value(1), datum.Array(nil), "Inserted value must be an OBJECT (got ARRAY):\n[]"},
		{"time", value(1), datum.Time(1.5, 0),
			"Inserted object must have primary key `id`:\n{\n\t\"$reql_type$\":\t\"TIME\",\n\t\"epoch_time\":\t1.5,\n\t\"timezone\":\t\"+00:00\"\n}"},
		{"binary", value(1), datum.Binary([]byte("hello")),
			"Inserted value must be an OBJECT (got PTYPE<BINARY>):\n{\"$reql_type$\":\"BINARY\",\"data\":\"aGVsbG8=\"}"},
		{"long array", value(1), object("id", 1, "b", object("c", datum.Array(long))),
			"Array too large for disk writes (limit 100,000 elements)."},
		{"minval", value(1), object("id", 1, "b", datum.Array([]datum.Value{datum.Min})),
			"`r.minval` and `r.maxval` cannot be written to disk."},
		{"too deep", value(1), object("id", 1, "b", deep), "Nesting depth limit exceeded"},
		{"invalid key", datum.Null, object("id", nil),
			"Primary keys must be either a number, string, bool, pseudotype or array (got type NULL):\nnull"},
		{"long key", value(strings.Repeat("k", 128)), object("id", strings.Repeat("k", 128)), "Primary key too long (max 127 characters)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := writeOne(t, tbl, c.key, set(c.row))
			var e *datum.Error
			if !errors.As(r.Err, &e) || !strings.HasPrefix(e.Msg, c.want) {
				t.Fatalf("error %v\nwant  %s", r.Err, c.want)
			}
			if r.Changed {
				t.Error("the row counts as changed")
			}
		})
	}
	if row := get(t, tbl, 1); !datum.Equal(row, object("id", 1, "a", 1)) || count(t, tbl) != 1 {
		t.Errorf("an invalid row was stored: %s", row.Print())
	}
}

// Keys that compare equal and are encoded differently, or the other way round, still name one row.
func TestEqualKeys(t *testing.T) {
	tbl := newMemTable(t)
	put(t, tbl, DurabilitySoft, object("id", 0, "a", 1))
	negative := datum.Number(negativeZero())
	if r := writeOne(t, tbl, negative, set(object("id", negative, "a", 2))); r.Err != nil || r.Old.IsAbsent() {
		t.Errorf("-0: %+v", r)
	}
	put(t, tbl, DurabilitySoft, object("id", datum.Time(5, 0), "a", 1))
	other := datum.Time(5, 60)
	if r := writeOne(t, tbl, other, set(object("id", other, "a", 2))); r.Err != nil || r.Old.IsAbsent() {
		t.Errorf("a time in another zone: %+v", r)
	}
	if n := count(t, tbl); n != 2 {
		t.Errorf("count %d, want 2", n)
	}
}

func negativeZero() float64 { z := 0.0; return -z }

func TestBatchSeesItsOwnChanges(t *testing.T) {
	tbl := newMemTable(t)
	put(t, tbl, DurabilitySoft, object("id", "b", "n", 10))
	boom := errors.New("boom")
	keys := []datum.Value{value("a"), value("b"), value("a"), value("c"), datum.Null, value("a"), value("b")}
	var olds []string
	results, err := tbl.Write(t.Context(), WriteRequest{
		Keys: keys,
		Update: func(i int, old datum.Value) (datum.Value, error) {
			n := 0
			if !old.IsAbsent() {
				v, _ := old.Get("n")
				n = int(v.AsNumber())
			}
			olds = append(olds, fmt.Sprintf("%d:%d", i, n))
			switch i {
			case 3:
				return datum.Value{}, boom
			case 6:
				return datum.Null, nil
			}
			return object("id", keys[i], "n", n+1), nil
		},
		Durability: DurabilityHard,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(olds, " "); got != "0:0 1:10 2:1 3:0 5:2 6:11" {
		t.Errorf("updates saw %s", got)
	}
	if !errors.Is(results[3].Err, boom) || results[4].Err == nil {
		t.Errorf("errors: %v, %v", results[3].Err, results[4].Err)
	}
	if row := get(t, tbl, "a"); !datum.Equal(row, object("id", "a", "n", 3)) {
		t.Errorf("a: %s", row.Print())
	}
	if row := get(t, tbl, "b"); !row.IsAbsent() {
		t.Errorf("b: %s", row.Print())
	}
	if n := count(t, tbl); n != 1 {
		t.Errorf("count %d, want 1", n)
	}
}

// Writers of one key, of overlapping batches in any order, and of rows that come and go lose nothing.
func TestConcurrentWriters(t *testing.T) {
	tbl := newMemTable(t)
	increment := func(old datum.Value, key datum.Value) datum.Value {
		n := 0.0
		if v, ok := old.Get("n"); ok {
			n = v.AsNumber()
		}
		return object("id", key, "n", n+1)
	}
	const writers, rounds, keys = 8, 60, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range rounds {
				var req WriteRequest
				for k := range keys {
					if w%2 == 1 {
						k = keys - 1 - k
					}
					req.Keys = append(req.Keys, datum.Int(int64(k)))
				}
				req.Durability = DurabilitySoft
				if i%10 == 0 {
					req.Durability = DurabilityHard
				}
				req.Update = func(i int, old datum.Value) (datum.Value, error) { return increment(old, req.Keys[i]), nil }
				if _, err := tbl.Write(context.Background(), req); err != nil {
					t.Error(err)
				}
				key := datum.String(fmt.Sprint("comes and goes ", i%7))
				_, err := tbl.Write(context.Background(), WriteRequest{Keys: []datum.Value{key}, Durability: DurabilitySoft,
					Update: func(_ int, old datum.Value) (datum.Value, error) {
						if old.IsAbsent() {
							return object("id", key), nil
						}
						return datum.Value{}, nil
					}})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for k := range keys {
		row := get(t, tbl, k)
		if n, _ := row.Get("n"); n.AsNumber() != writers*rounds {
			t.Errorf("key %d was incremented %v times, want %d", k, n.AsNumber(), writers*rounds)
		}
	}
	if n, rows := count(t, tbl), len(scan(t, tbl, ScanOptions{})); n != int64(rows) {
		t.Errorf("count %d, a scan finds %d", n, rows)
	}
}

func TestWriteWaitsForALatchOnlyAsLongAsItsContext(t *testing.T) {
	tbl := newMemTable(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := tbl.Write(context.Background(), WriteRequest{Keys: []datum.Value{value(1)},
			Update: func(int, datum.Value) (datum.Value, error) {
				close(inside)
				<-leave
				return object("id", 1), nil
			}})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := tbl.Write(ctx, WriteRequest{Keys: []datum.Value{value(2), value(1)},
		Update: func(int, datum.Value) (datum.Value, error) { return datum.Value{}, errors.New("not reached") }})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that of the context", err)
	}
	put(t, tbl, DurabilitySoft, object("id", 2)) // the latch it had taken is free again
	close(leave)
	wg.Wait()
	put(t, tbl, DurabilitySoft, object("id", 1, "a", 1))
}

func TestPanicInUpdateFreesTheLatch(t *testing.T) {
	tbl := newMemTable(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		writeOne(t, tbl, value(1), func(datum.Value) (datum.Value, error) { panic("bug") })
	}()
	put(t, tbl, DurabilityHard, object("id", 1))
}

func TestDrop(t *testing.T) {
	mem := storage.NewMemFS()
	store := openStore(t, "data", storage.Options{Mem: mem})
	tbl, other := createTable(t, store), createTable(t, store)
	put(t, tbl, DurabilityHard, object("id", 1), object("id", 2))
	put(t, other, DurabilityHard, object("id", 1))
	rows, err := tbl.Scan(t.Context(), ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := rows.Next(t.Context()); !ok || err != nil {
		t.Fatalf("first row: %v, %v", ok, err)
	}
	if err := tbl.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys, err := drain(t.Context(), rows); err != nil || len(keys) != 1 {
		t.Errorf("a scan from before the drop: %d more rows, want 1; %v", len(keys), err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	_, err = tbl.Write(t.Context(), WriteRequest{Keys: []datum.Value{value(3)},
		Update: func(int, datum.Value) (datum.Value, error) { return object("id", 3), nil }})
	if !errors.Is(err, ErrDropped) {
		t.Errorf("write after drop: %v, want ErrDropped", err)
	}
	if count(t, tbl) != 0 || count(t, other) != 1 {
		t.Errorf("counts %d and %d, want 0 and 1", count(t, tbl), count(t, other))
	}
	crashed := openStore(t, "data", storage.Options{Mem: mem.Crash()})
	if _, err := Open(crashed, tbl.Config()); err == nil {
		t.Error("the dropped table can be opened after a crash")
	}
	reopened, err := Open(crashed, other.Config())
	if err != nil {
		t.Fatal(err)
	}
	if count(t, reopened) != 1 || len(scan(t, reopened, ScanOptions{})) != 1 {
		t.Error("the other table has lost its row")
	}
}

func TestSweep(t *testing.T) {
	store := openStore(t, "data", storage.Options{Mem: storage.NewMemFS()})
	lost, kept := createTable(t, store), createTable(t, store)
	put(t, lost, DurabilitySoft, object("id", 1))
	put(t, kept, DurabilitySoft, object("id", 1))
	live := kept.Config().Groups
	orphans, err := Orphans(store, live)
	if err != nil || !slices.Equal(orphans, lost.Config().Groups) {
		t.Errorf("the orphans are %d, %v", orphans, err)
	}
	if err := Sweep(t.Context(), store, orphans); err != nil {
		t.Error(err)
	}
	if !get(t, lost, 1).IsAbsent() || get(t, kept, 1).IsAbsent() {
		t.Error("the wrong table was swept")
	}
	if orphans, err := Orphans(store, live); err != nil || len(orphans) != 0 {
		t.Errorf("the orphans are then %d, %v", orphans, err)
	}
}

func TestDefaultDurability(t *testing.T) {
	mem := storage.NewMemFS()
	tbl := createTable(t, openStore(t, "data", storage.Options{Mem: mem}))
	put(t, tbl, DurabilityDefault, object("id", 1))
	if c := tbl.Config(); c.Durability != DurabilityDefault {
		t.Errorf("durability %d", c.Durability)
	}
	crashed, err := Open(openStore(t, "data", storage.Options{Mem: mem.Crash()}), tbl.Config())
	if err != nil {
		t.Fatal(err)
	}
	if get(t, crashed, 1).IsAbsent() {
		t.Error("a write with the default durability is not on disk")
	}
	tbl.SetDurability(DurabilitySoft)
	put(t, tbl, DurabilityDefault, object("id", 2))
	crashed, err = Open(openStore(t, "data", storage.Options{Mem: mem.Crash()}), tbl.Config())
	if err != nil {
		t.Fatal(err)
	}
	if !get(t, crashed, 2).IsAbsent() {
		t.Error("a soft write waited for the disk")
	}
	if err := tbl.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	crashed, err = Open(openStore(t, "data", storage.Options{Mem: mem.Crash()}), tbl.Config())
	if err != nil {
		t.Fatal(err)
	}
	if get(t, crashed, 2).IsAbsent() {
		t.Error("sync did not bring the row to disk")
	}
}

// A hard write that finds the row as it wants it vouches for the row, although somebody else wrote it softly.
func TestHardWriteWithoutChangeWaitsForWhatItSaw(t *testing.T) {
	mem := storage.NewMemFS()
	tbl := createTable(t, openStore(t, "data", storage.Options{Mem: mem}))
	put(t, tbl, DurabilitySoft, object("id", 1))
	put(t, tbl, DurabilityHard, object("id", 1))
	crashed, err := Open(openStore(t, "data", storage.Options{Mem: mem.Crash()}), tbl.Config())
	if err != nil {
		t.Fatal(err)
	}
	if get(t, crashed, 1).IsAbsent() {
		t.Error("the row is lost")
	}
}
