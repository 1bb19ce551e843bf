package reql_test

import (
	"strings"
	"testing"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
)

func parse(t *testing.T, script string) *reql.Term {
	t.Helper()
	body, err := reqltest.Query(script)
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	if q.Err != nil {
		t.Fatal(q.Err)
	}
	return q.Term
}

func TestShapeHasStructureButNoValues(t *testing.T) {
	for script, want := range map[string]string{
		`r.table("users").get("alice")`:                                      `r.table("users").get(?)`,
		`r.db("shop").table("users").getAll("a", 7, index: "name")`:          `r.db("shop").table("users").getAll(?, ?, {"index": "name"})`,
		`r.table("users").filter({name: "alice", address: {city: "Paris"}})`: `r.table("users").filter({"address": {"city": ?}, "name": ?})`,
		`r.table("users").filter(u => u("age").gt(30).and(u("name").match("^a")))`: `r.table("users").filter(` +
			`function(var1) { return var1("age").gt(?).and(var1("name").match(?)); })`,
		`r.table("users").insert({password: "secret"})`:                           `r.table("users").insert(?)`,
		`r.table("users").insert([{a: 1}, {b: 2}], conflict: "replace")`:          `r.table("users").insert(?, {"conflict": "replace"})`,
		`r.table("users").insert({at: r.now(), password: "secret"})`:              `r.table("users").insert({"at": r.now(), "password": ?})`,
		`r.table("users").orderBy("name", r.desc("age")).limit(10)`:               `r.table("users").orderBy("name", r.desc("age")).limit(?)`,
		`r.table("users").between(1, r.maxval, index: "age", left_bound: "open")`: `r.table("users").between(?, r.maxval(), {"index": "age", "left_bound": "open"})`,
		`r.table("users").pluck("name", {address: {city: true}}, ["a", "b"])`:     `r.table("users").pluck("name", {"address":{"city":true}}, ["a","b"])`,
		`r.table("users").pluck({address: 12})`:                                   `r.table("users").pluck({"address": ?})`,
		`r.expr([1, 2, 3]).contains(3)`:                                           `?.contains(?)`,
		`r.js("secret")`:                                                          `r.javascript(?)`,
		`r.json("[1]")`:                                                           `r.json(?)`,
		`r.http("host", auth: {user: "me", pass: "secret"})`:                      `r.http(?, {"auth": {"pass": ?, "user": ?}})`,
		`r.expr(true)`: `?`,
	} {
		if got := parse(t, script).Shape(1000); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", script, got, want)
		}
	}
}

func TestShapeCountsVariablesAnew(t *testing.T) {
	body := []byte(`[1,[38,[[15,["t"]],[69,[[2,[17]],[38,[[15,["u"]],[69,[[2,[18,19]],[24,[[10,[18]],[10,[17]]]]]]]]]]]]]`)
	q, bad := reql.ParseQuery(body)
	if bad != nil || q.Err != nil {
		t.Fatal(bad, q.Err)
	}
	want := `r.table("t").map(function(var1) { return r.table("u").map(function(var2, var3) { return var2.add(var1); }); })`
	if got := q.Term.Shape(1000); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestShapeIsBounded(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, script := range []string{`r.table("t").pluck("` + long + `")`, `r.expr(1)` + strings.Repeat(`.add(1)`, 1000), `r.expr({` + long + `: 1})`} {
		if got := parse(t, script).Shape(100); len(got) > 100+len("...") {
			t.Errorf("%.50s: %d bytes", script, len(got))
		}
	}
}
