package replication

import (
	"context"
	"slices"
	"testing"
)

// TestSimulationOfNewGroups is TestSimulation with a group that begins on three servers at once, each of which hears of it at another time, crashes before, or forgets it in the crash. All the time, in half of the
// runs, those that have nothing of the group found it, for nobody has told them that it has begun. In every second run servers are given up as well.
func TestSimulationOfNewGroups(t *testing.T) {
	for n := *seed; n < *seed+uint64(*seeds); n++ {
		s := newSim(t, n)
		s.founders = []Member{{Server: "s0", Voter: true}, {Server: "s1", Voter: true}, {Server: "s2", Voter: n%3 != 0}}
		s.repairing = n%2 == 0
		s.run()
		if t.Failed() {
			t.Fatalf("seed %d of new groups", n)
		}
	}
}

// begins tells whether a server is to make a replica of the group, as far as it knows.
func (n *simNode) begins() bool {
	s := n.sim
	if !slices.ContainsFunc(s.founders, func(m Member) bool { return m.Server == n.name }) || s.repair != nil && s.round >= n.knows {
		return false
	}
	if s.begun > 0 && s.round > s.begun+n.i*40 {
		return false
	}
	blank, err := Blank(n.store, simGroup)
	if err != nil {
		s.errorf("%s: %v", n.name, err)
	}
	return blank
}

// noteBegun notes that the group has begun, in half of the runs: when all members have something.
func (n *simNode) noteBegun() {
	s := n.sim
	if s.begun > 0 || s.seed%4 >= 2 || !n.leads() {
		return
	}
	if g := n.group(); g == nil || !slices.ContainsFunc(g.Status().Members, func(m MemberStatus) bool { return m.Match == 0 }) {
		s.begun = s.round
	}
}

// open opens a replica.
func (n *simNode) open() error {
	if n.begins() {
		_, err := n.host.Found(context.Background(), simGroup, n.sim.founders, n.machine)
		n.sim.say("%s founds the group: %v", n.name, err)
		return err
	}
	_, err := n.host.Replica(context.Background(), simGroup, n.machine)
	return err
}
