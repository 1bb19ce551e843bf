package catalog

import (
	"errors"
	"testing"

	"rethinkdb/internal/metadata"
)

// The level rises when all servers are there and know it, and what is older is not let in then.
func TestLevel(t *testing.T) {
	w := newWorld(t)
	join := func(name string, level Level) (ServerID, error) {
		s := Server{ID: ServerID(NewUUID()), Name: name, CacheBytes: AutoCache, Presence: Presence{Program: "p", Level: level}}
		return s.ID, w.AddMember(t.Context(), s)
	}
	raise := func(want Level) {
		t.Helper()
		before := w.Snapshot().Level()
		raised, err := w.RaiseLevel(t.Context())
		if err != nil || w.Snapshot().Level() != want || (raised != 0) != (want != before) {
			t.Errorf("the level is %d, raised to %d, %v; it should be %d", w.Snapshot().Level(), raised, err, want)
		}
	}
	self := w.Snapshot().Server().ID
	if err := w.Heard(t.Context(), self, Presence{Level: 4}); err != nil {
		t.Fatal(err)
	}
	other, err := join("other", 0) // a program that does not tell
	if err != nil {
		t.Fatal(err)
	}
	w.SetConnected([]ServerID{other})
	raise(1)
	if err := w.Heard(t.Context(), other, Presence{Level: 3}); err != nil {
		t.Fatal(err)
	}
	w.SetConnected(nil)
	raise(1) // the other one is away, and may come back as it was
	w.SetConnected([]ServerID{other})
	raise(3)
	raise(3)
	tooOld := &TooOldError{}
	if _, err := join("old", 1); !errors.As(err, &tooOld) || *tooOld != (TooOldError{3, 1}) {
		t.Errorf("a server of level 1 joins: %v", err)
	}
	if _, err := join("new", 3); err != nil {
		t.Error(err)
	}
	w.Close()
	tooNew := &TooNewError{}
	_, err = Open(t.Context(), Options{Store: w.store, Metadata: openMetadata(t, w.store), NewServer: Server{Name: "alpha"}})
	if !errors.As(err, &tooNew) || *tooNew != (TooNewError{3, KnownLevel()}) {
		t.Errorf("a program that knows level %d opens it: %v", KnownLevel(), err)
	}
}

// A server that is alone raises the level. When it joins a cluster that is at the first one, which is nowhere written down, it is at that.
func TestLevelOfACluster(t *testing.T) {
	w := newWorld(t)
	if err := w.Heard(t.Context(), w.Snapshot().Server().ID, Presence{Level: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.RaiseLevel(t.Context()); err != nil || w.Snapshot().Level() != 2 {
		t.Fatalf("a server alone is at level %d (%v)", w.Snapshot().Level(), err)
	}
	err := w.change(t.Context(), func(*Snapshot) ([]metadata.Change, error) { return []metadata.Change{remove(keyLevel)}, nil })
	if err != nil || w.Snapshot().Level() != firstLevel {
		t.Errorf("the server is at level %d (%v), which the cluster does not have", w.Snapshot().Level(), err)
	}
}
