package exec_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

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
			for feed.Wait(func() {}) == false {
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
