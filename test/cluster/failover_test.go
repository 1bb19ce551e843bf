//go:build cluster

package cluster

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// Tables are created, written and read through every server, whichever of them has the replicas.
func TestEveryServerServesEveryTable(t *testing.T) {
	all := start(t, "a", "b", "c")
	for i, creator := range all {
		for _, replicas := range []int{1, 3} {
			name := fmt.Sprintf("t%d%d", i, replicas)
			creator.createTable(name, replicas)
			for _, s := range all { // the others learn of it a moment later
				s.await("the new table", harness.Term(harness.Count, table(name)), "0")
			}
			for n, writer := range all {
				writer.answer(harness.Term(harness.Insert, table(name), map[string]any{"id": n, "by": writer.name}))
				for _, reader := range all {
					for _, mode := range []string{"single", "majority"} {
						if got, want := reader.answer(harness.Term(harness.Bracket, harness.Term(harness.Get, tableAt(name, mode), n), "by")), fmt.Sprintf("%q", writer.name); got != want {
							t.Errorf("%s wrote, %s reads %s with read mode %s", writer.name, reader.name, got, mode)
						}
					}
				}
			}
			for _, reader := range all {
				reader.await("all rows", harness.Term(harness.Count, tableAt(name, "outdated")), "3")
			}
		}
	}
}

// Servers are killed under load, one after the other, and come back.
func TestKilledServers(t *testing.T) {
	all := start(t, "a", "b", "c")
	all[0].createTable("t", 3)
	writes := startInserts(t, "t", 6, all...)
	for round := range 3 * *long {
		victim := all[round%3]
		writes.progress(300)
		victim.kill()
		writes.progress(300)
		victim.start()
	}
	writes.progress(300)
	writes.check(all...)
}

// What was acknowledged before all servers were killed at once is there when they are back.
func TestAllServersKilledAtOnce(t *testing.T) {
	all := start(t, "a", "b", "c")
	all[0].createTable("one", 1)
	all[0].createTable("three", 3)
	one, three := startInserts(t, "one", 3, all...), startInserts(t, "three", 6, all...)
	for range 2 * *long {
		three.progress(300)
		one.progress(50)
		for _, m := range all {
			m.kill()
		}
		for _, m := range all {
			m.start()
		}
	}
	three.progress(100)
	one.progress(50)
	three.check(all...)
	one.check(all...)
}

// Targets for the time without an acknowledged write. They are checked by the long form only, as they need a machine with nothing else to do.
const (
	killedTarget = 500 * time.Millisecond
	silentTarget = 2 * time.Second
)

// faults are how a server can be lost, and how long that may cost.
var faults = []struct {
	name       string
	begin, end func(*server)
	target     time.Duration
}{
	{"killed", func(s *server) { s.kill() }, func(s *server) { s.start() }, killedTarget},
	{"stopped", func(s *server) { s.signal(syscall.SIGSTOP) }, func(s *server) { s.signal(syscall.SIGCONT) }, silentTarget},
}

// Clients of the other servers go on soon after a server was killed, or falls silent for longer than an election takes.
func TestTimeToFailOver(t *testing.T) { timeToFailOver(t, false) }

// So they do when nothing has happened in a table for a while, so that its replicas are quiescent. The clients begin when the server is gone.
func TestTimeToFailOverQuiescent(t *testing.T) { timeToFailOver(t, true) }

func timeToFailOver(t *testing.T, quiescent bool) {
	all := start(t, "a", "b", "c")
	for _, fault := range faults {
		longest := time.Duration(0)
		for round := range 3 * *long {
			victim := all[round%3]
			rest := others(all, victim)
			name := fmt.Sprintf("%s%d", fault.name, round)
			awaitAll(all)
			rest[0].createTable(name, 3)
			rest[0].placeTable(name, victim, rest[0], rest[1])
			var writes *inserts
			if quiescent {
				rest[0].awaitQuiescence(len(all))
			} else {
				writes = startInserts(t, name, 4, rest...)
				writes.progress(100)
			}
			began := time.Now()
			fault.begin(victim)
			if quiescent {
				writes = startInserts(t, name, 4, rest...)
			}
			writes.progress(200)
			gap := writes.gap(began)
			fault.end(victim)
			writes.progress(100)
			writes.check(all...)
			t.Logf("%s, %s: %v without an acknowledged write", victim.name, fault.name, gap.Round(time.Millisecond))
			longest = max(longest, gap)
		}
		if *long > 1 && longest > fault.target {
			t.Errorf("%s servers cost up to %v, the target is %v", fault.name, longest, fault.target)
		}
	}
}

// awaitQuiescence waits until nothing happens in any group of the servers.
func (s *server) awaitQuiescence(servers int) {
	s.t.Helper()
	still := map[string]any{"stats": map[string]any{"replication": map[string]any{"awake": 0}}}
	s.await("quiescence", harness.Term(harness.Count, harness.Term(harness.Filter, systemTable("_debug_stats"), still)), fmt.Sprint(servers))
}
