package exec_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/forward"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

// split is a router of one of two servers: tables whose names begin with prefix are on the other one.
type split struct {
	*forward.Pool
	prefix string
	names  map[string]string // of tables, by identifier
}

func (s split) Locate(_, table string, _ bool) (server string, here bool, err error) {
	return "other", len(table) < len(s.prefix) || table[:len(s.prefix)] != s.prefix, nil
}

func (s split) LocateKey(db, table string, _ datum.Value) (server string, here bool, err error) {
	return s.Locate(db, table, false)
}

func (s split) Primary(table string, _ uint32) (server string, here bool, err error) {
	return s.Locate("", s.names[table], false)
}

// link lets a server send queries to another one, which has the tables that begin with prefix.
func link(t *testing.T, from, to *server, prefix string) {
	t.Helper()
	pool := dial(t, to.engine)
	names := map[string]string{}
	for _, row := range strings.Split(from.run(t, `r.db("rethinkdb").table("table_config")`), "\n") {
		var config struct{ ID, Name string }
		if err := json.Unmarshal([]byte(row), &config); err != nil {
			t.Fatal(err)
		}
		names[config.ID] = config.Name
	}
	from.engine.UseRouter(func() exec.Router { return split{pool, prefix, names} })
}

// A query answers the same wherever its tables are.
func TestPartsOnAnotherServer(t *testing.T) {
	whole, home, away := newServer(t), newServer(t), newServer(t)
	for _, s := range []*server{whole, home, away} {
		for _, q := range []string{`r.dbCreate("test")`, `r.tableCreate("near")`, `r.tableCreate("far")`,
			`r.table("near").indexCreate("n")`, `r.table("far").indexCreate("n")`, `r.table("near").indexWait()`, `r.table("far").indexWait()`} {
			s.run(t, q)
		}
	}
	link(t, home, away, "far")
	link(t, away, home, "near")
	for _, q := range []string{
		`r.table("near").insert(r.range(20).map(i => {id: i, n: i.mod(3), tags: ["a", ["b"]]}))`,
		`r.table("far").insert(r.range(500).map(i => {id: i, n: i.mod(7), at: r.epochTime(i), pad: "[x\"]"}))`,
		`r.table("far").count()`,
		`r.table("far").get(3)`,
		`r.table("far").get(3)("at").year()`,
		`r.table("far").get(1000)`,
		`r.table("far").getAll(3, index: "n").count()`,
		`r.table("far").orderBy("id")`, // several batches
		`r.table("far").orderBy(index: r.desc("id")).limit(3)`,
		`r.table("far").between(10, 13).orderBy("id").map(x => x("id").add(1))`,
		`r.table("near").orderBy("id").map(x => x.merge({far: r.table("far").get(x("id"))}))`,
		`r.table("near").orderBy("id").map(x => r.table("far").getAll(x("n"), index: "n").count())`,
		`r.table("near").orderBy("id").map(x => r.table("far").filter(y => y("n").eq(x("n"))).orderBy("id")(0))`,
		`r.table("far").orderBy("id").limit(5).map(x => r.table("near").get(x("id"))("tags"))`,
		`r.table("far").get(5).update(x => {m: x("n").add(1)}, returnChanges: true)`,
		`r.table("far").get(5).update({k: r.table("near").get(1)("n")}, nonAtomic: true, returnChanges: true)`,
		`r.table("near").orderBy("id").forEach(x => r.table("far").get(x("id")).update({seen: x("tags")}))`,
		`r.table("near").insert(r.table("far").get(400).merge({id: "copy"}), returnChanges: true)`,
		`r.table("near").filter(x => r.table("far").get(x("id").coerceTo("string")).eq(null)).count()`,
		`[r.table("far").count(), r.table("near").count()]`,
		`{far: r.table("far").get(1), near: r.table("near").get(1)}`,
		`r.table("far").get(1).do(x => r.table("near").get(x("n")))`,
		`r.table("near").union(r.table("far").getAll(1, 2)).count()`,
		`r.table("far").group("n").count()`,
		`r.table("far").group("n").count().ungroup().map(g => g("reduction"))`,
		`r.table("near").innerJoin(r.table("far").limit(20), (a, b) => a("id").eq(b("id"))).count()`,
		`r.table("far").get(7)("nothing")`,
		`r.table("near").get(2).merge({x: r.table("far").get(7)("nothing")})`,
		`r.table("far").get(7)("nothing").default(r.table("near").get(1)("n"))`,
		`r.expr(1).add(r.table("far").get(7)("pad"))`,
		`r.table("far").indexList()`,
		`r.table("far").config()("name")`,
		`r.table("far").info()("primary_key")`,
		`r.table("far").delete()`,
		`r.table("far").count()`,
	} {
		want, got := whole.run(t, q), home.run(t, q)
		if got != want {
			t.Errorf("%s\ngives %s\nwant  %s", q, got, want)
		}
	}
}

// A feed of a table on another server is passed on.
func TestFeedOnAnotherServer(t *testing.T) {
	home, away := newServer(t), newServer(t)
	for _, s := range []*server{home, away} {
		s.run(t, `r.dbCreate("test")`)
		s.run(t, `r.tableCreate("far")`)
	}
	link(t, home, away, "far")
	body, err := reqltest.Query(`r.table("far").changes()`)
	if err != nil {
		t.Fatal(err)
	}
	plan := home.compiler.Compile(mustParse(t, body))
	answer, cur := plan.Start(t.Context(), nil)
	feed, ok := cur.(session.Feed)
	if !ok {
		t.Fatalf("the feed answers %s, with the cursor %T", answer, cur)
	}
	defer feed.Close()
	for i := range 3 {
		woken := make(chan struct{})
		if !feed.Wait(func() { close(woken) }) {
			t.Fatal("the feed has something before there is anything")
		}
		if out, more := feed.Next(t.Context(), nil); len(out) > 0 || !more {
			t.Fatalf("the feed that has nothing answers %s, %v", out, more)
		}
		if !feed.Wait(func() { close(woken) }) {
			t.Fatal("the feed has something before there is anything")
		}
		home.run(t, `r.table("far").insert({})`)
		select {
		case <-woken:
		case <-time.After(10 * time.Second):
			t.Fatal("the feed was not woken")
		}
		out, more := feed.Next(t.Context(), nil)
		var r struct{ R []json.RawMessage }
		if err := json.Unmarshal(out, &r); err != nil || len(r.R) != 1 || !more {
			t.Fatalf("change %d: %s, %v", i, out, more)
		}
	}
}

func mustParse(t *testing.T, body []byte) *reql.Query {
	t.Helper()
	q, err := reql.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
