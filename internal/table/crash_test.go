package table

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// After a crash at any moment every acknowledged hard write is there, no later version of a row was replaced by an earlier
// one, and the count is what a scan finds.
func TestCrashUnderLoad(t *testing.T) {
	mem := storage.NewMemFS()
	tbl := createTable(t, openStore(t, "data", storage.Options{Mem: mem, CacheBytes: 16 << 20}))
	const writers, rounds, keys, crashes = 6, 120, 40, 12

	var mu sync.Mutex
	acked := make(map[int]int) // row → version that is durable
	next := make(map[int]int)
	type crash struct {
		fs    *storage.MemFS
		acked map[int]int
	}
	var crashed []crash
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 7))
			for i := range rounds {
				var ks []int
				for range 1 + r.IntN(5) {
					ks = append(ks, r.IntN(keys))
				}
				hard := r.IntN(3) > 0
				req := WriteRequest{Durability: DurabilitySoft}
				if hard {
					req.Durability = DurabilityHard
				}
				written := make([]int, len(ks))
				for _, k := range ks {
					req.Keys = append(req.Keys, datum.Int(int64(k)))
				}
				req.Update = func(i int, _ datum.Value) (datum.Value, error) {
					mu.Lock()
					defer mu.Unlock()
					k := ks[i]
					next[k]++
					written[i] = next[k]
					// A third of the versions has no row.
					if next[k]%3 == 0 {
						return datum.Value{}, nil
					}
					return object("id", k, "version", next[k], "fill", fmt.Sprintf("%0500d", next[k])), nil
				}
				if _, err := tbl.Write(context.Background(), req); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if hard {
					for i, k := range ks {
						acked[k] = max(acked[k], written[i])
					}
				}
				if i%(writers*rounds/crashes/writers) == w {
					c := crash{acked: make(map[int]int)}
					for k, v := range acked {
						c.acked[k] = v
					}
					c.fs = mem.Crash()
					crashed = append(crashed, c)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(crashed) == 0 {
		t.Fatal("no crash")
	}
	for i, c := range crashed {
		t.Run(fmt.Sprint("crash ", i), func(t *testing.T) {
			again, err := Open(openStore(t, "data", storage.Options{Mem: c.fs}), tbl.Config())
			if err != nil {
				t.Fatal(err)
			}
			if n, rows := count(t, again), len(scan(t, again, ScanOptions{})); n != int64(rows) {
				t.Errorf("count %d, a scan finds %d", n, rows)
			}
			for k, want := range c.acked {
				row := get(t, again, k)
				version, ok := row.Get("version")
				switch {
				case row.IsAbsent() && want%3 != 0 && next[k] <= want:
					t.Errorf("row %d is lost, version %d was acknowledged", k, want)
				case ok && int(version.AsNumber()) < want:
					t.Errorf("row %d has version %v, %d was acknowledged", k, version.AsNumber(), want)
				}
			}
			put(t, again, DurabilityHard, object("id", "after"))
		})
	}
}

func TestReopenKeepsCountAndOrder(t *testing.T) {
	dir := t.TempDir()
	var config Config
	for round := range 3 {
		func() {
			store, err := storage.Open(dir, storage.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			}()
			var tbl *Table
			if round == 0 {
				tbl = createTable(t, store)
				config = tbl.Config()
			} else if tbl, err = Open(store, config); err != nil {
				t.Fatal(err)
			}
			if n := count(t, tbl); n != int64(100*round) {
				t.Errorf("round %d: count %d", round, n)
			}
			for i := range 100 {
				put(t, tbl, DurabilitySoft, object("id", round*100+i))
			}
			if n := len(scan(t, tbl, ScanOptions{})); n != 100*(round+1) {
				t.Errorf("round %d: a scan finds %d rows", round, n)
			}
		}()
	}
}
