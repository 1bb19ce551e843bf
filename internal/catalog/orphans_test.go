package catalog

import (
	"slices"
	"testing"
	"time"

	"rethinkdb/internal/metadata"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// A server makes the groups of a table, has the table recorded, and crashes before it hears that it was. When it is back it has the rows still; and what it had made for
// a table that was not recorded is removed.
func TestCrashBeforeTheRecordIsSeen(t *testing.T) {
	f := newFleet(t, "a", "b", "c")
	a, b := f.at("a"), f.at("b")
	d := a.database("d")
	b.await("a database", func(s *Snapshot) bool { return len(s.Databases()) == 1 })
	cfg := a.config(d, "t")
	cfg.Shards = []ShardConfig{{Primary: "a", Replicas: []ServerID{"a", "b", "c"}}}
	cfg.ID = TableID(NewUUID())
	groups, err := a.allocateGroups(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.createParts(t.Context(), groups, "id"); err != nil {
		t.Fatal(err)
	}
	cfg.Groups = groups[:1]
	b.await("the numbers of the groups", func(s *Snapshot) bool { return s.nextGroup > groups[1] })

	f.cutOff("a", true)
	var recorded error
	for until := time.Now().Add(time.Minute); time.Now().Before(until); {
		recorded = b.change(t.Context(), func(*Snapshot) ([]metadata.Change, error) {
			return []metadata.Change{set(keyTable+string(cfg.ID), encodeTable(cfg))}, nil
		})
		if recorded == nil {
			break
		}
	}
	if recorded != nil {
		t.Fatal(recorded)
	}
	a.close()
	a.open()
	if a = f.at("a"); a.Snapshot().hasGroup(groups[0]) {
		t.Fatal("the server that was cut off knows of the table")
	}
	f.cutOff("a", false)

	a.await("the table", func(s *Snapshot) bool { return s.hasGroup(groups[0]) })
	tbl, _ := a.Snapshot().TableByID(cfg.ID)
	a.untilPrimary(tbl)
	a.insert(tbl, 3)
	a.untilHas(groups[1], false)
	a.untilHas(groups[0], true)
}

// untilPrimary waits until the server has the primary replica of a table with several, as it is to be.
func (s *ship) untilPrimary(t *Table) {
	s.t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // before it is looked at again
		g, ok := t.parts[0].Group().(*replication.Raft)
		if ok && t.parts[0].Here() && sameMembers(g.Status().Members, t.everyPart()[0].members()) {
			return
		}
		if time.Now().After(until) {
			s.t.Fatalf("server %s has not got the primary replica: %+v", s.id, t.parts[0].Group())
		}
	}
}

// untilHas waits until the server has something of a group, or has not.
func (w *world) untilHas(g storage.GroupID, want bool) {
	w.t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // before it is looked at again
		groups, err := w.store.Groups()
		if err == nil && slices.Contains(groups, g) == want {
			return
		}
		if time.Now().After(until) {
			w.t.Fatalf("it should be %v that there is something of group %d; there is of %d (%v)", want, g, groups, err)
		}
	}
}

// cutOff cuts a server off from the others, or ends that.
func (f *fleet) cutOff(id ServerID, cut bool) {
	f.mu.Lock()
	f.cut[replication.ServerID(id)] = cut
	f.mu.Unlock()
	f.connect()
}
