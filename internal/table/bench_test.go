package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

const benchCacheBytes = 1 << 30

func newBenchTable(b *testing.B) *Table {
	b.Helper()
	return createTable(b, openStore(b, b.TempDir(), storage.Options{CacheBytes: benchCacheBytes}))
}

// fill stores n documents and returns their keys.
func fill(b *testing.B, tbl *Table, n int) []datum.Value {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]datum.Value, 0, n)
	for len(keys) < n {
		var rows []datum.Value
		for range min(1000, n-len(keys)) {
			k := uuidKey(r)
			keys = append(keys, k)
			rows = append(rows, document(k, r))
		}
		put(b, tbl, DurabilitySoft, rows...)
	}
	return keys
}

func documents(n int) []datum.Value {
	r := rand.New(rand.NewPCG(3, 4))
	rows := make([]datum.Value, n)
	for i := range rows {
		rows[i] = document(uuidKey(r), r)
	}
	return rows
}

// BenchmarkInsertOne inserts single rows from many goroutines.
func BenchmarkInsertOne(b *testing.B) {
	for _, c := range []struct {
		name string
		d    Durability
		conn int
	}{{"hard/c1", DurabilityHard, 1}, {"hard/c16", DurabilityHard, 16}, {"hard/c64", DurabilityHard, 64}, {"soft/c1", DurabilitySoft, 1}, {"soft/c16", DurabilitySoft, 16}} {
		b.Run(c.name, func(b *testing.B) {
			tbl := newBenchTable(b)
			rows := documents(1000)
			var next atomic.Int64
			b.SetParallelism(max(1, c.conn/2))
			b.ReportAllocs()
			b.ResetTimer()
			insert := func(i int64) error {
				row := rows[i%1000]
				key := datum.String(fmt.Sprintf("%08x-d5a7-4b2b-9b7e-%012x", uint32(i*2654435761), i))
				row = row.WithField("id", key)
				_, err := tbl.Write(context.Background(), WriteRequest{
					Keys:       []datum.Value{key},
					Update:     func(int, datum.Value) (datum.Value, error) { return row, nil },
					Durability: c.d,
				})
				return err
			}
			if c.conn == 1 {
				for b.Loop() {
					if err := insert(next.Add(1)); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := insert(next.Add(1)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkInsert200 inserts batches of 200 rows of 1 KB from four goroutines. An operation is a row.
func BenchmarkInsert200(b *testing.B) {
	for _, d := range []Durability{DurabilityHard, DurabilitySoft} {
		b.Run([]string{"default", "hard", "soft"}[d], func(b *testing.B) {
			tbl := newBenchTable(b)
			rows := documents(1000)
			var next atomic.Int64
			b.SetParallelism(2)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				keys := make([]datum.Value, 0, 200)
				for more := true; more; {
					keys = keys[:0]
					for len(keys) < 200 {
						if more = pb.Next(); !more {
							break
						}
						i := next.Add(1)
						keys = append(keys, datum.String(fmt.Sprintf("%08x-d5a7-4b2b-9b7e-%012x", uint32(i*2654435761), i)))
					}
					if len(keys) == 0 {
						break
					}
					_, err := tbl.Write(context.Background(), WriteRequest{
						Keys: keys,
						Update: func(i int, _ datum.Value) (datum.Value, error) {
							return rows[i].WithField("id", keys[i]), nil
						},
						Durability: d,
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkUpdateOne changes one field of random rows.
func BenchmarkUpdateOne(b *testing.B) {
	tbl := newBenchTable(b)
	keys := fill(b, tbl, 20_000)
	var seed atomic.Uint64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		r := rand.New(rand.NewPCG(seed.Add(1), 2))
		for i := 0; pb.Next(); i++ {
			_, err := tbl.Write(context.Background(), WriteRequest{
				Keys: []datum.Value{keys[r.IntN(len(keys))]},
				Update: func(_ int, old datum.Value) (datum.Value, error) {
					return old.WithField("views", datum.Int(int64(i))), nil
				},
				Durability: DurabilitySoft,
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	tbl := newBenchTable(b)
	keys := fill(b, tbl, 50_000)
	var seed atomic.Uint64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		r := rand.New(rand.NewPCG(seed.Add(1), 2))
		for pb.Next() {
			row, err := tbl.Get(context.Background(), keys[r.IntN(len(keys))], ReadOptions{})
			if err != nil || row.IsAbsent() {
				b.Error("no row", err)
			}
		}
	})
}

// BenchmarkScan reads 50,000 rows of 1 KB. An operation is a row.
func BenchmarkScan(b *testing.B) {
	const n = 50_000
	tbl := newBenchTable(b)
	fill(b, tbl, n)
	walk := func(rows Rows) (int, error) {
		seen := 0
		for {
			row, ok, err := rows.Next(context.Background())
			if err != nil || !ok {
				return seen, err
			}
			if row.Len() > 5 {
				seen++
			}
		}
	}
	for _, transient := range []bool{false, true} {
		for _, workers := range []int{1, 2} {
			name := fmt.Sprintf("transient=%v/workers=%d", transient, workers)
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for left := b.N; left > 0; left -= n {
					o := ScanOptions{Transient: transient}
					var seen atomic.Int64
					if workers == 1 {
						rows, err := tbl.Scan(context.Background(), o)
						if err != nil {
							b.Fatal(err)
						}
						c, err := walk(rows)
						if err != nil {
							b.Fatal(err)
						}
						seen.Add(int64(c))
						if err := rows.Close(); err != nil {
							b.Fatal(err)
						}
					} else if err := tbl.ScanParallel(context.Background(), o, workers, func(_ int, rows Rows) error {
						c, err := walk(rows)
						seen.Add(int64(c))
						return err
					}); err != nil {
						b.Fatal(err)
					}
					if seen.Load() != n {
						b.Fatalf("saw %d rows, want %d", seen.Load(), n)
					}
				}
			})
		}
	}
}

// BenchmarkShortScan reads the first 20 rows of a range.
func BenchmarkShortScan(b *testing.B) {
	tbl := newBenchTable(b)
	keys := fill(b, tbl, 50_000)
	r := rand.New(rand.NewPCG(5, 6))
	b.ReportAllocs()
	for b.Loop() {
		rows, err := tbl.Scan(context.Background(), ScanOptions{Range: Range{Low: keys[r.IntN(len(keys))]}})
		if err != nil {
			b.Fatal(err)
		}
		for range 20 {
			if _, _, err := rows.Next(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIndexedInsert inserts single rows of 1 KB, whose keys are random, into a table of 20,000 with one index, from one
// goroutine.
func BenchmarkIndexedInsert(b *testing.B) {
	for _, unique := range []bool{false, true} {
		b.Run(map[bool]string{false: "ordinary", true: "unique"}[unique], func(b *testing.B) {
			tbl := newBenchTable(b)
			fill(b, tbl, 20_000)
			c := IndexConfig{Number: 1, Function: field("id"), Unique: unique, Name: func() string { return "id" }}
			addIndex(b, tbl, c)
			rows := documents(1000)
			r := rand.New(rand.NewPCG(9, 9))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				row := rows[i%1000].WithField("id", uuidKey(r))
				put(b, tbl, DurabilitySoft, row)
			}
		})
	}
}
