package catalog

import (
	"reflect"
	"testing"

	"rethinkdb/internal/replication"
)

// A record keeps the repairs of a table's groups, of which the last of each counts.
func TestRepairsAreRecorded(t *testing.T) {
	c := TableConfig{ID: "t", Shards: []ShardConfig{{Primary: "a", Replicas: []ServerID{"a"}}}}
	for era := range replication.Era(3) {
		c.SetRepair(GroupRepair{Group: 7, Repair: replication.Repair{
			Era: era + 1, First: "a", Last: replication.LogPosition{Term: 1<<63 + 5, Index: 1 << 60}, Others: []replication.ServerID{"b", "c"},
		}})
	}
	c.SetRepair(GroupRepair{Group: 8, Repair: replication.Repair{Era: 1, First: "b", Erase: true}})
	got, err := decodeTable("t", encodeTable(c))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Repairs, c.Repairs) || len(got.Repairs) != 2 {
		t.Errorf("%+v became %+v", c.Repairs, got.Repairs)
	}
	if got.Repair(7).Era != 3 || got.Repair(8).First != "b" || got.Repair(9) != nil {
		t.Errorf("the repairs are %+v, %+v, %+v", got.Repair(7), got.Repair(8), got.Repair(9))
	}
}
