package exec_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/extsort"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

// newBoundedEngine is an engine for a single table whose queries may use so many bytes, and temporary files.
func newBoundedEngine(t testing.TB, table exec.Table, bytes int64) (*server, *extsort.Directory) {
	t.Helper()
	path := t.TempDir()
	files := extsort.NewDirectory(path, 0, 1<<40)
	e := exec.New(memCluster{table: table}, slog.New(slog.DiscardHandler))
	e.LimitQueryMemory(bytes, files)
	t.Cleanup(func() {
		if n := files.Open(); n != 0 {
			t.Errorf("%d temporary files are open", n)
		}
		if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
			t.Errorf("left in the directory for temporary files: %v, %v", entries, err)
		}
	})
	return &server{compiler: e.Open(session.Client{User: "admin", Addr: netip.MustParseAddrPort("127.0.0.1:1")})}, files
}

// TestLittleMemory checks that queries whose rows do not fit into their memory answer the same as with enough of it.
func TestLittleMemory(t *testing.T) {
	table := &memTable{rows: benchTable().rows[:8000], overwrites: true}
	enough := newEngine(table)
	little, _ := newBoundedEngine(t, table, 2<<20)
	const src = `r.table("t")`
	for _, script := range []string{
		src + `.orderBy("score", "id").nth(4000)("id")`,
		src + `.orderBy(r.desc("score"), "id").skip(3000).limit(5)("id")`,
		src + `.orderBy("country", r.desc("name"), "id").limit(7900).skip(7890)("id")`,
		src + `.orderBy(x => x("name").split(" ")(1), "id").slice(100, 5000).sum("age")`,
		src + `.orderBy("nothing", r.desc("id")).limit(5000).nth(-1)("id")`,
		src + `.orderBy(x => x).nth(5)("id")`,
		src + `.orderBy(x => x("bio"), "id").offsetsOf(x => x("id").eq(7)).count()`,
		src + `.orderBy("age", "id").fold(0, (a, x) => a.mul(3).add(x("id")).mod(1000003))`,
		src + `.orderBy("id").typeOf()`,
		src + `.orderBy("age", x => x("nothing").default("x").add(1)).nth(0)`,
		src + `.orderBy(x => x("name").add(1))`,
		src + `.orderBy("age").count()`,
		src + `.distinct().count()`,
		src + `.map(x => x.without("id", "score")).distinct().count()`,
		src + `.map(x => [x("name"), x("id").mod(7000)]).distinct().count()`,
		src + `.distinct().count(); array_limit: 7999`,
		src + `.orderBy("age").limit(3); array_limit: 7999`,
		src + `.group("country").map(x => x("age")).reduce((a, b) => a.add(b))`,
	} {
		if got, want := little.run(t, script), enough.run(t, script); got != want {
			t.Errorf("%s:\n%.500s\nwith enough memory:\n%.500s", script, got, want)
		}
	}
}

// TestTooLittleMemory checks that what cannot be done in little memory is refused, and that it is free again afterwards.
func TestTooLittleMemory(t *testing.T) {
	table := &memTable{rows: benchTable().rows[:8000], overwrites: true}
	s, _ := newBoundedEngine(t, table, 4<<20)
	const src = `r.table("t")`
	for _, script := range []string{
		src + `.orderBy("age")`,
		src + `.orderBy("age").coerceTo("array").count()`,
		src + `.coerceTo("array").count()`,
		src + `.map(x => x).distinct()`,
		src + `.group("active")`,
		src + `.group("id").max("age")`,
		src + `.group("id").reduce((a, b) => a)`,
		src + `.group(x => [x("id"), x("name"), x("bio")]).count().ungroup().count()`,
		src + `.sample(8000).count()`,
		src + `.fold([], (a, x) => a.append(x)).count()`,
		`r.range(10).fold("0123456789", (a, i) => a.add(a)).do(text => r.range(1000).map(i => text.add("x")).coerceTo("array").orderBy(x => x))`,
		`r.do(r.range(100000).coerceTo("array"), a => a.count())`,
	} {
		if got := s.run(t, script); !strings.HasPrefix(got, "ResourceLimit: The query needs more than the 4 MB of memory that a query may use.") {
			t.Errorf("%s: %.300s", script, got)
		}
	}
	for _, script := range []string{
		// Each row takes most of the memory, and gives it back.
		`r.range(8).map(i => r.range(30000).coerceTo("array").count()).sum()`,
		`r.range(8).map(i => r.range(30000).map(x => x.add(i)).orderBy(x => x).nth(3)).sum()`,
		`r.range(8).map(i => r.range(30000).distinct().count()).sum()`,
		`r.range(8).map(i => r.range(30000).map(x => r.branch(x.eq(29999), r.error("x"), x)).coerceTo("array").default([]).count()).sum()`,
		`r.range(8).concatMap(i => r.range(30000).coerceTo("array").limit(2)).sum()`,
		`r.range(8).fold(0, (a, i) => r.range(30000).coerceTo("array").count().add(a))`,
		`r.range(8).filter(i => r.range(30000).coerceTo("array").count().gt(i)).count()`,
		`r.range(8).forEach(i => r.range(30000).coerceTo("array").limit(0))`,
		`r.range(8).map(i => r.range(30000).group(x => x.mod(10)).ungroup().count()).sum()`,
		`r.range(8).group(i => i.mod(3)).map(i => r.range(30000).coerceTo("array").count()).sum()`,
		`r.range(8).reduce((a, b) => r.range(30000).coerceTo("array").count())`,
		src + `.limit(8).map(i => r.range(30000).coerceTo("array").count()).sum()`,
		src + `.filter(i => i("id").mod(1000).eq(0)).map(i => r.range(30000).coerceTo("array").count()).sum()`,
	} {
		if got := s.run(t, script); strings.HasPrefix(got, "ResourceLimit") {
			t.Errorf("%s: %.300s", script, got)
		}
	}
}

// TestInterruptedSorts checks that a sort ends soon after its query, with what it has in files.
func TestInterruptedSorts(t *testing.T) {
	table := &memTable{rows: benchTable().rows, overwrites: true}
	for _, script := range []string{
		`r.range(100000000).orderBy(x => x.mul(7919).mod(10007)).count(); array_limit: 1000000000`,
		`r.range(100000000).distinct().count(); array_limit: 1000000000`,
		`r.table("t").concatMap(x => r.range(100000).map(i => [x("id"), i])).orderBy(x => x(1)).count(); array_limit: 1000000000`,
	} {
		s, files := newBoundedEngine(t, table, 8<<20)
		body, err := reqltest.Query(script)
		if err != nil {
			t.Fatal(err)
		}
		q, bad := reql.ParseQuery(body)
		if bad != nil {
			t.Fatal(bad)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, cur := s.compiler.Compile(q).Start(ctx, nil); cur != nil {
				cur.Close()
			}
		}()
		for files.Open() == 0 {
			select {
			case <-done:
				t.Fatalf("%s has ended", script)
			default:
				runtime.Gosched()
			}
		}
		cancel()
		began := time.Now()
		<-done
		if took := time.Since(began); took > soon {
			t.Errorf("%s went on for %v", script, took)
		} else {
			t.Logf("ended in %v", took)
		}
	}
}
