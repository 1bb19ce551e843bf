package system

import (
	"testing"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
)

// authorizeWorld has users with a right to read tbl from each scope.
func authorizeWorld(t testing.TB) (w *world, tbl exec.Table) {
	w = newWorld(t)
	db := w.testDB()
	for _, name := range []string{"global", "database", "table"} {
		if r, err := w.insert(w.system("users"), `{"id":"`+name+`","password":false}`); err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
		scope, table := &db, ""
		switch name {
		case "global":
			scope = nil
		case "table":
			table = "tbl"
		}
		if _, err := w.Grant(ctx, w.admin, scope, table, name, w.value(`{"read":true}`)); err != nil {
			t.Fatal(err)
		}
	}
	tbl, err := w.Table(w.admin, db, "tbl", "")
	if err != nil {
		t.Fatal(err)
	}
	return w, tbl
}

// TestAuthorizeAllocatesNothing holds for what is allowed, which is asked for at each read and write.
func TestAuthorizeAllocatesNothing(t *testing.T) {
	w, tbl := authorizeWorld(t)
	for _, user := range []string{"admin", "global", "database", "table"} {
		c := &exec.Client{User: user}
		if n := testing.AllocsPerRun(100, func() {
			if err := w.Authorize(c, exec.ReadRows, tbl); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", user, n)
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	w, tbl := authorizeWorld(b)
	for _, user := range []string{"admin", "global", "database", "table"} {
		b.Run(user, func(b *testing.B) {
			b.ReportAllocs()
			c := &exec.Client{User: user}
			for b.Loop() {
				if err := w.Authorize(c, exec.ReadRows, tbl); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A server that was removed from its cluster shows what concerns itself, and nothing of its tables.
func TestOutcast(t *testing.T) {
	var outcast bool
	w := newWorld(t, func(o *Options) { o.Outcast = func() bool { return outcast } })
	tbl, err := w.Table(w.admin, w.testDB(), "tbl", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Authorize(w.admin, exec.ReadRows, tbl); err != nil {
		t.Fatal(err)
	}
	outcast = true
	wantError(t, w.Authorize(w.admin, exec.ReadRows, tbl), reql.OpFailed, "This server has been removed from its cluster, so what it has of the table `test.tbl` is out of date. "+
		"Ask another server, and stop this one.")
	if err := w.Authorize(w.admin, exec.ReadRows, w.system("current_issues")); err != nil {
		t.Error(err)
	}
}
