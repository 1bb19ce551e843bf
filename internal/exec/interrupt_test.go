package exec_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
	scan "rethinkdb/internal/table"
)

// soon is how long a query may go on after it was interrupted. It takes a few milliseconds, but tests share their processors.
const soon = 3 * time.Second

// endless are queries that go on for longer than any test, one for each thing that may take long.
var endless = map[string]string{
	"loop":             `r.range(10000000000).count()`,
	"nested loops":     `r.range(10000000000).map(x => r.range(10).sum())`,
	"loop of a reader": `r.range().filter(x => x.lt(0))`,
	"reduce":           `r.range(10000000000).reduce((a, b) => a.add(b))`,
	"group":            `r.range(10000000000).group(x => x.mod(10)).count()`,
	"array":            `r.range(10000000000).coerceTo("array"); array_limit: 1000000000`,
	"text":             `r.range(10000000000).fold("", (a, x) => r.branch(a.count().gt(100000), "", a.add("xxxxxxxxxxxxxxxx")))`,
	"scan":             `r.table("t").concatMap(x => r.range(1000000)).filter(x => x.lt(0))`,
	"parallel scan":    `r.table("t").filter(x => r.range(1000000).count().lt(0)).count()`,
	"index scan":       `r.table("t").between(0, 1000, index: "n").filter(x => r.range(1000000).count().lt(0)).count()`,
	"sort":             `r.table("t").orderBy(x => r.range(1000000).count())`,
	"inner join":       `r.table("t").innerJoin(r.table("t"), (a, b) => a("id").eq(-1)).count()`,
	"script":           `r.js("while(true) {}", timeout: 100)`,
	"script per row":   `r.table("t").map(r.js("(function(x) { while(true) {} })", timeout: 100))`,
	"update of a row":  `r.table("t").get(1).update({n: r.range(10000000000).count()})`,
	"update of many":   `r.table("t").update({n: r.range(1000000).count()})`,
	"insert":           `r.table("t").insert(r.range(10000000000).map(x => {id: 1}), conflict: "replace", durability: "soft")`,
	"for_each":         `r.range(10000000000).forEach(x => r.table("t").insert({id: 1}, conflict: "replace", durability: "soft"))`,
	"wait":             `r.table("t").update({n: 1}, durability: "soft").do(x => r.range(10000000000).count())`,
}

// interruptible is a server with a table t of 5,000 rows and an index n.
func interruptible(t *testing.T) *server {
	s := newServer(t)
	for _, q := range []string{
		`r.dbCreate("test")`, `r.tableCreate("t")`,
		`r.table("t").insert(r.range(5000).map(x => {id: x, n: x.mod(100)}), durability: "soft")`,
		`r.table("t").indexCreate("n")`, `r.table("t").indexWait("n")`,
	} {
		if got := s.run(t, q); strings.Contains(got, ": ") {
			t.Fatalf("%s: %s", q, got)
		}
	}
	return s
}

// work runs a query, and CONTINUEs it until it ends, and gives its last answer.
func (s *server) work(ctx context.Context, t testing.TB, script string) response {
	body, err := reqltest.Query(script)
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	out, cur := s.compiler.Compile(q).Start(ctx, nil)
	for more := cur != nil; more; {
		out, more = cur.Next(ctx, out[:0])
	}
	if cur != nil {
		cur.Close()
	}
	return parseResponse(t, out)
}

func TestEverythingEndsSoonAfterItsTimeLimit(t *testing.T) {
	s := interruptible(t)
	const limit = 50 * time.Millisecond
	for name, query := range endless {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			got := printError(t, s.work(t.Context(), t, withOption(query, "timeout: 0.05")))
			took := time.Since(began)
			if want := "OpIndeterminate: Query terminated after 0.05 seconds, the limit set by its `timeout` option."; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if took > limit+soon {
				t.Errorf("it took %s", took)
			}
			t.Logf("%s after the limit", took-limit)
		})
	}
}

func TestEverythingEndsSoonAfterItsInterruption(t *testing.T) {
	s := interruptible(t)
	for name, query := range endless {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			r := s.work(ctx, t, query)
			end, _ := ctx.Deadline()
			took := time.Since(end)
			if r.T != int(reql.RuntimeError) || r.E != int(reql.OpIndeterminate) || took > soon {
				t.Errorf("%s after it was interrupted: %+v", took, r)
			}
			t.Logf("%s after the interruption", took)
		})
	}
}

func TestAWriteThatWaitsForARowEndsWithItsTimeLimit(t *testing.T) {
	s := interruptible(t)
	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan struct{})
	go func() {
		defer close(held)
		s.work(ctx, t, endless["update of a row"])
	}()
	// The other one may not have the row yet; then this write is made.
	for end := time.Now().Add(10 * time.Second); ; {
		r := s.work(t.Context(), t, `r.table("t").get(1).update({n: 1}); timeout: 0.05`)
		if r.E == int(reql.OpIndeterminate) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the write never had to wait: %+v", r)
		}
	}
	cancel()
	<-held
}

func TestARequestThatWaitsEndsWithItsTimeLimit(t *testing.T) {
	asked := make(chan struct{}, 10)
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer site.Close()
	began := time.Now()
	got := printError(t, web().work(t.Context(), t, fmt.Sprintf(`r.http("%s", timeout: 100); timeout: 0.2`, site.URL)))
	if want := "OpIndeterminate: Query terminated after 0.2 seconds, the limit set by its `timeout` option."; got != want || time.Since(began) > soon {
		t.Errorf("after %s: %s", time.Since(began), got)
	}
	<-asked
	// Without a limit of its own it has that of the query, and the error that it has in RethinkDB.
	got = printError(t, web().work(t.Context(), t, fmt.Sprintf(`r.http("%s"); timeout: 0.2`, site.URL)))
	if want := fmt.Sprintf("NonExistence: Error in HTTP GET of `%s`: timed out after 0.200 seconds.", site.URL); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	<-asked
}

func TestTheServersTimeLimit(t *testing.T) {
	s := newServer(t)
	s.engine.LimitTime(150 * time.Millisecond)
	if got := s.run(t, `r.range(1000000000).count()`); got != "OpIndeterminate: Query terminated after 0.15 seconds, the limit set by this server's --query-timeout. The option `timeout` of a query sets another one." {
		t.Error(got)
	}
	if got := s.run(t, `r.range(1000).count(); timeout: 100`); got != "1000" {
		t.Error(got)
	}
}

// slowTable has rows that take 60 ms each.
type slowTable struct{ memTable }

func (t *slowTable) Scan(context.Context, scan.ScanOptions) (scan.Rows, error) {
	return &slowRows{memRows{rows: t.rows}}, nil
}

type slowRows struct{ memRows }

func (r *slowRows) Next(ctx context.Context) (datum.Value, bool, error) {
	select {
	case <-time.After(60 * time.Millisecond):
		return r.memRows.Next(ctx)
	case <-ctx.Done():
		return datum.Value{}, false, ctx.Err()
	}
}

// Many batches, each of them short, take longer than the limit together.
func TestTheServersTimeLimitAppliesToEachBatch(t *testing.T) {
	rows := benchTable().rows[:20]
	for script, want := range map[string]string{
		`r.table("t"); max_batch_rows: 1`: "", // a batch looks whether there is another row
		`r.table("t"); max_batch_rows: 3`: "OpIndeterminate: Query terminated after 0.15 seconds, the limit set by this server's --query-timeout. The option `timeout` of a query sets another one.",
	} {
		synctest.Test(t, func(t *testing.T) {
			e := exec.New(memCluster{table: &slowTable{memTable{rows: rows}}}, slog.New(slog.DiscardHandler))
			e.LimitTime(150 * time.Millisecond)
			s := &server{compiler: e.Open(session.Client{User: "admin", Addr: netip.MustParseAddrPort("127.0.0.1:1")})}
			began, got := time.Now(), ""
			if r := s.work(t.Context(), t, script); r.T == int(reql.RuntimeError) {
				got = printError(t, r)
			}
			if got != want {
				t.Errorf("%s gives after %s %q, want %q", script, time.Since(began), got, want)
			}
		})
	}
}
