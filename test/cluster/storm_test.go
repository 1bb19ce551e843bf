//go:build cluster

package cluster

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

var seed = flag.Uint64("seed", 0, "of the faults that are chosen by chance; 0 for another one each time")

// A storm is faults of servers and of the network between them, one after the other, by chance. The same seed has the same faults, though not the same effects.
type storm struct {
	t       *testing.T
	rng     *rand.Rand
	servers []*server
	down    map[*server]bool
	frozen  map[*server]bool
}

func newStorm(t *testing.T, servers []*server) *storm {
	n := *seed
	if n == 0 {
		n = rand.Uint64()
	}
	t.Logf("the storm has -seed %d", n)
	return &storm{t: t, rng: rand.New(rand.NewPCG(n, 1)), servers: servers, down: map[*server]bool{}, frozen: map[*server]bool{}}
}

// blow lets one fault begin or end, and gives it a moment.
func (s *storm) blow() {
	s.t.Helper()
	switch p := s.rng.IntN(100); {
	case p < 45:
		s.divide()
	case p < 60:
		heal(s.servers)
		s.note("heal")
	case p < 80:
		s.killOrStart()
	case p < 95:
		s.freezeOrThaw()
	default:
		for _, victim := range s.servers {
			s.kill(victim)
		}
		s.startAll()
	}
	time.Sleep(time.Duration(200+s.rng.IntN(1300)) * time.Millisecond) // some are over before anybody notices, some not
}

// end ends all faults.
func (s *storm) end() {
	s.t.Helper()
	heal(s.servers)
	s.startAll()
	for _, victim := range s.servers {
		s.thaw(victim)
	}
}

func (s *storm) note(what string) {
	s.t.Helper()
	tally.fault(what)
	s.t.Logf("%s %s", time.Now().Format("05.000"), what)
}

// some chooses servers, at least one, and not all.
func (s *storm) some() (chosen, others []int) {
	all := s.rng.Perm(len(s.servers))
	n := 1 + s.rng.IntN(len(all)-1)
	return all[:n], all[n:]
}

// divide changes who can talk to whom.
func (s *storm) divide() {
	s.t.Helper()
	heal(s.servers)
	here, there := s.some()
	kind := ""
	switch s.rng.IntN(4) {
	case 0:
		kind = "full partition"
		s.part(here, there)
		s.part(there, here)
	case 1:
		kind = "one-way partition"
		s.part(here, there)
	case 2: // one server reaches both sides
		kind = "bridge partition"
		bridge := s.rng.IntN(len(s.servers))
		same := func(n int) bool { return n == bridge }
		here, there = slices.DeleteFunc(here, same), slices.DeleteFunc(there, same)
		s.part(here, there)
		s.part(there, here)
	case 3: // each hears a majority, and another one than the others
		kind = "ring partition"
		n := len(s.servers)
		for i, m := range s.servers {
			m.cut((i+2)%n, (i+n-2)%n)
		}
	}
	s.note(kind + fmt.Sprint(here, there))
}

// part keeps servers from hearing others.
func (s *storm) part(deaf, others []int) {
	s.t.Helper()
	for _, n := range deaf {
		s.servers[n].cut(others...)
	}
}

func (s *storm) killOrStart() {
	s.t.Helper()
	victim := s.servers[s.rng.IntN(len(s.servers))]
	switch {
	case s.down[victim]:
		s.startAll()
	case len(s.down) < 2:
		s.kill(victim)
	}
}

func (s *storm) kill(victim *server) {
	s.t.Helper()
	if s.down[victim] {
		return
	}
	victim.kill()
	s.down[victim] = true
	delete(s.frozen, victim)
	s.note("kill " + victim.name)
}

func (s *storm) startAll() {
	s.t.Helper()
	for _, victim := range s.servers {
		if s.down[victim] {
			victim.start()
			delete(s.down, victim)
		}
	}
}

func (s *storm) freezeOrThaw() {
	s.t.Helper()
	victim := s.servers[s.rng.IntN(len(s.servers))]
	switch {
	case s.frozen[victim]:
		s.thaw(victim)
	case !s.down[victim] && len(s.frozen) == 0:
		victim.signal(syscall.SIGSTOP)
		s.frozen[victim] = true
		s.note("freeze " + victim.name)
	default:
		for victim := range maps.Clone(s.frozen) {
			s.thaw(victim)
		}
	}
}

func (s *storm) thaw(victim *server) {
	s.t.Helper()
	if s.frozen[victim] {
		victim.signal(syscall.SIGCONT)
		delete(s.frozen, victim)
	}
}

// reconfigurer gives tables other replicas, primary replicas and numbers of shards all the time, through any server that listens.
type reconfigurer struct {
	t       *testing.T
	rng     *rand.Rand
	servers []*server
	tables  []string
	stop    context.CancelFunc
	wg      sync.WaitGroup

	done, refused, unknown int // of its changes; to be read when it has stopped
}

func startReconfigurer(t *testing.T, rng *rand.Rand, servers []*server, tables ...string) *reconfigurer {
	ctx, stop := context.WithCancel(t.Context())
	r := &reconfigurer{t: t, rng: rand.New(rand.NewPCG(rng.Uint64(), 2)), servers: servers, tables: tables, stop: stop}
	t.Cleanup(r.finish)
	r.wg.Go(func() {
		for ctx.Err() == nil {
			r.change()
			select {
			case <-time.After(time.Duration(r.rng.IntN(400)) * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	return r
}

func (r *reconfigurer) finish() {
	r.stop()
	r.wg.Wait()
}

func (r *reconfigurer) change() {
	c := &client{servers: r.servers, at: r.rng.IntN(len(r.servers))}
	defer c.close()
	name := r.tables[r.rng.IntN(len(r.tables))]
	term := harness.TermOpt(termReconfigure, map[string]any{"shards": 1 + r.rng.IntN(4), "replicas": 1 + r.rng.IntN(len(r.servers))}, table(name))
	if r.rng.IntN(2) == 0 {
		term = shards(name, r.shards()...)
	}
	rows, o, err := c.run(term)
	switch {
	case err != nil:
		r.t.Errorf("reconfigure: %v", err)
	case o == refused:
		r.refused++
	case o == unknown:
		r.unknown++
	case strings.Contains(string(rows[0]), "first_error"): // the update of table_config was refused
		r.refused++
	default:
		r.done++
		tally.fault("reconfiguration")
	}
}

// shards are what somebody might write into table_config.
func (r *reconfigurer) shards() (list []any) {
	for range 1 + r.rng.IntN(3) {
		perm := r.rng.Perm(len(r.servers))
		perm = perm[:1+r.rng.IntN(len(perm))]
		var names, silent []any
		for i, n := range perm {
			names = append(names, r.servers[n].name)
			if i > 0 && r.rng.IntN(5) == 0 {
				silent = append(silent, r.servers[n].name)
			}
		}
		list = append(list, map[string]any{"primary_replica": names[0], "replicas": harness.Term(harness.MakeArray, names...),
			"nonvoting_replicas": harness.Term(harness.MakeArray, silent...)})
	}
	return list
}

// Tables are reconfigured all the time while the network is cut and healed, and servers are killed and frozen. Nothing that was acknowledged is lost,
// registers are linearizable, feeds go on without gaps, and afterwards everything finds together.
func TestReconfigureInAStorm(t *testing.T) {
	all := startApart(t, "a", "b", "c", "d", "e")
	for _, s := range all {
		s.start()
	}
	awaitAll(all)
	for round := range *long {
		reconfigureInAStorm(t, all, fmt.Sprintf("s%d", round))
		if t.Failed() {
			return
		}
	}
}

const stormFaults = 24

func reconfigureInAStorm(t *testing.T, all []*server, name string) {
	t.Helper()
	s := newStorm(t, all)
	all[0].createTable(name, 3)
	all[1].createTable(name+"r", 3)
	all[0].createIndex(name, "client")
	for _, m := range all {
		m.await("the tables", harness.Term(harness.Count, table(name+"r")), "0")
		m.await("the tables", harness.Term(harness.Count, table(name)), "0")
	}
	registers := startRegisters(t, name+"r", 5, all...)
	feed := startWatcher(t, name, all...)
	writes := startInserts(t, name, 5, all...)
	writes.progress(50)
	changes := []*reconfigurer{startReconfigurer(t, s.rng, all, name, name+"r"), startReconfigurer(t, s.rng, all, name, name+"r")}
	for range stormFaults {
		s.blow()
		if t.Failed() {
			break
		}
	}
	s.end()
	for _, r := range changes {
		r.finish()
		t.Logf("%d reconfigurations, %d refused, %d of unknown fate", r.done, r.refused, r.unknown)
	}
	writes.progress(50)
	registers.progress(50)
	for _, table := range []string{name, name + "r"} {
		all[0].placeTable(table, all...)
	}
	registers.check()
	writes.check(all...)
	writes.checkIndex("client", all...)
	feed.check(writes.rows(all[0], "majority"))
}
