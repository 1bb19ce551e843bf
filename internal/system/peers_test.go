package system

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
	"rethinkdb/internal/table"
)

// join makes a server a member of the world's cluster, connected or not.
func (w *world) join(name string, connected bool) catalog.ServerID {
	w.t.Helper()
	id := catalog.ServerID(catalog.NewUUID())
	w.know(id, name, connected)
	return id
}

func (w *world) know(id catalog.ServerID, name string, connected bool) {
	w.t.Helper()
	err := w.catalog.AddMember(ctx, catalog.Server{ID: id, Name: name, Tags: []string{"default"}, CacheBytes: catalog.AutoCache})
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []catalog.ServerID
	for _, server := range w.catalog.Snapshot().Servers() {
		if server.ID != catalog.ServerID(w.server) {
			ids = append(ids, server.ID)
		}
	}
	if connected {
		ids = append(ids, id)
	}
	w.catalog.SetConnected(ids)
}

// pair is two servers that ask each other. Their catalogs are two, so that only what is not in the catalog is the same from both.
type pair struct{ here, there *world }

// direct are the peers of one server: the other one.
type direct struct {
	to      *world // nil: there is no connection
	silent  bool
	changed func() // is called when the other one has answered
}

func (d *direct) Links() []Link {
	if d.to == nil {
		return nil
	}
	return []Link{{ID: catalog.ServerID(d.to.server), Name: "beta", Since: time.Unix(2000, 0)}, {ID: "proxy-1", Proxy: true}}
}

func (d *direct) Ask(ctx context.Context, to catalog.ServerID, text []byte) ([]byte, error) {
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > askTime {
		return nil, errors.New("the caller would wait for too long")
	}
	switch {
	case d.to == nil || string(to) != d.to.server:
		return nil, ErrNotSent
	case d.silent:
		return nil, context.DeadlineExceeded
	}
	defer d.changed()
	return d.to.Answer(ctx, text)
}

func newPair(t *testing.T, there ...func(*Options)) (p pair, peers *direct) {
	t.Helper()
	peers = &direct{changed: func() {}}
	p.here = newWorld(t, func(o *Options) { o.Peers = peers })
	p.there = newWorld(t, append(there, func(o *Options) {
		o.Log = fakeLog{{Time: time.Unix(1001, 0), Uptime: time.Second, Level: "warn", Message: "over here"}}
	})...)
	server := p.there.catalog.Snapshot().Server()
	server.Name = "beta"
	if err := p.there.catalog.SetServer(ctx, server); err != nil {
		t.Fatal(err)
	}
	peers.to = p.there
	p.here.know(server.ID, "beta", true)
	return p, peers
}

// ids are the primary keys of a table, with the servers named.
func (p pair) ids(name string) string {
	p.here.t.Helper()
	var ids []string
	for _, row := range p.here.rows(p.here.system(name), table.ScanOptions{}) {
		id, _ := p.here.value(row).Get("id")
		ids = append(ids, strings.ReplaceAll(p.here.json(id), p.there.server, "$there"))
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func TestRowsOfAllServers(t *testing.T) {
	p, peers := newPair(t)
	for name, want := range map[string]string{
		"server_config": `"$server" "$there"`,
		"server_status": `"$server" "$there"`,
		"logs":          `["1970-01-01T00:16:40.000000500","$server"] ["1970-01-01T00:16:41.000000000","$there"]`,
		"_debug_stats":  `"$server" "$there"`,
	} {
		if got := p.ids(name); got != want {
			t.Errorf("%s has the rows %s, want %s", name, got, want)
		}
	}
	status := func(id string) string {
		row, err := p.here.system("server_status").Get(ctx, p.here.value(`"`+id+`"`), table.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if row.IsAbsent() {
			return ""
		}
		return p.here.json(row)
	}
	if row := status(p.there.server); !strings.Contains(row, `"name":"beta"`) ||
		!strings.Contains(row, `"time_connected":{"$reql_type$":"TIME","epoch_time":2000,`) {
		t.Errorf("the other server's status is %s", row)
	}
	if row := status(p.here.server); !strings.Contains(row, `"connected_to":{"beta":true,"proxy-1":true}`) {
		t.Errorf("this server's status is %s", row)
	}
	peers.silent = true
	if got := p.ids("server_status"); got != `"$server"` {
		t.Errorf("with a silent server, server_status has the rows %s", got)
	}
	if got := status(p.there.server); got != "" {
		t.Errorf("a silent server has the status %s", got)
	}
}

func TestStatsOfAllServers(t *testing.T) {
	p, peers := newPair(t)
	cluster := func() string {
		row, err := p.here.system("stats").Get(ctx, p.here.value(`["cluster"]`), table.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return p.here.json(row)
	}
	if got, want := p.ids("stats"), `["table_server","`+p.there.tbl+`","$there"]`; !strings.Contains(got, `["server","$there"]`) || !strings.Contains(got, want) {
		t.Errorf("stats has the rows %s", got)
	}
	if got := cluster(); !strings.Contains(got, `"client_connections":6,"clients_active":4`) {
		t.Errorf("the cluster's row is %s", got)
	}
	peers.silent = true
	rows := p.here.rows(p.here.system("stats"), table.ScanOptions{})
	want := `{"error":"Timed out. Unable to retrieve stats.","id":["server","` + p.there.server + `"],"server":"beta"}`
	if !slices.Contains(rows, want) {
		t.Errorf("stats has the rows\n%s\nwithout\n%s", strings.Join(rows, "\n"), want)
	}
}

func TestConfigureAnotherServer(t *testing.T) {
	p, peers := newPair(t)
	p.there.know(catalog.ServerID(p.here.server), "alpha", true)
	peers.changed = func() { // as both have one catalog
		if err := p.here.catalog.AddMember(ctx, p.there.catalog.Snapshot().Server()); err != nil {
			t.Error(err)
		}
	}
	config := p.here.system("server_config")
	key := `"` + p.there.server + `"`
	if _, err := p.here.update(config, key, `{"name":"gamma","tags":["b","a"]}`); err != nil {
		t.Fatal(err)
	}
	if got := p.there.catalog.Snapshot().Server(); got.Name != "gamma" || !slices.Equal(got.Tags, []string{"a", "b"}) {
		t.Errorf("the other server is %+v", got)
	}
	r, err := p.here.update(config, key, `{"name":"alpha"}`)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Err, reql.OpFailed, "Cannot rename server `gamma` to `alpha` because server `alpha` already exists.")
	peers.silent = true
	r, err = p.here.update(config, key, `{"name":"delta"}`)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Err, reql.OpIndeterminate, "Lost contact with server `gamma` while trying to change the server configuration. "+
		"The configuration may or may not have been changed.")
	peers.to = nil
	r, err = p.here.update(config, key, `{"name":"delta"}`)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Err, reql.OpFailed, "Could not contact server `gamma` while trying to change the server configuration.  The configuration was not changed.")
}

func TestJobsOfAllServers(t *testing.T) {
	sessions := &fakeSessions{jobs: []session.Job{
		{ID: uuid.MustParse("11111111-1111-4111-8111-111111111111"), Query: "r.now()", Client: session.Client{User: "ann"}},
		{ID: uuid.MustParse("22222222-2222-4222-8222-222222222222"), Query: "r.uuid()", Client: session.Client{User: "bob"}},
	}}
	p, _ := newPair(t, func(o *Options) { o.Sessions = sessions })
	if got := p.ids("jobs"); got != `["query","11111111-1111-4111-8111-111111111111"] ["query","22222222-2222-4222-8222-222222222222"]` {
		t.Errorf("jobs has the rows %s", got)
	}
	ann := jobsTable{p.here.System}
	v := view{client: &exec.Client{User: "ann"}}
	rows, err := ann.list(ctx, v)
	if err != nil || len(rows) != 1 {
		t.Errorf("ann sees %d jobs (%v), want her own", len(rows), err)
	}
	for _, id := range []string{"22222222-2222-4222-8222-222222222222", "11111111-1111-4111-8111-111111111111"} { // not hers, hers
		if _, err := ann.write(ctx, v, rowWrite{key: p.here.value(`["query","` + id + `"]`)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(sessions.killed) != 1 || sessions.killed[0].String() != "11111111-1111-4111-8111-111111111111" {
		t.Errorf("ann has ended %v, want only her own query", sessions.killed)
	}
}

func TestJoinedJobs(t *testing.T) {
	w := newWorld(t)
	rows := joinJobs([]datum.Value{
		w.value(`{"id":["index_construction","x"],"duration_sec":1,"servers":["a"],"info":{"index":"i","progress":0.5}}`),
		w.value(`{"id":["query","y"],"servers":["a"]}`),
		w.value(`{"id":["index_construction","x"],"duration_sec":3,"servers":["b"],"info":{"index":"i","progress":1}}`),
	})
	if len(rows) != 2 || w.json(rows[0]) != `{"duration_sec":3,"id":["index_construction","x"],"info":{"index":"i","progress":0.75},"servers":["a","b"]}` {
		t.Errorf("got %v", rows)
	}
}

func TestBadRequestsAndAnswers(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{``, `[]`, `{}`, `{"kind":"rows"}`, `{"kind":"rows","name":"users"}`, `{"kind":"rows","name":"x"}`, `{"kind":"configure"}`,
		`{"kind":"configure","row":5}`, `{"kind":"configure","row":{"$reql_type$":"x"}}`, `{"kind":"x"}`} {
		if answer, err := w.Answer(ctx, []byte(text)); err == nil && !strings.Contains(string(answer), "wrong format") && !strings.Contains(string(answer), "Expected") {
			t.Errorf("%s is answered with %s", text, answer)
		}
	}
	good := datum.AppendEncoded(nil, datum.Array([]datum.Value{object(field("id", datum.Int(1)))}))
	for _, text := range [][]byte{nil, {1}, good[:len(good)-1], datum.AppendEncoded(nil, datum.Int(1)), datum.AppendEncoded(nil, datum.Array([]datum.Value{datum.Int(1)}))} {
		if rows, err := (answer{text: text}).rows(); err == nil {
			t.Errorf("%x is read as %v", text, rows)
		}
	}
	if rows, err := (answer{text: good}).rows(); err != nil || len(rows) != 1 {
		t.Errorf("got %v, %v", rows, err)
	}
}
