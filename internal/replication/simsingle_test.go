package replication

import (
	"context"
	"errors"
	"slices"
)

// any is what a server has of the group; nil for nothing.
func (n *simNode) any() Group {
	if n.single != nil {
		return n.single
	}
	return group(n.group())
}

// leads tells whether the server has the primary replica, as far as it knows.
func (n *simNode) leads() bool {
	return n.host != nil && (n.single != nil || n.group() != nil && n.group().epoch.Load() != 0)
}

func eraOfGroup(g Group) (era Era) {
	if r, ok := g.(*Raft); ok {
		era, _ = r.Era()
	}
	return era
}

// convert makes the group one with one replica when no more are wanted, and the other way round, as those who use the package do.
func (n *simNode) convert() {
	s := n.sim
	alone := len(s.want) == 1 && s.want[0].Server == n.name
	last := func(g *Raft) bool {
		status := g.Status()
		return n.leads() && len(status.Members) == 1 && !status.Joint || errors.Is(status.Err, ErrReplaced)
	}
	switch g := n.group(); {
	case s.repairing || !s.chance(0.2):
	case n.single != nil && !alone:
		n.machine = &simMachine{node: n, last: n.single.State().Applied}
		r, err := n.host.Adopt(context.Background(), n.single, n.machine)
		s.say("%s has adopted its replica: %v", n.name, err)
		if r != nil {
			n.single = nil
		} else if !isRefusal(err) {
			s.errorf("%s: adopt: %v", n.name, err)
		}
	case g != nil && alone && last(g):
		n.retire(g)
	case n.retired != nil:
		n.retire(n.retired)
	}
}

// retire tries once.
func (n *simNode) retire(g *Raft) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // it does not wait for anything
	single, err := g.Retire(ctx)
	n.sim.say("%s has retired its replica: %v", n.name, err)
	n.retired = nil
	switch {
	case err == nil:
		n.single = single
	case errors.Is(g.reason(), ErrReplaced):
		n.retired = g // it must be tried again
	case !errors.Is(err, context.Canceled) && !isRefusal(err):
		n.sim.errorf("%s: retire: %v", n.name, err)
	}
}

// propose gives a command to the group.
func (c *simClient) propose(cmd *Command) {
	var err error
	switch g := c.group.(type) {
	case *Raft:
		c.proposal, err = g.begin(cmd)
	case *Single:
		c.op.index, err = g.Commit(context.Background(), cmd)
		if err == nil {
			c.single, c.latch = true, false
		}
	}
	if err != nil {
		c.refused(err)
	}
}

// awaitDisk ends an operation on the only replica when all that it has seen is on disk.
func (c *simClient) awaitDisk() {
	if !c.sim.chance(0.4) {
		return
	}
	switch err := c.node.store.WaitDurable(context.Background()); {
	case err == nil:
		c.end(simDone)
	case c.op.write:
		c.end(simOpen)
	default:
		c.end(simRefused)
	}
}

// only tells whether the only replica that is wanted is a Single.
func (s *sim) only() bool {
	return len(s.want) == 1 && slices.ContainsFunc(s.nodes, func(n *simNode) bool { return n.name == s.want[0].Server && n.single != nil })
}
