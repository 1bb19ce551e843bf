package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

// TestPermissionMatrix runs a query of each family of terms with each set of rights, granted at each scope.
func TestPermissionMatrix(t *testing.T) {
	// need is what a family of queries takes: rights in the order in which they are asked for, and the scopes where they
	// count when they are granted. The right to write is there only together with that to read.
	type need struct {
		rights []string
		scopes []string
	}
	table := []string{"table", "database", "global"}
	database := []string{"database", "global"}
	global := []string{"global"}
	var (
		nothing       = need{}
		read          = need{[]string{"read"}, table}
		write         = need{[]string{"write"}, table}
		readThenWrite = need{[]string{"read", "write"}, table}
		writePastHook = need{[]string{"config", "write"}, table}
		allPastHook   = need{[]string{"config", "read", "write"}, table}
		config        = need{[]string{"config"}, table}
		hook          = need{[]string{"hook"}, table}
		configDB      = need{[]string{"config"}, database}
		configAll     = need{[]string{"config"}, global}
		connect       = need{[]string{"connect"}, global}
		never         = need{rights: []string{"read"}} // of the system database, where nothing is granted here
	)
	queries := []struct {
		query string
		needs need
	}{
		{`r.expr(1).add(1)`, nothing},
		{`r.dbList()`, nothing},
		{`r.tableList()`, nothing},
		{`r.db("test").info()`, nothing},
		{`r.table("t").typeOf()`, nothing},
		{`r.table("t").map(x => x("n")).typeOf()`, nothing},
		{`r.table("t").indexList()`, nothing},
		{`r.table("t").indexStatus()`, nothing},
		{`r.table("t").indexWait()`, nothing},
		{`r.table("t").wait()`, nothing},
		{`r.db("test").wait()`, nothing},
		{`r.table("t").status()`, nothing},

		{`r.table("t")`, read},
		{`r.table("t").get(1)`, read},
		{`r.table("t").get(1)("n")`, read},
		{`r.table("t").get(1).default(null)`, read},
		{`r.table("t").getAll(1, 2)`, read},
		{`r.table("t").getAll(1, index: "n")`, read},
		{`r.table("t").getAll("no such value", index: "no such index")`, read},
		{`r.table("t").between(1, 2)`, read},
		{`r.table("t").between(1, 2, index: "n")`, read},
		{`r.table("t").between(1, 2, index: "no such index")`, read},
		{`r.table("t").orderBy("n")`, read},
		{`r.table("t").orderBy(index: "id")`, read},
		{`r.table("t").orderBy(index: "n")`, read},
		{`r.table("t").orderBy(r.desc("id"), index: "n")`, read},
		{`r.table("t").getIntersecting(r.point(0, 0), index: "g")`, read},
		{`r.table("t").getNearest(r.point(0, 0), index: "g")`, read},
		{`r.table("t").distinct()`, read},
		{`r.table("t").distinct(index: "n")`, read},
		{`r.table("t").count()`, read},
		{`r.table("t").getAll(1, index: "n").count()`, read},
		{`r.table("t").between(1, 9, index: "n").count()`, read},
		{`r.table("t").min(index: "n")`, read},
		{`r.table("t").max(index: "id")`, read},
		{`r.table("t").sum("n")`, read},
		{`r.table("t").group("n").count()`, read},
		{`r.table("t").group(index: "n").count()`, read},
		{`r.table("t").reduce((a, b) => a)`, read},
		{`r.table("t").fold(0, (a, b) => a)`, read},
		{`r.table("t").isEmpty()`, read},
		{`r.table("t").contains(1)`, read},
		{`r.table("t").nth(0)`, read},
		{`r.table("t").limit(1)`, read},
		{`r.table("t").sample(1)`, read},
		{`r.table("t").filter({n: 1})`, read},
		{`r.table("t").concatMap(x => [x])`, read},
		{`r.table("t").withFields("n")`, read},
		{`r.table("t").coerceTo("array")`, read},
		{`r.table("t").union([1])`, read},
		{`r.expr([{id: 1}]).eqJoin("id", r.table("t"))`, read},
		{`r.expr([{id: 1}]).innerJoin(r.table("t"), (a, b) => true)`, read},
		{`r.expr([1]).map(x => r.table("t").get(x))`, read},
		{`r.expr([1]).forEach(x => r.table("t2").get(x).delete())`, nothing},
		{`r.table("t").info()`, read},
		{`r.table("t").between(1, 2).info()`, read},

		{`r.table("t").insert({id: 10})`, write},
		{`r.table("t").insert([{id: 11}, {id: 12}], conflict: "replace")`, write},
		{`r.table("t").get(1).update({n: 1})`, write},
		{`r.table("t").get(1).replace(x => x)`, write},
		{`r.table("t").get(10).delete()`, write},
		{`r.table("t").getAll(1).update({n: 1})`, readThenWrite},
		{`r.table("t").filter({n: 1}).update({n: 1})`, readThenWrite},
		{`r.table("t").update({n: r.random(3)}, non_atomic: true)`, readThenWrite},
		{`r.table("t").filter({n: 77}).delete()`, read}, // of no rows
		{`r.expr([1]).forEach(x => r.table("t").get(x).update({n: 1}))`, write},
		{`r.table("t").sync()`, write},
		{`r.table("t").insert({id: 13}, ignore_write_hook: false)`, write},
		{`r.table("t").insert({id: 14}, ignore_write_hook: true)`, writePastHook},
		{`r.table("t").get(1).update({n: 1}, ignore_write_hook: true)`, writePastHook},
		{`r.table("t").delete(ignore_write_hook: true)`, allPastHook},

		{`r.table("t").indexCreate("new")`, config},
		{`r.table("t").indexRename("new", "newer")`, config},
		{`r.table("t").indexDrop("newer")`, config},
		{`r.table("t").getWriteHook()`, config},
		{`r.table("t").config()`, config},
		{`r.table("t").setWriteHook((c, o, n) => n)`, hook},
		{`r.table("t").setWriteHook(null)`, hook},
		{`r.table("t").reconfigure(shards: 1, replicas: 1, dry_run: true)`, config},
		{`r.table("t").rebalance()`, config},
		{`r.db("test").config()`, configDB},
		{`r.db("test").reconfigure(shards: 1, replicas: 1, dry_run: true)`, configDB},
		{`r.db("test").rebalance()`, configDB},
		{`r.tableCreate("new")`, configDB},
		{`r.dbCreate("new")`, configAll},

		{`r.http("http://127.0.0.1:1/")`, connect},

		{`r.grant("u", {read: true})`, never},
		{`r.table("t2").grant("u", {read: true})`, never},
		{`r.db("rethinkdb").table("users")`, never},
		{`r.db("rethinkdb").table("users").get("admin")`, never},
		{`r.db("rethinkdb").table("users").count()`, never},
		{`r.db("rethinkdb").table("users").info()`, never},
		{`r.db("rethinkdb").table("users").insert({id: "v", password: false})`, never},
		{`r.db("rethinkdb").table("permissions").delete()`, never},
		{`r.db("rethinkdb").table("_debug_scratch")`, never},

		{`r.tableDrop("t")`, config},
		{`r.dbDrop("test")`, configDB},
	}
	on := map[string]string{"global": `r`, "database": `r.db("test")`, "table": `r.table("t")`}
	for scope, object := range on {
		for set := range 1 << 4 {
			granted := map[string]bool{}
			for i, right := range []string{"read", "write", "config", "connect"} {
				granted[right] = set>>i&1 == 1
			}
			if granted["connect"] && scope != "global" {
				continue // there is no such right
			}
			t.Run(fmt.Sprintf("%s/%04b", scope, set), func(t *testing.T) {
				s := newServer(t)
				for _, q := range []string{
					`r.dbCreate("test")`, `r.tableCreate("t")`, `r.tableCreate("t2")`,
					`r.table("t").indexCreate("n")`, `r.table("t").indexCreate("g", geo: true)`, `r.table("t").indexWait()`,
					`r.table("t").insert(r.range(5).map(i => {id: i, n: i, g: r.point(i, i)}))`,
					`r.db("rethinkdb").table("users").insert({id: "u", password: false})`,
					`r.table("t2").grant("u", {read: true, write: true})`,
					fmt.Sprintf(`%s.grant("u", {read: %t, write: %t, config: %t})`, object, granted["read"], granted["write"], granted["config"]),
				} {
					if got := s.run(t, q); failed(got) {
						t.Fatalf("%s\n%s", q, got)
					}
				}
				if granted["connect"] {
					s.run(t, `r.grant("u", {connect: true})`)
				}
				u := s.as("u")
				for _, c := range queries {
					want := ""
					for _, right := range c.needs.rights {
						has := (granted[right] || right == "hook" && granted["config"]) && slices.Contains(c.needs.scopes, scope) && (right != "write" || granted["read"])
						if !has {
							want = right
							break
						}
					}
					got := u.run(t, c.query)
					if want != "" {
						text := "User `u` does not have the required `%s` permission."
						if want == "hook" { // which the reference reports as if nobody had foreseen it
							want = "Internal: Unexpected exception: " + fmt.Sprintf(text, "config")
						} else {
							want = "Permission: " + fmt.Sprintf(text, want)
						}
						got, _, _ = strings.Cut(got, "\nat ")
						if got != want {
							t.Errorf("%s\ngot  %s\nwant %s", c.query, got, want)
						}
					} else if strings.Contains(got, "permission") && failed(got) {
						t.Errorf("%s\ngot %s", c.query, got)
					}
				}
			})
		}
	}
}

// failed tells whether an answer of a script is an error.
func failed(answer string) bool {
	class, _, ok := strings.Cut(answer, ": ")
	if !ok || class == "Compile" {
		return ok
	}
	for _, name := range classNames {
		if name == class {
			return true
		}
	}
	return false
}

// TestNarrowestScope checks that a table's own setting is the one that counts, then the database's.
func TestNarrowestScope(t *testing.T) {
	s := newServer(t)
	for _, q := range []string{
		`r.dbCreate("test")`, `r.tableCreate("t")`, `r.db("rethinkdb").table("users").insert({id: "u", password: false})`,
	} {
		s.run(t, q)
	}
	u := s.as("u")
	for _, c := range []struct {
		grant   string
		allowed bool
	}{
		{`r.grant("u", {read: true})`, true},
		{`r.db("test").grant("u", {read: false})`, false},
		{`r.table("t").grant("u", {read: true})`, true},
		{`r.table("t").grant("u", {read: null})`, false},
		{`r.db("test").grant("u", {read: null})`, true},
		{`r.table("t").grant("u", {read: false})`, false},
		{`r.db("rethinkdb").table("permissions").filter(x => x("id").count().eq(3)).delete()`, true},
		{`r.dbCreate("closed").do(x => r.db("closed").grant("u", {read: false}))`, true},
		{`r.table("t").config().update({db: "closed"})`, false},
	} {
		if got := s.run(t, c.grant); failed(got) {
			t.Fatalf("%s\n%s", c.grant, got)
		}
		name := `r.table("t").count()`
		if strings.Contains(c.grant, `db: "closed"`) {
			name = `r.db("closed").table("t").count()`
		}
		if got := u.run(t, name); failed(got) == c.allowed {
			t.Errorf("after %s\n%s", c.grant, got)
		}
	}
	s.run(t, `r.grant("u", {read: true})`)
	s.run(t, `r.db("rethinkdb").table("users").get("u").delete()`)
	if got := u.run(t, `r.table("t").count()`); got != "OpFailed: Table `test.t` does not exist.\nat [0]" {
		t.Errorf("in the old place: %s", got)
	}
	if got := u.run(t, `r.db("closed").table("t").count()`); !strings.HasPrefix(got, "Permission: ") {
		t.Errorf("a user who is gone: %s", got)
	}
}

// TestRevokedCursor checks that a cursor ends with the right to read what it reads, whatever the way to the rows.
func TestRevokedCursor(t *testing.T) {
	s := newServer(t)
	for _, q := range []string{
		`r.dbCreate("test")`, `r.tableCreate("t")`, `r.tableCreate("other")`,
		`r.table("t").indexCreate("n")`, `r.table("t").indexCreate("g", geo: true)`, `r.table("t").indexWait()`,
		`r.table("t").insert(r.range(300).map(i => {id: i, n: i, g: r.point(i.div(1000), 0)}))`,
		`r.table("other").insert(r.range(300).map(i => {id: i}))`,
		`r.db("rethinkdb").table("users").insert({id: "u", password: false})`,
		`r.grant("u", {read: true})`,
		`r.db("rethinkdb").grant("u", {read: true})`,
		`r.db("rethinkdb").table("users").insert(r.range(30).map(i => {id: i.coerceTo("string"), password: false}))`,
	} {
		if got := s.run(t, q); failed(got) {
			t.Fatalf("%s\n%s", q, got)
		}
	}
	u := s.as("u")
	for _, c := range []struct{ query, revoke string }{
		{`r.table("t")`, `r.grant("u", {read: null})`},
		{`r.table("t")`, `r.db("test").grant("u", {read: false})`},
		{`r.table("t")`, `r.table("t").grant("u", {read: false})`},
		{`r.table("t")`, `r.db("rethinkdb").table("users").get("u").delete()`},
		{`r.table("t").map(x => x("n"))`, ""},
		{`r.table("t").between(1, 200)`, ""},
		{`r.table("t").orderBy(index: "id")`, ""},
		{`r.table("t").orderBy(index: "n")`, ""},
		{`r.table("t").orderBy(r.desc("id"), index: "n")`, ""},
		{`r.table("t").between(0, 200, index: "n")`, ""},
		{`r.table("t").getIntersecting(r.circle([0.1, 0], 100000), index: "g")`, ""},
		{`r.table("t").getAll(r.args(r.range(200).coerceTo("array")))`, ""},
		{`r.table("t").getAll(r.args(r.range(200).coerceTo("array")), index: "n")`, ""},
		{`r.table("t").concatMap(x => [x, x])`, ""},
		{`r.table("other").concatMap(x => r.table("t").getAll(x("id")))`, ""},
		{`r.table("other").eqJoin("id", r.table("t"))`, ""},
		{`r.table("other").union(r.table("t"))`, ""},
		{`r.table("t").union(r.table("other"), interleave: "id")`, ""},
		{`r.map(r.table("t"), r.table("other"), (a, b) => a)`, ""},
		{`r.range(100).map(i => r.table("t").get(i))`, ""},
		{`r.table("t").skip(3).limit(200)`, ""},
		{`r.db("rethinkdb").table("users")`, `r.db("rethinkdb").grant("u", {read: null})`},
	} {
		t.Run(c.query, func(t *testing.T) {
			if c.revoke == "" {
				c.revoke = `r.table("t").grant("u", {read: false})`
			}
			cur := u.openCursor(t, c.query)
			defer cur.Close()
			if got := s.run(t, c.revoke); failed(got) {
				t.Fatal(got)
			}
			checkRevoked(t, cur)
			for _, q := range []string{
				`r.db("rethinkdb").table("users").insert({id: "u", password: false})`,
				`r.grant("u", {read: true})`, `r.db("test").grant("u", {read: null})`, `r.table("t").grant("u", {read: null})`,
				`r.db("rethinkdb").grant("u", {read: true})`,
			} {
				s.run(t, q)
			}
		})
	}
}

// openCursor starts a query and takes two batches of ten rows.
func (s *server) openCursor(t *testing.T, query string) session.Cursor {
	t.Helper()
	body, err := reqltest.Query(query + `; max_batch_rows: 10, first_batch_scaledown_factor: 1`)
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	ctx := context.Background()
	out, cur := s.compiler.Compile(q).Start(ctx, nil)
	if cur == nil {
		t.Fatalf("no cursor: %.200s", out)
	}
	if out, more := cur.Next(ctx, nil); !more {
		cur.Close()
		t.Fatalf("the cursor has ended: %.200s", out)
	}
	return cur
}

// TestRoles gives rights by a role to a user who is at work, and takes them away in each way there is.
func TestRoles(t *testing.T) {
	s := newServer(t)
	do := func(query string) {
		t.Helper()
		if got := s.run(t, query); failed(got) || strings.Contains(got, "first_error") {
			t.Fatalf("%s\n%s", query, got)
		}
	}
	for _, q := range []string{
		`r.dbCreate("test")`, `r.tableCreate("t")`, `r.table("t").insert(r.range(100).map(i => {id: i}))`,
		`r.db("rethinkdb").table("users").insert([{id: "all", role: true}, {id: "readers", role: true, roles: ["all"]}, {id: "u", password: false}])`,
	} {
		do(q)
	}
	const (
		give = `r.db("rethinkdb").table("users").get("u").update({roles: ["readers"]})`
		take = `r.db("rethinkdb").table("users").get("u").update({roles: []})`
		none = "Permission: User `u` does not have the required `read` permission."
	)
	u := s.as("u")
	for _, c := range []struct{ revoke, restore string }{
		{take, give},
		{`r.db("rethinkdb").table("users").get("readers").update({roles: []})`, `r.db("rethinkdb").table("users").get("readers").update({roles: ["all"]})`},
		{`r.table("t").grant("all", {read: null})`, `r.table("t").grant("all", {read: true})`},
		{`r.table("t").grant("readers", {read: false})`, `r.table("t").grant("readers", {read: null})`},
		{`r.table("t").grant("u", {read: false})`, `r.table("t").grant("u", {read: null})`},
		{`r.db("rethinkdb").table("users").get("u").delete()`, `r.db("rethinkdb").table("users").insert({id: "u", password: false, roles: ["readers"]})`},
	} {
		do(give)
		do(`r.table("t").grant("all", {read: true})`)
		if got := u.run(t, `r.table("t").count()`); got != "100" {
			t.Fatalf("before %s: %s", c.revoke, got)
		}
		cur := u.openCursor(t, `r.table("t")`)
		f := u.openFeed(t, `r.table("t").changes()`)
		do(c.revoke)
		if got := u.run(t, `r.table("t").count()`); !strings.HasPrefix(got, none) {
			t.Errorf("after %s: %s", c.revoke, got)
		}
		checkRevoked(t, cur)
		cur.Close()
		do(`r.table("t").get(1).update(x => ({n: x("n").default(0).add(1)}))`)
		if got := f.show(t, 0, true); !strings.HasPrefix(got, none) {
			t.Errorf("a feed after %s: %s", c.revoke, got)
		}
		f.close()
		do(c.restore)
	}
	for query, want := range map[string]string{
		`r.db("rethinkdb").table("users").get("u")`:                                              `{"id":"u","password":false,"roles":["readers"]}`,
		`r.db("rethinkdb").table("users").get("readers")`:                                        `{"id":"readers","password":false,"role":true,"roles":["all"]}`,
		`r.db("rethinkdb").table("permissions").filter({user: "u"}).count()`:                     `0`,
		`r.db("rethinkdb").table("permissions").filter({user: "all"}).map(x => x.without("id"))`: `{"database":"test","permissions":{"read":true},"table":"t","user":"all"}`,
	} {
		if got := s.run(t, query); got != want {
			t.Errorf("%s\n%s", query, got)
		}
	}
}

// TestRevokedFeed checks that a feed ends with the right to read what it reads, before anything that it has in store.
func TestRevokedFeed(t *testing.T) {
	s := newServer(t)
	restore := []string{
		`r.db("rethinkdb").table("users").insert({id: "u", password: false})`,
		`r.grant("u", {read: true, config: true})`, `r.db("test").grant("u", {read: null})`, `r.table("t").grant("u", {read: null, config: null})`,
		`r.db("rethinkdb").grant("u", {read: true})`,
	}
	for _, q := range append([]string{
		`r.dbCreate("test")`, `r.tableCreate("t")`, `r.tableCreate("other")`, `r.table("t").indexCreate("n")`, `r.table("t").indexWait()`,
		`r.table("t").insert(r.range(20).map(i => {id: i, n: i}))`,
	}, restore...) {
		if got := s.run(t, q); failed(got) {
			t.Fatalf("%s\n%s", q, got)
		}
	}
	u := s.as("u")
	const read, config = "read", "config"
	for _, c := range []struct{ query, revoke, right string }{
		{`r.table("t").changes()`, `r.grant("u", {read: null})`, read},
		{`r.table("t").changes()`, `r.db("test").grant("u", {read: false})`, read},
		{`r.table("t").changes()`, `r.db("rethinkdb").table("users").get("u").delete()`, read},
		{`r.table("t").changes()`, `r.db("rethinkdb").table("permissions").filter({user: "u"}).delete()`, read},
		{`r.table("t").changes(squash: true)`, "", read},
		{`r.table("t").changes(include_initial: true)`, "", read},
		{`r.table("t").filter(x => x("n").gt(3)).map(x => x("n")).changes()`, "", read},
		{`r.table("t").between(1, 10, index: "n").changes()`, "", read},
		{`r.table("t").getAll(1, 2).changes()`, "", read},
		{`r.table("t").get(1).changes()`, "", read},
		{`r.table("t").get(1).changes(include_initial: true)`, "", read},
		{`r.table("t").orderBy(index: "n").limit(3).changes()`, "", read},
		{`r.table("t").orderBy(index: "id").limit(3).changes(include_initial: true)`, "", read},
		{`r.table("t").min(index: "n").changes()`, "", read},
		{`r.table("other").changes().union(r.table("t").changes())`, "", read},
		{`r.table("t").union(r.table("other")).changes()`, "", read},
		{`r.table("t").changes().map(x => x("new_val"))`, "", read},
		{`r.db("rethinkdb").table("users").changes()`, `r.db("rethinkdb").grant("u", {read: null})`, read},
		{`r.db("rethinkdb").table("users").get("u").changes()`, `r.db("rethinkdb").table("users").grant("u", {read: false})`, read},
		{`r.db("rethinkdb").table("jobs").changes()`, `r.db("rethinkdb").grant("u", {read: null})`, read},
		{`r.table("t").config().changes()`, `r.table("t").grant("u", {config: false})`, config},
		{`r.db("test").config().changes()`, `r.grant("u", {config: null})`, config},
	} {
		t.Run(c.query+c.revoke, func(t *testing.T) {
			if c.revoke == "" {
				c.revoke = `r.table("t").grant("u", {read: false})`
			}
			feed := u.startFeed(t, c.query)
			defer feed.Close()
			wait := make(chan struct{}, 1)
			for feed.Wait(func() { wait <- struct{}{} }) == false {
				if out, more := feed.Next(context.Background(), nil); !more {
					t.Fatalf("the feed has ended: %s", out)
				}
			}
			s.run(t, `r.table("t").get(1).update({n: r.random(1e9)}, non_atomic: true)`) // it may have something
			if got := s.run(t, c.revoke); failed(got) {
				t.Fatal(got)
			}
			checkEnded(t, feed, c.right)
			for _, q := range append(restore, `r.db("rethinkdb").table("users").grant("u", {read: null})`) {
				s.run(t, q)
			}
		})
	}
}

// TestRevokedFirstChanges checks a query that waits for the first changes of a table.
func TestRevokedFirstChanges(t *testing.T) {
	s := newServer(t)
	for _, q := range []string{
		`r.dbCreate("test")`, `r.tableCreate("t")`, `r.db("rethinkdb").table("users").insert({id: "u", password: false})`, `r.grant("u", {read: true})`,
	} {
		if got := s.run(t, q); failed(got) {
			t.Fatalf("%s\n%s", q, got)
		}
	}
	answer := make(chan string)
	u := s.as("u")
	const denied = "User `u` does not have the required `read` permission."
	deadline := time.Now().Add(30 * time.Second)
	for {
		go func() { answer <- u.run(t, `r.table("t").changes().limit(1).count()`) }()
		s.run(t, `r.table("t").info()`) // gives it time to begin
		if got := s.run(t, `r.grant("u", {read: null})`); failed(got) {
			t.Fatal(got)
		}
		got, _, _ := strings.Cut(<-answer, "\nat ")
		switch {
		case got == "Permission: "+denied:
			return
		case got != "Internal: Unexpected exception: "+denied: // it had not begun to wait yet
			t.Fatal(got)
		case time.Now().After(deadline):
			t.Fatal("it never waits")
		}
		s.run(t, `r.grant("u", {read: true})`)
	}
}

// startFeed starts a feed and gives its cursor after the first answer.
func (s *server) startFeed(t *testing.T, script string) session.Feed {
	t.Helper()
	body, err := reqltest.Query(script)
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	out, cur := s.compiler.Compile(q).Start(context.Background(), nil)
	if cur == nil {
		t.Fatalf("no feed: %s", out)
	}
	return cur.(session.Feed)
}

func checkRevoked(t *testing.T, cur session.Cursor) {
	t.Helper()
	checkEnded(t, cur, "read")
}

// checkEnded checks that a cursor ends for the lack of a right.
func checkEnded(t *testing.T, cur session.Cursor, right string) {
	t.Helper()
	out, more := cur.Next(context.Background(), nil)
	want := "Permission: User `u` does not have the required `" + right + "` permission."
	got := string(out)
	if r := parseResponse(t, out); r.T >= int(reql.ClientError) {
		got, _, _ = strings.Cut(printError(t, r), "\nat ")
	}
	if more || got != want {
		t.Errorf("more: %t, %.300s", more, got)
	}
}
