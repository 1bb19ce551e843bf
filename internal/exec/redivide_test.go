package exec_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/race"
	"rethinkdb/internal/storage"
	stored "rethinkdb/internal/table"
)

// redivide copies a table to other groups as a move of the catalog does at its end, while writers wait: shard i, which begins at a split, comes to a part. What the last moments
// bring to the new groups, without anybody's being told, edit writes.
func (s *server) redivide(t testing.TB, name string, splits []int, parts []int, edit ...func(next *stored.Table)) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tbl, _ := elsewhere{nil, s.catalog}.table("test", name)
	was, old := tbl.Table.Config(), tbl.Parts()
	config := was
	config.Groups, config.Splits, config.Parts, config.Starts = nil, nil, parts, nil
	for _, split := range splits {
		key, err := stored.AppendPrimaryKey(nil, datum.Int(int64(split)))
		must(err)
		config.Splits = append(config.Splits, string(key))
	}
	var to []*stored.Part
	n := uint32(slices.Max(parts) + 1)
	taken := (n + 2) / 3 * 3 // other tests have their parts where they expect them: see spread
	first := groups.Add(taken) - taken + 1
	for i := range n {
		group := storage.GroupID(first + i)
		p, err := stored.CreatePart(t.Context(), s.store, group, tbl.PrimaryKey())
		must(err)
		for _, x := range tbl.Indexes() {
			must(x.Index.AddBuiltTo(t.Context(), p))
		}
		config.Groups, to = append(config.Groups, group), append(to, p)
	}
	next, err := stored.New(config, to)
	must(err)
	for _, p := range old {
		epoch, err := p.Group().Epoch()
		must(err)
		must(p.Seal(t.Context(), epoch, 1))
	}
	for i, p := range old {
		copyRows(t, tbl.Only(i), next)
		starts := inherit(t, p, next)
		if config.Starts == nil {
			config.Starts = starts
		}
	}
	for _, f := range edit {
		f(next)
	}
	config.Past = append(slices.Clone(was.Past), stored.Division{Groups: was.Groups, Splits: was.Splits, Parts: was.Parts, Starts: was.Starts})
	must(tbl.SetLayout(config, to))
	for _, p := range old {
		p.Moved()
		p.FinishFeeds()
		p.EndFeeds()
		must(p.Drop(t.Context()))
	}
}

func copyRows(t testing.TB, from, to *stored.Table) {
	t.Helper()
	rows, err := from.Scan(t.Context(), stored.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // an error of reading was reported
	for {
		row, ok, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		key, _ := row.Get(from.PrimaryKey())
		row = row.Own()
		if _, err := to.Write(t.Context(), stored.WriteRequest{Keys: []datum.Value{key}, Copied: true, Update: func(int, datum.Value) (datum.Value, error) { return row, nil }}); err != nil {
			t.Fatal(err)
		}
	}
}

// inherit gives all parts of a table the history of a group.
func inherit(t testing.TB, p *stored.Part, to *stored.Table) (starts []stored.HistoryPlace) {
	t.Helper()
	ancestors, err := p.Ancestors()
	if err != nil {
		t.Fatal(err)
	}
	var all []stored.Inherited
	for _, of := range append(ancestors, stored.Ancestor{Group: p.Number()}) {
		list, more, err := p.Legacy(t.Context(), of.Group, 0, 1<<30)
		if err != nil || more {
			t.Fatal(more, err)
		}
		all = append(all, list...)
	}
	for i := range to.Parts() {
		share := make([]stored.Inherited, len(all))
		for n, e := range all {
			if share[n], err = e.Only(func(key []byte) bool { return to.PartOf(key) == i }); err != nil {
				t.Fatal(err)
			}
		}
		start, err := to.Inherit(t.Context(), i, share)
		if err != nil {
			t.Fatal(err)
		}
		starts = append(starts, start)
	}
	return starts
}

// divisions are the ways in which a test divides a table, one after the other.
var divisions = []struct{ splits, parts []int }{
	{nil, []int{0}}, {[]int{7}, []int{0, 1}}, {[]int{2, 4, 9}, []int{0, 1, 2, 0}}, {[]int{10}, []int{1, 0}}, {nil, []int{0}}, {[]int{3, 5, 16}, []int{0, 1, 2, 3}},
}

// keepDividing divides the table again and again until stop.
func (s *server) keepDividing(t testing.TB, pause func() time.Duration) (stop func()) {
	s.unsteady = true
	enough := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-enough:
				return
			case <-time.After(pause()):
			}
			d := divisions[i%len(divisions)]
			s.redivide(t, "t", d.splits, d.parts)
		}
	})
	stop = sync.OnceFunc(func() {
		close(enough)
		wg.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// Feeds of every kind go on while their table is divided in other ways.
func TestReplayRedivided(t *testing.T) {
	for name, s := range map[string]*server{"here": newDivided(t), "spread": newSpread(t)} {
		t.Run(name, func(t *testing.T) {
			replayBeside(t, s, func() (stop func()) {
				return s.keepDividing(t, func() time.Duration { return time.Duration(50+rand.IntN(100)) * time.Millisecond })
			})
		})
	}
}

// So do those that are cut again and again.
func TestResumedReplayRedivided(t *testing.T) {
	s := newSpread(t)
	resumedReplayBeside(t, s, race.Fewer(60), func() (stop func()) {
		return s.keepDividing(t, func() time.Duration { return time.Duration(100+rand.IntN(300)) * time.Millisecond })
	})
}

// The first rows of an order may have other values at the same places when their table has been divided in another way: by a multi index one row is there several times.
func TestFirstRowsChangeWhileTheyMove(t *testing.T) {
	s := newDivided(t)
	for _, q := range []string{`r.dbCreate("test")`, `r.tableCreate("t")`, `r.table("t").indexCreate("m", multi: true)`, `r.table("t").indexWait()`,
		`r.table("t").insert([{id: 1, m: [7, 8, 9], v: 1}, {id: 2, m: [3], v: 2}])`} {
		s.run(t, q)
	}
	f := s.openFeed(t, `r.table("t").orderBy(index: r.desc("m")).pluck("v").limit(6).changes(include_initial: true)`)
	defer f.close()
	x := &shadow{feed: f, values: map[string]int{}}
	same := func(want ...string) {
		t.Helper()
		eventually(t, func() bool {
			x.follow(t)
			return x.same(want)
		}, func() string { return fmt.Sprintf("it replays to %v, want %v", x.values, want) })
	}
	same(`{"v":1}`, `{"v":1}`, `{"v":1}`, `{"v":2}`)
	s.redivide(t, "t", []int{2}, []int{0, 1}, func(next *stored.Table) {
		row, err := datum.ParseJSON([]byte(`{"id": 1, "m": [7, 8, 9], "v": 5}`))
		if err == nil {
			_, err = next.Write(t.Context(), stored.WriteRequest{Keys: []datum.Value{datum.Int(1)}, Copied: true, Update: func(int, datum.Value) (datum.Value, error) { return row, nil }})
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	same(`{"v":5}`, `{"v":5}`, `{"v":5}`, `{"v":2}`)
}
