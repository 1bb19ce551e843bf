package table

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
)

// sweepOnce deletes the rows up to a value, or stops somewhere, or fails to delete the last ones, as chance has it.
func sweepOnce(t *testing.T, x *Index, high int, r *rand.Rand) {
	t.Helper()
	s, err := x.Sweep(t.Context(), datum.Int(0), datum.Int(int64(high)))
	if err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		var keys []datum.Value
		for len(keys) < 5 && more {
			var row datum.Value
			if row, more, err = s.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if more {
				key, _ := row.Get("id")
				keys = append(keys, key)
			}
		}
		if r != nil && r.IntN(20) == 0 {
			break // the keys are not deleted
		}
		_, err := x.table.Write(t.Context(), WriteRequest{Keys: keys, Update: func(_ int, old datum.Value) (datum.Value, error) {
			if v, ok := old.Get("v"); ok && v.AsNumber() > float64(high) { // it was written meanwhile
				return old, nil
			}
			return datum.Value{}, nil
		}})
		if err := errors.Join(err, s.Park()); err != nil {
			t.Fatal(err)
		}
		s.Deleted()
		if r != nil && r.IntN(20) == 0 {
			break
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Rows come above and below the floor while it moves up and down. In the end a sweep finds all that are left.
func TestSweepsOverlookNothing(t *testing.T) {
	const (
		values  = 1000
		writers = 4
		writes  = 500
	)
	tbl := newMemTable(t)
	x := addIndex(t, tbl, IndexConfig{Number: 1, Function: field("v")})
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for i := range writes {
				put(t, tbl, DurabilitySoft, object("id", r.IntN(300), "v", r.IntN(values)), object("id", 1000+i%7, "other", i))
			}
		})
	}
	done := make(chan struct{})
	go func() { writing.Wait(); close(done) }()
	r := rand.New(rand.NewPCG(2, 2))
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			sweepOnce(t, x, r.IntN(values), r)
		}
	}
	sweepOnce(t, x, values, nil)
	n, err := x.Count(t.Context(), IndexScan{})
	if err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("%d rows were overlooked", n)
	}
}

// BenchmarkSweepOfNothing looks for rows to delete after many have been.
func BenchmarkSweepOfNothing(b *testing.B) {
	tbl := newMemTable(b)
	x := addIndex(b, tbl, IndexConfig{Number: 1, Function: field("v")})
	sweep := func(del bool) {
		s, err := x.Sweep(b.Context(), datum.Int(-1), datum.Int(0))
		if err != nil {
			b.Fatal(err)
		}
		for {
			row, ok, err := s.Next(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if !ok {
				break
			}
			if !del {
				b.Fatal("there is something")
			}
			key, _ := row.Get("id")
			if _, err := tbl.Write(b.Context(), WriteRequest{Keys: []datum.Value{key}, Durability: DurabilitySoft,
				Update: func(int, datum.Value) (datum.Value, error) { return datum.Value{}, nil }}); err != nil {
				b.Fatal(err)
			}
			s.Deleted()
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 20_000 {
		put(b, tbl, DurabilitySoft, object("id", i, "v", -1))
	}
	sweep(true)
	b.ReportAllocs()
	for b.Loop() {
		sweep(false)
	}
}
