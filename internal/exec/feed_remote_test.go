package exec_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/exec"
)

// Feeds of tables on other servers are parts of queries as all others are.
func TestFeedsInPartsOfQueries(t *testing.T) {
	whole, home, away := newServer(t), newServer(t), newServer(t)
	for _, s := range []*server{whole, home, away} {
		for _, q := range []string{`r.dbCreate("test")`, `r.tableCreate("near")`, `r.tableCreate("far")`,
			`r.table("near").indexCreate("n")`, `r.table("far").indexCreate("n")`, `r.table("near").indexWait()`, `r.table("far").indexWait()`} {
			s.run(t, q)
		}
	}
	link(t, home, away, "far")
	link(t, away, home, "near")
	queries := []struct {
		feed            string
		initial, events int // how many come before the changes, and of these
	}{
		{`r.table("near").union(r.table("far")).changes()`, 0, 5},
		{`r.table("far").union(r.table("near")).changes(include_initial: true, include_states: true)`, 7, 5},
		{`r.table("near").changes().union(r.table("far").changes())`, 0, 5},
		{`r.union(r.table("far").filter({n: 1}), r.table("near").getAll(1)).changes(include_types: true)`, 0, 3},
		{`r.expr(1).do(n => r.table("far").getAll(n, index: "n").changes())`, 0, 2},
		{`r.table("far").changes().map(x => x.merge({near: r.table("near").get(9)("n")}))`, 0, 3},
		{`r.table("near").get(1).changes(include_initial: true).union(r.table("far").get(2).changes(include_initial: true))`, 2, 2},
		{`r.table("far").orderBy(index: "n").limit(2).changes(include_initial: true, include_offsets: true)`, 2, 3},
		{`r.table("near").orderBy(index: "n").limit(2).union(r.table("far").orderBy(index: r.desc("n")).limit(1)).changes()`, 0, 3},
		{`r.table(r.expr("f").add("ar")).changes()`, 0, 3},
		{`r.table("far").max(index: "n").changes(include_initial: true)`, 1, 1},
		{`r.table("far").map(x => x("n").add(1)).changes().filter(x => x("new_val").ne(null))`, 0, 2},
	}
	open := func(s *server) (feeds []*feedReader) {
		for _, q := range queries {
			f := s.openFeed(t, q.feed)
			t.Cleanup(f.close)
			feeds = append(feeds, f)
		}
		return feeds
	}
	for _, q := range []string{`r.table("near").insert([{id: 1, n: 1}, {id: 2, n: 2}, {id: 9, n: 9}])`, `r.table("far").insert([{id: 1, n: 1}, {id: 2, n: 2}])`} {
		for _, s := range []*server{whole, home} {
			s.run(t, q)
		}
	}
	want, got := open(whole), open(home)
	compare := func(count func(i int) int) {
		t.Helper()
		for i, q := range queries {
			expected, found := want[i].sorted(t, count(i)), got[i].sorted(t, count(i))
			if found != expected {
				t.Errorf("%s\ngives %s\nwant  %s", q.feed, found, expected)
			}
		}
	}
	compare(func(i int) int { return queries[i].initial })
	for _, q := range []string{`r.table("far").get(1).update({n: 5})`, `r.table("near").get(1).update({n: 7})`,
		`r.table("far").insert({id: 3, n: 1})`, `r.table("far").get(2).delete()`, `r.table("near").get(2).delete()`} {
		for _, s := range []*server{whole, home} {
			s.run(t, q)
		}
	}
	compare(func(i int) int { return queries[i].events })
	refused := home.run(t, `r.table("near").union(r.table("far")).changes(include_resume_token: true).map(r.table("far").count())`)
	if want := whole.run(t, `r.table("near").union(r.table("far")).changes(include_resume_token: true).map(r.table("far").count())`); refused != want {
		t.Errorf("%s\nwant %s", refused, want)
	}
}

// sorted gives the next n events in an order that does not depend on which table's came first.
func (f *feedReader) sorted(t *testing.T, n int) string {
	t.Helper()
	events := strings.Split(f.show(t, n, false), "\n")
	slices.Sort(events)
	return strings.Join(events, "\n")
}

// movable is a router to another server that has all tables, until they are here.
type movable struct {
	elsewhere
	here *atomic.Bool
}

func (m movable) Locate(db, table string, outdated bool) (server string, here bool, err error) {
	if m.here.Load() {
		return "", true, nil
	}
	return m.elsewhere.Locate(db, table, outdated)
}

func (m movable) Primary(table string, group uint32) (server string, here bool, err error) {
	server, here, err = m.elsewhere.Primary(table, group)
	return server, here || m.here.Load(), err
}

// A feed whose primary replica comes to another server goes on there if it knows its place in the history, or is one of the first rows of an order, and ends otherwise,
// although the server that it was on says nothing.
func TestFeedMoves(t *testing.T) {
	s := newServer(t)
	here := new(atomic.Bool)
	pool := dial(t, s.twin(s.system))
	s.engine.UseRouter(func() exec.Router { return movable{elsewhere{pool, s.catalog}, here} })
	s.run(t, `r.dbCreate("test")`)
	s.run(t, `r.tableCreate("t")`)
	plain := s.openFeed(t, `r.table("t").changes()`)
	defer plain.close()
	first := s.openFeed(t, `r.table("t").orderBy(index: "id").limit(2).changes()`)
	defer first.close()
	lasting := s.openFeed(t, `r.table("t").changes(include_resume_token: true)("new_val")`)
	defer lasting.close()
	s.run(t, `r.table("t").insert({id: 1})`)
	for _, f := range []*feedReader{plain, first} {
		if got := f.show(t, 1, false); got != `{"new_val":{"id":1},"old_val":null}` {
			t.Error(got)
		}
	}
	if got := lasting.show(t, 1, false); got != `{"id":1}` {
		t.Error(got)
	}
	here.Store(true)
	s.run(t, `r.table("t").insert({id: 2})`)
	<-plain.done
	if got := plain.show(t, 0, true); !strings.HasSuffix(got, "OpFailed: Changefeed aborted (unavailable).") {
		t.Error(got)
	}
	if got := first.show(t, 1, false); got != `{"new_val":{"id":2},"old_val":null}` {
		t.Error(got)
	}
	if got := lasting.show(t, 1, false); got != `{"id":2}` {
		t.Error(got)
	}
	here.Store(false)
	s.run(t, `r.table("t").insert({id: 3})`)
	if got := lasting.show(t, 1, false); got != `{"id":3}` {
		t.Error(got)
	}
}
