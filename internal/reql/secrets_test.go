package reql_test

import (
	"strings"
	"testing"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
)

func parseQuery(t *testing.T, script string) *reql.Query {
	t.Helper()
	body, err := reqltest.Query(script)
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil || q.Err != nil {
		t.Fatal(script, bad, q.Err)
	}
	return q
}

func TestPrintedQueriesHaveNoPasswords(t *testing.T) {
	const users = `r.db("rethinkdb").table("users")`
	for script, want := range map[string]string{
		users + `.get("bob").update({password: "s3cret"})`: users + `.get("bob").update(r.expr({"password":"***"}))`,
		users + `.insert([{id: "bob", password: {password: "s3cret", iterations: 9}}, {id: "eve", password: false}])`: users +
			`.insert(r.expr([{"id":"bob","password":"***"},{"id":"eve","password":false}]))`,
		users + `.get("bob").update(u => {password: "s3cret"})`:            users + `.get("bob").update(function(var1) { return r.expr({"password":"***"}); })`,
		users + `.get("bob").update({password: r.expr("s3").add("cret")})`: users + `.get("bob").update({"password": "***"})`,
		users + `.get("bob").update(r.json("{\"password\": \"s3cret\"}"))`: users + `.get("bob").update(r.json("***"))`,
		users + `.get("bob").update(r.object("password", "s3cret"))`:       users + `.get("bob").update(r.object("***", "***"))`,
		`r.expr("s3cret").do(p => ` + users + `.get("bob").update(u => u.merge(r.object("password", p))))`: `"***".do(function(var1) { return ` + users +
			`.get("bob").update(function(var2) { return var2.merge(r.object("***", var1)); }); })`,
		`r.table("users").get("bob").update(r.object("password", "s3cret")); db: r.db("rethinkdb")`:                                         `r.table("users").get("bob").update(r.object("***", "***"))`,
		`r.db("rethinkdb").table(r.expr("us").add("ers")).get("bob").update(r.object("password", "s3cret"))`:                                `r.db("rethinkdb").table(r.add("***", "***")).get("bob").update(r.object("***", "***"))`,
		`r.table("accounts").insert({name: "bob", password: "s3cret"})`:                                                                     `r.table("accounts").insert(r.expr({"name":"bob","password":"***"}))`,
		`r.http("https://u:s3cret@example.org/a@b?c", auth: {user: "u", pass: "s3cret"}, header: ["Authorization: s3cret"], method: "GET")`: `r.http("https://***@example.org/a@b?c", {"auth": "***", "header": "***", "method": "GET"})`,
		`r.http("http://u:s3/cret@x y", auth: {user: "u", pass: r.expr("s3cret")})`:                                                         `r.http("http://***@x y", {"auth": "***"})`,

		// What is no secret stays.
		users + `.get("bob")("password")`:                 users + `.get("bob")("password")`,
		users + `.filter({password: true}).pluck("id")`:   users + `.filter(r.expr({"password":true})).pluck("id")`,
		`r.db("shop").table("users").insert({name: "x"})`: `r.db("shop").table("users").insert(r.expr({"name":"x"}))`,
		`r.table("users").insert({name: "x"})`:            `r.table("users").insert(r.expr({"name":"x"}))`,
		`r.http("https://example.org/a@b")`:               `r.http("https://example.org/a@b")`,
	} {
		got := parseQuery(t, script).Print()
		if strings.Contains(got, "s3") || strings.Contains(got, "cret\"") || got != want {
			t.Errorf("%s\ngot  %s\nwant %s", script, got, want)
		}
	}
}

// Of a large literal no more is looked at than is printed.
func TestPrintingALargeLiteral(t *testing.T) {
	got := parseQuery(t, `r.table("t").insert([`+strings.Repeat(`{password: "s3cret", x: "y"}, `, 100_000)+`{}])`).Print()
	if len(got) > 70<<10 || strings.Contains(got, "s3cret") || !strings.HasSuffix(got, "...") {
		t.Errorf("%d bytes, that end with %q", len(got), got[len(got)-20:])
	}
}
