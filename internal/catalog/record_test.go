package catalog

import (
	"net/netip"
	"testing"

	"rethinkdb/internal/access"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// FuzzRecords reads damaged records. They must be errors, never panics, and what is read must be complete.
func FuzzRecords(f *testing.F) {
	shard := ShardConfig{Primary: "a", Replicas: []ServerID{"b", "a"}, NonVoting: []ServerID{"b"}}
	config := TableConfig{
		ID: "t", Name: "n", Database: "d", PrimaryKey: "id", Durability: Hard, WriteAcks: AckSingle,
		Shards: []ShardConfig{shard, shard}, SplitPoints: UUIDSplits(2), Indexes: []Index{{Name: "i", Number: 1, Definition: []byte("f"), Ready: true}}, LastIndex: 1,
		WriteHook: datum.String("hook"), Groups: []storage.GroupID{1, 1 << 31},
	}
	f.Add(encodeTable(config))
	config.TTL = &TTL{Index: "i", Seconds: 1.5}
	f.Add(encodeTable(config))
	config.Indexes[0].Unique, config.Indexes[0].Ready = true, false
	config.Indexes[0].NotUnique = &table.NotUniqueError{First: datum.Int(1), Second: datum.String("b")}
	f.Add(encodeTable(config))
	config.SetRepair(GroupRepair{Group: 1, Repair: replication.Repair{Era: 1, First: "a", Others: []replication.ServerID{"b"}}})
	f.Add(encodeTable(config))
	config.Parts, config.Moves = []int{0, 1}, 1
	config.Move = &Move{Number: 1, From: Layout{Shards: []ShardConfig{shard}, Groups: []storage.GroupID{3}}, Placed: []bool{true, false}, Copier: []uint64{9}, Copied: []bool{true}, Joined: []bool{true, false}, Sealed: []bool{false}}
	config.Starts = []table.HistoryPlace{{}, {Epoch: 1 << 63, Index: 7}}
	config.Past = []table.Division{{Groups: []storage.GroupID{2, 8}, Splits: []string{"k"}, Parts: []int{1, 0}, Starts: config.Starts}}
	f.Add(encodeTable(config))
	f.Add(encodeServer(Server{ID: "s", Name: "n", Tags: []string{"default"}, CacheBytes: AutoCache}))
	f.Add(encodeCluster(Cluster{HeartbeatTimeout: DefaultHeartbeatTimeout}))
	f.Add(encodeAccess(access.Lists{access.Web: {netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}))
	f.Add(encodeDatabase("d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decodeTable("t", b); err == nil && len(c.SplitPoints) != len(c.Shards)-1 {
			t.Errorf("a record became %+v", c)
		}
		if _, err := decodeDatabase("d", b); err == nil && len(b) == 0 {
			t.Error("nothing is a database")
		}
		_, _ = decodeServer(keyServer, b)
		_, _ = decodeCluster(b)
		if lists, err := decodeAccess(b); err == nil {
			for _, n := range lists[access.Driver] {
				if !n.IsValid() {
					t.Errorf("a record has the network %v", n)
				}
			}
		}
	})
}
