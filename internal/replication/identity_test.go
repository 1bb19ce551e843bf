package replication

import (
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// A new member takes the message by which it learns that it is one: the next would come with the clock, which does not tick here.
func TestNewMemberTakesItsFirstMessage(t *testing.T) {
	c := newFounders(t, 2, time.Hour)
	c.found(c.members(2))
	leader := c.leader()
	if _, err := put(leader, leader.store, c.id, "row", "x"); err != nil {
		t.Fatal(err)
	}
}

// newFounders starts servers s1, s2, … of which the first is to lead a group.
func newFounders(t *testing.T, n int, tick time.Duration) *cluster {
	t.Helper()
	c := &cluster{network: newNetwork(t), id: 7, machines: make(map[ServerID]*silent)}
	c.tick = tick
	for _, name := range []ServerID{"s1", "s2", "s3", "s4", "s5"}[:n] {
		c.names = append(c.names, name)
		c.start(name, storage.Options{})
	}
	return c
}

// members are the first n servers, all with a vote.
func (c *cluster) members(n int) (list []Member) {
	for _, name := range c.names[:n] {
		list = append(list, Member{Server: name, Voter: true})
	}
	return list
}
