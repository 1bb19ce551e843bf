package replication

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestSimulationWithRepairs is TestSimulation with something worse: servers are given up, and the group goes on without them, whether it needs to or not.
// Those that were given up come back, or were never away; each server learns of the repair at another time. What was acknowledged in an era before the last
// one may be lost then. All else must hold as ever: what is of the last era is there, in one order, and all that the replica had applied with which the group went on.
func TestSimulationWithRepairs(t *testing.T) {
	for n := *seed; n < *seed+uint64(*seeds); n++ {
		s := newSim(t, n)
		s.repairing = true
		s.run()
		if t.Failed() {
			t.Fatalf("seed %d with repairs", n)
		}
	}
}

// maxSimRepairs in one run.
const maxSimRepairs = 3

// repairsHappen gives servers up.
func (s *sim) repairsHappen() {
	if s.era() >= maxSimRepairs || !s.chance(0.004) {
		return
	}
	lost := s.rng.Perm(len(s.nodes))[:1+s.rng.IntN(len(s.nodes)-1)]
	for _, i := range lost {
		s.nodes[i].lost = true
	}
	if s.decideRepair(s.chance(0.3)) {
		for _, i := range lost {
			n := s.nodes[i]
			n.knows += s.rng.IntN(300)
			if n.host != nil && s.chance(0.7) {
				n.crash(s.rng.IntN(300))
			}
		}
	}
	for _, n := range s.nodes {
		n.lost = false
	}
}

// era is the last one that was begun.
func (s *sim) era() Era {
	if s.repair == nil {
		return 0
	}
	return s.repair.Era
}

// decideRepair decides on a repair by what the servers that are not lost have of the group.
func (s *sim) decideRepair(erase bool) bool {
	p := &Repair{Era: s.era() + 1}
	latest, alive := Era(0), []*simNode(nil)
	for _, n := range s.nodes {
		if n.lost || n.host == nil {
			continue
		}
		alive = append(alive, n)
		if status, ok := n.holds(); ok {
			latest = max(latest, status.Era)
		}
	}
	var first *simNode
	for _, n := range alive {
		status, ok := n.holds()
		if !ok || status.Era != latest {
			continue
		}
		p.Others = append(p.Others, n.name)
		if p.First == "" || p.Last.Less(status.End) {
			p.First, p.Last, first = n.name, status.End, n
		}
	}
	switch {
	case p.First != "":
		p.Others = slices.DeleteFunc(p.Others, func(o ServerID) bool { return o == p.First })
		s.kept = nil
		for row := range simRows {
			s.kept = append(s.kept, first.list(row))
		}
	case erase && len(alive) > 0:
		p.First, p.Erase, s.kept = alive[s.rng.IntN(len(alive))].name, true, make([][]uint32, simRows)
	default:
		return false
	}
	s.repair = p
	for _, n := range s.nodes {
		n.knows = s.round + s.rng.IntN(60)
	}
	s.say("repair: %+v", *p)
	return true
}

// holds tells whether a server has something of the group with which it could go on.
func (n *simNode) holds() (status RaftStatus, ok bool) {
	g := n.group()
	if g == nil {
		return status, false
	}
	status = g.Status()
	return status, len(status.Members) > 0 && (status.Err == nil || errors.Is(status.Err, ErrSuperseded))
}

// keepEra does a server's part of the last repair, as those who use the package do.
func (n *simNode) keepEra() {
	s, g := n.sim, n.group()
	p := s.repair
	if p == nil || s.round < n.knows {
		return
	}
	era, err := EraIn(n.store, simGroup)
	if err != nil {
		s.errorf("%s: %v", n.name, err)
	}
	has := false
	if g != nil {
		_, has = g.Era()
	}
	switch {
	case era >= p.Era:
		return
	case p.Keeps(n.name) && (has || p.Erase):
		err = n.repair(g, p)
	case has:
		err = n.discard(g, p)
	case p.First == n.name: // it had something when that was decided
		s.decideRepair(true)
	}
	if err != nil {
		s.errorf("%s: repair: %v", n.name, err)
	}
}

func (n *simNode) repair(g *Raft, p *Repair) error {
	n.machine = &simMachine{node: n}
	r, err := n.host.Repair(context.Background(), simGroup, group(g), p, n.machine)
	if Unfit(err) {
		n.sim.say("%s cannot go on: %v", n.name, err)
		if p.First == n.name {
			n.sim.decideRepair(true)
		}
		return n.discard(g, p)
	}
	if err == nil {
		n.machine.last = r.State().Applied
	}
	return err
}

func (n *simNode) discard(g *Raft, p *Repair) error {
	n.sim.say("%s discards its replica", n.name)
	n.machine = &simMachine{node: n}
	return n.host.Discard(context.Background(), simGroup, group(g), p.Era)
}

func group(r *Raft) Group {
	if r == nil {
		return nil
	}
	return r
}

// mayBeLost tells whether an acknowledged operation may be missing in the end.
func (s *sim) mayBeLost(op *simOp) bool { return op.era < s.era() }

// checkKept: what the replica had applied with which the group went on is there.
func (s *sim) checkKept(row int, final []uint32) {
	if s.repair == nil {
		return
	}
	if kept := s.kept[row]; len(kept) > len(final) || !slices.Equal(kept, final[:len(kept)]) {
		s.errorf("row %d: the group went on with %v, and there is %v", row, kept, final)
	}
}
