package catalog

import (
	"errors"
	"slices"
	"testing"
)

// A server that is away can be removed once no table depends on it. It does not come back, neither by joining again nor by what it says of itself.
func TestRemoveMember(t *testing.T) {
	w := newWorld(t)
	gone := Server{ID: ServerID(NewUUID()), Name: "gone", Tags: []string{DefaultTag}, CacheBytes: AutoCache}
	if err := w.AddMember(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if err := w.RemoveMember(t.Context(), w.Snapshot().Server().ID); !errors.Is(err, ErrConnected) {
		t.Errorf("the removal of the server itself gives %v", err)
	}
	w.SetConnected([]ServerID{gone.ID})
	if err := w.RemoveMember(t.Context(), gone.ID); !errors.Is(err, ErrConnected) {
		t.Errorf("the removal of a connected server gives %v", err)
	}
	w.SetConnected(nil)

	table := w.table(w.database("d"), "t")
	move := func(to ...ServerID) {
		t.Helper()
		_, _, err := w.UpdateTable(t.Context(), table.Config.ID, func(_ *Snapshot, c *TableConfig) error {
			c.Shards = []ShardConfig{{Primary: to[0], Replicas: to}}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	self := w.Snapshot().Server().ID
	move(self, gone.ID)
	inUse := &InUseError{}
	if err := w.RemoveMember(t.Context(), gone.ID); !errors.As(err, &inUse) || !slices.Equal(inUse.Tables, []string{"d.t"}) {
		t.Errorf("the removal of a server with a replica gives %v", err)
	}
	move(self)
	if err := w.RemoveMember(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Heard(t.Context(), gone.ID, Presence{Addresses: []string{"10.0.0.1:29015"}, Fingerprint: "f"}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time after a restart
		if _, ok := w.Snapshot().Member(gone.ID); ok || !slices.Equal(w.Snapshot().Removed(), []ServerID{gone.ID}) {
			t.Errorf("members: %v, removed: %v", w.Snapshot().Members(), w.Snapshot().Removed())
		}
		removed := &RemovedError{}
		if err := w.AddMember(t.Context(), gone); !errors.As(err, &removed) || removed.Name != "gone" {
			t.Errorf("it joins again: %v", err)
		}
		w.restart()
	}
	if err := w.RemoveMember(t.Context(), gone.ID); !errors.Is(err, ErrNoMember) {
		t.Errorf("the second removal gives %v", err)
	}
	gone.ID = ServerID(NewUUID())
	if err := w.AddMember(t.Context(), gone); err != nil {
		t.Errorf("another server of the name: %v", err)
	}
}
