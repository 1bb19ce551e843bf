//go:build cluster

package cluster

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// The network is cut in all ways between three servers, each time with another one as the primary replica's. The majority goes on, the
// others refuse, nothing that was acknowledged is lost, and afterwards everything finds together by itself.
func TestPartitions(t *testing.T) {
	all := startApart(t, "a", "b", "c")
	for _, s := range all {
		s.start()
	}
	for _, p := range cuts(all) {
		for round := range *long {
			awaitAll(all)
			name := fmt.Sprintf("%s%d", p.name, round)
			for _, table := range []string{name, name + "r"} {
				all[1].createTable(table, 3)
				all[1].placeTable(table, all[0], all[1], all[2])
			}
			partition(t, all, name, p.cut, p.minority)
		}
	}
}

// So it does when the table is quiescent. The clients begin when the network is cut, some of them at a server that does not know that yet.
func TestPartitionsQuiescent(t *testing.T) {
	all := startApart(t, "a", "b", "c")
	for _, s := range all {
		s.start()
	}
	for _, p := range cuts(all) {
		for round := range *long {
			awaitAll(all)
			name := fmt.Sprintf("%s%d", p.name, round)
			all[1].createTable(name, 3)
			all[1].placeTable(name, all[0], all[1], all[2])
			all[1].awaitQuiescence(len(all))
			began := time.Now()
			p.cut()
			writes := startInserts(t, name, 6, all...)
			writes.progress(200)
			if p.minority != nil {
				p.minority.refuses(writes)
			}
			gap := writes.gap(began)
			heal(all)
			writes.progress(50)
			t.Logf("%s: %v without an acknowledged write", name, gap.Round(time.Millisecond))
			writes.check(all...)
		}
	}
}

// cut is a way to cut the network between three servers.
type cut struct {
	name string
	cut  func()
	// minority is a server that cannot reach a majority; nil when all can
	minority *server
}

func cuts(all []*server) []cut {
	return []cut{
		{"full", func() { all[0].cut(1, 2); all[1].cut(0); all[2].cut(0) }, all[0]},
		{"one-way-in", func() { all[0].cut(1, 2) }, all[0]},
		{"one-way-out", func() { all[1].cut(0); all[2].cut(0) }, all[0]},
		{"bridge", func() { all[0].cut(1); all[1].cut(0) }, nil},
	}
}

// partition cuts the network under clients of a table whose primary replica is on the first server.
func partition(t *testing.T, all []*server, name string, cut func(), minority *server) {
	t.Helper()
	writes := startInserts(t, name, 6, all...)
	registers := startRegisters(t, name+"r", 6, all...)
	writes.progress(50)
	began := time.Now()
	cut()
	writes.progress(200)
	if minority != nil {
		minority.refuses(writes)
	}
	gap := writes.gap(began)
	heal(all)
	writes.progress(50)
	registers.progress(50)
	t.Logf("%s: %v without an acknowledged write", name, gap.Round(time.Millisecond))
	registers.check()
	writes.check(all...)
}

// refuses awaits that a server which reaches no majority answers neither writes nor majority reads.
func (s *server) refuses(writes *inserts) {
	s.t.Helper()
	writes.mayHave("minority")
	for what, term := range map[string]any{
		"write": harness.Term(harness.Insert, table(writes.table), map[string]any{"id": "minority"}),
		"read":  harness.Term(harness.Count, tableAt(writes.table, "majority")),
	} {
		answer, err := s.try(term)
		if refusal, ok := errors.AsType[*harness.ReQLError](err); !ok || refusal.Class != classFailed && refusal.Class != classIndeterminate {
			s.t.Errorf("%s, which reaches nobody, answers a %s: %s, %v", s.name, what, answer, err)
		} else {
			s.t.Logf("%s, which reaches nobody, refuses a %s: %s", s.name, what, refusal.Text)
		}
	}
}
