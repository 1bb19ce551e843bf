package metadata

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

func open(t *testing.T, mem *storage.MemFS) (*Store, *storage.Store) {
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
	s, err := Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, store
}

// watcher keeps the changes that it is told of, and checks that reads show them and that the version does not yet.
type watcher struct {
	t    *testing.T
	of   *Store
	seen []Change
}

func (w *watcher) MetadataChanged(changes []Change) {
	for _, c := range changes {
		value, found, err := w.of.MetaGet(c.Key)
		if err != nil || found != (c.Value != nil) && w.of.Raft() == nil {
			w.t.Errorf("a watcher of %q = %q reads %q, %v, %v", c.Key, c.Value, value, found, err)
		}
	}
	w.seen = append(w.seen, changes...)
}

func TestChanges(t *testing.T) {
	mem := storage.NewMemFS()
	s, _ := open(t, mem)
	w := &watcher{t: t, of: s}
	s.Watch(w)
	base := s.Version()
	if err := s.Change(t.Context(), base, Change{"a", []byte("1")}, Change{"b", []byte("2")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Change(t.Context(), base, Change{"a", []byte("3")}); !errors.Is(err, ErrStale) {
		t.Errorf("a change of an old version gives %v", err)
	}
	if err := s.Change(t.Context(), s.Version(), Change{Key: "a"}); err != nil {
		t.Fatal(err)
	}
	if len(w.seen) != 3 {
		t.Errorf("the watcher has seen %v", w.seen)
	}
	again, _ := open(t, mem.Crash())
	if again.Version() != s.Version() {
		t.Errorf("after a crash the version is %d, not %d", again.Version(), s.Version())
	}
	if _, found, err := again.MetaGet("a"); found || err != nil {
		t.Errorf("after a crash there is the deleted key: %v, %v", found, err)
	}
	if v, _, err := again.MetaGet("b"); string(v) != "2" || err != nil {
		t.Errorf("after a crash b is %q, %v", v, err)
	}
}

// A number that many increment, each on what it has seen, loses nothing.
func TestNoLostUpdate(t *testing.T) {
	s, _ := open(t, storage.NewMemFS())
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				increment(t, s)
				if err := s.MetaSet(context.Background(), "other", []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if v, _, err := s.MetaGet("catalog/n"); string(v) != fmt.Sprint(writers*each) || err != nil {
		t.Errorf("%d increments give %q, %v", writers*each, v, err)
	}
}
