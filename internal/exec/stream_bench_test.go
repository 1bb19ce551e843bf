package exec_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
	scan "rethinkdb/internal/table"
)

// memTable has encoded rows in memory, so that benchmarks measure the executor alone.
type memTable struct {
	exec.Table
	rows [][]byte

	// overwrites: the memory of a transient row is overwritten with the next one, as storage does.
	overwrites bool
}

func (t *memTable) PrimaryKey() string { return "id" }
func (t *memTable) Count(context.Context, scan.ReadOptions) (int64, error) {
	return int64(len(t.rows)), nil
}
func (t *memTable) Scan(_ context.Context, o scan.ScanOptions) (scan.Rows, error) {
	return &memRows{rows: t.rows, overwrites: t.overwrites && o.Transient}, nil
}

func (t *memTable) ScanParallel(_ context.Context, o scan.ScanOptions, n int, each func(int, scan.Rows) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		part := t.rows[len(t.rows)*i/n : len(t.rows)*(i+1)/n]
		wg.Go(func() { errs[i] = each(i, &memRows{rows: part, overwrites: t.overwrites && o.Transient}) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *memTable) Get(_ context.Context, key datum.Value, _ scan.ReadOptions) (datum.Value, error) {
	if i := int(key.AsNumber()); i >= 0 && i < len(t.rows) {
		return datum.View(t.rows[i]), nil
	}
	return datum.Value{}, nil
}

type memRows struct {
	rows       [][]byte
	overwrites bool
	buf        []byte
}

func (r *memRows) Next(context.Context) (datum.Value, bool, error) {
	if len(r.rows) == 0 {
		return datum.Value{}, false, nil
	}
	row := r.rows[0]
	r.rows = r.rows[1:]
	if r.overwrites {
		for i := range r.buf {
			r.buf[i] = 0xFF
		}
		r.buf = append(r.buf[:0], row...)
		row = r.buf
	}
	return datum.View(row), true, nil
}

func (r *memRows) Park() error {
	for i := range r.buf {
		r.buf[i] = 0xFF
	}
	return nil
}

func (r *memRows) Close() error { return r.Park() }

// memCluster has one table, whatever it is called.
type memCluster struct {
	exec.Cluster
	table exec.Table
}

func (c memCluster) Database(name string) (exec.DB, error) { return exec.DB{Name: name}, nil }
func (c memCluster) Table(*exec.Client, exec.DB, string, string) (exec.Table, error) {
	return c.table, nil
}
func (c memCluster) Authorize(*exec.Client, exec.Right, exec.Table) error { return nil }
func (c memCluster) CountQuery()                                          {}

const benchRows = 100_000

var benchTable = sync.OnceValue(func() *memTable {
	t := &memTable{rows: make([][]byte, benchRows)}
	bio := strings.Repeat("lorem ipsum dolor sit amet ", 26)
	for i := range t.rows {
		row, err := datum.ParseJSON(fmt.Appendf(nil, `{"id":%d,"name":"user %d","email":"user%d@example.com","age":%d,"score":%g,
			"active":%t,"city":"city %d","country":"country %d","tags":["a","b","tag%d"],"address":{"street":"Laugavegur %d","zip":"%d"},
			"bio":%q,"visits":%d,"created":{"$reql_type$":"TIME","epoch_time":%d,"timezone":"+00:00"}}`,
			i, i, i, i%90, float64(i*7919%10007)+0.5, i%2 == 0, i%500, i%20, i%10, i, i%1000, bio, i*31%1000003, 1700000000+i))
		if err != nil {
			panic(err)
		}
		t.rows[i] = datum.AppendEncoded(nil, row)
	}
	return t
})

// benchQuery runs a query to its end and reports the time for each row and core.
func benchQuery(b *testing.B, script string) {
	body, err := reqltest.Query(script)
	if err != nil {
		b.Fatal(err)
	}
	e := exec.New(memCluster{table: benchTable()}, slog.New(slog.DiscardHandler))
	c := e.Open(session.Client{User: "admin", Addr: netip.MustParseAddrPort("127.0.0.1:1")})
	ctx := context.Background()
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		q, bad := reql.ParseQuery(body)
		if bad != nil {
			b.Fatal(bad)
		}
		var cur session.Cursor
		out, cur = c.Compile(q).Start(ctx, out[:0])
		if len(out) < 5 || out[5] == '1' && out[6] != ',' {
			b.Fatalf("%.300s", out)
		}
		for more := cur != nil; more; {
			out, more = cur.Next(ctx, out[:0])
		}
		if cur != nil {
			cur.Close()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
}

func BenchmarkTable(b *testing.B) {
	for _, q := range []struct{ name, script string }{
		{"count", `r.table("t").map(x => 1).count()`},
		{"filterCount", `r.table("t").filter(x => x("age").gt(50)).count()`},
		{"filterObjectCount", `r.table("t").filter({age: 50}).count()`},
		{"filterAndCount", `r.table("t").filter(x => x("age").gt(50).and(x("active"))).count()`},
		{"filterMissingCount", `r.table("t").filter(x => x("nothing").gt(50)).count()`},
		{"sum", `r.table("t").sum("age")`},
		{"avgFunction", `r.table("t").avg(x => x("age"))`},
		{"max", `r.table("t").max("score")`},
		{"groupCount", `r.table("t").group("country").count()`},
		{"groupSum", `r.table("t").group("city").sum("age")`},
		{"groupTwo", `r.table("t").group("country", "active").avg("age")`},
		{"mapReduce", `r.table("t").map(x => x("age")).reduce((a, b) => a.add(b))`},
		{"distinctField", `r.table("t")("city").distinct()`},
		{"concatMapCount", `r.table("t").concatMap(x => x("tags")).count()`},
		{"orderLimit", `r.table("t").orderBy("score").limit(10)`},
		{"orderTwoLimit", `r.table("t").orderBy(r.desc("age"), "score").limit(10)`},
		{"order", `r.table("t").orderBy("score").count()`},
		{"eqJoinCount", `r.table("t").eqJoin("visits", r.table("t")).count()`},
		{"all", `r.table("t")`},
		{"pluck", `r.table("t").pluck("id", "name", "age")`},
		{"without", `r.table("t").without("bio", "tags")`},
		{"merge", `r.table("t").merge({extra: 1})`},
		{"mergeFunction", `r.table("t").merge(x => {next: x("age").add(1)})`},
		{"hasFieldsFilter", `r.table("t").hasFields("email").filter({active: true})`},
		{"mapObject", `r.table("t").map(x => {id: x("id"), age: x("age")})`},
		{"getField", `r.table("t")("name")`},
	} {
		b.Run(q.name, func(b *testing.B) { benchQuery(b, q.script) })
	}
}
