package table

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// randomKey makes keys of several types that are often equal or neighbours.
func randomKey(r *rand.Rand) datum.Value {
	switch r.IntN(7) {
	case 0:
		return datum.Bool(r.IntN(2) == 0)
	case 1:
		return datum.Int(int64(r.IntN(200) - 100))
	case 2:
		return datum.Number(r.NormFloat64() * 1e6)
	case 3:
		return datum.String([]string{"", "a", "aa", "ab", "b", "é", "zz"}[r.IntN(7)])
	case 4:
		return datum.String(fmt.Sprint("user", r.IntN(500)))
	case 5:
		return datum.Time(float64(r.IntN(100)), 0)
	default:
		a := make([]datum.Value, r.IntN(3))
		for i := range a {
			a[i] = datum.Int(int64(r.IntN(4)))
		}
		return datum.Array(a)
	}
}

func within(k datum.Value, r Range) bool {
	if !r.Low.IsAbsent() {
		if c := datum.Compare(k, r.Low); c < 0 || c == 0 && r.LowOpen {
			return false
		}
	}
	if !r.High.IsAbsent() {
		if c := datum.Compare(k, r.High); c > 0 || c == 0 && r.HighOpen {
			return false
		}
	}
	return true
}

func sameKeys(a, b []datum.Value) bool { return slices.EqualFunc(a, b, datum.Equal) }

// Scans of random ranges of random keys agree with a sorted slice, in both directions, copied or not, parked or not, on one
// worker or several.
func TestScansAgreeWithModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			tbl := createTable(t, openStore(t, "data", storage.Options{Mem: storage.NewMemFS(), CacheBytes: 16 << 20}))
			var model []datum.Value
			for range []int{0, 5, 300, 2000}[seed] {
				k := randomKey(r)
				if i, found := slices.BinarySearchFunc(model, k, datum.Compare); !found {
					model = slices.Insert(model, i, k)
				}
				put(t, tbl, DurabilitySoft, object("id", k, "fill", fmt.Sprint(r.Uint64())))
			}
			for range 60 {
				o := ScanOptions{Transient: r.IntN(2) == 0}
				bound := func() datum.Value {
					switch r.IntN(6) {
					case 0:
						return datum.Value{}
					case 1:
						return datum.Min
					case 2:
						return datum.Max
					}
					return randomKey(r)
				}
				o.Range = Range{Low: bound(), High: bound(), LowOpen: r.IntN(2) == 0, HighOpen: r.IntN(2) == 0}
				var want []datum.Value
				for _, k := range model {
					if within(k, o.Range) {
						want = append(want, k)
					}
				}
				what := fmt.Sprintf("%s to %s, open %v %v", o.Range.Low.Print(), o.Range.High.Print(), o.Range.LowOpen, o.Range.HighOpen)
				if got := scan(t, tbl, o); !sameKeys(got, want) {
					t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
				}
				if got := scanParked(t, tbl, o, r); !sameKeys(got, want) {
					t.Fatalf("parked: %s: %d rows, want %d", what, len(got), len(want))
				}
				got := scanParallel(t, tbl, o, 1+r.IntN(4))
				slices.SortFunc(got, datum.Compare)
				if !sameKeys(got, want) {
					t.Fatalf("parallel: %s: %d rows, want %d", what, len(got), len(want))
				}
				o.Descending = true
				slices.Reverse(want)
				if got := scan(t, tbl, o); !sameKeys(got, want) {
					t.Fatalf("descending: %s: %d rows, want %d", what, len(got), len(want))
				}
				if got := scanParked(t, tbl, o, r); !sameKeys(got, want) {
					t.Fatalf("descending, parked: %s: %d rows, want %d", what, len(got), len(want))
				}
			}
		})
	}
}

// scanParked parks the scan at random rows.
func scanParked(t *testing.T, tbl *Table, o ScanOptions, r *rand.Rand) []datum.Value {
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
	var keys []datum.Value
	for {
		if r.IntN(3) == 0 {
			if err := rows.(Parker).Park(); err != nil {
				t.Fatal(err)
			}
		}
		row, ok, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return keys
		}
		k, _ := row.Get("id")
		keys = append(keys, k.Own())
	}
}

func scanParallel(t testing.TB, tbl *Table, o ScanOptions, n int) []datum.Value {
	t.Helper()
	var mu sync.Mutex
	var all []datum.Value
	err := tbl.ScanParallel(t.Context(), o, n, func(_ int, rows Rows) error {
		keys, err := drain(t.Context(), rows)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, keys...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRangeBoundThatIsNoKey(t *testing.T) {
	tbl := newMemTable(t)
	var e *datum.Error
	if _, err := tbl.Scan(t.Context(), ScanOptions{Range: Range{Low: datum.Null}}); !errors.As(err, &e) {
		t.Errorf("Scan from null: %v", err)
	}
	if _, err := tbl.Get(t.Context(), object(), ReadOptions{}); !errors.As(err, &e) {
		t.Errorf("Get of an object: %v", err)
	}
}

// A scan sees the table as it was at its first row, and as it is at the first row after Park.
func TestScanIsOfOneState(t *testing.T) {
	tbl := newMemTable(t)
	set := func(n int) {
		var rows []datum.Value
		for i := range 300 + 300*n {
			rows = append(rows, object("id", i, "n", n))
		}
		put(t, tbl, DurabilitySoft, rows...)
	}
	set(0)
	rows, err := tbl.Scan(t.Context(), ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	set(1)
	for i := 0; ; i++ {
		row, ok, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			if i != 900 {
				t.Errorf("%d rows, want 900", i)
			}
			break
		}
		switch i {
		case 0:
			set(2)
		case 99:
			if err := rows.(Parker).Park(); err != nil {
				t.Fatal(err)
			}
		}
		want := 1.0
		if i > 99 {
			want = 2
		}
		if n, _ := row.Get("n"); n.AsNumber() != want {
			t.Fatalf("row %d is of another state: %s", i, row.Print())
		}
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}

// Rows that are not transient stay what they were, whatever comes after them.
func TestRowsOutliveTheirScan(t *testing.T) {
	tbl := newMemTable(t)
	r := rand.New(rand.NewPCG(1, 1))
	want := make(map[string]string)
	for i := range 400 {
		row := object("id", i, "fill", fmt.Sprintf("%0*d", r.IntN(1<<r.IntN(15)), i))
		put(t, tbl, DurabilitySoft, row)
		want[datum.Int(int64(i)).Print()] = row.Print()
	}
	rows, err := tbl.Scan(t.Context(), ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var kept []datum.Value
	for {
		row, ok, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		kept = append(kept, row)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	scan(t, tbl, ScanOptions{})
	for i := range 400 {
		put(t, tbl, DurabilitySoft, object("id", i, "fill", "other"))
	}
	runtime.GC()
	for _, row := range kept {
		k, _ := row.Get("id")
		if row.Print() != want[k.Print()] {
			t.Fatalf("row %s has changed", k.Print())
		}
	}
}

func TestScanEndsWithItsContext(t *testing.T) {
	tbl := newMemTable(t)
	for i := range 1000 {
		put(t, tbl, DurabilitySoft, object("id", i))
	}
	for _, workers := range []int{0, 3} {
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int64
		read := func(_ int, rows Rows) error {
			for {
				_, ok, err := rows.Next(ctx)
				if err != nil || !ok {
					return err
				}
				if n.Add(1) == 10 {
					cancel()
				}
			}
		}
		var err error
		if workers == 0 {
			rows, scanErr := tbl.Scan(ctx, ScanOptions{})
			if scanErr != nil {
				t.Fatal(scanErr)
			}
			err = errors.Join(read(0, rows), rows.Close())
		} else {
			err = tbl.ScanParallel(ctx, ScanOptions{}, workers, read)
		}
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers: error %v, want that of the context", workers, err)
		}
		if n.Load() > 10+256*int64(max(workers, 1)) {
			t.Errorf("%d workers: %d rows were read after the end of the context", workers, n.Load()-10)
		}
	}
}

// keysOf makes n keys of a kind of distribution.
var distributions = map[string]func(i int, r *rand.Rand) datum.Value{
	"uuids":   func(_ int, r *rand.Rand) datum.Value { return uuidKey(r) },
	"numbers": func(i int, _ *rand.Rand) datum.Value { return datum.Int(int64(i)) },
	"words":   func(i int, _ *rand.Rand) datum.Value { return datum.String(fmt.Sprintf("user%012d", i)) },
	"compound": func(i int, _ *rand.Rand) datum.Value {
		return datum.Array([]datum.Value{value("user"), value(i / 10), value(i % 10)})
	},
	"exponential": func(i int, r *rand.Rand) datum.Value {
		return datum.Number(float64(i) * float64(i) * float64(i) * r.Float64())
	},
}

// Work on a scan is shared out whatever the keys are like and wherever the rows are.
func TestParallelScanIsBalanced(t *testing.T) {
	for name, key := range distributions {
		t.Run(name, func(t *testing.T) {
			tbl := newMemTable(t)
			r := rand.New(rand.NewPCG(1, 2))
			const n = 20_000
			for i := 0; i < n; i += 500 {
				var rows []datum.Value
				for j := range 500 {
					rows = append(rows, object("id", key(i+j, r)))
				}
				put(t, tbl, DurabilitySoft, rows...)
			}
			const workers = 4
			// A worker's share is measured in rounds in which every worker at work reads one row, so that the outcome does not
			// depend on the machine.
			shares := make([]int, workers)
			var seen atomic.Int64
			err := tbl.ScanParallel(t.Context(), ScanOptions{Transient: true}, workers, func(w int, rows Rows) error {
				for {
					_, ok, err := rows.Next(t.Context())
					if err != nil || !ok {
						return err
					}
					shares[w]++
					seen.Add(1)
					runtime.Gosched()
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if seen.Load() != count(t, tbl) {
				t.Errorf("%d rows, want %d", seen.Load(), count(t, tbl))
			}
			if most := slices.Max(shares); most > n*3/4 {
				t.Errorf("shares %v: one worker did nearly everything", shares)
			}
		})
	}
}

func TestParallelScanOfFewRowsHasOneWorker(t *testing.T) {
	tbl := newMemTable(t)
	for i := range 200 {
		put(t, tbl, DurabilitySoft, object("id", i))
	}
	var workers atomic.Int64
	err := tbl.ScanParallel(t.Context(), ScanOptions{}, 8, func(_ int, rows Rows) error {
		workers.Add(1)
		_, err := drain(t.Context(), rows)
		return err
	})
	if err != nil || workers.Load() != 1 {
		t.Errorf("%d workers, %v", workers.Load(), err)
	}
}

func TestParallelScanEndsWithTheFirstError(t *testing.T) {
	tbl := newMemTable(t)
	var rows []datum.Value
	for i := range 5000 {
		rows = append(rows, object("id", i))
	}
	put(t, tbl, DurabilitySoft, rows...)
	boom := errors.New("boom")
	for range 20 {
		var n atomic.Int64
		err := tbl.ScanParallel(t.Context(), ScanOptions{}, 4, func(_ int, rows Rows) error {
			for {
				_, ok, err := rows.Next(t.Context())
				if err != nil || !ok {
					return err
				}
				if n.Add(1) == 2000 {
					return boom
				}
			}
		})
		if !errors.Is(err, boom) {
			t.Fatalf("error %v, want boom", err)
		}
	}
	// A worker that has enough leaves the others alone.
	var n atomic.Int64
	err := tbl.ScanParallel(t.Context(), ScanOptions{}, 4, func(w int, rows Rows) error {
		for i := 0; w > 0 || i < 1000; i++ {
			_, ok, err := rows.Next(t.Context())
			if err != nil || !ok {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	if err != nil || n.Load() < 1000 {
		t.Errorf("%d rows, %v", n.Load(), err)
	}
}

func TestPanicOfAWorkerReachesTheCaller(t *testing.T) {
	tbl := newMemTable(t)
	var rows []datum.Value
	for i := range 5000 {
		rows = append(rows, object("id", i))
	}
	put(t, tbl, DurabilitySoft, rows...)
	for bad := range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("worker %d: no panic", bad)
				}
			}()
			err := tbl.ScanParallel(t.Context(), ScanOptions{}, 2, func(w int, rows Rows) error {
				for {
					_, ok, err := rows.Next(t.Context())
					if err != nil || !ok {
						return err
					}
					if w == bad {
						panic("bug")
					}
					runtime.Gosched()
				}
			})
			t.Errorf("worker %d: returned %v", bad, err)
		}()
	}
}
