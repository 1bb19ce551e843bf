package system

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
	"rethinkdb/internal/table"
)

// A write that is refused: of which table, how, and with what text.
type refusal struct {
	table string
	op    string // insert, update KEY, replace KEY, delete KEY
	row   string
	want  string
}

const (
	badTable  = "The change you're trying to make to `rethinkdb.table_config` has the wrong format. "
	badDB     = "The change you're trying to make to `rethinkdb.db_config` has the wrong format. "
	badServer = "The row you're trying to put into `rethinkdb.server_config` has the wrong format. "
	badAccess = "The row you're trying to put into `rethinkdb.access_config` has the wrong format. "
	hint      = "; Use A-Z, a-z, 0-9, _ and - only"
)

var refusals = []refusal{
	{"db_config", "insert", `{"name":"test"}`, "Database `test` already exists."},
	{"db_config", "insert", `{"name":"rethinkdb"}`, "Database `rethinkdb` already exists."},
	{"db_config", "insert", `{"nome":"x"}`, badDB + "Expected a field named `name`."},
	{"db_config", "insert", `{"name":"a b"}`, badDB + `In ` + "`name`" + `: "a b" is not a valid db name` + hint},
	{"db_config", "insert", `{"name":5}`, badDB + "In `name`: Expected a db name; got 5"},
	{"db_config", "insert", `{"id":"x","name":"zz"}`, badDB + "In `id`: Expected a UUID; got \"x\""},
	{"db_config", "insert", `{"id":"$tbl","name":"zz"}`, "If you want to create a new table by inserting into `rethinkdb.db_config`, you must use an auto-generated primary key."},
	{"db_config", `update "$db"`, `{"nope":1}`, badDB + "Unexpected key(s): nope"},
	{"db_config", `update "$db"`, `{"name":"rethinkdb"}`, "Cannot rename database `test` to `rethinkdb` because database `rethinkdb` already exists."},

	{"table_config", "insert", `{"db":"test","name":"tbl"}`, "Table `test.tbl` already exists."},
	{"table_config", "insert", `{"name":"x"}`, badTable + "Expected a field named `db`."},
	{"table_config", "insert", `{"name":"x","db":"nodb"}`, badTable + "Database `nodb` does not exist."},
	{"table_config", "insert", `{"name":"x","db":"a b"}`, badTable + `"a b" is not a valid database name` + hint},
	{"table_config", "insert", `{"name":"x","db":"test","indexes":["a"]}`, badTable + "The `indexes` field is read-only and can't be used to create indexes."},
	{"table_config", "insert", `{"name":"x","db":"test","primary_key":5}`, badTable + "In `primary_key`: Expected a string; got 5"},
	{"table_config", "insert", `{"id":"$db","name":"x","db":"test"}`, "There is no existing table with the given ID. To create a new table by inserting into `rethinkdb.table_config`, you must let the database generate the primary key automatically."},
	{"table_config", `update "$tbl"`, `{"durability":"bogus"}`, badTable + "In `durability`: Expected \"soft\" or \"hard\", got: \"bogus\""},
	{"table_config", `update "$tbl"`, `{"durability":5}`, badTable + "In `durability`: Expected \"soft\" or \"hard\", got: 5"},
	{"table_config", `update "$tbl"`, `{"write_acks":"bogus"}`, badTable + "In `write_acks`: Expected \"single\" or \"majority\", got: \"bogus\""},
	{"table_config", `update "$tbl"`, `{"nope":1}`, badTable + "Unexpected key(s): nope"},
	{"table_config", `update "$tbl"`, `{"b":1,"a":1}`, badTable + "Unexpected key(s): a b"},
	{"table_config", `update "$tbl"`, `{"primary_key":"x"}`, "It's illegal to change a table's primary key"},
	{"table_config", `update "$tbl"`, `{"indexes":["x"]}`, badTable + "The `indexes` field is read-only and can't be used to create or drop indexes."},
	{"table_config", `update "$tbl"`, `{"write_hook":{}}`, badTable + "The `write_hook` field is read-only and can't be used to create or drop a write hook function."},
	{"table_config", `update "$tbl"`, `{"db":"nope"}`, badTable + "Database `nope` does not exist."},
	{"table_config", `update "$tbl"`, `{"name":"bad name"}`, badTable + `In ` + "`name`" + `: "bad name" is not a valid table name` + hint},
	{"table_config", `update "$tbl"`, `{"name":"tbl2"}`, "Can't rename table `test.tbl` to `test.tbl2` because table `test.tbl2` already exists."},
	{"table_config", `update "$tbl"`, `{"shards":[]}`, badTable + "In `shards`: You must specify at least one shard."},
	{"table_config", `update "$tbl"`, `{"shards":5}`, badTable + "In `shards`: Expected an array, got 5"},
	{"table_config", `update "$tbl"`, `{"shards":[5]}`, badTable + "In `shards`: Expected an object; got 5"},
	{"table_config", `update "$tbl"`, `{"shards":[{"primary_replica":"nobody","replicas":["nobody"]}]}`, badTable + "In `shards`: In `replicas`: Server `nobody` does not exist or is not connected."},
	{"table_config", `update "$tbl"`, `{"shards":[{"primary_replica":"alpha","replicas":[]}]}`, badTable + "In `shards`: You must specify at least one replica for each shard."},
	{"table_config", `update "$tbl"`, `{"shards":[{"primary_replica":"alpha","replicas":["alpha","alpha"]}]}`, badTable + "In `shards`: In `replicas`: Server `alpha` is listed more than once."},
	{"table_config", `update "$tbl"`, `{"shards":[{"primary_replica":"alpha","replicas":["alpha"],"nonvoting_replicas":["alpha"]}]}`, badTable + "In `shards`: The primary replica (`alpha`) must not be a nonvoting replica."},
	{"table_config", `update "$tbl"`, `{"shards":[{"replicas":["alpha"]}]}`, badTable + "In `shards`: Expected a field named `primary_replica`."},
	{"table_config", `update "$tbl"`, `{"ttl":5}`, badTable + "In `ttl`: Expected an object; got 5"},
	{"table_config", `update "$tbl"`, `{"ttl":{"field":5}}`, badTable + "In `ttl`: Expected `{field: \"NAME\"}` or `{index: \"NAME\", seconds: NUMBER}`; got {\n\t\"field\":\t5\n}. To put one in the place of the other, use r.literal."},
	{"table_config", `update "$tbl"`, `{"ttl":{"fild":"x"}}`, badTable + "In `ttl`: Unexpected key(s): fild"},
	{"table_config", `update "$tbl"`, `{"ttl":{"field":"id"}}`, badTable + "In `ttl`: The primary key cannot be the time of expiry."},
	{"table_config", `update "$tbl"`, `{"ttl":{"index":"x","seconds":5}}`, badTable + "In `ttl`: Index `x` does not exist."},
	{"table_config", `update "$tbl"`, `{"ttl":{"index":"x","seconds":-1}}`, badTable + "In `ttl`: Expected `seconds` to be at least 0; got -1"},
	{"table_config", `replace "$tbl"`, `{"id":"$tbl"}`, badTable + "Expected a field named `name`."},
	{"table_config", `replace "$tbl"`, `{"id":"$tbl","name":"tbl","db":"test"}`, badTable + "Expected a field named `indexes`."},

	{"table_status", "insert", `{"name":"x"}`, "It's illegal to write to the `rethinkdb.table_status` table."},
	{"table_status", `delete "$tbl"`, "", "It's illegal to write to the `rethinkdb.table_status` table."},
	{"_debug_table_status", `delete "$tbl"`, "", "It's illegal to write to the `rethinkdb.table_status` table."},
	{"_debug_stats", `delete "$server"`, "", "It's illegal to write to the `rethinkdb._debug_stats` table."},
	{"server_status", `update "$server"`, `{}`, "It's illegal to write to the `rethinkdb.server_status` table."},
	{"current_issues", "insert", `{}`, "It's illegal to write to the `rethinkdb.current_issues` table."},
	{"slow_queries", "insert", `{}`, "It's illegal to write to the `rethinkdb.slow_queries` table."},
	{"stats", `delete ["cluster"]`, "", "It's illegal to write to the `rethinkdb.stats` table."},
	{"logs", "insert", `{}`, "It's illegal to write to the `rethinkdb.logs` system table."},
	{"jobs", "insert", `{}`, "The `rethinkdb.jobs` system table only allows deletions, not inserts or updates."},
	{"jobs", `delete ["backfill","$tbl"]`, "", "Jobs of type `backfill` cannot be interrupted."},

	{"server_config", `update "$server"`, `{"tags":"x"}`, badServer + "In `tags`: Expected an array, got \"x\""},
	{"server_config", `update "$server"`, `{"tags":["bad tag"]}`, badServer + `In ` + "`tags`" + `: "bad tag" is not a valid server tag` + hint},
	{"server_config", `update "$server"`, `{"name":"bad name"}`, badServer + `In ` + "`name`" + `: "bad name" is not a valid server name` + hint},
	{"server_config", `update "$server"`, `{"cache_size_mb":-5}`, badServer + "In `cache_size_mb`: Cache size cannot be negative."},
	{"server_config", `update "$server"`, `{"cache_size_mb":1e300}`, badServer + "In `cache_size_mb`: Value is too big."},
	{"server_config", `update "$server"`, `{"cache_size_mb":"x"}`, badServer + "In `cache_size_mb`: Expected a number or 'auto', got \"x\""},
	{"server_config", `update "$server"`, `{"nope":"x"}`, badServer + "Unexpected key(s): nope"},
	{"server_config", "insert", `{"name":"x","tags":[],"cache_size_mb":"auto"}`, "It's illegal to insert new rows into the `rethinkdb.server_config` system table."},
	{"server_config", `delete "$server"`, "", "It's illegal to delete rows from the `rethinkdb.server_config` system table."},

	{"cluster_config", `update "heartbeat"`, `{"heartbeat_timeout_secs":1}`, "The heartbeat timeout must be at least two seconds"},
	{"cluster_config", `update "heartbeat"`, `{"heartbeat_timeout_secs":"x"}`, "Expected a number; got \"x\""},
	{"cluster_config", `update "heartbeat"`, `{"x":1}`, "Unexpected key(s): x"},
	{"cluster_config", `replace "heartbeat"`, `{"id":"heartbeat"}`, "Expected a field named `heartbeat_timeout_secs`."},
	{"cluster_config", "insert", `{"id":"x"}`, "It's illegal to insert new rows into the `rethinkdb.cluster_config` table."},
	{"cluster_config", `delete "heartbeat"`, "", "It's illegal to delete rows from the `rethinkdb.cluster_config` table."},
	{"cluster_config", `delete "x"`, "", "It's illegal to delete rows from the `rethinkdb.cluster_config` table."},

	{"access_config", `update "http"`, `{"allow":"10.0.0.0/8"}`, badAccess + "In `allow`: Expected an array, got \"10.0.0.0/8\""},
	{"access_config", `update "http"`, `{"allow":[5]}`, badAccess + "In `allow`: Expected a network such as \"10.1.0.0/16\" or an address, got 5"},
	{"access_config", `update "http"`, `{"allow":["10.0.0.0/33"]}`, badAccess + "In `allow`: '10.0.0.0/33' is neither a network such as 10.1.0.0/16 nor an address"},
	{"access_config", `update "http"`, `{"deny":[]}`, badAccess + "Unexpected key(s): deny"},
	{"access_config", `replace "http"`, `{"id":"http"}`, badAccess + "Expected a field named `allow`."},
	{"access_config", `update "http"`, `{"allow_option":["10.0.0.0/8"]}`, badAccess + "The field `allow_option` shows what the command line says (--http-allow) and cannot be changed here."},
	{"access_config", "insert", `{"id":"web","allow":[]}`, "It's illegal to insert new rows into the `rethinkdb.access_config` table."},
	{"access_config", `delete "http"`, "", "It's illegal to delete rows from the `rethinkdb.access_config` table. To serve all networks, set `allow` to []."},

	{"users", `delete "admin"`, "", "The user `admin` can't be deleted."},
	{"users", "insert", `{"id":5,"password":false}`, "Expected a username as the primary key, got 5."},
	{"users", "insert", `{"id":"u"}`, "Expected a field named `password`."},
	{"permissions", "insert", `{"id":["nobody"],"permissions":{"read":true}}`, "No user named `nobody`."},
	{"permissions", "insert", `{"permissions":{"read":true}}`, "You must specify a primary key."},
	{"permissions", "insert", `{"id":["u","$server"],"permissions":{"read":true}}`, "No database with UUID `$server` exists."},
	{"permissions", `update ["admin"]`, `{"permissions":{"read":false}}`, "The permissions of the user `admin` can't be modified."},
}

func TestRefusedWrites(t *testing.T) {
	w := newWorld(t)
	w.create("tbl2")
	for _, c := range refusals {
		tbl := w.system(c.table)
		op, key, _ := strings.Cut(c.op, " ")
		var r table.WriteResult
		var err error
		switch op {
		case "insert":
			r, err = w.insert(tbl, c.row)
		case "update":
			r, err = w.update(tbl, key, c.row)
		case "replace":
			r, err = w.put(tbl, w.value(key), false, func(datum.Value) datum.Value { return w.value(c.row) })
		case "delete":
			r, err = w.remove(tbl, key)
		}
		if err != nil {
			t.Errorf("%s: %s %s ended the statement: %v", c.table, c.op, c.row, err)
			continue
		}
		want := strings.NewReplacer("$server", w.server).Replace(c.want)
		if r.Err == nil || r.Err.Error() != want {
			t.Errorf("%s: %s %s\ngot  %v\nwant %s", c.table, c.op, c.row, r.Err, want)
		}
		if r.Changed {
			t.Errorf("%s: %s %s changed the row all the same", c.table, c.op, c.row)
		}
	}
}

func TestAcceptedWrites(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ table, op, row, after string }{
		{"db_config", `update "$db"`, `{"name":"test2"}`, `{"id":"$db","name":"test2"}`},
		{"db_config", `update "$db"`, `{"name":"test"}`, `{"id":"$db","name":"test"}`},
		{"server_config", `update "$server"`, `{"name":"beta","tags":["ssd","default","ssd"],"cache_size_mb":1.5}`,
			`{"cache_size_mb":1.5,"id":"$server","name":"beta","tags":["default","ssd"]}`},
		{"server_config", `update "$server"`, `{"name":"alpha","cache_size_mb":"auto"}`,
			`{"cache_size_mb":"auto","id":"$server","name":"alpha","tags":["default","ssd"]}`},
		{"cluster_config", `update "heartbeat"`, `{"heartbeat_timeout_secs":2.5}`, `{"heartbeat_timeout_secs":2.5,"id":"heartbeat"}`},
		{"table_config", `update "$tbl"`, `{"name":"other","durability":"soft","write_acks":"single"}`,
			`{"db":"test","durability":"soft","id":"$tbl","indexes":[],"name":"other","primary_key":"id","shards":[{"nonvoting_replicas":[],` +
				`"primary_replica":"alpha","replicas":["alpha"]}],"write_acks":"single","write_hook":null}`},
		{"table_config", `update "$tbl"`, `{"shards":[{"primary_replica":"alpha","replicas":["alpha"]},{"primary_replica":"alpha","replicas":["alpha"]}]}`,
			`{"db":"test","durability":"soft","id":"$tbl","indexes":[],"name":"other","primary_key":"id","shards":[{"nonvoting_replicas":[],` +
				`"primary_replica":"alpha","replicas":["alpha"]},{"nonvoting_replicas":[],"primary_replica":"alpha","replicas":["alpha"]}],` +
				`"write_acks":"single","write_hook":null}`},
		{"jobs", `delete ["query","$tbl"]`, "", "null"},
		{"jobs", `delete 5`, "", "null"},
		{"db_config", `delete "$server"`, "", "null"},
		{"server_config", `delete "$tbl"`, "", "null"},
		{"table_config", `delete "$server"`, "", "null"},
		{"table_config", `delete "$tbl"`, "", "null"},
		{"db_config", `delete "$db"`, "", "null"},
	} {
		tbl := w.system(c.table)
		op, key, _ := strings.Cut(c.op, " ")
		var r table.WriteResult
		var err error
		if op == "update" {
			r, err = w.update(tbl, key, c.row)
		} else {
			r, err = w.remove(tbl, key)
		}
		if err != nil || r.Err != nil {
			t.Errorf("%s: %s %s: %v, %v", c.table, c.op, c.row, err, r.Err)
			continue
		}
		after, err := tbl.Get(ctx, w.value(key), table.ReadOptions{})
		got := "null"
		if !after.IsAbsent() {
			got = w.json(after)
		}
		if err != nil || got != c.after {
			t.Errorf("%s: %s %s\nis now %s\nwant   %s", c.table, c.op, c.row, got, c.after)
		}
	}
	if names := w.Databases(); !slices.Equal(names, []string{"rethinkdb"}) {
		t.Errorf("the databases are %v", names)
	}
}

func TestInsertingCreates(t *testing.T) {
	w := newWorld(t)
	if r, err := w.insert(w.system("db_config"), `{"name":"new"}`); err != nil || r.Err != nil || !r.Changed {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err := w.insert(w.system("table_config"), `{"db":"new","name":"t","primary_key":"pk"}`)
	if err != nil || r.Err != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, key := range []string{"durability", "shards", "write_acks", "write_hook", "indexes"} {
		if _, ok := r.New.Get(key); !ok {
			t.Errorf("the new row lacks %s, which the server fills in: %s", key, w.json(r.New))
		}
	}
	db, err := w.Database("new")
	if err != nil {
		t.Fatal(err)
	}
	tbl, err := w.Table(w.admin, db, "t", "")
	if err != nil || tbl.PrimaryKey() != "pk" {
		t.Errorf("the table is %v, %v", tbl, err)
	}
}

func TestUsersAndPermissions(t *testing.T) {
	w := newWorld(t)
	if r, err := w.insert(w.system("users"), `{"id":"bob","password":false}`); err != nil || r.Err != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for row, want := range map[string]string{
		`{"password":"x"}`: `{"id":"bob","password":true}`,
		`{"password":{"password":"y","iterations":1}}`: `{"id":"bob","password":true}`,
		`{"password":""}`: `{"id":"bob","password":false}`,
	} {
		if r, err := w.update(w.system("users"), `"bob"`, row); err != nil || r.Err != nil || !r.Changed || w.json(r.New) != want {
			t.Errorf("after %s the row is shown as %s (%+v, %v)", row, w.json(r.New), r, err)
		}
	}
	perms := w.system("permissions")
	if r, err := w.insert(perms, `{"id":["bob","$db","$tbl"],"permissions":{"read":true}}`); err != nil || r.Err != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	row, err := perms.Get(ctx, w.value(`["bob","$db","$tbl"]`), table.ReadOptions{})
	if got, want := w.json(row), `{"database":"test","id":["bob","$db","$tbl"],"permissions":{"read":true},"table":"tbl","user":"bob"}`; err != nil || got != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
	r, err := w.update(perms, `["bob","$db","$tbl"]`, `{"permissions":{"read":null}}`)
	if err != nil || r.Err != nil || !r.New.IsAbsent() {
		t.Errorf("unsetting the last right gives %+v, %v", r, err)
	}
	if _, err = w.insert(w.system("users"), `{"id":"","password":false}`); err == nil {
		t.Error("an empty name is accepted")
	} else {
		wantError(t, err, reql.Internal, "Unexpected exception: Empty username")
	}
	db := w.testDB()
	got, err := w.Grant(ctx, w.admin, &db, "tbl", "bob", w.value(`{"write":true}`))
	if want := `{"granted":1,"permissions_changes":[{"new_val":{"write":true},"old_val":null}]}`; err != nil || w.json(got) != want {
		t.Errorf("grant gives %s, %v", w.json(got), err)
	}
	if _, err := w.DBDrop(ctx, w.admin, "test"); err != nil {
		t.Fatal(err)
	}
	if rows := w.rows(perms, table.ScanOptions{}); len(rows) != 2 {
		t.Errorf("permissions on what was dropped stay: %v", rows)
	}
}

func TestRightsOnSystemTables(t *testing.T) {
	w := newWorld(t)
	if r, err := w.insert(w.system("users"), `{"id":"bob","password":false}`); err != nil || r.Err != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	bob := &exec.Client{User: "bob"}
	// Rights on everything do not reach the system database.
	if _, err := w.Grant(ctx, w.admin, nil, "", "bob", w.value(`{"read":true,"write":true}`)); err != nil {
		t.Fatal(err)
	}
	mayNot := func(err error, right string) {
		t.Helper()
		wantError(t, err, reql.Permission, "User `bob` does not have the required `"+right+"` permission.")
	}
	tbl := w.as(bob, "db_config", "")
	_, err := tbl.Get(ctx, str(w.db), table.ReadOptions{})
	mayNot(err, "read")
	_, err = tbl.Count(ctx, table.ReadOptions{})
	mayNot(err, "read")
	_, err = w.insert(tbl, `{"name":"x"}`)
	mayNot(err, "read")
	system := exec.DB{ID: DatabaseID, Name: "rethinkdb"}
	if _, err := w.Grant(ctx, w.admin, &system, "", "bob", w.value(`{"read":true}`)); err != nil {
		t.Fatal(err)
	}
	if n, err := tbl.Count(ctx, table.ReadOptions{}); err != nil || n != 1 {
		t.Errorf("bob counts %d databases, %v", n, err)
	}
	_, err = w.insert(tbl, `{"name":"x"}`)
	mayNot(err, "write")
	if _, err := w.Grant(ctx, w.admin, &system, "", "bob", w.value(`{"write":true}`)); err != nil {
		t.Fatal(err)
	}
	_, err = w.insert(tbl, `{"name":"x"}`)
	mayNot(err, "config")
	_, err = w.as(bob, "_debug_stats", "").Count(ctx, table.ReadOptions{})
	wantError(t, err, reql.Permission, "Internal permission error, required `admin` permission.")
	_, _, err = w.ConfigRow(bob, w.testDB(), "tbl")
	mayNot(err, "config")
	_, err = w.DBCreate(ctx, bob, "x")
	mayNot(err, "config")
	_, err = w.TableDrop(ctx, bob, w.testDB(), "tbl")
	mayNot(err, "config")
	if _, _, err := w.StatusRow(bob, w.testDB(), "tbl"); err != nil {
		t.Errorf("status() needs a right: %v", err)
	}
}

func TestJobs(t *testing.T) {
	now := time.Unix(1000, 0)
	bob := &exec.Client{User: "bob"}
	sessions := &fakeSessions{jobs: []session.Job{
		{ID: uuid.New(), Client: *bob, Began: now, Query: "r.now()"},
		{ID: uuid.New(), Client: exec.Client{User: auth.Admin, Addr: netip.MustParseAddrPort("[::ffff:127.0.0.1]:4711")},
			Began: now.Add(-1500 * time.Millisecond), Query: `r.table("tbl")`},
	}}
	w := newWorld(t, func(o *Options) {
		o.Sessions = sessions
		o.Now = func() time.Time { return now }
	})
	jobs := w.system("jobs")
	id := `["query","` + sessions.jobs[1].ID.String() + `"]`
	row, err := jobs.Get(ctx, w.value(id), table.ReadOptions{})
	w.want(row, err, `{"duration_sec":1.5,"id":`+id+`,"info":{"client_address":"127.0.0.1","client_port":4711,`+
		`"query":"r.table(\"tbl\")","user":"admin"},"servers":["alpha"],"type":"query"}`)
	if n, err := jobs.Count(ctx, table.ReadOptions{}); err != nil || n != 2 {
		t.Errorf("admin sees %d jobs, %v", n, err)
	}
	if own := (jobsTable{w.System}).visible(bob); len(own) != 1 || own[0].Client.User != "bob" {
		t.Errorf("bob sees %d jobs", len(own))
	}
	if r, err := w.remove(jobs, id); err != nil || r.Err != nil || !slices.Equal(sessions.killed, []uuid.UUID{sessions.jobs[1].ID}) {
		t.Errorf("killing gives %+v, %v and kills %v", r, err, sessions.killed)
	}
}

func TestCacheSizeIsTriedFirst(t *testing.T) {
	var asked []int64
	w := newWorld(t, func(o *Options) {
		o.SetCache = func(bytes int64) error {
			asked = append(asked, bytes)
			if bytes > 1<<30 {
				return opFailed("The proposed cache size is too large.")
			}
			return nil
		}
	})
	tbl := w.system("server_config")
	if r, err := w.update(tbl, `"$server"`, `{"cache_size_mb":100}`); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	r, err := w.update(tbl, `"$server"`, `{"cache_size_mb":5000}`)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Err, reql.OpFailed, "Error when trying to change the configuration of server `alpha`: "+
		"The proposed cache size is too large. The configuration was not changed.")
	if got := w.catalog.Snapshot().Server().CacheBytes; got != 100<<20 || !slices.Equal(asked, []int64{100 << 20, 5000 << 20}) {
		t.Errorf("the size is %d after %v was asked for", got, asked)
	}
}

func TestIssues(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Issues = func() []Issue { return []Issue{LogWriteError("alpha", "disk full")} }
	})
	rows := w.rows(w.system("current_issues"), table.ScanOptions{})
	again := w.rows(w.system("current_issues"), table.ScanOptions{})
	if len(rows) != 1 || !slices.Equal(rows, again) {
		t.Fatalf("the issues are %v, then %v", rows, again)
	}
	if !strings.Contains(rows[0], `"critical":false`) || !strings.Contains(rows[0], `"info":{"message":"disk full","servers":["alpha"]},"type":"log_write_error"}`) {
		t.Errorf("the issue is %s", rows[0])
	}
}

// TestPasswordsAreNotTold writes passwords, whose rows come back without, and count as changed all the same.
func TestPasswordsAreNotTold(t *testing.T) {
	w := newWorld(t)
	users := w.system("users")
	check := func(r table.WriteResult, err error, old, row string) {
		t.Helper()
		if err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
		if show := func(v datum.Value) string {
			if v.IsAbsent() {
				return ""
			}
			return w.json(v)
		}; show(r.Old) != old || show(r.New) != row || !r.Changed {
			t.Errorf("from %s to %s, changed: %t", show(r.Old), show(r.New), r.Changed)
		}
	}
	const row = `{"id":"bob","password":true}`
	r, err := w.insert(users, `{"id":"bob","password":"secret"}`)
	check(r, err, "", row)
	r, err = w.update(users, `"bob"`, `{"password":"other"}`)
	check(r, err, row, row)
	r, err = w.update(users, `"bob"`, `{"password":{"password":"third","iterations":1}}`)
	check(r, err, row, row)
	r, err = w.remove(users, `"bob"`)
	check(r, err, row, "")
}
