package replication

import (
	"errors"
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// still waits until the clocks of all replicas that are not cut off stand still.
func (c *cluster) still() {
	c.t.Helper()
	until(c.t, "nothing happens in the group", func() bool {
		for _, p := range c.all() {
			if g := p.host.Group(c.id); g != nil && !p.isCut() && !g.quiescent() {
				return false
			}
		}
		return true
	})
}

// quietCluster is a group with a row, in which nothing happens any more.
func quietCluster(t *testing.T, n int) (c *cluster, leader *Raft) {
	t.Helper()
	c = newCluster(t, n)
	leader = c.leader()
	if _, err := put(leader, leader.store, c.id, "a", "1"); err != nil {
		t.Fatal(err)
	}
	c.still()
	return c, leader
}

// A quiescent group takes commands and reads, and comes to rest again. Its leader still knows that the others are there.
func TestQuiescentGroupIsThere(t *testing.T) {
	c, leader := quietCluster(t, 3)
	until(t, "a quiescent leader knows that the others are there", func() bool {
		s := leader.Status()
		return leader.quiescent() && s.Quorum && s.Members[0].Active && s.Members[1].Active && s.Members[2].Active
	})
	for _, p := range c.all() {
		until(t, "it says so", func() bool { all, awake := p.host.Replicas(); return all == 1 && awake == 0 })
		if err := p.host.Group(c.id).ReadIndex(t.Context()); err != nil {
			t.Errorf("%s: ReadIndex: %v", p.self, err)
		}
		c.still()
	}
	if _, err := put(c.leader(), c.leader().store, c.id, "b", "1"); err != nil {
		t.Error(err)
	}
	c.same()
	c.still()
	if n := c.leader().State().Rows; n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

// The lost leader of a quiescent group is replaced at once.
func TestQuiescentLeaderIsLost(t *testing.T) {
	c, leader := quietCluster(t, 3)
	began := time.Now()
	c.peer(leader.host.o.Self).stop()
	next := c.leader()
	t.Logf("another leader after %v", time.Since(began))
	if _, err := put(next, next.store, c.id, "b", "1"); err != nil {
		t.Error(err)
	}
}

// The leader of a quiescent group falls silent, and nobody is told. It is replaced, and knows that soon.
func TestQuiescentLeaderIsCutOff(t *testing.T) {
	c, leader := quietCluster(t, 3)
	old := c.peer(leader.host.o.Self)
	began := time.Now()
	old.setCut(true)
	next := c.leader()
	t.Logf("another leader after %v", time.Since(began))
	if _, err := put(next, next.store, c.id, "b", "1"); err != nil {
		t.Error(err)
	}
	until(t, "the old leader knows that it is alone", func() bool { _, err := leader.Epoch(); return errors.Is(err, ErrNotPrimary) })
	old.setCut(false)
	c.same()
	c.still()
}

// A leader that falls silent for all others while they sleep answers no reads that ask a majority.
func TestQuiescentLeaderAloneReadsNothing(t *testing.T) {
	c, leader := quietCluster(t, 3)
	c.peer(leader.host.o.Self).setCut(true)
	if err := leader.ReadIndex(t.Context()); !errors.Is(err, ErrNoQuorum) {
		t.Errorf("a read without a majority: %v", err)
	}
}

// A follower of a quiescent group is lost and comes back: the leader notices the one, and the group comes to rest after the other.
func TestQuiescentFollowerIsLost(t *testing.T) {
	c, leader := quietCluster(t, 3)
	name := ServerID("s1")
	if leader.host.o.Self == name {
		name = "s2"
	}
	p := c.peer(name)
	p.setCut(true)
	active := func() bool {
		for _, m := range c.leader().Status().Members {
			if m.Server == name {
				return m.Active
			}
		}
		return false
	}
	until(t, "the leader notices", func() bool { return !active() })
	leader = c.leader()
	if _, err := put(leader, leader.store, c.id, "b", "1"); err != nil {
		t.Error(err)
	}
	p.setCut(false)
	c.same()
	c.still()
	until(t, "the leader notices that it is back", active)
	back := c.lose(name)
	until(t, "the leader notices", func() bool { return !active() })
	back()
	c.still()
}

// A group with a replica on a server that knows no beats goes on as it did before there were any, and comes to rest when the server is brought up to date.
func TestOldServerKeepsGroupAwake(t *testing.T) {
	c, leader := quietCluster(t, 3)
	name := ServerID("s1")
	if leader.host.o.Self == name {
		name = "s2"
	}
	mem := c.peer(name).mem
	c.peer(name).stop()
	old := c.start(name, storage.Options{Mem: mem})
	old.old.Store(true)
	if _, err := old.host.Open(t.Context(), c.id, c.machines[name]); err != nil {
		t.Fatal(err)
	}
	c.same()
	ticks := leader.host.ticks.Load()
	until(t, "it has been tried several times", func() bool { return leader.host.ticks.Load() > ticks+4*(usualLimits.quietTicks+silentTicks) })
	leader = c.leader()
	if _, err := put(leader, leader.store, c.id, "b", "1"); err != nil || leader.quiescent() {
		t.Errorf("a command: %v, quiescent: %v", err, leader.quiescent())
	}
	c.lose(name)()
	c.still()
}

// Who is asked to lead a quiescent group does, and who is removed from it learns that.
func TestQuiescentGroupChanges(t *testing.T) {
	c, _ := quietCluster(t, 3)
	for _, s := range c.names {
		if err := c.leader().TransferLeader(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		c.still()
	}
	if err := c.leader().SetMembers(t.Context(), []Member{{Server: "s2", Voter: true}, {Server: "s3", Voter: true}}); err != nil {
		t.Fatal(err)
	}
	until(t, "the removed one knows", func() bool { m := c.machines["s1"]; m.mu.Lock(); defer m.mu.Unlock(); return m.removed == 1 })
	if err := c.peer("s1").host.Group(c.id).Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.still()
}

// A quiescent leader whose disk is full gives its place away.
func TestQuiescentLeaderHasNoRoom(t *testing.T) {
	c, leader := quietCluster(t, 3)
	mem := c.peer(leader.host.o.Self).mem
	mem.SetFull(true)
	defer mem.SetFull(false)
	_, _ = put(leader, leader.store, c.id, "b", "1") // which is how the store notices
	until(t, "another one leads", func() bool { s, ok := leader.Leader(); return ok && s != leader.host.o.Self })
}
