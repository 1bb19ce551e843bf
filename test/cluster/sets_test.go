//go:build cluster

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// inserts is what clients know of the rows that they have inserted into a table.
type inserts struct {
	t       *testing.T
	table   string
	servers []*server
	wg      sync.WaitGroup
	stop    context.CancelFunc

	mu       sync.Mutex // guards what follows
	fate     map[string]outcome
	accepted []time.Time // of each row that was acknowledged, in order
	refusal  error       // the last one
}

// startInserts has clients insert rows until finish. Client i begins at server i.
func startInserts(t *testing.T, table string, clients int, servers ...*server) *inserts {
	ctx, stop := context.WithCancel(t.Context())
	s := &inserts{t: t, table: table, servers: servers, stop: stop, fate: map[string]outcome{}}
	t.Cleanup(func() {
		stop()
		s.wg.Wait()
	})
	for i := range clients {
		s.wg.Go(func() { s.insert(ctx, &client{servers: servers, at: i % len(servers)}, i) })
	}
	return s
}

func (s *inserts) insert(ctx context.Context, c *client, number int) {
	defer c.close()
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("%02d-%06d", number, n)
		changed, o, err := c.write(harness.Term(harness.Insert, table(s.table), map[string]any{"id": id, "client": number, "pad": "some bytes that make it a row"}))
		if err != nil || o == done && !changed {
			s.t.Errorf("insert of %s: changed %v, %v", id, changed, err)
			return
		}
		s.mu.Lock()
		s.fate[id] = o
		if o == done {
			s.accepted = append(s.accepted, time.Now())
		} else {
			s.refusal = c.refusal
		}
		s.mu.Unlock()
		if o != done {
			rest(ctx)
		}
	}
}

// mayHave says that somebody else may have inserted a row.
func (s *inserts) mayHave(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate[id] = unknown
}

// insertLarge inserts a row that is larger than what the log of a server has set aside on its disk, within largeTime. It may fail.
func (s *inserts) insertLarge(m *server, id string) error {
	s.mayHave(id)
	err := m.within(largeTime, harness.Term(harness.Insert, table(s.table), map[string]any{"id": id, "pad": strings.Repeat("x", 8<<20)}))
	s.t.Logf("%s: insert a large row: %v", m.name, err)
	return err
}

// largeTime is longer than the insertion of a large row takes.
const largeTime = 5 * time.Second

// count is how many rows were acknowledged.
func (s *inserts) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.accepted)
}

// progress waits until some more rows are acknowledged.
func (s *inserts) progress(rows int) {
	s.t.Helper()
	want := s.count() + rows
	for until := time.Now().Add(patience); s.count() < want; time.Sleep(5 * time.Millisecond) { // before it is counted again
		if s.t.Failed() || time.Now().After(until) {
			s.mu.Lock()
			refusal := s.refusal
			s.mu.Unlock()
			for _, m := range s.servers {
				status, err := m.try(harness.Term(termStatus, table(s.table)))
				s.t.Logf("%s: %s, %v", m.name, status, err)
			}
			s.t.Fatalf("%d more rows were wanted, %d are missing; the last refusal was: %v", rows, want-s.count(), refusal)
		}
	}
}

// awaitRefusal waits until a client is refused with one of these texts.
func (s *inserts) awaitRefusal(want ...string) {
	s.t.Helper()
	var refusal error
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(5 * time.Millisecond) { // before it is looked at again
		s.mu.Lock()
		refusal = s.refusal
		s.mu.Unlock()
		if e, ok := errors.AsType[*harness.ReQLError](refusal); ok && slices.ContainsFunc(want, func(w string) bool { return strings.Contains(e.Text, w) }) {
			return
		}
	}
	s.t.Fatalf("nobody is refused with %q; the last refusal was: %v", want, refusal)
}

// gap is the longest time without an acknowledged row from then on.
func (s *inserts) gap(from time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	longest := time.Duration(0)
	for _, at := range s.accepted {
		if at.After(from) {
			longest = max(longest, at.Sub(from))
			from = at
		}
	}
	return longest
}

// finish stops the clients.
func (s *inserts) finish() {
	s.stop()
	s.wg.Wait()
}

// check compares the rows with what clients know: those that were acknowledged are there, those that were refused are not, and each replica
// gets all of them.
func (s *inserts) check(servers ...*server) {
	s.t.Helper()
	s.finish()
	got := s.rows(servers[0], "majority")
	lost, risen, strange := 0, 0, 0
	for id, o := range s.fate {
		switch {
		case o == done && !got[id]:
			if lost++; lost == 1 {
				s.t.Errorf("%s was acknowledged and is lost", id)
			}
		case o == refused && got[id]:
			if risen++; risen == 1 {
				s.t.Errorf("%s was refused and is there", id)
			}
		}
	}
	for id := range got {
		if _, ok := s.fate[id]; !ok {
			strange++
		}
	}
	if lost+risen+strange > 0 {
		s.t.Errorf("%d rows were acknowledged and are lost, %d were refused and are there, %d are there and nobody wrote them", lost, risen, strange)
	}
	outcomes := [3]int{}
	for _, o := range s.fate {
		outcomes[o]++
	}
	tally.history(len(s.fate), lost+risen+strange)
	s.t.Logf("%s: %d rows acknowledged, %d refused, %d of unknown fate, %d found", s.table, outcomes[done], outcomes[refused], outcomes[unknown], len(got))
	for _, m := range servers {
		m.await("all rows in its replica", harness.Term(harness.Count, tableAt(s.table, "outdated")), fmt.Sprint(len(got)))
		m.await("all rows", harness.Term(harness.Count, table(s.table)), fmt.Sprint(len(got)))
	}
}

// checkIndex compares what an index has, at each server, with the rows: each is there once.
func (s *inserts) checkIndex(index string, servers ...*server) {
	s.t.Helper()
	want := s.rows(servers[0], "majority")
	for _, m := range servers {
		got := s.ids(m, harness.TermOpt(harness.OrderBy, map[string]any{"index": index}, table(s.table)))
		seen := map[string]int{}
		wrong := 0
		for _, id := range got {
			if seen[id]++; seen[id] > 1 || !want[id] {
				wrong++
			}
		}
		if missing := len(want) - len(seen); wrong+missing != 0 {
			tally.history(0, wrong+missing)
			s.t.Errorf("%s: the index has %d entries of %d rows, %d of which are doubled or of no row", m.name, len(got), len(want), wrong)
		}
	}
}

// rows are the keys of the table, as soon as it can be read.
func (s *inserts) rows(m *server, mode string) map[string]bool {
	s.t.Helper()
	got := map[string]bool{}
	for _, id := range s.ids(m, harness.TermOpt(harness.OrderBy, map[string]any{"index": "id"}, tableAt(s.table, mode))) {
		if got[id] {
			tally.history(0, 1)
			s.t.Errorf("%s: %s is there twice", m.name, id)
		}
		got[id] = true
	}
	return got
}

// ids are those of a sequence of rows, as soon as it can be read.
func (s *inserts) ids(m *server, sequence any) (ids []string) {
	s.t.Helper()
	term := harness.Term(harness.Bracket, sequence, "id")
	var rows []json.RawMessage
	var err error
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(20 * time.Millisecond) { // before it is asked again
		var c *harness.Conn
		if c, err = m.connect(patience); err != nil {
			continue
		}
		rows, err = c.Run(term)
		_ = c.Close() // it was only read
		if err == nil {
			break
		}
	}
	if err != nil {
		s.t.Fatalf("%s cannot read the rows: %v", m.name, err)
	}
	for _, r := range rows {
		var id string
		if err := json.Unmarshal(r, &id); err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}
