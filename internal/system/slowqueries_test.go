package system

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func TestSlowQueries(t *testing.T) {
	var kept exec.SlowQueries
	kept.Add(exec.SlowQuery{
		Ended: time.Unix(1000, 500), Shape: "r.table(\"t\").count()", Work: 250 * time.Millisecond, Outcome: "finished",
		Read: 5, Returned: 1, Batches: 1, User: "bob", Peer: netip.MustParseAddrPort("[::ffff:127.0.0.1]:4711"),
	})
	kept.Add(exec.SlowQuery{Ended: time.Unix(2000, 0), Shape: "r.expr(?)", Work: time.Second, Outcome: "error", Unlogged: 3, User: "admin"})
	w := newWorld(t, func(o *Options) { o.SlowQueries = &kept })
	want := []string{
		`{"batches":1,"client_address":"127.0.0.1","client_port":4711,"id":["1970-01-01T00:16:40.000000500","$server"],"outcome":"finished",` +
			`"query":"r.table(\"t\").count()","read":5,"returned":1,"server":"alpha",` +
			`"timestamp":{"$reql_type$":"TIME","epoch_time":1000,"timezone":"+00:00"},"unlogged":0,"user":"bob","work_sec":0.25,"written":0}`,
		`{"batches":0,"client_address":null,"client_port":null,"id":["1970-01-01T00:33:20.000000000","$server"],"outcome":"error",` +
			`"query":"r.expr(?)","read":0,"returned":0,"server":"alpha",` +
			`"timestamp":{"$reql_type$":"TIME","epoch_time":2000,"timezone":"+00:00"},"unlogged":3,"user":"admin","work_sec":1,"written":0}`,
	}
	if got := w.rows(w.system("slow_queries"), table.ScanOptions{}); !slices.Equal(got, want) {
		t.Errorf("the rows are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if names, err := w.Tables(exec.DB{ID: DatabaseID}); err != nil || slices.Contains(names, "slow_queries") {
		t.Errorf("the tables are %v, %v", names, err)
	}
}

func TestSlowQueriesTakeARightToRead(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.SlowQueries = new(exec.SlowQueries)
		o.SlowQueries.Add(exec.SlowQuery{Shape: "r.expr(?)", User: "admin"})
	})
	if r, err := w.insert(w.system("users"), `{"id":"bob","password":false}`); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	bob := &exec.Client{User: "bob"}
	if _, err := w.Grant(ctx, w.admin, nil, "", "bob", w.value(`{"read":true,"config":true}`)); err != nil {
		t.Fatal(err)
	}
	tbl := w.as(bob, "slow_queries", "")
	_, err := tbl.Count(ctx, table.ReadOptions{})
	wantError(t, err, reql.Permission, "User `bob` does not have the required `read` permission.")
	system := exec.DB{ID: DatabaseID, Name: "rethinkdb"}
	if _, err := w.Grant(ctx, w.admin, &system, "slow_queries", "bob", w.value(`{"read":true}`)); err != nil {
		t.Fatal(err)
	}
	if n, err := tbl.Count(ctx, table.ReadOptions{}); err != nil || n != 1 {
		t.Errorf("bob counts %d, %v", n, err)
	}
}

func TestSlowQueriesThatAreNotRecorded(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.SlowQueries = nil })
	_, err := w.system("slow_queries").Count(ctx, table.ReadOptions{})
	wantError(t, err, reql.OpFailed, "Slow queries are not recorded. To record those that take more than 100 ms, start the server with "+
		"`--slow-query-log 100`, or with the line `slow-query-log=100` in its configuration file.")
}

func TestServerUsage(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Usage = func() Usage {
			return Usage{MemoryBytes: 100, MemoryTotalBytes: 1000, DiskFreeBytes: 200, DiskTotalBytes: 300}
		}
	})
	row := w.rows(w.system("server_usage"), table.ScanOptions{})[0]
	for _, part := range []string{`"process":{"memory_bytes":100,"memory_total_bytes":1000}`, `"free_bytes":200,"total_bytes":300,"used_bytes":`, `"size_bytes":16777216`} {
		if !strings.Contains(row, part) {
			t.Errorf("the server's row has no %s: %s", part, row)
		}
	}
}
