package catalog

import (
	"testing"
	"time"

	"rethinkdb/internal/replication"
)

// A server without replicas knows who has the primary ones: whoever is elected, wherever the configuration wants them, and whether it hears of that at once or later.
func TestWhoHasThePrimaryReplica(t *testing.T) {
	f := newFleet(t, "a", "b", "c", "d")
	a, d := f.at("a"), f.at("d")
	db := a.database("db")
	var tables []TableID
	for _, name := range []string{"t1", "t2", "t3", "t4"} {
		cfg := a.config(db, name)
		cfg.Shards = []ShardConfig{{Primary: "a", Replicas: []ServerID{"a", "b", "c"}}}
		tbl, err := a.CreateTable(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, tbl.Config.ID)
	}
	known := func(when string) {
		t.Helper()
		for _, id := range tables {
			d.await("a table", func(s *Snapshot) bool { return s.tables[id] != nil })
			for until := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // before it is looked at again
				is := f.primaryOf(id)
				told, here, ok := d.Snapshot().tables[id].Primary(d.Snapshot())
				if is != "" && ok && !here && told == is {
					break
				}
				if time.Now().After(until) {
					t.Fatalf("%s: the primary replica is on %q, and the server without replicas thinks on %q (%v)", when, is, told, ok)
				}
			}
		}
	}
	known("at first")
	f.cutOff("a", true)
	known("when the first one was lost")
	f.cutOff("a", false)
	known("when it is back")
	f.cutOff("d", true)
	f.cutOff("a", true)
	for _, id := range tables {
		for f.primaryOf(id) == "" {
			time.Sleep(time.Millisecond)
		}
	}
	f.cutOff("d", false)
	known("after a time without anybody")
}

// primaryOf is the server that can be reached and has the primary replica of a table; empty if none has.
func (f *fleet) primaryOf(id TableID) ServerID {
	for _, s := range f.servers {
		if f.apart(s.id, replication.ServerID(s.id)) {
			continue
		}
		if t := s.Snapshot().tables[id]; t != nil && t.parts[0].Here() {
			return s.id
		}
	}
	return ""
}

// What is heard late does not replace what is newer.
func TestNewsOfPrimaryReplicasOvertakeEachOther(t *testing.T) {
	p := newPrimaries()
	p.note(Lead{7, 3}, "a")
	p.note(Lead{7, 2}, "b")
	if s, _ := p.at(7); s != "a" {
		t.Errorf("it is on %s, want a", s)
	}
	p.note(Lead{7, 4}, "b")
	if s, _ := p.at(7); s != "b" {
		t.Errorf("it is on %s, want b", s)
	}
	if _, ok := p.at(8); ok {
		t.Error("nobody has said anything of another group")
	}
	if _, ok := p.since(7, 4); ok {
		t.Error("nobody has said anything of a later epoch")
	}
	if s, ok := p.since(7, 3); s != "b" || !ok {
		t.Errorf("since an earlier epoch it is on %s, want b", s)
	}
}

// What was heard of a server that turns out not to have the primary replica is forgotten, and of no other one.
func TestPrimaryReplicaIsNotThere(t *testing.T) {
	p := newPrimaries()
	p.note(Lead{Group: 7, Epoch: 2}, "a")
	p.forget(7, "b")
	if at, ok := p.at(7); at != "a" || !ok {
		t.Errorf("the primary replica is on %q (%v), and was heard of on a", at, ok)
	}
	p.forget(7, "a")
	if at, ok := p.at(7); ok {
		t.Errorf("the primary replica is thought to be on %q, where it is not", at)
	}
	p.note(Lead{Group: 7, Epoch: 1}, "c")
	if at, ok := p.at(7); at != "c" || !ok {
		t.Errorf("the primary replica is on %q (%v), and was heard of on c", at, ok)
	}
}
