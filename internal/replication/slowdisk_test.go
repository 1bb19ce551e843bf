package replication

import (
	"context"
	"slices"
	"testing"
)

// A command that a majority has on disk is applied, and its author answered, before the disk of the leader has it. If the leader crashes then, it gets it back from the others.
func TestLeadersDiskIsSlow(t *testing.T) {
	s := newSim(t, 1)
	s.clients, s.faults = nil, false
	for _, n := range s.nodes[:3] {
		s.want = append(s.want, Member{Server: n.name, Voter: true})
		n.start()
		defer n.stop()
	}
	s.nodes = s.nodes[:3]
	if _, err := s.nodes[0].host.Create(context.Background(), simGroup, s.nodes[0].machine); err != nil {
		t.Fatal(err)
	}
	settle := func() {
		t.Helper()
		for end := s.round + simHealing; !s.settled(); s.round++ {
			if s.round == end {
				t.Fatalf("the servers do not come to rest:\n%s", s.describe())
			}
			s.step()
		}
	}
	settle()

	leader := s.nodes[slices.IndexFunc(s.nodes, (*simNode).leads)]
	g := leader.group()
	epoch, err := g.Epoch()
	if err != nil {
		t.Fatal(err)
	}
	b := leader.store.NewBatch()
	defer b.Close()
	key := rowKey(simGroup, "a")
	b.Set(key, []byte("new"))
	p, err := g.begin(&Command{Batch: b, Rows: 1, Epoch: epoch})
	if err != nil {
		t.Fatal(err)
	}
	answered := func() bool {
		select {
		case <-p.done:
			return true
		default:
			return false
		}
	}
	for end := s.round + 1000; !answered(); s.round++ { // the clocks stand still: nobody stands for election
		if s.round == end {
			t.Fatalf("the command waits for the leader's disk:\n%s", s.describe())
		}
		for _, n := range s.nodes {
			for n.work() {
			}
			if n != leader {
				n.store.Confirm()
			}
		}
		s.deliver()
	}
	if v, found, err := leader.store.Get(key); p.err != nil || err != nil || !found || string(v) != "new" {
		t.Fatalf("the leader reads %q, %v, %v after %v", v, found, err, p.err)
	}

	leader.crash(0)
	leader.start()
	if _, found, err := leader.store.Get(key); err != nil || found {
		t.Fatalf("the row was on the leader's disk: %v, %v", found, err)
	}
	settle()
	for _, n := range s.nodes {
		if v, found, err := n.store.Get(key); err != nil || !found || string(v) != "new" {
			t.Errorf("%s has %q, %v, %v", n.name, v, found, err)
		}
	}
}
