package exec_test

import (
	"strings"
	"testing"
)

// joinQueries answer the same however tables are divided, in the order of the rows on the left.
var joinQueries = []string{
	`r.range(300).map(i => ({k: i})).limit(300).eqJoin("k", r.table("t"))`,
	`r.range(0).eqJoin("k", r.table("t"))`,
	`r.expr([{k: 4}, {k: "k5"}, {k: 4}, {k: null}, {}, {k: 1000}, {k: 8}]).eqJoin("k", r.table("t"))`,
	`r.expr([{k: 4}, {k: "k5"}, {k: 4}]).eqJoin(x => x("k"), r.table("t")).zip()`,
	`r.expr([{k: 3}, {k: 1}, {k: 3}, {k: null}, {k: 99}, {k: 0}]).eqJoin("k", r.table("t"), index: "n").map(x => x("left")("k"))`,
	`r.expr([{k: 3}, {k: 1}, {k: 3}]).eqJoin("k", r.table("t"), index: "n").map(x => x("right")("m")).distinct()`,
	`r.expr([{k: "a"}, {k: "b"}]).eqJoin("k", r.table("t"), index: "tags").count()`,
	`r.range(300).map(i => ({k: i.mod(9)})).eqJoin("k", r.table("t"), index: "n").map(x => [x("left")("k"), x("right")("m")])`,
	`r.range(300).map(i => ({k: i.mod(9)})).eqJoin("k", r.table("t"), index: "n").limit(3)("right")("n")`,
	`r.range(300).map(i => ({k: r.branch(i.eq(250), r.range(100).coerceTo("array").map(x => "some text").reduce((a, b) => a.add(b)), i)})).eqJoin("k", r.table("t")).limit(50).count()`,
	`r.range(300).map(i => ({k: r.branch(i.eq(250), [null], i)})).eqJoin("k", r.table("t"))`,
	`r.range(300).map(i => ({k: r.branch(i.eq(250), {a: 1}, i)})).eqJoin("k", r.table("t"))`,
	`r.range(300).map(i => ({k: r.branch(i.eq(250), r.error("left"), i)})).eqJoin("k", r.table("t"))`,
	`r.range(300).map(i => ({k: i})).eqJoin(x => r.branch(x("k").eq(250), r.error("key"), x("k")), r.table("t"))`,
	`r.range(300).map(i => ({k: i})).eqJoin("k", r.table("t")).map(x => r.branch(x("left")("k").eq(90), r.error("pair"), x))`,
	`r.range(300).map(i => ({k: i})).eqJoin("k", r.table("t"), index: "nothing")`,
	`r.range(300).map(i => ({j: i})).eqJoin("k", r.table("t"), index: "nothing")`,
	`r.expr([{k: r.point(1, 2)}]).eqJoin("k", r.table("t"), index: "n")`,
	`r.range(5).map(i => ({k: i})).eqJoin("k", r.table("t")).count()`,
	`r.table("t").orderBy(index: "id").eqJoin("n", r.table("t"), index: "n").map(x => [x("left")("m"), x("right")("m")])`,
	`r.table("t").eqJoin("m", r.table("t")).zip().count()`,
	`r.table("t").eqJoin("m", r.table("whole")).count()`,
	`r.table("t").filter(x => x("m").gt(3)).eqJoin("m", r.table("whole")).zip().filter(x => x("m").lt(30)).sum("m")`,
	`r.table("whole").eqJoin("id", r.table("t")).count()`,
	`r.table("t").eqJoin("n", r.table("t"), index: "n").group(x => x("left")("n")).count()`,
	`r.range(200).map(i => ({k: i.mod(2)})).eqJoin("k", r.table("big"), index: "k").limit(30).map(x => x("left")("k"))`,
	`r.range(20).map(i => ({k: i})).eqJoin("k", r.table("big"), index: "k").map(x => x("left")("k"))`,
	`r.range(20).map(i => ({k: i})).eqJoin("k", r.table("big"), index: "k").map(x => [x("left")("k"), x("right")("id")])`,
	`r.range(40).map(i => ({k: i})).eqJoin("k", r.table("big")).map(x => x("right")("id"))`,
}

// An eq_join with rows on other servers gives the same pairs in the same order.
func TestEqJoins(t *testing.T) {
	whole := newServer(t)
	servers := []*server{whole, newDivided(t), newSpread(t), newTwins(t)}
	for _, s := range servers {
		fillDivided(t, s)
		s.run(t, `r.tableCreate("big")`)
		s.run(t, `r.table("big").indexCreate("k")`)
		s.run(t, `r.table("big").indexWait()`)
		s.run(t, `r.tableCreate("whole")`)
		s.run(t, `r.table("whole").insert(r.range(40).map(i => ({id: i})))`)
		// The rows with one k have more than a batch takes.
		s.run(t, `r.range(15).fold("some text and ", (s, i) => s.add(s)).do(s => r.table("big").insert(r.range(40).map(i => ({id: i, k: i.mod(16), pad: s}))))`)
	}
	for _, q := range joinQueries {
		// The partners of a row by an index have no order.
		sorted := strings.HasPrefix(q, `r.table("t")`) || strings.Contains(q, "index:") && strings.Contains(q, `x("right")`)
		want := whole.run(t, q, sorted)
		for i, s := range servers[1:] {
			if got := s.run(t, q, sorted); got != want {
				t.Errorf("%s\ngives %.1000s\nwant  %.1000s\nin case %d", q, got, want, i)
			}
		}
	}
}
