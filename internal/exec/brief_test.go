package exec_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

// compile gives the plan of a script.
func (s *server) compile(t testing.TB, script string) session.Plan {
	t.Helper()
	body, err := reqltest.Query(script)
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	return s.compiler.Compile(q)
}

// tried does what a session does: it tries a plan that is brief. With tried false there has to be a Start.
func tried(ctx context.Context, plan session.Plan) (out []byte, cur session.Cursor, tried bool) {
	if p, ok := plan.(session.Trier); ok && p.Brief() {
		return p.Try(ctx, nil)
	}
	return nil, nil, false
}

func TestBriefQueriesAnswerAsOthersDo(t *testing.T) {
	s := interruptible(t)
	for _, script := range []string{
		`r.table("t").getAll(7, index: "n").orderBy("id")`,
		`r.table("t").getAll(7, index: "n").sum("id")`,
		`r.table("t").getAll(1, 2, 3)`,
		`r.table("t").between(10, 20).count()`,
		`r.table("t").between(10, 20).filter({n: 15})`,
		`r.table("t").between(10, 20, index: "n").orderBy(index: r.desc("n")).limit(5).pluck("n")`,
		`r.table("t").orderBy(index: "id").limit(3)("id")`,
		`r.table("t").orderBy(index: "id").nth(3)`,
		`r.table("t").between(0, 20).eqJoin("n", r.table("t")).zip().map(x => x("id").add(1))`,
		`r.table("t").between(0, 20).group("n").count()`,
		`r.table("t").between(0, 20)("nope").sum()`,
		`r.table("t").getAll(r.error("a")).count()`,
		`r.table("t").limit(3).map(x => x.add(1))`,
		`r.table("nope").getAll(1)`,
		`r.table("t").getAll(1, index: "nope")`,
		`r.table("t").filter({n: 3}).limit(1)`,
		`r.table("t").count()`,
		`r.range(10).map(x => x.mul(2))`,
		`r.table("t").between(0, 100); first_batch_scaledown_factor: 1, max_batch_rows: 5`,
	} {
		ctx := context.Background()
		out, cur, ok := tried(ctx, s.compile(t, script))
		want, wantCur := s.compile(t, script).Start(ctx, nil)
		if !ok || string(out) != string(want) || (cur == nil) != (wantCur == nil) {
			t.Errorf("%s\ntried  %v, %s\nstarted    %s", script, ok, out, want)
			continue
		}
		for more := cur != nil; more; {
			var wantMore bool
			out, more = cur.Next(ctx, nil)
			if want, wantMore = wantCur.Next(ctx, nil); string(out) != string(want) || more != wantMore {
				t.Fatalf("%s\ntried   %s\nstarted %s", script, out, want)
			}
		}
		if cur != nil {
			cur.Close()
			wantCur.Close()
		}
	}
}

func TestLongQueriesAreNotBrief(t *testing.T) {
	s := interruptible(t)
	for _, script := range slices.AppendSeq([]string{
		`r.table("t")`,
		`r.table("t").filter({n: -1})`,
		`r.table("t").filter({n: 3}).count()`,
		`r.table("t").getAll(1, index: "n").update({m: 1})`,
		`r.table("t").insert({id: -1}).do(x => r.table("t").getAll(1))`,
		`r.table("t").orderBy("n").limit(1)`,
		`r.table("t").between(0, 2000).map(x => x("id"))`,
		`r.table("t").between(0, 50, index: "n").count()`,
		`r.table("t").getAll(r.args(r.range(1000).coerceTo("array"))).count()`,
		`r.table("t").between(0, 10).map(x => r.range(1000).sum())`,
		`r.db("rethinkdb").table("jobs").filter({})`,
		`r.table("t").getAll(1).map(x => r.http("http://127.0.0.1:1/"))`,
	}, maps.Values(endless)) {
		began := time.Now()
		if out, _, ok := tried(context.Background(), s.compile(t, script)); ok {
			t.Errorf("%s\nwas brief: %.200s", script, out)
		}
		if d := time.Since(began); d > soon {
			t.Errorf("%s\ntrying took %v", script, d)
		}
	}
	if got := s.run(t, `r.table("t").get(-1)`); got != "null" {
		t.Errorf("trying wrote %s", got)
	}
}
