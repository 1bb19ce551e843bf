package table

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

func uniqueField(number uint32, name string) IndexConfig {
	return IndexConfig{Number: number, Unique: true, Function: field(name), Name: func() string { return name }, Ready: true}
}

// registration is an attempt to get a name for an account.
type registration struct{ account, name int }

func (r registration) row() datum.Value { return object("id", r.account, "name", r.name) }

func register(t *testing.T, tbl *Table, d Durability, all ...registration) []WriteResult {
	t.Helper()
	req := WriteRequest{Durability: d, Update: func(i int, _ datum.Value) (datum.Value, error) { return all[i].row(), nil }}
	for _, r := range all {
		req.Keys = append(req.Keys, value(r.account))
	}
	results, err := tbl.Write(context.Background(), req)
	if err != nil {
		t.Error(err)
	}
	return results
}

// Many clients register names. Whoever was told that it has got a name has it, alone, also after a crash at any moment, also
// when the index was being built then.
func TestUniqueCrashUnderLoad(t *testing.T) {
	for _, ready := range []bool{true, false} {
		t.Run(fmt.Sprint("ready ", ready), func(t *testing.T) {
			mem := storage.NewMemFS()
			tbl := createTable(t, openStore(t, "data", storage.Options{Mem: mem, CacheBytes: 16 << 20}))
			var building sync.WaitGroup
			config := uniqueField(1, "name")
			config.Ready = ready
			x, err := tbl.AddIndex(context.Background(), config)
			if err != nil {
				t.Fatal(err)
			}
			if !ready {
				building.Go(func() {
					if err := x.Build(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			type crash struct {
				fs    *storage.MemFS
				acked map[int]int
			}
			var mu sync.Mutex
			acked := map[int]int{} // name → account
			var crashed []crash
			var account atomic.Int64
			var wg sync.WaitGroup
			for w := range 6 {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(w), 7))
					for i := range 60 {
						var all []registration
						for range 1 + r.IntN(4) {
							all = append(all, registration{int(account.Add(1)), r.IntN(400)})
						}
						d := Durability(1 + r.IntN(2))
						results := register(t, tbl, d, all...)
						mu.Lock()
						for n, res := range results {
							if res.Err != nil {
								continue
							}
							if d == DurabilityHard {
								acked[all[n].name] = all[n].account
							}
						}
						if i%20 == 10 {
							crashed = append(crashed, crash{acked: maps.Clone(acked), fs: mem.Crash()})
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			building.Wait()
			for _, c := range crashed {
				again, err := Open(openStore(t, "data", storage.Options{Mem: c.fs}), tbl.Config())
				if err != nil {
					t.Fatal(err)
				}
				addIndex(t, again, config)
				checkNames(t, again, c.acked)
			}
		})
	}
}

// checkNames checks that names belong to one account each, as promised.
func checkNames(t *testing.T, tbl *Table, promised map[int]int) {
	t.Helper()
	names := map[int]int{}
	for _, key := range scan(t, tbl, ScanOptions{}) {
		account := int(key.AsNumber())
		v, _ := get(t, tbl, account).Get("name")
		name := int(v.AsNumber())
		if other, taken := names[name]; taken {
			t.Errorf("accounts %d and %d have the name %d", other, account, name)
		}
		names[name] = account
	}
	for name, account := range promised {
		if names[name] != account {
			t.Errorf("account %d has lost the name %d to %d", account, name, names[name])
		}
		var dup *DuplicateError
		err := register(t, tbl, DurabilitySoft, registration{1_000_000, name})[0].Err
		if !errors.As(err, &dup) || !datum.Equal(dup.Holder, registration{account, name}.row()) {
			t.Errorf("the name %d of account %d was given away: %v", name, account, err)
		}
	}
}

// The index of a unique field is read like any other.
func TestUniqueScan(t *testing.T) {
	tbl := newMemTable(t)
	x := addIndex(t, tbl, uniqueField(1, "name"))
	register(t, tbl, DurabilitySoft, registration{1, 7}, registration{2, 5}, registration{3, 7}, registration{4, 6})
	rows, err := x.Scan(t.Context(), IndexScan{Range: Range{Low: value(6)}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := drain(t.Context(), rows)
	if err := errors.Join(err, rows.Close()); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || !datum.Equal(keys[0], value(4)) || !datum.Equal(keys[1], value(1)) {
		t.Errorf("rows %v, want 4 and 1", keys)
	}
}
