package catalog

import (
	"context"
	"errors"
	"testing"
	"time"

	"rethinkdb/internal/replication"
)

// The keeper leaves tables alone in which nothing happens, and notices when something does: the primary replica of a quiescent table is moved by others, and comes back.
func TestKeeperNoticesWhatHappensToAQuiescentTable(t *testing.T) {
	f := newFleet(t, "a", "b", "c")
	a := f.at("a")
	cfg := a.config(a.database("db"), "t")
	cfg.Shards = []ShardConfig{{Primary: "a", Replicas: []ServerID{"a", "b", "c"}}}
	tbl, err := a.CreateTable(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	await := func(what string, is func() bool) {
		t.Helper()
		for until := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) { // before it is looked at again
			if time.Now().After(until) {
				t.Fatalf("waited in vain: %s", what)
			}
		}
	}
	quiescent := func() bool {
		for _, s := range f.servers {
			own := s.Snapshot().tables[tbl.Config.ID]
			if own == nil {
				return false
			}
			if _, quiescent := own.quiescence(); !quiescent {
				return false
			}
		}
		return f.primaryOf(tbl.Config.ID) == "a"
	}
	for _, to := range []replication.ServerID{"b", "c", "b"} {
		await("nothing happens any more", quiescent)
		own := a.Snapshot().tables[tbl.Config.ID]
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err := own.parts[0].Group().(*replication.Raft).TransferLeader(ctx, to)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) { // it may have come back before that is seen
			t.Fatal(err)
		}
	}
	await("nothing happens any more", quiescent)
	own := a.Snapshot().tables[tbl.Config.ID]
	number, _ := own.quiescence()
	done := doneTables{}
	if done.still(own) {
		t.Error("a table at which nobody has looked is done")
	}
	if done[tbl.Config.ID] = number; !done.still(own) {
		t.Error("nothing has happened, and the table is not done")
	}
	if done[tbl.Config.ID] = number - 1; done.still(own) {
		t.Error("something has happened, and the table is done")
	}
}
