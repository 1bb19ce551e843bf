package system

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/logfile"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// world is a server without ports, with one database test that has a table tbl.
type world struct {
	t testing.TB
	*System
	server, db, tbl string // identifiers
	admin           *exec.Client
}

type fakeLog []logfile.Entry

func (l fakeLog) Newest(n int) ([]logfile.Entry, error) { return l[:min(n, len(l))], nil }

// fakeSessions are three clients with the given queries.
type fakeSessions struct {
	jobs   []session.Job
	killed []uuid.UUID
}

func (s *fakeSessions) Sessions() int       { return 3 }
func (s *fakeSessions) Active() int         { return 2 }
func (s *fakeSessions) Jobs() []session.Job { return s.jobs }
func (s *fakeSessions) Kill(id uuid.UUID) bool {
	s.killed = append(s.killed, id)
	return true
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	store, err := storage.Open(t.TempDir(), storage.Options{CacheBytes: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	meta, err := metadata.Open(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(meta.Close)
	noValues := func([]byte) (table.IndexFunction, error) {
		return func(datum.Value) (datum.Value, bool) { return datum.Value{}, false }, nil
	}
	cat, err := catalog.Open(ctx, catalog.Options{Store: store, Metadata: meta, Compile: noValues, NewServer: catalog.Server{
		Name: "alpha", Tags: []string{"default"}, CacheBytes: catalog.AutoCache,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cat.Close)
	users, err := auth.OpenUsers(meta)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Catalog: cat, Store: store, Users: users,
		Process: func() Process {
			return Process{
				Version: "rethinkdb 2.4.4", Started: time.Unix(1000, 0), PID: 7, Argv: []string{"rethinkdb", "serve"},
				Hostname: "host", ClusterPort: 29015, ReQLPort: 28015, HTTPPort: 8080, Canonical: []HostPort{{"10.0.0.1", 29015}},
			}
		},
		Log:      fakeLog{{Time: time.Unix(1000, 500), Uptime: time.Second, Level: "info", Message: "hello"}},
		Sessions: &fakeSessions{},

		SlowQueries: new(exec.SlowQueries),
	}
	for _, c := range change {
		c(&o)
	}
	w := &world{t: t, System: Start(o), admin: &exec.Client{User: auth.Admin, Addr: netip.MustParseAddrPort("[::ffff:127.0.0.1]:4711")}}
	t.Cleanup(w.Stop)
	w.server = string(cat.Snapshot().Server().ID)
	if _, err := w.DBCreate(ctx, w.admin, "test"); err != nil {
		t.Fatal(err)
	}
	db, err := w.Database("test")
	if err != nil {
		t.Fatal(err)
	}
	w.db = db.ID
	w.tbl = w.create("tbl")
	return w
}

// create makes a table in the database test and returns its identifier.
func (w *world) create(name string) string {
	w.t.Helper()
	if _, err := w.TableCreate(ctx, w.admin, w.testDB(), name, exec.TableOptions{}); err != nil {
		w.t.Fatal(err)
	}
	tbl, err := w.Table(w.admin, w.testDB(), name, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return tbl.ID()
}

func (w *world) testDB() exec.DB { return exec.DB{ID: w.db, Name: "test"} }

// as gives a system table as a client sees it.
func (w *world) as(c *exec.Client, name, format string) exec.Table {
	w.t.Helper()
	tbl, err := w.Table(c, exec.DB{ID: DatabaseID, Name: "rethinkdb"}, name, format)
	if err != nil {
		w.t.Fatal(err)
	}
	return tbl
}

func (w *world) system(name string) exec.Table {
	w.t.Helper()
	return w.as(w.admin, name, "")
}

// rows lists a system table as compact JSON, in the order of the keys.
func (w *world) rows(tbl exec.Table, o table.ScanOptions) []string {
	w.t.Helper()
	rows, err := tbl.Scan(ctx, o)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for {
		row, ok, err := rows.Next(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		if !ok {
			return out
		}
		out = append(out, w.json(row))
	}
}

// json prints v with the identifiers of the world as $server, $db and $tbl.
func (w *world) json(v datum.Value) string {
	w.t.Helper()
	b, err := datum.AppendJSON(nil, v)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.NewReplacer(w.server, "$server", w.db, "$db", w.tbl, "$tbl").Replace(string(b))
}

// value parses JSON in which $server, $db and $tbl stand for the identifiers of the world.
func (w *world) value(json string) datum.Value {
	w.t.Helper()
	if json == "" {
		return datum.Value{}
	}
	v, err := datum.ParseJSON([]byte(strings.NewReplacer("$server", w.server, "$db", w.db, "$tbl", w.tbl).Replace(json)))
	if err != nil {
		w.t.Fatalf("%s: %v", json, err)
	}
	return v
}

// merge returns row with the fields of change.
func merge(row, change datum.Value) datum.Value {
	fields := map[string]datum.Value{}
	for _, v := range []datum.Value{row, change} {
		for i := range v.Len() {
			key, val := v.FieldAt(i)
			fields[key] = val
		}
	}
	var out []datum.Field
	for key, val := range fields {
		out = append(out, field(key, val))
	}
	return datum.Object(out)
}

// put writes one row, with f making the new row of the old one.
func (w *world) put(tbl exec.Table, key datum.Value, generated bool, f func(old datum.Value) datum.Value) (table.WriteResult, error) {
	results, err := tbl.Write(ctx, table.WriteRequest{
		Keys:      []datum.Value{key},
		Generated: []bool{generated},
		Update:    func(_ int, old datum.Value) (datum.Value, error) { return f(old), nil },
	})
	if err != nil {
		return table.WriteResult{}, err
	}
	return results[0], nil
}

// insert writes a row that is not there; without id it gets a generated key.
func (w *world) insert(tbl exec.Table, row string) (table.WriteResult, error) {
	v := w.value(row)
	if key, ok := v.Get("id"); ok {
		return w.put(tbl, key, false, func(datum.Value) datum.Value { return v })
	}
	key := str(catalog.NewUUID())
	return w.put(tbl, key, true, func(datum.Value) datum.Value { return merge(v, object(field("id", key))) })
}

func (w *world) update(tbl exec.Table, key, change string) (table.WriteResult, error) {
	return w.put(tbl, w.value(key), false, func(old datum.Value) datum.Value { return merge(old, w.value(change)) })
}

func (w *world) remove(tbl exec.Table, key string) (table.WriteResult, error) {
	return w.put(tbl, w.value(key), false, func(datum.Value) datum.Value { return datum.Value{} })
}

func wantError(t *testing.T, err error, class reql.ErrorClass, msg string) {
	t.Helper()
	var e *reql.Error
	if !errors.As(err, &e) || e.Class != class || e.Msg != msg {
		t.Errorf("got error %v, want %d %q", err, class, msg)
	}
}

func TestRowShapes(t *testing.T) {
	w := newWorld(t)
	shard := `{"nonvoting_replicas":[],"primary_replica":"alpha","replicas":["alpha"]}`
	for name, want := range map[string][]string{
		"db_config":      {`{"id":"$db","name":"test"}`},
		"cluster_config": {`{"heartbeat_timeout_secs":10,"id":"heartbeat"}`},
		"server_config":  {`{"cache_size_mb":"auto","id":"$server","name":"alpha","tags":["default"]}`},
		"table_config": {`{"db":"test","durability":"hard","id":"$tbl","indexes":[],"name":"tbl","primary_key":"id","shards":[` + shard +
			`],"write_acks":"majority","write_hook":null}`},
		"table_status": {`{"db":"test","id":"$tbl","name":"tbl","raft_leader":"alpha","shards":[{"primary_replicas":["alpha"],` +
			`"replicas":[{"server":"alpha","state":"ready"}]}],"status":{"all_replicas_ready":true,"ready_for_outdated_reads":true,` +
			`"ready_for_reads":true,"ready_for_writes":true}}`},
		"server_status": {`{"id":"$server","name":"alpha","network":{"canonical_addresses":[{"host":"10.0.0.1","port":29015}],` +
			`"cluster_port":29015,"connected_to":{},"hostname":"host","http_admin_port":8080,"reql_port":28015,` +
			`"time_connected":{"$reql_type$":"TIME","epoch_time":1000,"timezone":"+00:00"}},"process":{"argv":["rethinkdb","serve"],` +
			`"cache_size_mb":16,"pid":7,"time_started":{"$reql_type$":"TIME","epoch_time":1000,"timezone":"+00:00"},` +
			`"version":"rethinkdb 2.4.4"}}`},
		"current_issues": nil,
		"jobs":           nil,
		"logs": {`{"id":["1970-01-01T00:16:40.000000500","$server"],"level":"info","message":"hello","server":"alpha",` +
			`"timestamp":{"$reql_type$":"TIME","epoch_time":1000,"timezone":"+00:00"},"uptime":1}`},
		"users": {`{"id":"admin","password":false}`},
		"permissions": {
			`{"id":["admin"],"permissions":{"config":true,"connect":true,"read":true,"write":true},"user":"admin"}`,
			`{"database":"rethinkdb","id":["admin","` + DatabaseID + `"],"permissions":{"config":true,"read":true,"write":true},"user":"admin"}`,
		},
		"_debug_scratch": nil,
	} {
		tbl := w.system(name)
		got := w.rows(tbl, table.ScanOptions{})
		if !slices.Equal(got, want) {
			t.Errorf("%s has rows\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n, err := tbl.Count(ctx, table.ReadOptions{}); err != nil || n != int64(len(want)) {
			t.Errorf("%s counts %d rows (%v), want %d", name, n, err, len(want))
		}
	}
}

func TestEveryTableFindsItsRows(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Sessions = &fakeSessions{jobs: []session.Job{{ID: uuid.New(), Query: "r.now()"}}}
	})
	for name := range w.tables {
		tbl := w.system(name)
		rows, err := tbl.Scan(ctx, table.ScanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for {
			row, ok, err := rows.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			key, _ := row.Get("id")
			found, err := tbl.Get(ctx, key, table.ReadOptions{})
			if err != nil || found.IsAbsent() {
				t.Errorf("%s does not find the row %s (%v)", name, key.Print(), err)
			}
		}
		for _, key := range []string{`"x"`, `5`, `["x"]`, `["query","x"]`, `"` + catalog.NewUUID() + `"`, `["server","x"]`, `[]`} {
			found, err := tbl.Get(ctx, w.value(key), table.ReadOptions{})
			if err != nil || !found.IsAbsent() {
				t.Errorf("%s finds %s under %s (%v)", name, found.Print(), key, err)
			}
		}
	}
}

func TestStatsShape(t *testing.T) {
	w := newWorld(t)
	rows := w.rows(w.system("stats"), table.ScanOptions{})
	var ids []string
	for _, row := range rows {
		id, _ := w.value(row).Get("id")
		ids = append(ids, w.json(id))
	}
	if want := []string{`["cluster"]`, `["server","$server"]`, `["table","$tbl"]`, `["table_server","$tbl","$server"]`}; !slices.Equal(ids, want) {
		t.Errorf("stats has rows %v, want %v", ids, want)
	}
	for i, want := range []string{
		`{"id":["cluster"],"query_engine":{"client_connections":3,"clients_active":2,"queries_per_sec":0,"read_docs_per_sec":0,"written_docs_per_sec":0}}`,
		`{"id":["server","$server"],"query_engine":{"client_connections":3,"clients_active":2,"queries_per_sec":0,"queries_total":0,` +
			`"read_docs_per_sec":0,"read_docs_total":0,"written_docs_per_sec":0,"written_docs_total":0},"server":"alpha"}`,
		`{"db":"test","id":["table","$tbl"],"query_engine":{"read_docs_per_sec":0,"written_docs_per_sec":0},"table":"tbl"}`,
	} {
		if rows[i] != want {
			t.Errorf("stats has row\n%s\nwant\n%s", rows[i], want)
		}
	}
	for _, key := range []string{`"storage_engine":{"cache":{"in_use_bytes":`, `"space_usage":{"data_bytes":`, `"read_bytes_per_sec":`} {
		if !strings.Contains(rows[3], key) {
			t.Errorf("the row of the table on the server has no %s: %s", key, rows[3])
		}
	}
}

func TestRates(t *testing.T) {
	w := newWorld(t)
	snap := w.catalog.Snapshot()
	var c counters // those of the server are sampled each second
	c.sample(time.Unix(100, 0), snap)
	c.queries.Add(10)
	tbl, _ := snap.TableByID(catalog.TableID(w.tbl))
	for i := range 6 {
		if _, err := w.insert(tbl, w.json(object(field("id", datum.Int(int64(i)))))); err != nil {
			t.Fatal(err)
		}
	}
	c.sample(time.Unix(102, 0), snap)
	r := c.rates()
	if r.queries != 5 || r.tables[tbl.Config.ID].written != 3 {
		t.Errorf("the rates are %v queries and %v written rows, want 5 and 3", r.queries, r.tables[tbl.Config.ID].written)
	}
}

func TestIdentifierFormat(t *testing.T) {
	w := newWorld(t)
	got := w.rows(w.as(w.admin, "table_config", "uuid"), table.ScanOptions{})
	want := `{"db":"$db","durability":"hard","id":"$tbl","indexes":[],"name":"tbl","primary_key":"id","shards":[{"nonvoting_replicas":[],` +
		`"primary_replica":"$server","replicas":["$server"]}],"write_acks":"majority","write_hook":null}`
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %v", got)
	}
	_, err := w.Table(w.admin, exec.DB{ID: DatabaseID, Name: "rethinkdb"}, "users", "bogus")
	wantError(t, err, reql.QueryLogic, "Identifier format `bogus` unrecognized (options are \"name\" and \"uuid\").")
}

func TestRangesAndOrder(t *testing.T) {
	w := newWorld(t)
	scratch := w.system("_debug_scratch")
	for _, row := range []string{`{"id":3}`, `{"id":"b"}`, `{"id":1}`, `{"id":2}`, `{"id":[1]}`} {
		if r, err := w.insert(scratch, row); err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
	}
	for name, c := range map[string]struct {
		o    table.ScanOptions
		want []string
	}{
		"all":        {table.ScanOptions{}, []string{`{"id":[1]}`, `{"id":1}`, `{"id":2}`, `{"id":3}`, `{"id":"b"}`}},
		"descending": {table.ScanOptions{Descending: true, Range: table.Range{Low: datum.Int(2)}}, []string{`{"id":"b"}`, `{"id":3}`, `{"id":2}`}},
		"half open":  {table.ScanOptions{Range: table.Range{Low: datum.Int(1), LowOpen: true, High: datum.Int(3), HighOpen: true}}, []string{`{"id":2}`}},
		"closed":     {table.ScanOptions{Range: table.Range{Low: datum.Int(1), High: datum.Int(3)}}, []string{`{"id":1}`, `{"id":2}`, `{"id":3}`}},
		"min to max": {table.ScanOptions{Range: table.Range{Low: datum.Min, High: datum.Int(0)}}, []string{`{"id":[1]}`}},
	} {
		if got := w.rows(scratch, c.o); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if r, err := w.remove(scratch, `2`); err != nil || r.Err != nil || !r.Changed {
		t.Errorf("deleting gives %+v, %v", r, err)
	}
	if n, _ := scratch.Count(ctx, table.ReadOptions{}); n != 4 {
		t.Errorf("%d rows are left", n)
	}
	wantError(t, scratch.Sync(ctx), reql.OpFailed, "Artificial tables don't support `sync()`.")
}
