package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/storage"
)

func field(name string) IndexFunction {
	return func(row datum.Value) (datum.Value, bool) { return row.Get(name) }
}

func addIndex(t testing.TB, tbl *Table, c IndexConfig) *Index {
	t.Helper()
	x, err := tbl.AddIndex(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Ready {
		if err := x.Build(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// pairOf is an entry as the tests compute it: a value and the primary key of its row.
type pairOf struct{ value, key datum.Value }

func (p pairOf) String() string { return p.value.PrintTrunc() + "/" + p.key.PrintCompact() }

func comparePairs(a, b pairOf) int {
	if c := datum.Compare(a.value, b.value); c != 0 {
		return c
	}
	return datum.Compare(a.key, b.key)
}

// model computes the entries of an index from the rows.
func model(rows []datum.Value, name string, multi bool) []pairOf {
	var out []pairOf
	for _, row := range rows {
		key, _ := row.Get("id")
		v, ok := row.Get(name)
		switch {
		case !ok:
		case multi && v.Kind() == datum.KindArray:
			for i := range v.Len() {
				if shard.Indexable(v.At(i)) {
					out = append(out, pairOf{v.At(i), key})
				}
			}
		case shard.Indexable(v):
			out = append(out, pairOf{v, key})
		}
	}
	slices.SortStableFunc(out, comparePairs)
	return out
}

func pairs(t *testing.T, rows Rows, park *rand.Rand) []pairOf {
	t.Helper()
	var out []pairOf
	for {
		row, ok, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		key, _ := row.At(1).Get("id")
		out = append(out, pairOf{row.At(0).Own(), key.Own()})
		if p, ok := rows.(Parker); ok && park != nil && park.IntN(5) == 0 {
			if err := p.Park(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// randomValue makes values that often are equal, sometimes cannot be indexed, and sometimes are cut.
func randomValue(r *rand.Rand) datum.Value {
	switch r.IntN(12) {
	case 0:
		return datum.Null
	case 1:
		return object("a", 1)
	case 2:
		return datum.Bool(r.IntN(2) == 0)
	case 3:
		return datum.Time(float64(r.IntN(5)), 60*r.IntN(2))
	case 4:
		return datum.Array([]datum.Value{value(r.IntN(3)), value(r.IntN(3))})
	case 5:
		return datum.Binary([]byte{0, byte(r.IntN(3))})
	case 6, 7:
		return value(strings.Repeat("x", 4090+r.IntN(12)) + fmt.Sprint(r.IntN(3)))
	case 8:
		return value(string(rune('a' + r.IntN(4))))
	}
	return value(r.IntN(8) - 4)
}

// Scans of indexes give what sorting and filtering of all rows gives.
func TestIndexScans(t *testing.T) {
	tbl := newMemTable(t)
	r := rand.New(rand.NewPCG(5, 6))
	var rows []datum.Value
	for i := range 1500 {
		m := make([]datum.Value, r.IntN(4))
		for i := range m {
			m[i] = randomValue(r)
		}
		rows = append(rows, object("id", i, "v", randomValue(r), "m", datum.Array(m)))
	}
	put(t, tbl, DurabilitySoft, rows[:700]...)
	indexes := map[string]*Index{
		"v": addIndex(t, tbl, IndexConfig{Number: 1, Function: field("v")}),
		"m": addIndex(t, tbl, IndexConfig{Number: 2, Function: field("m"), Multi: true}),
	}
	put(t, tbl, DurabilitySoft, rows[700:]...)
	for name, x := range indexes {
		all := model(rows, name, name == "m")
		for n := range 300 {
			o := IndexScan{Values: true, Descending: n%2 == 1, Transient: n%3 == 0}
			var want []pairOf
			if n%4 == 0 {
				for range 1 + r.IntN(4) {
					if k := randomValue(r); shard.Indexable(k) {
						o.Keys = append(o.Keys, k)
					}
				}
				slices.SortFunc(o.Keys, datum.Compare)
				o.Keys = slices.CompactFunc(o.Keys, datum.Equal)
				if len(o.Keys) == 0 {
					continue
				}
				for range o.Keys {
					o.Copies = append(o.Copies, 1+r.IntN(2))
				}
				for _, p := range all {
					for i, k := range o.Keys {
						if datum.Equal(k, p.value) {
							for range o.Copies[i] {
								want = append(want, p)
							}
						}
					}
				}
			} else {
				bound := func() datum.Value {
					switch r.IntN(6) {
					case 0:
						return datum.Value{}
					case 1:
						return datum.Min
					case 2:
						return datum.Max
					}
					for {
						if v := randomValue(r); shard.Indexable(v) {
							return v
						}
					}
				}
				o.Range = Range{Low: bound(), High: bound(), LowOpen: r.IntN(2) == 0, HighOpen: r.IntN(2) == 0}
				for _, p := range all {
					if o.Range.Holds(p.value) {
						want = append(want, p)
					}
				}
			}
			got := func(rows Rows, err error) Rows {
				if err != nil {
					t.Fatal(err)
				}
				return rows
			}
			check := func(what string, got, want []pairOf) {
				t.Helper()
				if !slices.EqualFunc(got, want, func(a, b pairOf) bool { return comparePairs(a, b) == 0 }) {
					t.Fatalf("index %s, %s, %+v:\n%v\nwant\n%v", name, what, o, got, want)
				}
			}
			ordered := slices.Clone(want)
			if o.Descending {
				slices.Reverse(ordered)
			}
			park := r
			if n%3 == 0 {
				park = nil
			}
			check("scan", pairs(t, got(x.Scan(t.Context(), o)), park), ordered)

			if count, err := x.Count(t.Context(), o); err != nil || count != int64(len(want)) {
				t.Fatalf("index %s, %+v: count %d, want %d; %v", name, o, count, len(want), err)
			}
			var mu sync.Mutex
			var parallel []pairOf
			err := x.ScanParallel(t.Context(), o, 3, func(_ int, rows Rows) error {
				some := pairs(t, rows, nil)
				mu.Lock()
				defer mu.Unlock()
				parallel = append(parallel, some...)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.SortStableFunc(parallel, comparePairs)
			check("parallel scan", parallel, want)
			if o.Keys != nil {
				continue
			}
			var distinct, wantDistinct []datum.Value
			values := got(x.Distinct(t.Context(), o))
			for {
				v, ok, err := values.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				distinct = append(distinct, v.Own())
				if r.IntN(5) == 0 {
					if err := values.(Parker).Park(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := values.Close(); err != nil {
				t.Fatal(err)
			}
			for i, p := range ordered {
				if i == 0 || !datum.Equal(p.value, ordered[i-1].value) {
					wantDistinct = append(wantDistinct, p.value)
				}
			}
			if !slices.EqualFunc(distinct, wantDistinct, datum.Equal) {
				t.Fatalf("index %s, %+v: %d distinct values, want %d", name, o, len(distinct), len(wantDistinct))
			}
		}
	}
}

func benchIndexTable(b *testing.B, n int) *Table {
	store := openStore(b, b.TempDir(), storage.Options{CacheBytes: 1 << 30})
	tbl, err := Create(b.Context(), store, Config{ID: "x", PrimaryKey: "id", Groups: []storage.GroupID{1}})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for i := 0; i < n; i += 200 {
		var rows []datum.Value
		for j := i; j < i+200; j++ {
			rows = append(rows, document(datum.Int(int64(j)), r))
		}
		put(b, tbl, DurabilitySoft, rows...)
	}
	if err := tbl.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	return tbl
}

// BenchmarkIndexBuild builds an index over 100,000 rows of 1 KB.
func BenchmarkIndexBuild(b *testing.B) {
	const rows = 100_000
	tbl := benchIndexTable(b, rows)
	b.ReportAllocs()
	number := uint32(0)
	for b.Loop() {
		number++
		x, err := tbl.AddIndex(b.Context(), IndexConfig{Number: number, Function: field("score")})
		if err != nil {
			b.Fatal(err)
		}
		if err := x.Build(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if n, err := x.Count(b.Context(), IndexScan{}); n != rows || err != nil {
			b.Fatal(n, err)
		}
		if err := tbl.DropIndex(b.Context(), x); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkIndexScan(b *testing.B) {
	const rows = 100_000
	tbl := benchIndexTable(b, rows)
	x := addIndex(b, tbl, IndexConfig{Number: 1, Function: field("score")})
	for _, limit := range []int{10, 20, rows} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				rows, err := x.Scan(b.Context(), IndexScan{Transient: true, Range: Range{Low: datum.Number(rand.Float64() * 0.9 * float64((100_000-limit)/100_000))}})
				if err != nil {
					b.Fatal(err)
				}
				for range limit {
					if _, ok, err := rows.Next(b.Context()); err != nil {
						b.Fatal(err)
					} else if !ok {
						break
					}
					n++
				}
				if err := rows.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
