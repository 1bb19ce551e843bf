package catalog

import (
	"reflect"
	"testing"

	"rethinkdb/internal/replication"
)

// A record says how groups begin, as long as they have not begun.
func TestFoundingsAreRecorded(t *testing.T) {
	c := TableConfig{ID: "t", Shards: []ShardConfig{{Primary: "a", Replicas: []ServerID{"a"}}}, Foundings: []Founding{
		{7, []replication.Member{{Server: "b", Voter: true}, {Server: "a"}}},
		{8, []replication.Member{{Server: "a", Voter: true}}},
	}}
	got, err := decodeTable("t", encodeTable(c))
	if err != nil || !reflect.DeepEqual(got.Foundings, c.Foundings) {
		t.Errorf("%+v became %+v (%v)", c.Foundings, got.Foundings, err)
	}
	if m := got.founders(7); len(m) != 2 || m[0].Server != "b" {
		t.Errorf("group 7 begins with %+v", m)
	}
	got.SetRepair(GroupRepair{Group: 7, Repair: replication.Repair{Era: 1, First: "a", Erase: true}})
	if m := got.founders(7); m != nil {
		t.Errorf("group 7, which was repaired, begins with %+v", m)
	}
	if m := got.founders(9); m != nil {
		t.Errorf("group 9, which has begun, begins with %+v", m)
	}
	c.Foundings[0].Members = nil
	if _, err := decodeTable("t", encodeTable(c)); err == nil {
		t.Error("a group begins with nobody")
	}
}

// When the last changes of the metadata are lost, no group begins that may have begun, and ended, in the part that is lost.
func TestNoGroupBeginsAfterARecovery(t *testing.T) {
	w := newWorld(t)
	tbl := w.table(w.database("d"), "t")
	if len(tbl.Config.Foundings) != 1 {
		t.Fatalf("a new table has the foundings %+v", tbl.Config.Foundings)
	}
	if err := w.SkipGroups(t.Context()); err != nil {
		t.Fatal(err)
	}
	if tbl, _ = w.Snapshot().TableByID(tbl.Config.ID); len(tbl.Config.Foundings) != 0 {
		t.Errorf("the table has the foundings %+v", tbl.Config.Foundings)
	}
	w.insert(tbl, 3)
}
