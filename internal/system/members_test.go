package system

import (
	"errors"
	"slices"
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// A server that is away is in cluster_members, until somebody deletes its row. Before, the tables have to do without it.
func TestMembers(t *testing.T) {
	w := newWorld(t)
	there, away := w.join("there", true), w.join("away", false)
	members := w.system("cluster_members")
	want := []string{
		`{"connected":true,"id":"$server","level":0,"name":"alpha","program":"","tables":["test.tbl"],"votes":true}`,
		`{"connected":true,"id":"` + string(there) + `","level":0,"name":"there","program":"","tables":[],"votes":false}`,
		`{"connected":false,"id":"` + string(away) + `","level":0,"name":"away","program":"","tables":[],"votes":false}`,
	}
	got := w.rows(members, table.ScanOptions{})
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the members are %q, not %q", got, want)
	}
	key := `"` + string(away) + `"`
	r, err := w.update(members, key, `{"name":"x"}`)
	wantError(t, errors.Join(err, r.Err), reql.OpFailed, "The `rethinkdb.cluster_members` system table only allows deletions, not inserts or updates.")
	r, err = w.remove(members, `"`+string(there)+`"`)
	wantError(t, errors.Join(err, r.Err), reql.OpFailed, "Server `there` is connected. Stop it before you remove it from the cluster.")

	place := func(servers ...catalog.ServerID) {
		t.Helper()
		_, _, err := w.catalog.UpdateTable(ctx, catalog.TableID(w.tbl), func(_ *catalog.Snapshot, c *catalog.TableConfig) error {
			c.Shards = []catalog.ShardConfig{{Primary: servers[0], Replicas: servers}}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	self := catalog.ServerID(w.server)
	place(self, away)
	r, err = w.remove(members, key)
	wantError(t, errors.Join(err, r.Err), reql.OpFailed, "Server `away` has replicas of the table `test.tbl`. Give them to other servers first, with `reconfigure`; or with its option `emergency_repair` where a majority of the replicas is lost.")
	place(self)
	if r, err = w.remove(members, key); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	if _, ok := w.catalog.Snapshot().Member(away); ok {
		t.Error("the server is still a member")
	}
	if r, err = w.remove(members, key); err != nil || r.Err != nil {
		t.Errorf("the second time: %v, %v", err, r.Err)
	}
}

func TestTableList(t *testing.T) {
	many := make([]string, maxTablesTold+1)
	for i := range many {
		many[i] = "d.t"
	}
	if got := tableList(many); got != "the tables `d.t`, `d.t`, `d.t`, `d.t`, `d.t`, `d.t`, `d.t`, `d.t`, `d.t`, `d.t` and others" {
		t.Error(got)
	}
}
