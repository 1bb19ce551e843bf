package exec_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

// TestWaysOfReading checks that a query answers the same however its rows are read: in parallel from memory that is
// overwritten with each row, as storage does; pulled through a cursor in small batches; and from an array.
func TestWaysOfReading(t *testing.T) {
	const src = `r.table("t")`
	for _, script := range []string{
		src + `.filter(true)`,
		src + `.pluck("id", "name", {address: "city"})`,
		src + `.without("bio", {address: {city: true}})`,
		src + `.merge(x => {twice: x("age").mul(2)}).pluck("id", "twice")`,
		src + `.filter(x => x("age").gt(50)).count()`,
		src + `.filter({active: true, address: {zip: "8"}})("id")`,
		src + `.sum("age")`,
		src + `.avg(x => x("age"))`,
		src + `.avg("nothing")`,
		src + `.min("visits")("id")`,
		src + `.max(x => [x("name"), x("tags")])`,
		src + `.max(x => x("name").upcase())`,
		src + `.group("country").count()`,
		src + `.group("country", x => x("tags")(2)).sum("age")`,
		src + `.group(x => x("name").split(" ")(1).count()).max("score")`,
		src + `.group("tags", multi: true).count()`,
		src + `.group("country").map(x => x("age")).reduce((a, b) => a.add(b))`,
		src + `.group("country").filter(x => x("age").gt(85)).count()`,
		src + `.group("active").concatMap(x => x("tags")).count()`,
		src + `.group("country").min("name").ungroup().orderBy("group")`,
		src + `.map(x => x("name")).reduce((a, b) => r.branch(a.gt(b), a, b))`,
		src + `.reduce((a, b) => r.branch(a("name").lt(b("name")), a, b))`,
		src + `("city").distinct()`,
		src + `.map(x => x("name").upcase().split("")).distinct().count()`,
		src + `.map(x => x.keys()).distinct()`,
		src + `.map(x => r.object(x("city"), 1)).distinct().count()`,
		src + `.map(x => x("name").slice(0, 6)).distinct()`,
		src + `.concatMap(x => x("tags")).distinct()`,
		src + `.concatMap(x => x("tags").map(y => {id: x("id"), tag: y})).filter({tag: "tag3"})`,
		src + `.concatMap(x => r.range(x("id").mod(3)).map(y => [x("id"), x("name"), y]))`,
		src + `.orderBy("score", "id").limit(7)`,
		src + `.orderBy(r.desc("age"), "name").limit(20)("name")`,
		src + `.orderBy("nothing", r.desc("id")).limit(3)("id")`,
		src + `.orderBy(x => x("name").split(" ")(1), "id").slice(0, 5)`,
		src + `.orderBy("age", "id")("id")`,
		src + `.eqJoin("age", r.table("t")).map(x => [x("left")("name"), x("right")("name")])`,
		src + `.eqJoin("age", r.table("t")).zip().count()`,
		src + `.filter(x => x("id").lt(50)).innerJoin(r.expr([1, 2, 3]), (a, b) => a("age").eq(b))`,
		src + `.filter(x => x("id").lt(50)).outerJoin(r.expr([1, 2, 3]), (a, b) => a("age").eq(b))`,
		src + `.hasFields("email", {address: "zip"}).count()`,
		src + `.union(` + src + `).count()`,
		src + `.union([1, 2], interleave: false).count()`,
		src + `.fold("", (acc, x) => x("name"), emit: (acc, x, next) => [acc, next]).count()`,
		src + `.offsetsOf(x => x("age").eq(0)).count()`,
		src + `.contains(x => x("id").eq(4990))`,
		src + `.skip(4000).limit(20).count()`,
		src + `.map(` + src + `, (a, b) => [a("name"), b("name")]).distinct().count()`,
		src + `.difference([1]).count()`,
	} {
		rows := benchTable().rows[:5000]
		inMemory := newEngine(&memTable{rows: rows, overwrites: true})
		want := inMemory.run(t, strings.ReplaceAll(script, src+".", src+`.coerceTo("array").`), true)
		for _, way := range []struct{ name, options string }{{"parallel", ""}, {"batches", "; max_batch_rows: 3"}} {
			got := inMemory.run(t, script+way.options, true)
			if !slices.Equal(rowsOf(t, got), rowsOf(t, want)) {
				t.Errorf("%s, %s:\n%.500s\nnot as from an array:\n%.500s", script, way.name, got, want)
			}
		}
	}
}

// rowsOf gives the rows of an answer, or the elements of one that is an array, in no particular order.
func rowsOf(t *testing.T, answer string) []string {
	rows := strings.Split(answer, "\n")
	if len(rows) == 1 && strings.HasPrefix(answer, "[") {
		var elems []json.RawMessage
		if err := json.Unmarshal([]byte(answer), &elems); err != nil {
			t.Fatal(err)
		}
		rows = rows[:0]
		for _, e := range elems {
			rows = append(rows, string(e))
		}
	}
	slices.Sort(rows)
	return rows
}

// newEngine is an engine for a single table.
func newEngine(t exec.Table) *server {
	e := exec.New(memCluster{table: t}, slog.New(slog.DiscardHandler))
	return &server{compiler: e.Open(session.Client{User: "admin", Addr: netip.MustParseAddrPort("127.0.0.1:1")})}
}

// TestSortedLimit checks that a limit around order_by, which then keeps no more rows than that, gives the first rows of the
// whole order.
func TestSortedLimit(t *testing.T) {
	s := newEngine(&memTable{rows: benchTable().rows[:3000]})
	for _, keys := range []string{`"age"`, `r.desc("age")`, `"age", r.desc("score")`, `"nothing"`, `r.desc("active"), "country"`} {
		all := s.run(t, `r.table("t").orderBy(`+keys+`)("id")`)
		first := s.run(t, `r.table("t").orderBy(`+keys+`).limit(40)("id")`)
		if !strings.HasPrefix(strings.Trim(all, "[]"), strings.Trim(first, "[]")+",") {
			t.Errorf("order_by(%s).limit(40): %s\nthe first of all: %.300s", keys, first, all)
		}
	}
	if got := s.run(t, `r.table("t").orderBy("id").limit(1); array_limit: 2999`); !strings.HasPrefix(got, "ResourceLimit: Array over size limit `2999`") {
		t.Errorf("a limit does not lift the array limit: %.200s", got)
	}
}

// TestInterruptedStreams checks that work stops when nobody waits for it.
func TestInterruptedStreams(t *testing.T) {
	s := newEngine(&memTable{rows: benchTable().rows})
	for _, script := range []string{
		`r.table("t").concatMap(x => r.range(1000000)).count()`,
		`r.table("t").innerJoin(r.table("t"), (a, b) => false)`,
		`r.table("t").group("id").concatMap(x => r.range(1000000)).count()`,
		`r.range(100000000).contains(-1)`,
		`r.range().filter(x => false)`,
		`r.range().map(r.range(), (a, b) => 1).filter(x => false)`,
		`r.range(100000000).fold(0, (a, b) => 0)`,
		`r.range().skip(100000000)`,
	} {
		body, err := reqltest.Query(script)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			q, bad := reql.ParseQuery(body)
			if bad != nil {
				t.Error(bad)
				return
			}
			out, cur := s.compiler.Compile(q).Start(ctx, nil)
			for more := cur != nil; more; {
				out, more = cur.Next(ctx, out[:0])
			}
			if cur != nil {
				cur.Close()
			}
		}()
		cancel()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s goes on", script)
		}
	}
}
