package catalog

import (
	"context"
	"errors"
	"sync/atomic"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// replica is the part of this server in the group of a table, as package replication sees it.
type replica struct {
	c     *Catalog
	table atomic.Pointer[table.Table] // nil until the table is open
}

// Applied implements replication.Machine.
func (r *replica) Applied(replication.Index) {}

// Leads implements replication.Machine.
func (r *replica) Leads(replication.Epoch) {
	r.reload()
	r.c.wakeKeeper()
}

// Restored implements replication.Machine.
func (r *replica) Restored() { r.reload() }

// Removed implements replication.Machine.
func (r *replica) Removed() { r.c.wakeKeeper() }

func (r *replica) reload() {
	if t := r.table.Load(); t != nil {
		if err := t.Reload(); err != nil {
			r.c.log.Error("The state of a replica cannot be read.", "table", t.ID(), "error", err)
		}
	}
}

// Member tells whether a server is to have a replica of the table, and whether it votes.
func (c *TableConfig) Member(id ServerID) (replica, voter bool) {
	for _, m := range c.members() {
		if m.Server == replication.ServerID(id) {
			return true, m.Voter
		}
	}
	return false, false
}

// members are the servers that are to have a replica of the table. Today each has all shards.
func (c *TableConfig) members() []replication.Member {
	var list []replication.Member
	at := map[ServerID]int{}
	for _, s := range c.Shards {
		for _, id := range s.Replicas {
			voter := true
			for _, n := range s.NonVoting {
				voter = voter && n != id
			}
			if i, ok := at[id]; ok {
				list[i].Voter = list[i].Voter || voter
				continue
			}
			at[id] = len(list)
			list = append(list, replication.Member{Server: replication.ServerID(id), Voter: voter})
		}
	}
	return list
}

// openTable opens what this server has of a table: rows of its own, a replica, or nothing.
func (c *Catalog) openTable(ctx context.Context, self ServerID, cfg *TableConfig) (*table.Table, error) {
	group := cfg.Groups[0]
	shared, err := replication.IsRaft(c.store, group)
	if err != nil {
		return nil, err
	}
	_, err = replication.AppliedIn(c.store, group)
	has := err == nil
	if err != nil && !errors.Is(err, replication.ErrDropped) {
		return nil, err
	}
	_, outdated, err := c.outdated(cfg, group)
	if err != nil {
		return nil, err
	}
	if c.host == nil || has && !shared && !outdated {
		return table.Open(c.store, tableConfig(*cfg))
	}
	t, err := table.OpenReplica(c.store, replication.Absent{}, tableConfig(*cfg))
	if err != nil {
		return nil, err
	}
	if member, _ := cfg.Member(self); (member || shared) && !outdated {
		err = c.joinGroup(ctx, t, group)
	}
	return t, err
}

// joinGroup makes this server's replica of a group the group of its table. What the server does not have yet it gets as soon as the leader knows
// that it is to be a member.
func (c *Catalog) joinGroup(ctx context.Context, t *table.Table, group storage.GroupID) error {
	r := &replica{c: c}
	r.table.Store(t)
	g, err := c.host.Replica(ctx, group, r)
	if err != nil {
		return err
	}
	t.SetGroup(g)
	return t.Reload()
}

// Primary tells where the primary replica of the table's first part is. See PrimaryOf.
func (t *Table) Primary(s *Snapshot) (server ServerID, here, ok bool) {
	return t.PrimaryOf(s, t.Parts()[0])
}

// PrimaryOf tells where the primary replica of a part is: here, or on the server that is returned; ok is false if nobody knows of one.
// A server without a replica asks another one that is connected.
func (t *Table) PrimaryOf(s *Snapshot, p *table.Part) (server ServerID, here, ok bool) {
	switch g := p.Group().(type) {
	case *replication.Raft:
		if _, err := g.Epoch(); err == nil {
			return s.server.ID, true, true
		}
		leader, known := g.Leader()
		return ServerID(leader), false, known && leader != replication.ServerID(s.server.ID)
	case replication.Absent:
		return t.anyReplica(s)
	}
	return s.server.ID, true, true
}

// anyReplica chooses a connected server with a replica, the primary one before others.
func (t *Table) anyReplica(s *Snapshot) (server ServerID, here, ok bool) {
	for _, shard := range t.Config.Shards {
		for _, id := range append([]ServerID{shard.Primary}, shard.Replicas...) {
			if id != s.server.ID && s.Connected(id) {
				return id, false, true
			}
		}
	}
	return "", false, false
}

// Readable tells whether this server has a replica that may be read with read_mode outdated.
func (t *Table) Readable() bool {
	switch g := t.Group().(type) {
	case *replication.Raft:
		return g.Status().Err == nil
	case replication.Absent:
		return false
	}
	return true
}
