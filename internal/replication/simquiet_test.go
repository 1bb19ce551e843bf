package replication

import (
	"slices"
	"testing"
)

// quiescent tells whether the clocks of all members stand still, as they must after a while in which nothing happens.
func (s *sim) quiescent() bool {
	if s.only() {
		return true
	}
	members, still := 0, 0
	for _, n := range s.nodes {
		g := n.group()
		if g == nil || !slices.ContainsFunc(s.want, func(m Member) bool { return m.Server == n.name }) {
			continue // it may not have heard yet that it is no member
		}
		members++
		if g.quiescent() {
			still++
		}
	}
	return members == len(s.want) && still == members
}

// disturb lets something happen to quiescent replicas: a leader is lost, noticed or not, or frozen, or cut off one way, or from one of the others. Clients go on meanwhile. Then everything heals.
func (s *sim) disturb() {
	leader := slices.IndexFunc(s.nodes, (*simNode).leads)
	n := s.nodes[leader]
	other := s.nodes[(leader+1+s.rng.IntN(len(s.nodes)-1))%len(s.nodes)]
	switch s.rng.IntN(7) {
	case 0: // nothing
	case 1:
		n.crash(s.rng.IntN(200))
	case 2:
		other.crash(s.rng.IntN(200))
	case 3:
		s.say("%s is frozen", n.name)
		n.slow = frozen
	case 4, 5:
		out := s.chance(0.5)
		s.say("%s is cut off one way, out: %v", n.name, out)
		for i := range s.nodes {
			s.blocked[[2]int{leader, i}], s.blocked[[2]int{i, leader}] = out, !out
		}
	case 6:
		s.say("%s and %s are cut off from each other", n.name, other.name)
		s.blocked[[2]int{leader, other.i}], s.blocked[[2]int{other.i, leader}] = true, true
	}
	for _, c := range s.clients {
		c.retired = false
	}
	for until := s.round + 40 + s.rng.IntN(200); s.round < until && !s.t.Failed(); s.round++ {
		s.step()
	}
	s.heal()
}

// A leader that is cut off is replaced, and stops deciding, after as many ticks as with heartbeats.
func TestMissedTicksAreMadeUpFor(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		var deposed, replaced [2]int // the least and the most
		for seed := range uint64(40) {
			d, r := newSim(t, seed).cutOffLeader(quiet)
			if seed == 0 {
				deposed, replaced = [2]int{d, d}, [2]int{r, r}
			}
			deposed = [2]int{min(deposed[0], d), max(deposed[1], d)}
			replaced = [2]int{min(replaced[0], r), max(replaced[1], r)}
		}
		t.Logf("quiescent: %v; ticks until it is deposed %v, and replaced %v", quiet, deposed, replaced)
		// Votes may be split, so that it takes longer until another one leads. But not always.
		const early, late = electionTicks - heartbeatTicks, 2*electionTicks + heartbeatTicks
		if deposed[0] < early || deposed[1] > late {
			t.Errorf("quiescent: %v; the leader is deposed after %v ticks, want %d to %d", quiet, deposed, early, late)
		}
		if replaced[0] < early || replaced[0] > electionTicks+2*heartbeatTicks || replaced[1] > 2*late {
			t.Errorf("quiescent: %v; the leader is replaced after %v ticks, want %d to %d, and %d at the earliest", quiet, replaced, early, 2*late, electionTicks+2*heartbeatTicks)
		}
	}
}

// cutOffLeader cuts the leader of a group off, and counts ticks until it knows that it leads no more, and until another one leads. All clocks tick together, and messages take no time.
func (s *sim) cutOffLeader(quiet bool) (deposed, replaced int) {
	s.found()
	defer s.stop()
	s.heal()
	if !quiet {
		for _, n := range s.nodes {
			n.host.limits.quietTicks = 1 << 60
		}
	}
	if !s.await("settled", s.settled) {
		return 0, 0
	}
	for range 5*electionTicks + s.rng.IntN(2*electionTicks) {
		s.tick()
	}
	if s.quiescent() != quiet {
		s.errorf("quiescent: %v, want %v", !quiet, quiet)
	}
	old := s.nodes[slices.IndexFunc(s.nodes, (*simNode).leads)]
	for i := range s.nodes {
		s.blocked[[2]int{old.i, i}], s.blocked[[2]int{i, old.i}] = true, true
	}
	for ticks := 1; (deposed == 0 || replaced == 0) && ticks < 10*electionTicks; ticks++ {
		s.tick()
		if deposed == 0 && !old.leads() {
			deposed = ticks
		}
		if replaced == 0 && slices.ContainsFunc(s.nodes, func(n *simNode) bool { return n != old && n.leads() }) {
			replaced = ticks
		}
	}
	return deposed, replaced
}

// tick ticks all clocks, and lets everybody do all that follows.
func (s *sim) tick() {
	for _, n := range s.nodes {
		n.host.tick()
	}
	for busy := true; busy; {
		mail := s.mail
		s.mail, busy = nil, len(mail) > 0
		for _, l := range mail {
			if !s.blocked[[2]int{l.from, l.to}] {
				l.receive(s.nodes[l.to].host)
			}
		}
		for _, n := range s.nodes {
			for n.work() {
				busy = true
			}
			n.store.Confirm()
		}
	}
}
