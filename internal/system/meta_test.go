package system

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func one(shards int) exec.TableOptions {
	return exec.TableOptions{Shards: shards, HasReplicas: true, Replicas: 1}
}

func (w *world) fill(name string, n int) {
	w.t.Helper()
	tbl, err := w.Table(w.admin, w.testDB(), name, "")
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range n {
		row := object(field("id", datum.Int(int64(i))))
		if r, err := w.put(tbl, datum.Int(int64(i)), false, func(datum.Value) datum.Value { return row }); err != nil || r.Err != nil {
			w.t.Fatal(err, r.Err)
		}
	}
}

func (w *world) want(got datum.Value, err error, want string) {
	w.t.Helper()
	if err != nil {
		w.t.Errorf("got error %v, want %s", err, want)
		return
	}
	if s := w.json(got); s != want {
		w.t.Errorf("got  %s\nwant %s", s, want)
	}
}

func shardRows(n int) (config, status string) {
	return strings.TrimSuffix(strings.Repeat(`{"nonvoting_replicas":[],"primary_replica":"alpha","replicas":["alpha"]},`, n), ","),
		strings.TrimSuffix(strings.Repeat(`{"primary_replicas":["alpha"],"replicas":[{"server":"alpha","state":"ready"}]},`, n), ",")
}

func configRow(shards int) string {
	s, _ := shardRows(shards)
	return `{"db":"test","durability":"hard","id":"$tbl","indexes":[],"name":"tbl","primary_key":"id","shards":[` + s +
		`],"write_acks":"majority","write_hook":null}`
}

func statusRow(shards int, ready string) string {
	_, s := shardRows(shards)
	return `{"db":"test","id":"$tbl","name":"tbl","raft_leader":"alpha","shards":[` + s + `],"status":{"all_replicas_ready":` + ready +
		`,"ready_for_outdated_reads":true,"ready_for_reads":true,"ready_for_writes":true}}`
}

func changeRow(newVal, oldVal string) string {
	return `[{"new_val":` + newVal + `,"old_val":` + oldVal + `}]`
}

func TestDatabasesAndTables(t *testing.T) {
	w := newWorld(t)
	got, err := w.DBCreate(ctx, w.admin, "d")
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Database("d")
	if err != nil {
		t.Fatal(err)
	}
	w.want(got, nil, `{"config_changes":[{"new_val":{"id":"`+d.ID+`","name":"d"},"old_val":null}],"dbs_created":1}`)
	if names := w.Databases(); !slices.Equal(names, []string{"d", "rethinkdb", "test"}) {
		t.Errorf("the databases are %v", names)
	}
	got, err = w.TableDrop(ctx, w.admin, w.testDB(), "tbl")
	w.want(got, err, `{"config_changes":`+changeRow("null", configRow(1))+`,"tables_dropped":1}`)
	for _, name := range []string{"b", "a"} {
		if _, err := w.TableCreate(ctx, w.admin, d, name, exec.TableOptions{HasPrimaryKey: true, Durability: table.DurabilitySoft}); err != nil {
			t.Fatal(err)
		}
	}
	names, err := w.Tables(d)
	if err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("the tables are %v, %v", names, err)
	}
	if a, err := w.Table(w.admin, d, "a", ""); err != nil || a.PrimaryKey() != "" {
		t.Errorf("the table is %v, %v", a, err)
	}
	got, err = w.DBDrop(ctx, w.admin, "d")
	w.want(got, err, `{"config_changes":[{"new_val":null,"old_val":{"id":"`+d.ID+`","name":"d"}}],"dbs_dropped":1,"tables_dropped":2}`)
	_, err = w.Tables(d)
	wantError(t, err, reql.OpFailed, "Database `d` does not exist.")
}

func TestNameErrors(t *testing.T) {
	w := newWorld(t)
	system := exec.DB{ID: DatabaseID, Name: "rethinkdb"}
	special := "Database `rethinkdb` is special; "
	for name, c := range map[string]struct {
		do   func() error
		want string
	}{
		"db":                  {func() error { _, err := w.Database("x"); return err }, "Database `x` does not exist."},
		"db_create":           {func() error { _, err := w.DBCreate(ctx, w.admin, "test"); return err }, "Database `test` already exists."},
		"db_create rethinkdb": {func() error { _, err := w.DBCreate(ctx, w.admin, "rethinkdb"); return err }, "Database `rethinkdb` already exists."},
		"db_drop":             {func() error { _, err := w.DBDrop(ctx, w.admin, "x"); return err }, "Database `x` does not exist."},
		"db_drop rethinkdb":   {func() error { _, err := w.DBDrop(ctx, w.admin, "rethinkdb"); return err }, special + "you can't delete it."},
		"table":               {func() error { _, err := w.Table(w.admin, w.testDB(), "x", ""); return err }, "Table `test.x` does not exist."},
		"system table":        {func() error { _, err := w.Table(w.admin, system, "x", ""); return err }, "Table `rethinkdb.x` does not exist."},
		"table_create": {func() error {
			_, err := w.TableCreate(ctx, w.admin, w.testDB(), "tbl", exec.TableOptions{})
			return err
		},
			"Table `test.tbl` already exists."},
		"table_create rethinkdb": {func() error { _, err := w.TableCreate(ctx, w.admin, system, "x", exec.TableOptions{}); return err },
			special + "you can't create new tables in it."},
		"table_drop":           {func() error { _, err := w.TableDrop(ctx, w.admin, w.testDB(), "x"); return err }, "Table `test.x` does not exist."},
		"table_drop rethinkdb": {func() error { _, err := w.TableDrop(ctx, w.admin, system, "users"); return err }, special + "you can't drop tables in it."},
		"config":               {func() error { _, _, err := w.ConfigRow(w.admin, w.testDB(), "x"); return err }, "Table `test.x` does not exist."},
		"config rethinkdb":     {func() error { _, _, err := w.ConfigRow(w.admin, system, ""); return err }, special + "you can't configure it."},
		"config users":         {func() error { _, _, err := w.ConfigRow(w.admin, system, "users"); return err }, special + "you can't configure the tables in it."},
		"status":               {func() error { _, _, err := w.StatusRow(w.admin, w.testDB(), "x"); return err }, "Table `test.x` does not exist."},
		"status users": {func() error { _, _, err := w.StatusRow(w.admin, system, "users"); return err },
			special + "the system tables in it don't have meaningful status information."},
		"wait": {func() error { _, err := w.Wait(ctx, w.testDB(), "x", exec.WaitOptions{}); return err }, "Table `test.x` does not exist."},
		"wait rethinkdb": {func() error { _, err := w.Wait(ctx, system, "", exec.WaitOptions{}); return err },
			special + "the system tables in it are always available and don't need to be waited on."},
		"reconfigure": {func() error { _, err := w.Reconfigure(ctx, w.admin, w.testDB(), "x", one(1)); return err }, "Table `test.x` does not exist."},
		"reconfigure users": {func() error { _, err := w.Reconfigure(ctx, w.admin, system, "users", one(1)); return err },
			special + "you can't configure the tables in it."},
		"rebalance": {func() error { _, err := w.Rebalance(ctx, w.admin, w.testDB(), "x"); return err }, "Table `test.x` does not exist."},
		"rebalance users": {func() error { _, err := w.Rebalance(ctx, w.admin, system, "users"); return err },
			special + "you can't rebalance the tables in it."},
		"placement": {func() error {
			_, err := w.TableCreate(ctx, w.admin, w.testDB(), "x", exec.TableOptions{HasReplicas: true})
			return err
		},
			"You must set `replicas` to at least one. `replicas` includes the primary replica; if there are zero replicas, there is nowhere to put the data."},
		"emergency_repair": {func() error {
			_, err := w.Reconfigure(ctx, w.admin, w.testDB(), "tbl", exec.TableOptions{HasEmergencyRepair: true, EmergencyRepair: "unsafe_rollback"})
			return err
		}, "This table doesn't need to be repaired."},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, c.do(), reql.OpFailed, c.want) })
	}
}

func TestReconfigure(t *testing.T) {
	w := newWorld(t)
	same := changeRow(configRow(1), configRow(1))
	dry := one(1)
	dry.DryRun = true
	got, err := w.Reconfigure(ctx, w.admin, w.testDB(), "tbl", dry)
	w.want(got, err, `{"config_changes":`+same+`,"reconfigured":0}`)
	got, err = w.Reconfigure(ctx, w.admin, w.testDB(), "tbl", one(1))
	w.want(got, err, `{"config_changes":`+same+`,"reconfigured":1,"status_changes":`+changeRow(statusRow(1, "true"), statusRow(1, "true"))+`}`)
	got, err = w.Reconfigure(ctx, w.admin, w.testDB(), "tbl", one(2))
	w.want(got, err, `{"config_changes":`+changeRow(configRow(2), configRow(1))+`,"reconfigured":1,"status_changes":`+
		changeRow(statusRow(2, "false"), statusRow(1, "true"))+`}`)
	got, err = w.Wait(ctx, w.testDB(), "", exec.WaitOptions{})
	w.want(got, err, `{"ready":1}`)
	tbl, err := w.Table(w.admin, w.testDB(), "tbl", "")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := tbl.DocCountEstimates(ctx); err != nil || len(n) != 2 {
		t.Errorf("the table estimates %v, %v", n, err)
	}
}

func TestShardsDivideTheRowsThereAre(t *testing.T) {
	w := newWorld(t)
	w.fill("tbl", 40)
	for _, shards := range []int{4, 2, 3} {
		if _, err := w.Reconfigure(ctx, w.admin, w.testDB(), "tbl", one(shards)); err != nil {
			t.Fatal(err)
		}
		if shards == 3 { // more than before, so that the rows are counted again; fewer shards keep old split points
			break
		}
		cfg, _ := w.catalog.Snapshot().TableByID(catalog.TableID(w.tbl))
		var want []string
		for i := 1; i < shards; i++ {
			want = append(want, catalog.SplitKey(datum.Int(int64(40*i/shards))))
		}
		if !slices.Equal(cfg.Config.SplitPoints, want) {
			t.Errorf("%d shards are split at %q, want %q", shards, cfg.Config.SplitPoints, want)
		}
	}
}

func TestRebalance(t *testing.T) {
	w := newWorld(t)
	same := changeRow(statusRow(1, "true"), statusRow(1, "true"))
	got, err := w.Rebalance(ctx, w.admin, w.testDB(), "tbl")
	w.want(got, err, `{"rebalanced":0,"status_changes":`+same+`}`)
	w.fill("tbl", 4)
	if _, err := w.Reconfigure(ctx, w.admin, w.testDB(), "tbl", one(2)); err != nil {
		t.Fatal(err)
	}
	got, err = w.Rebalance(ctx, w.admin, w.testDB(), "")
	w.want(got, err, `{"rebalanced":1,"status_changes":`+changeRow(statusRow(2, "false"), statusRow(2, "true"))+`}`)
}

func TestWholeDatabases(t *testing.T) {
	w := newWorld(t)
	w.create("tbl2")
	got, err := w.Reconfigure(ctx, w.admin, w.testDB(), "", one(2))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := got.Get("reconfigured")
	config, _ := got.Get("config_changes")
	status, _ := got.Get("status_changes")
	if n.AsNumber() != 2 || config.Len() != 2 || status.Len() != 2 {
		t.Errorf("got %s", w.json(got))
	}
	got, err = w.Wait(ctx, w.testDB(), "", exec.WaitOptions{})
	w.want(got, err, `{"ready":2}`)
	if _, err := w.DBCreate(ctx, w.admin, "empty"); err != nil {
		t.Fatal(err)
	}
	empty, err := w.Database("empty")
	if err != nil {
		t.Fatal(err)
	}
	got, err = w.Rebalance(ctx, w.admin, empty, "")
	w.want(got, err, `{}`)
}

func TestConfigAndStatusRows(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		row  func() (exec.Table, datum.Value, error)
		want string
	}{
		{func() (exec.Table, datum.Value, error) { return w.ConfigRow(w.admin, w.testDB(), "") }, `{"id":"$db","name":"test"}`},
		{func() (exec.Table, datum.Value, error) { return w.ConfigRow(w.admin, w.testDB(), "tbl") }, configRow(1)},
		{func() (exec.Table, datum.Value, error) { return w.StatusRow(w.admin, w.testDB(), "tbl") }, statusRow(1, "true")},
	} {
		tbl, key, err := c.row()
		if err != nil {
			t.Fatal(err)
		}
		row, err := tbl.Get(ctx, key, table.ReadOptions{})
		w.want(row, err, c.want)
	}
}

func TestADroppedTableRefusesWrites(t *testing.T) {
	w := newWorld(t)
	tbl, err := w.Table(w.admin, w.testDB(), "tbl", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.TableDrop(ctx, w.admin, w.testDB(), "tbl"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.insert(tbl, `{"id":1}`); !errors.Is(err, table.ErrDropped) {
		t.Errorf("a write to a dropped table gives %v", err)
	}
}

func TestLookingUpATableDoesNotAllocate(t *testing.T) {
	w := newWorld(t)
	if n := testing.AllocsPerRun(100, func() {
		db, err := w.Database("test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Table(w.admin, db, "tbl", ""); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("looking up a table allocates %v times", n)
	}
}

// Whatever has kept a table's rows from being read, who wanted to divide them anew is told in the user's words.
func TestUnreadableRows(t *testing.T) {
	w := newWorld(t)
	tbl, _ := w.catalog.Snapshot().TableByID(catalog.TableID(w.tbl))
	notPrimary := &replication.NotPrimaryError{Leader: "a"}
	for _, reason := range []error{notPrimary, table.ErrNoQuorum, table.ErrLostContact, table.ErrMoved} {
		err := unreachable(fmt.Errorf("scan: %w", reason), tbl, "The table was not reconfigured.")
		wantError(t, err, reql.OpFailed, "The server(s) hosting table `test.tbl` are currently unreachable. The table was not reconfigured. If you do not expect the server(s) "+
			"to recover, you can use `emergency_repair` to restore availability of the table. <http://rethinkdb.com/api/javascript/reconfigure/#emergency-repair-mode>")
	}
	for _, reason := range []error{notPrimary, table.ErrNoQuorum} {
		wantError(t, catalog.ChangeError(fmt.Errorf("change: %w", reason)), reql.OpFailed, "A majority of the servers of the cluster is currently unreachable. Nothing was changed."+
			" If they are lost for good, `rethinkdb admin recover metadata` lets the others go on.")
	}
	if err := unreachable(table.ErrDropped, tbl, ""); !errors.Is(err, catalog.ErrTableGone) {
		t.Errorf("a table that was dropped gives %v", err)
	}
}
