package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"rethinkdb/internal/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openMem(t *testing.T, mem *storage.MemFS) *storage.Store {
	t.Helper()
	s, err := storage.Open("data", storage.Options{Mem: mem})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Indexes have no gaps, and after a crash the state is that of a prefix of the commands, with all durable ones.
func TestSingle(t *testing.T) {
	mem := storage.NewMemFS()
	store := openMem(t, mem)
	g, err := Create(t.Context(), store, 7)
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 6, 40
	var mu sync.Mutex
	seen := make(map[Index]bool)
	durable := Index(0)
	var crashes []*storage.MemFS
	var promised []Index
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				b := store.NewBatch()
				b.Set(append(storage.AppendPrefix(nil, 7, storage.KindRow), fmt.Sprintf("%d-%d", w, i)...), []byte("x"))
				index, err := g.Commit(context.Background(), &Command{Batch: b, Rows: 1})
				b.Close()
				if err != nil {
					t.Error(err)
					return
				}
				hard := i%2 == 0
				if hard {
					if err := g.WaitDurable(context.Background(), index); err != nil {
						t.Error(err)
					}
				}
				mu.Lock()
				if seen[index] {
					t.Errorf("index %d twice", index)
				}
				seen[index] = true
				if hard {
					durable = max(durable, index)
				}
				if i%10 == 0 {
					promised = append(promised, durable)
					crashes = append(crashes, mem.Crash())
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i := range Index(writers * each) {
		if !seen[i+1] {
			t.Errorf("index %d is missing", i+1)
		}
	}
	if s := g.State(); s.Applied != writers*each || s.Rows != writers*each {
		t.Errorf("state %+v", s)
	}
	for i, fs := range crashes {
		again := openMem(t, fs)
		h, err := Open(again, 7)
		if err != nil {
			t.Fatal(err)
		}
		s := h.State()
		if s.Applied < promised[i] {
			t.Errorf("crash %d: applied %d, %d was durable", i, s.Applied, promised[i])
		}
		lower, upper := storage.KindRange(7, storage.KindRow)
		it, err := again.Iter(lower, upper)
		if err != nil {
			t.Fatal(err)
		}
		rows := int64(0)
		for ok := it.First(); ok; ok = it.Next() {
			rows++
		}
		if err := errors.Join(it.Err(), it.Close()); err != nil {
			t.Fatal(err)
		}
		if rows != s.Rows || int64(s.Applied) != rows {
			t.Errorf("crash %d: state %+v, %d rows", i, s, rows)
		}
	}
}

func TestOpenOfAMissingGroup(t *testing.T) {
	store := openMem(t, storage.NewMemFS())
	if _, err := Open(store, 1); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
}

func TestDropIsFinal(t *testing.T) {
	mem := storage.NewMemFS()
	store := openMem(t, mem)
	g, err := Create(t.Context(), store, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := store.NewBatch()
	defer b.Close()
	b.Set(storage.AppendPrefix(nil, 1, storage.KindRow), nil)
	if _, err := g.Commit(t.Context(), &Command{Batch: b, Rows: 1}); err != nil {
		t.Fatal(err)
	}
	if err := g.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	b.Set(storage.AppendPrefix(nil, 1, storage.KindRow), nil)
	if _, err := g.Commit(t.Context(), &Command{Batch: b, Rows: 1}); !errors.Is(err, ErrDropped) {
		t.Errorf("Commit: %v, want ErrDropped", err)
	}
	if err := g.Drop(t.Context()); err != nil {
		t.Errorf("second Drop: %v", err)
	}
	if groups, err := openMem(t, mem.Crash()).Groups(); err != nil || len(groups) != 0 {
		t.Errorf("after a crash: groups %v, %v", groups, err)
	}
}
