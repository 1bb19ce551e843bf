package exec_test

import (
	"testing"
)

// dividedQueries answer the same however tables are divided. Those with several rows are sorted, unless they have an order.
var dividedQueries = []string{
	`r.table("t").count()`,
	`r.table("t").filter(x => x("n").gt(3)).count()`,
	`r.table("t").count(x => x("n").eq(1))`,
	`r.table("t").sum("n")`,
	`r.table("t").avg("n")`,
	`r.table("t").map(x => x("n").mul(2)).sum()`,
	`r.table("t").min("n").pluck("n")`,
	`r.table("t").max(x => [x("n"), x("id").coerceTo("string")])`,
	`r.table("t").min()`,
	`r.table("t").max(index: "n").pluck("n")`,
	`r.table("t").pluck("n").distinct()`,
	`r.table("t").distinct(index: "n")`,
	`r.table("t")("n").reduce((a, b) => a.add(b))`,
	`r.table("t").filter({n: 100}).avg("n")`,
	`r.table("t").filter({n: 100}).reduce((a, b) => a)`,
	`r.table("t").group("n").count()`,
	`r.table("t").group("n").sum("m")`,
	`r.table("t").group("n").avg("m").ungroup()`,
	`r.table("t").group("n").max("m")("m")`,
	`r.table("t").group("tags", multi: true).count()`,
	`r.table("t").group(index: "n").count()`,
	`r.table("t").group("n").map(x => x("m")).reduce((a, b) => a.add(b))`,
	`r.table("t").group("n").filter({n: 100}).count()`,
	`r.table("t").group("n", "odd").count()`,
	`r.table("t").concatMap(x => x("tags")).count()`,
	`r.table("t").between(3, 40).count()`,
	`r.table("t").between(2, 5, index: "n").count()`,
	`r.table("t").between(2, 5, index: "n").sum("m")`,
	`r.table("t").getAll(1, 3, index: "n").sum("m")`,
	`r.table("t").getAll("a", "b", index: "tags").count()`,
	`r.table("t").limit(7).count()`,
	`r.table("t").orderBy("m").limit(3)`,
	`r.table("t").orderBy(index: "id").skip(5).limit(4)`,
	`r.table("t").orderBy(index: r.desc("n")).limit(4).map(x => x("n"))`,
	`r.table("t").orderBy(index: "id").nth(17)`,
	`r.table("t").isEmpty()`,
	`r.table("t").contains(x => x("id").eq("k5"))`,
	`r.table("t").filter(x => x("n").eq(r.table("t").get(3)("n"))).count()`,
	`r.table("t").filter(x => r.table("t").filter({n: x("n")}).count().gt(14)).count()`,
	`r.expr([1, 2]).map(n => r.table("t").filter({n: n}).count())`,
	`r.expr(2).do(n => r.table("t").filter(x => x("n").eq(n)).sum("m"))`,
	`r.table("t").map(x => x("nothing").default(r.error("nothing"))).count()`,
	`r.table("t").map(x => x("n").add("a")).sum()`,
	`r.table("t").sum(x => r.error("no"))`,
	`r.table("t").eqJoin("n", r.table("t")).count()`,
	`r.table("t").innerJoin(r.table("t").limit(5), (a, b) => a("id").eq(b("id"))).count()`,
	`r.table("t").info()("doc_count_estimates").sum().gt(0)`,
	`r.table("t").get(7)`,
	`r.table("t").get("k3")("n")`,
	`r.table("t").get(7)("nothing")`,
	`r.table("t").getAll(1, 5, "k1", 3).count()`,
	`r.table("t").get(7).update(x => ({m: x("m").add(1)}), return_changes: true)`,
	`r.table("t").filter({n: 3}).update(x => ({m: x("m").add(1)}))`,
	`r.table("t").filter({n: 3}).update({m: 1}, return_changes: "always")("changes").count()`,
	`r.table("t").filter({n: 3}).update({m: 1})`,
	`r.table("t").between(0, 20).replace(x => x.without("tags"))`,
	`r.table("t").filter({n: 4}).update(x => r.error("bad"))`,
	`r.table("t").filter({n: 4}).update({id: 1})("errors")`,
	`r.table("t").getAll(5, index: "n").delete()`,
	`r.table("t").insert([{id: 1, n: 9}, {id: "new", n: 9}, {id: 300, n: 9}], conflict: "update", return_changes: true)`,
	`r.table("t").insert({id: 1})("errors")`,
	`r.table("t").insert(r.range(50).map(i => ({id: i.add(1000), n: 1, m: 1, tags: []})))`,
	`r.table("t").sum("m")`,
	`r.table("t").filter(x => x("n").gt(1)).delete(return_changes: true)("changes")("old_val")("m").sum()`,
	`r.table("t").delete(durability: "soft")`,
	`r.table("t").count()`,
	`r.table("t").avg("n").default(0)`,
	`r.table("t").min("n")`,
}

// TestDivided compares a table in one part with such in several, here, and on two servers.
func TestDivided(t *testing.T) {
	whole, divided, far := newServer(t), newDivided(t), newSpread(t)
	servers := []*server{whole, divided, far}
	for _, s := range servers {
		fillDivided(t, s)
	}
	for _, q := range dividedQueries {
		want := whole.run(t, q)
		for i, s := range servers[1:] {
			if got := s.run(t, q); got != want {
				t.Errorf("%s\ngives %s\nwant  %s\nin case %d", q, got, want, i)
			}
		}
	}
}

// Servers are asked for what their parts contribute, and not for all of their rows.
func TestDividedReadsNearTheData(t *testing.T) {
	s := newSpread(t)
	for _, q := range []string{`r.dbCreate("test")`, `r.tableCreate("t")`, `r.table("t").insert(r.range(20).map(i => ({id: i, n: 1})))`} {
		s.run(t, q)
	}
	for _, x := range []struct{ query, want string }{
		{`r.table("t").sum("n")`, "20"},
		{`r.table("t").filter({n: 1}).count()`, "20"},
		{`r.table("t").update({n: 2})("replaced")`, "20"},
		{`r.table("t").group("n").count().ungroup()`, `[{"group":2,"reduction":20}]`},
		{`r.table("t")("n").contains(2)`, "true"},
		{`r.table("t").contains(x => x("n").eq(3))`, "false"},
		{`r.table("t").orderBy(r.desc("id")).limit(2)("id")`, "[19,18]"},
	} {
		q, want := x.query, x.want
		before := s.asked.Load()
		if got := s.run(t, q); got != want {
			t.Errorf("%s gives %s", q, got)
		}
		if n := s.asked.Load() - before; n != 1 {
			t.Errorf("%s asks the other server %d times", q, n)
		}
	}
}
