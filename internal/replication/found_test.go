package replication

import (
	"context"
	"slices"
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// foundOn has a server found the group with the first n servers.
func (c *cluster) foundOn(name ServerID, n int) *Raft {
	c.t.Helper()
	c.machines[name] = &silent{}
	r, err := c.peer(name).host.Found(context.Background(), c.id, c.members(n), c.machines[name])
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

// A group is there as soon as a majority of its servers has heard of it, without anybody waiting for a clock: here it does not tick at all.
func TestFoundedGroupWaitsForNoClock(t *testing.T) {
	c := newFounders(t, 3, time.Hour)
	c.foundOn("s1", 3)
	c.foundOn("s2", 3)
	leader := c.leader()
	if leader.host.o.Self != "s1" {
		t.Errorf("%s leads", leader.host.o.Self)
	}
	if _, err := put(leader, leader.store, c.id, "row", "x"); err != nil {
		t.Fatal(err)
	}
}

// The server that is to lead the group may be away, and one that has made its replica may lose that in a crash. Who comes late gets everything from the log.
func TestFoundersComeLate(t *testing.T) {
	c := newFounders(t, 3, 10*time.Millisecond)
	c.foundOn("s3", 3)
	p := c.peer("s3")
	crashed := p.mem.Crash()
	p.stop()
	c.start("s3", storage.Options{Mem: crashed})
	c.foundOn("s3", 3)
	c.foundOn("s2", 3)
	leader := c.leader()
	if _, err := put(leader, leader.store, c.id, "row", "x"); err != nil {
		t.Fatal(err)
	}
	late := c.foundOn("s1", 3)
	c.same()
	if late.State().Rows != 1 || c.machines["s1"].restored != 0 {
		t.Errorf("who comes late has %+v, and was restored %d times", late.State(), c.machines["s1"].restored)
	}
}

// A server whose replica was removed does not make it again: it would have forgotten what it has acknowledged. It is a member when the others say so, with another number.
func TestNoReplicaIsFoundedTwice(t *testing.T) {
	c := newFounders(t, 3, 10*time.Millisecond)
	for _, name := range c.names {
		c.foundOn(name, 3)
	}
	leader := c.leader()
	if _, err := put(leader, leader.store, c.id, "row", "x"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	members := c.members(3)
	out := slices.IndexFunc(members, func(m Member) bool { return m.Server != leader.host.o.Self })
	name := members[out].Server
	if err := leader.SetMembers(ctx, slices.Delete(slices.Clone(members), out, out+1)); err != nil {
		t.Fatal(err)
	}
	old := c.peer(name).host.Group(c.id)
	until(t, "the replica was removed", func() bool { return old.reason() != nil })
	if err := old.Drop(ctx); err != nil {
		t.Fatal(err)
	}
	again := c.foundOn(name, 3)
	if s := again.Status(); len(s.Members) != 0 {
		t.Fatalf("a replica that was removed has begun again with %+v", s.Members)
	}
	if err := leader.SetMembers(ctx, members); err != nil {
		t.Fatal(err)
	}
	c.same()
	if again.replica <= 3 {
		t.Errorf("the new replica has the number %d", again.replica)
	}
}
