package exec_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/session"
)

// pipelineQueries answer the same however tables are divided, but for the order of rows for which none is asked.
var pipelineQueries = []string{
	`r.table("t").filter({n: 3})`,
	`r.table("t").filter(x => x("n").gt(3))("m")`,
	`r.table("t").pluck("m", "n").without("n")`,
	`r.table("t").map(x => x("m").mul(2))`,
	`r.table("t").merge({a: 1}).hasFields("a")("id")`,
	`r.table("t").withFields("m", "nothing")`,
	`r.table("t").withFields("m", "n")`,
	`r.table("t").concatMap(x => x("tags"))`,
	`r.table("t").concatMap(x => x("tags")).filter(x => x.eq("a"))`,
	`r.table("t").between(3, 40).filter(x => x("odd").not())`,
	`r.table("t").between(2, 5, index: "n").pluck("m")`,
	`r.table("t").getAll(1, 3, 3, index: "n")("m")`,
	`r.table("t").getAll("a", "b", index: "tags").filter({n: 2})("id")`,
	`r.table("t").getAll(1, 5, "k1").pluck("n")`,
	`r.table("t").between(5, 3).filter({n: 2})`,
	`r.table("t").filter({n: 100})`,
	`r.table("t").filter({n: 3}).limit(200).count()`,
	`r.table("t").filter({n: 3}).limit(5).count()`,
	`r.table("t").filter({n: 3}).limit(0)`,
	`r.table("t").filter({n: 3}).skip(3).count()`,
	`r.table("t").filter({n: 3}).limit(4).map(x => x("n"))`,
	`r.table("t").filter({m: 17})(0)("m")`,
	`r.table("t").filter({m: 17}).nth(0)`,
	`r.table("t").filter({m: 17}).nth(1)`,
	`r.table("t").filter({n: 100}).isEmpty()`,
	`r.table("t").filter({n: 1}).isEmpty()`,
	`r.table("t").filter({n: 1}).typeOf()`,
	`r.table("t").map(x => x("n")).typeOf()`,
	`r.table("t")("m").contains(17)`,
	`r.table("t")("m").contains(1700)`,
	`r.table("t")("m").contains(17, 18)`,
	`r.table("t").filter({n: 1}).contains(x => x("m").eq(15))`,
	`r.table("t").contains(x => x("n").add("a"))`,
	`r.table("t").filter({n: 100}).contains()`,
	`r.table("t")("n").distinct()`,
	`r.table("t").filter(x => x("m").lt(20)).pluck("n", "odd").distinct()`,
	`r.table("t").distinct(index: "id")`,
	`r.table("t").distinct(index: "id").filter(x => x.typeOf().eq("NUMBER"))`,
	`r.table("t").distinct(index: "n").map(x => x.add(1))`,
	`r.table("t").distinct(index: "tags").map(x => x.add("!"))`,
	`r.table("t").pluck("n").distinct().count()`,
	`r.table("t").concatMap(x => x("tags")).distinct()`,
	`r.table("t").orderBy("m").limit(3)("m")`,
	`r.table("t").filter({n: 3}).orderBy(r.desc("m")).limit(4)`,
	`r.table("t").filter({n: 3}).orderBy("odd", r.desc("m")).limit(4)("m")`,
	`r.table("t").orderBy("n", "m").slice(0, 5)("m")`,
	`r.table("t").orderBy("n", x => x("m").add("a")).limit(2)`,
	`r.table("t").orderBy(x => x("m").add("a")).limit(2)`,
	`r.table("t").filter({m: 5}).orderBy(x => x("m").add("a")).limit(2)("m")`,
	`r.table("t").orderBy("m").limit(2); array_limit: 50`,
	`r.table("t").filter(x => x("m").lt(40)).orderBy("m").limit(2)("m"); array_limit: 50`,
	`r.table("t").orderBy("m").limit(0)`,
	`r.table("t").orderBy("m").limit(60).count()`,
	`r.table("t").orderBy(index: "id").filter({n: 3})`,
	`r.table("t").orderBy(index: r.desc("id")).map(x => x("m"))`,
	`r.table("t").orderBy(index: r.desc("id")).concatMap(x => x("tags")).limit(17)`,
	`r.table("t").orderBy(index: "n").pluck("n", "m")`,
	`r.table("t").orderBy(index: r.desc("n")).filter(x => x("odd"))("id")`,
	`r.table("t").between(2, 5, index: "n").orderBy(index: "n").filter(x => x("odd"))("id")`,
	`r.table("t").orderBy(index: "tags").map(x => x("id"))`,
	`r.table("t").orderBy("m", index: "n").filter({odd: true})("id")`,
	`r.table("t").orderBy(index: "n").filter({odd: true}).orderBy("m").limit(3)("m")`,
	`r.table("t").orderBy("m").filter({odd: true})("m")`,
	`r.table("t").filter({n: 1}).union(r.table("t").filter({n: 2}))("m")`,
	`r.table("t").filter({n: 1}).coerceTo("array").count()`,
	`r.table("t").filter({n: 1}).group("odd")("m").ungroup().map(g => g("reduction").count())`,
	`r.table("t").filter({n: 1}).group("odd").count()`,
	`r.table("t").filter({n: 1}).map(x => x.merge({b: 1})).group("b").sum("m")`,
	`r.table("t").filter({n: 1}).fold(0, (a, x) => a.add(x("m")))`,
	`r.table("t").filter({n: 1}).eqJoin("m", r.table("t")).zip()("id")`,
	`r.table("t").filter({n: 1}).innerJoin(r.table("t").filter({n: 2}), (a, b) => a("m").lt(b("m"))).count()`,
	`r.table("t").filter(x => x("n").eq(r.table("t").get(3)("n")))("m")`,
	`r.table("t").filter({n: 1}).map(x => r.table("t").filter({n: x("n")}).count())`,
	`r.expr([1, 2]).concatMap(n => r.table("t").filter({n: n})("m")).count()`,
	`r.expr([1, 2]).map(n => r.table("t").filter({n: n}).orderBy("m").limit(1)(0)("m"))`,
	`r.expr({n: 4}).do(x => r.table("t").filter(y => y("n").eq(x("n")))("m"))`,
	`r.table("t").map(x => r.minval).limit(1).count()`,
	`r.table("t").map(x => x.merge({at: r.epochTime(x("m")), b: r.binary("x")}))`,
	`r.table("t").filter(x => x("nothing").eq(1))`,
	`r.table("t").filter(x => x("nothing").eq(1), default: true)("m")`,
	`r.table("t").filter(x => x("n").add("a"))`,
	`r.table("t").filter({n: 1}).map(x => x("m").add("a")).limit(3)`,
	`r.table("t").map(x => r.error("no")).limit(1)`,
	`r.table("t").orderBy(index: "n").map(x => x("n").add("a"))`,
	`r.table("t").concatMap(x => x("m"))`,
	`r.table("t").pluck("n").sample(200).count()`,
	`r.table("t").filter({n: 1}); read_mode: "outdated"`,
	`r.table("t").filter({n: 1}); read_mode: "majority"`,
	`r.table("t").filter({n: 1}); max_batch_rows: 1, min_batch_rows: 1`,
	`r.table("t").filter({n: 1}); max_batch_rows: 0`,
	`r.table("t").filter({n: 1}).info()("type")`,
	`r.table("t").filter({n: 1}).forEach(x => r.table("t").get(x("id")).update({seen: true}))`,
	`r.table("t").filter({n: 1}).limit(3).update({seen: 2})("replaced")`,
	`r.table("t").filter({n: 1}).pluck("seen").count()`,
	`r.table("t").count()`,
}

func TestPipelines(t *testing.T) {
	whole := newServer(t)
	servers := []*server{whole, newDivided(t), newSpread(t)}
	for _, s := range servers {
		fillDivided(t, s)
	}
	for _, q := range pipelineQueries {
		sorted := !strings.Contains(q, "orderBy") && !strings.Contains(q, "distinct")
		want := whole.run(t, q, sorted)
		for i, s := range servers[1:] {
			if got := s.run(t, q, sorted); got != want {
				t.Errorf("%s\ngives %s\nwant  %s\nin case %d", q, got, want, i)
			}
		}
	}
}

// fillDivided makes the table of the tests of divided ones.
func fillDivided(t *testing.T, s *server) {
	t.Helper()
	for _, q := range []string{`r.dbCreate("test")`, `r.tableCreate("t")`, `r.table("t").indexCreate("n")`, `r.table("t").indexCreate("tags", multi: true)`,
		`r.table("t").indexWait()`,
		`r.table("t").insert(r.range(100).map(i => ({id: r.branch(i.mod(2).eq(0), i, r.expr("k").add(i.coerceTo("string"))), n: i.mod(7), m: i, odd: i.mod(2).eq(1),
				tags: r.branch(i.mod(3).eq(0), ["a", "b"], ["b"])})))`} {
		if out := s.run(t, q); strings.Contains(out, `"errors":1`) {
			t.Fatal(out)
		}
	}
}

// Many rows come in many batches, some of them while others are read, and those of readers that go away do not.
func TestLongPipelines(t *testing.T) {
	s := newSpread(t)
	fillDivided(t, s)
	s.run(t, `r.table("t").insert(r.range(20000).map(i => ({id: r.branch(i.mod(3).eq(0), i.add(1).div(30000), i.add(100)), m: i, pad: "some text to make the row longer"})))`)
	for q, want := range map[string]string{
		`r.table("t").filter(x => x("m").ge(0)).map(x => x("m")).fold(0, (a, m) => a.add(m))`:         fmt.Sprint(20000*19999/2 + 100*99/2),
		`r.table("t").orderBy(index: "id").filter(x => x.hasFields("pad")).limit(5)("m")`:             "0\n3\n6\n9\n12",
		`r.table("t").orderBy(index: r.desc("id")).filter(x => x.hasFields("pad")).limit(2)("m")`:     "19999\n19997",
		`r.table("t").filter(x => x.hasFields("pad")).orderBy(r.desc("m")).limit(2)("m")`:             `[19999,19998]`,
		`r.table("t").filter(x => x.hasFields("pad"))("m").distinct().count()`:                        "20000",
		`r.table("t").filter(x => x.hasFields("pad")).limit(3)("pad").distinct().count()`:             "1",
		`r.table("t").orderBy(index: "id").filter(x => x.hasFields("pad"))("m").coerceTo("array")(7)`: "21",
	} {
		if got := s.run(t, q); got != want {
			t.Errorf("%s\ngives %s\nwant  %s", q, got, want)
		}
	}
}

// Of a pipeline with a limit, or one of which a row or two are wanted, a server computes no more than that.
func TestPipelinesStopEarly(t *testing.T) {
	s := newSpread(t)
	fillDivided(t, s)
	for _, q := range []string{
		`r.table("t").map(x => r.branch(x("m").lt(200), x, r.error("read too far"))).limit(2).count()`,
		`r.table("t").map(x => r.branch(x("m").lt(200), x, r.error("read too far")))(1).typeOf()`,
		`r.table("t").map(x => r.branch(x("m").lt(200), x, r.error("read too far"))).isEmpty()`,
	} {
		s.run(t, `r.table("t").insert(r.range(1000).map(i => ({id: r.expr("z").add(i.coerceTo("string")), m: 200})), conflict: "replace")`)
		if got := s.run(t, q); strings.Contains(got, "too far") {
			t.Errorf("%s gives %s", q, got)
		}
	}
}

// failing is a router to a server that may be out of reach, or lost behind the first answers.
type failing struct {
	counting
	start, next error
}

func (f failing) Start(ctx context.Context, server string, client *session.Client, query []byte) ([]byte, exec.RemoteCursor, error) {
	if f.start != nil {
		return nil, nil, f.start
	}
	answer, cursor, err := f.counting.Start(ctx, server, client, query)
	if cursor != nil && f.next != nil {
		cursor = lostCursor{cursor, f.next}
	}
	return answer, cursor, err
}

type lostCursor struct {
	exec.RemoteCursor
	err error
}

func (c lostCursor) Next(context.Context) ([]byte, bool, error) { return nil, false, c.err }
func (c lostCursor) Wait(func()) bool                           { return false }

// The rows of a server that cannot be asked are looked for; if one is lost that has given some, it is unknown which are missing.
func TestPipelinesOfLostServers(t *testing.T) {
	s := newSpread(t)
	fillDivided(t, s)
	s.run(t, `r.table("t").insert(r.range(5000).map(i => ({id: i.add(1000), n: 1, pad: "some text to make the row longer"})))`)
	const query = `r.table("t").filter(x => x("n").ge(0)).map(x => x("n")).coerceTo("array").count()`
	for _, x := range []struct {
		start, next error
		want        string
	}{
		{nil, nil, "5100"},
		{exec.ErrNotReached, nil, "5100"},
		{exec.ErrLostContact, nil, "5100"},
		{nil, exec.ErrLostContact, "OpFailed: Cannot perform read: lost contact with primary replica\nat [0,0]"},
	} {
		router := s.router
		s.engine.UseRouter(func() exec.Router { return failing{router, x.start, x.next} })
		if got := s.run(t, query); got != x.want {
			t.Errorf("when the server is lost with %v or %v: %s", x.start, x.next, got)
		}
	}
}
