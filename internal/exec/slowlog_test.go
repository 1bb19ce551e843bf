package exec_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/storage"
)

// slowServer logs all queries to the buffer.
func slowServer(t *testing.T) (*server, *bytes.Buffer) {
	var log bytes.Buffer
	s := newServerLogging(t, "data", storage.NewMemFS(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
				return slog.Attr{}
			}
			return a
		}})))
	for _, q := range []string{`r.dbCreate("test")`, `r.tableCreate("t")`,
		`r.table("t").insert(r.range(5000).map(x => {id: x, n: x.mod(10)}), durability: "soft")`,
		`r.table("t").indexCreate("n")`, `r.table("t").indexWait("n")`} {
		if got := s.run(t, q); strings.Contains(got, ": ") {
			t.Fatalf("%s: %s", q, got)
		}
	}
	log.Reset()
	return s, &log
}

// A page that follows what its user may not see asks again and again.
func TestTheLogHasNoRefusals(t *testing.T) {
	s, log := slowServer(t)
	s.run(t, `r.db("rethinkdb").table("users").insert({id: "bob", password: false})`)
	log.Reset()
	if got := s.as("bob").run(t, `r.table("t").changes()`); !strings.HasPrefix(got, "Internal: Unexpected exception: ") {
		t.Error(got)
	}
	if got := log.String(); got != "" {
		t.Errorf("the log has %s", got)
	}
}

var workOf = regexp.MustCompile(`ms=\d+`)

func TestTheLogOfSlowQueriesTellsTheWork(t *testing.T) {
	s, log := slowServer(t)
	for _, c := range []struct{ query, want string }{
		{`r.table("t").filter({n: 3}).count()`, `r.table("t").filter({"n": ?}).count()|finished read=5000 returned=1 written=0 batches=1`},
		{`r.table("t").filter({n: 3}); max_batch_rows: 300`, `r.table("t").filter({"n": ?})|finished read=5000 returned=500 written=0 batches=3`},
		{`r.table("t").getAll(3, index: "n").coerceTo("array")`, `r.table("t").getAll(?, {"index": "n"}).coerceTo(?)|finished read=500 returned=500 written=0 batches=1`},
		{`r.table("t").get(3)`, `r.table("t").get(?)|finished read=1 returned=1 written=0 batches=1`},
		{`r.table("t").getAll(1, 2, -7)`, `r.table("t").getAll(?, ?, ?)|finished read=2 returned=2 written=0 batches=1`},
		{`r.table("t").get(3).update({n: 100})`, `r.table("t").get(?).update({"n": ?})|finished read=0 returned=1 written=1 batches=1`},
		{`r.table("t").between(10, 20).delete()`, `r.table("t").between(?, ?).delete()|finished read=10 returned=1 written=10 batches=1`},
		{`r.table("t").map(x => x("secret"))`, `r.table("t").map(function(var1) { return var1("secret"); })|error read=1 returned=0 written=0 batches=1`},
		{`r.table("t").map(x => r.range(100000).count()).sum(); timeout: 0.01`, `r.table("t").map(function(var1) { return r.range(?).count(); }).sum()|time limit`},
	} {
		log.Reset()
		s.engine.LogSlow(1)
		s.run(t, c.query)
		shape, rest, _ := strings.Cut(c.want, "|")
		got := log.String()
		got = strings.ReplaceAll(workOf.ReplaceAllString(got, "ms=#"), `\"`, `"`)
		outcome, _, _ := strings.Cut(rest, " read=")
		if strings.Contains(outcome, " ") {
			outcome = `"` + outcome + `"`
		}
		counts := strings.TrimPrefix(rest, strings.Trim(outcome, `"`))
		want := `msg="slow query: ` + shape + `" ms=# outcome=` + outcome + counts
		if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "user=admin peer=127.0.0.1:2\n") {
			t.Errorf("%s\ngot  %s\nwant %s", c.query, got, want)
		}
	}
}

func TestQuickQueriesAreNotLogged(t *testing.T) {
	s, log := slowServer(t)
	s.run(t, `r.table("t").count()`)
	s.engine.LogSlow(time.Minute)
	s.run(t, `r.table("t").count()`)
	if log.Len() > 0 {
		t.Error(log)
	}
}

func TestTheLogOfSlowQueriesTellsWhyACursorWasClosed(t *testing.T) {
	s, log := slowServer(t)
	s.engine.LogSlow(1)
	body, err := reqltest.Query(`r.table("t"); max_batch_rows: 100`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cause error
		want  string
	}{{nil, `outcome="closed by its client" read=`}, {errors.New("killed"), "outcome=killed read="}} {
		q, _ := reql.ParseQuery(body)
		log.Reset()
		ctx, cancel := context.WithCancelCause(t.Context())
		_, cur := s.compiler.Compile(q).Start(ctx, nil)
		if log.Len() > 0 {
			t.Errorf("logged before its end: %s", log)
		}
		if c.cause != nil {
			cancel(c.cause)
		}
		cur.Close()
		cancel(nil)
		if !strings.Contains(log.String(), c.want) {
			t.Errorf("got %s, want %s", log, c.want)
		}
	}
}

func TestTheLogOfSlowQueriesDoesNotGrowWithoutBounds(t *testing.T) {
	s, log := slowServer(t)
	s.engine.LogSlow(1)
	began := time.Now()
	for range 1000 {
		s.run(t, `r.expr(1)`)
	}
	seconds := int(time.Since(began).Seconds()) + 2
	if n := strings.Count(log.String(), "slow query"); n > 10*seconds || n < 10 {
		t.Errorf("%d lines in %d seconds", n, seconds)
	}
}

func TestTheLastSlowQueriesAreKept(t *testing.T) {
	s, _ := slowServer(t)
	var kept exec.SlowQueries
	s.engine.LogSlow(1)
	s.engine.KeepSlow(&kept)
	s.run(t, `r.table("t").filter({n: 3}).count()`)
	list := kept.List()
	if len(list) != 1 {
		t.Fatalf("there are %d: %v", len(list), list)
	}
	q := list[0]
	if q.Shape != `r.table("t").filter({"n": ?}).count()` || q.Outcome != "finished" || q.Read != 5000 || q.Returned != 1 || q.Batches != 1 ||
		q.Work <= 0 || q.User != "admin" || q.Peer.String() != "127.0.0.1:2" || time.Since(q.Ended) > time.Hour {
		t.Errorf("it is %+v", q)
	}
}
