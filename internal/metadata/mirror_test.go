package metadata

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// mirrorOf opens a mirror of a store, which is told until the test ends or stop is called.
func mirrorOf(t *testing.T, of *Store) (m *Store, stop func()) {
	t.Helper()
	m, _ = open(t, storage.NewMemFS())
	set(t, m, "catalog/own", "before it was a mirror")
	set(t, m, "catalog/server", "its own")
	err := m.Mirror(t.Context(), func(ctx context.Context, _ replication.ServerID, base Version, changes []Change) (Version, error) {
		return of.Decide(ctx, base, changes)
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var told sync.WaitGroup
	told.Go(func() {
		err := of.Observe(ctx, func(u Update) error { return m.Take(ctx, u) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("telling the mirror has ended: %v", err)
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		told.Wait()
	})
	t.Cleanup(stop)
	<-m.Mirrored()
	return m, stop
}

func set(t *testing.T, s *Store, key, value string) {
	t.Helper()
	if err := s.MetaSet(t.Context(), key, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, s *Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := s.eachShared(func(key string, value []byte) error {
		all[key] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A mirror has what the store has, whoever changes it, and nothing of what it had before but what is its own.
func TestMirror(t *testing.T) {
	s, _ := open(t, storage.NewMemFS())
	set(t, s, "catalog/x", "1")
	m, _ := mirrorOf(t, s)
	if got := contents(t, m); !maps.Equal(got, contents(t, s)) {
		t.Errorf("the mirror begins with %v", got)
	}
	if v, _, err := m.MetaGet("catalog/server"); string(v) != "its own" || err != nil {
		t.Errorf("what is the mirror's own is %q, %v", v, err)
	}
	w := &watcher{t: t, of: m}
	m.Watch(w)
	set(t, s, "catalog/y", "2")
	set(t, m, "catalog/z", "3") // made by s, and seen here when it returns
	if err := m.MetaDelete(t.Context(), "catalog/x"); err != nil {
		t.Fatal(err)
	}
	if got, want := contents(t, m), contents(t, s); !maps.Equal(got, want) || len(got) != 2 {
		t.Errorf("the mirror has %v, and the store %v", got, want)
	}
	if err := m.Change(t.Context(), m.Version()-1, Change{"catalog/z", nil}); !errors.Is(err, ErrStale) {
		t.Errorf("a change of an old version gives %v", err)
	}
}

// Decisions at a mirror and at the store lose nothing of each other.
func TestNoLostUpdateAtMirror(t *testing.T) {
	s, _ := open(t, storage.NewMemFS())
	set(t, s, "catalog/n", "0")
	m, _ := mirrorOf(t, s)
	var wg sync.WaitGroup
	for _, at := range []*Store{s, m, m} {
		wg.Go(func() {
			for range 50 {
				increment(t, at)
			}
		})
	}
	wg.Wait()
	if v, _, err := s.MetaGet("catalog/n"); string(v) != "150" || err != nil {
		t.Errorf("150 increments give %q, %v", v, err)
	}
}

// A store whose metadata was replaced, by one with the same version, tells its mirrors so.
func TestMirrorOfReplaced(t *testing.T) {
	s, store := open(t, storage.NewMemFS())
	set(t, s, "catalog/x", "1")
	m, _ := mirrorOf(t, s)
	for m.Version() != s.Version() {
		m.AwaitNewer(t.Context(), m.Version())
	}
	if err := store.MetaSet(t.Context(), "catalog/x", []byte("2")); err != nil {
		t.Fatal(err)
	}
	w := &notified{make(chan struct{}, 1)}
	m.Watch(w)
	machine{s}.Restored()
	<-w.changed
	if got := contents(t, m); got["catalog/x"] != "2" {
		t.Errorf("the mirror has %v", got)
	}
}

type notified struct{ changed chan struct{} } // capacity 1

func (n *notified) MetadataChanged([]Change) {
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// A mirror that has missed many changes gets everything anew, also from a store that is behind.
func TestMirrorComesBack(t *testing.T) {
	s, _ := open(t, storage.NewMemFS())
	set(t, s, "catalog/x", "1")
	m, stop := mirrorOf(t, s)
	stop()
	ctx, cancel := context.WithCancel(t.Context())
	updates := make(chan Update)
	var told sync.WaitGroup
	told.Go(func() {
		err := s.Observe(ctx, func(u Update) error {
			select {
			case updates <- u:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	defer func() { cancel(); told.Wait() }()
	if first := <-updates; !first.Whole || len(first.Changes) != 1 {
		t.Fatalf("the first update is %+v", first)
	}
	for range 2 * maxRecent { // while nobody takes the next one
		set(t, s, "catalog/x", "2")
	}
	for u := (Update{}); u.Version < s.Version(); {
		u = <-updates
		if err := m.Take(ctx, u); err != nil {
			t.Fatal(err)
		}
	}
	if got := contents(t, m); got["catalog/x"] != "2" {
		t.Errorf("the mirror has %v", got)
	}
	if err := m.Take(ctx, Update{Version: 1 << 40, Changes: []Change{{"catalog/server", nil}}}); err == nil {
		t.Error("a mirror takes what is its own from others")
	}
}
