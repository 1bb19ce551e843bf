package system

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
	"rethinkdb/internal/table"
)

func auditedWorld(t *testing.T, change ...func(*Options)) (w *world, log *audit.Log) {
	t.Helper()
	log, err := audit.Open(audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, append(change, func(o *Options) { o.Audit = log })...), log
}

// bookkeeping is what differs from run to run in a line of the audit log.
var bookkeeping = regexp.MustCompile(`^\{"seq":\d+,"time":"[^"]*","event":"|,"prev":"[0-9a-f]{64}","hash":"[0-9a-f]{64}"\}$`)

// told closes the log and returns its lines, but for those of the first operations and the bookkeeping.
func (w *world) told(log *audit.Log, skip int) []string {
	w.t.Helper()
	if err := log.Close(); err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range log.Newest()[skip:] {
		line := strings.NewReplacer(w.server, "$server", w.db, "$db", w.tbl, "$tbl", `"user":"admin","peer":"127.0.0.1:4711","port":"driver"`, "ADMIN").
			Replace(bookkeeping.ReplaceAllString(e.Line, ""))
		out = append(out, line)
	}
	return out
}

// TestChangesAreTold goes through all that changes anything, and through what must not be told.
func TestChangesAreTold(t *testing.T) {
	const secret = "correct horse battery"
	job := session.Job{
		ID: uuid.MustParse("11111111-2222-3333-4444-555555555555"), Query: `r.table("patients").get("` + secret + `")`,
		Client: session.Client{User: "eve", Addr: netip.MustParseAddrPort("10.0.0.9:1234")},
	}
	w, log := auditedWorld(t, func(o *Options) { o.Sessions = &fakeSessions{jobs: []session.Job{job}} })
	db := w.testDB()
	row := func(r table.WriteResult, err error) {
		t.Helper()
		if err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
	}
	value := func(_ datum.Value, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	row(w.insert(w.system("users"), `{"id":"bob","password":"`+secret+`"}`))
	row(w.update(w.system("users"), `"bob"`, `{"password":{"password":"`+secret+`","iterations":1}}`))
	row(w.update(w.system("users"), `"bob"`, `{"password":true}`)) // changes nothing
	value(w.Grant(ctx, w.admin, &db, "tbl", "bob", w.value(`{"read":true}`)))
	value(w.Grant(ctx, w.admin, nil, "", "bob", w.value(`{"config":false}`)))
	row(w.update(w.system("permissions"), `["bob","$db"]`, `{"id":["bob","$db"],"permissions":{"write":true}}`))
	row(w.insert(w.system("users"), `{"id":"readers","password":false,"role":true}`))
	row(w.update(w.system("users"), `"bob"`, `{"roles":["readers"]}`))
	row(w.remove(w.system("users"), `"bob"`))
	row(w.update(w.system("access_config"), `"http"`, `{"allow":["10.0.0.0/8"]}`))
	row(w.update(w.system("cluster_config"), `"heartbeat"`, `{"heartbeat_timeout_secs":20}`))
	row(w.update(w.system("server_config"), `"$server"`, `{"tags":["default","ssd"]}`))
	row(w.update(w.system("db_config"), `"$db"`, `{"name":"testing"}`))
	row(w.update(w.system("db_config"), `"$db"`, `{"name":"test"}`))
	row(w.update(w.system("table_config"), `"$tbl"`, `{"durability":"soft"}`))
	row(w.remove(w.system("jobs"), `["query","`+job.ID.String()+`"]`))
	row(w.remove(w.system("jobs"), `["query","`+uuid.NewString()+`"]`)) // there is no such job
	value(w.TableCreate(ctx, w.admin, db, "other", exec.TableOptions{}))
	done(w.SetWriteHook(ctx, w.admin, db, "tbl", w.value(`{"query":"`+secret+`"}`)))
	done(w.SetWriteHook(ctx, w.admin, db, "tbl", datum.Null))
	value(w.Reconfigure(ctx, w.admin, db, "tbl", exec.TableOptions{DryRun: true})) // changes nothing
	value(w.Reconfigure(ctx, w.admin, db, "tbl", exec.TableOptions{Shards: 2}))
	value(w.Rebalance(ctx, w.admin, db, ""))
	value(w.TableDrop(ctx, w.admin, db, "other"))
	if _, err := w.TableDrop(ctx, w.admin, db, "other"); err == nil { // changes nothing
		t.Error("a table was dropped twice")
	}
	value(w.DBCreate(ctx, w.admin, "more"))
	value(w.DBDrop(ctx, w.admin, "more"))

	got := w.told(log, 2)
	want := []string{
		`change",ADMIN,"action":"insert","on":"rethinkdb.users","key":"bob","fields":["id","password"]`,
		`change",ADMIN,"action":"update","on":"rethinkdb.users","key":"bob","fields":["password"]`,
		`change",ADMIN,"action":"grant","on":"test.tbl","key":"bob","fields":["permissions"],"old":null,"new":{"read":true}`,
		`change",ADMIN,"action":"grant","key":"bob","fields":["permissions"],"old":null,"new":{"config":false}`,
		`change",ADMIN,"action":"insert","on":"rethinkdb.permissions","key":["bob","$db"],"fields":["id","permissions"],"new":{"permissions":{"write":true}}`,
		`change",ADMIN,"action":"insert","on":"rethinkdb.users","key":"readers","fields":["id","password","role"],"new":{"role":true}`,
		`change",ADMIN,"action":"update","on":"rethinkdb.users","key":"bob","fields":["roles"],"new":{"roles":["readers"]}`,
		`change",ADMIN,"action":"delete","on":"rethinkdb.users","key":"bob","fields":["id","password","roles"],"old":{"roles":["readers"]}`,
		`change",ADMIN,"action":"update","on":"rethinkdb.access_config","key":"http","fields":["allow"],"old":{"allow":[]},"new":{"allow":["10.0.0.0/8"]}`,
		`change",ADMIN,"action":"update","on":"rethinkdb.cluster_config","key":"heartbeat","fields":["heartbeat_timeout_secs"],"old":{"heartbeat_timeout_secs":10},"new":{"heartbeat_timeout_secs":20}`,
		`change",ADMIN,"action":"update","on":"rethinkdb.server_config","key":"$server","fields":["tags"],"old":{"tags":["default"]},"new":{"tags":["default","ssd"]}`,
		`change",ADMIN,"action":"update","on":"rethinkdb.db_config","key":"$db","fields":["name"],"old":{"name":"test"},"new":{"name":"testing"}`,
		`change",ADMIN,"action":"update","on":"rethinkdb.db_config","key":"$db","fields":["name"],"old":{"name":"testing"},"new":{"name":"test"}`,
		`change",ADMIN,"action":"update","on":"rethinkdb.table_config","key":"$tbl","fields":["durability"],"old":{"durability":"hard"},"new":{"durability":"soft"}`,
		`kill",ADMIN,"action":"delete","on":"rethinkdb.jobs","key":["query","11111111-2222-3333-4444-555555555555"],"detail":"a query of user \"eve\" at \"10.0.0.9\""`,
		`change",ADMIN,"action":"table_create","on":"test.other"`,
		`change",ADMIN,"action":"set_write_hook","on":"test.tbl","detail":"set"`,
		`change",ADMIN,"action":"set_write_hook","on":"test.tbl","detail":"removed"`,
		`change",ADMIN,"action":"reconfigure","on":"test.tbl"`,
		`change",ADMIN,"action":"rebalance","on":"test"`,
		`change",ADMIN,"action":"table_drop","on":"test.other"`,
		`change",ADMIN,"action":"db_create","on":"more"`,
		`change",ADMIN,"action":"db_drop","on":"more"`,
	}
	for i := range max(len(got), len(want)) {
		g, x := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			x = want[i]
		}
		if g != x {
			t.Errorf("line %d is\n%s\nwant\n%s", i+1, g, x)
		}
	}
	if all := strings.Join(got, "\n"); strings.Contains(all, "horse") {
		t.Errorf("a secret is in\n%s", all)
	}
}

func TestWhatWasDeniedIsTold(t *testing.T) {
	w, log := auditedWorld(t)
	bob := &exec.Client{User: "bob", Addr: netip.MustParseAddrPort("10.0.0.7:99"), Port: access.Web}
	for range 3 {
		if _, err := w.DBCreate(ctx, bob, "mine"); !isDenied(err) {
			t.Errorf("creating a database: %v", err)
		}
	}
	if _, err := w.update(w.as(bob, "users", ""), `"admin"`, `{"password":"mine"}`); !isDenied(err) {
		t.Errorf("changing a password: %v", err)
	}
	db := w.testDB()
	if _, err := w.Grant(ctx, bob, &db, "", "bob", w.value(`{"read":true}`)); !isDenied(err) {
		t.Errorf("a grant: %v", err)
	}
	const who = `denied","user":"bob","peer":"10.0.0.7:99","port":"web","reason":"User ` + "`bob` does not have the required "
	const again = `denied","user":"bob","peer":"10.0.0.7","port":"web","reason":"User ` + "`bob` does not have the required "
	want := []string{
		who + "`config` permission.\",\"action\":\"db_create\",\"on\":\"mine\"",
		who + "`read` permission.\",\"action\":\"write\",\"on\":\"rethinkdb.users\"",
		who + "`read` permission.\",\"action\":\"grant\",\"on\":\"test\"",
		again + "`config` permission.\",\"action\":\"db_create\",\"on\":\"mine\",\"count\":2",
	}
	got := w.told(log, 2)
	for i := range got {
		got[i] = regexp.MustCompile(`,"since":"[^"]*"$`).ReplaceAllString(got[i], "")
	}
	if !slices.Equal(got, want) {
		t.Errorf("the lines are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAuditTable(t *testing.T) {
	w, log := auditedWorld(t)
	if r, err := w.insert(w.system("users"), `{"id":"bob","password":false}`); err != nil || r.Err != nil {
		t.Fatal(err, r.Err)
	}
	system := exec.DB{ID: DatabaseID, Name: "rethinkdb"}
	bob := &exec.Client{User: "bob"}
	for _, right := range []string{"read", "config"} { // config alone is for reading this table only
		_, err := w.as(bob, "audit", "").Scan(ctx, table.ScanOptions{})
		wantError(t, err, reql.Permission, "User `bob` does not have the required `"+right+"` permission.")
		if _, err := w.Grant(ctx, w.admin, &system, "audit", "bob", w.value(`{"`+right+`":true}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	rows := w.rows(w.as(bob, "audit", ""), table.ScanOptions{})
	const want = `{"action":"table_create","event":"change","hash":"H","id":[2,"$server"],"on":"test.tbl","peer":"127.0.0.1:4711","port":"driver","prev":"H",` +
		`"seq":2,"server":"alpha","timestamp":{"$reql_type$":"TIME","epoch_time":T,"timezone":"+00:00"},"user":"admin"}`
	got := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(rows[1], "H")
	got = regexp.MustCompile(`"epoch_time":[0-9.]+`).ReplaceAllString(got, `"epoch_time":T`)
	if len(rows) != 5 || got != want {
		t.Errorf("%d rows, the second is\n%s\nwant\n%s", len(rows), got, want)
	}
	one, err := w.as(bob, "audit", "uuid").Get(ctx, w.value(`[2,"$server"]`), table.ReadOptions{})
	if server, _ := one.Get("server"); err != nil || w.json(server) != `"$server"` {
		t.Errorf("the second row is %s, %v", w.json(one), err)
	}
	r, err := w.remove(w.system("audit"), `[2,"$server"]`)
	if err != nil || r.Err == nil || r.Err.Error() != "It's illegal to write to the `rethinkdb.audit` table." {
		t.Errorf("removing a row: %v, %v", r.Err, err)
	}
	if names, err := w.Tables(system); err != nil || slices.Contains(names, "audit") {
		t.Errorf("the tables are %v, %v", names, err)
	}
}
