package catalog

import (
	"context"
	"slices"
	"time"

	"rethinkdb/internal/metadata"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// A Founding is how a group begins that nobody has made yet. It comes with the record of the table: each of the members makes its replica by itself when it sees the record, and when all are there they are a group. It
// does not change with the configuration, and is taken out of the record when all members have something. DESIGN.md says why no replica begins twice.
type Founding struct {
	Group   storage.GroupID
	Members []replication.Member // in the order of their numbers, which they do not have yet; the first is the one that is to have the primary replica
}

// levelFounding is the level of programs that found groups where they are to be. Before, they begin on the server that is asked, and go where they are to be.
const levelFounding Level = 2

// foundings are how the groups of a new table begin.
func (s *Snapshot) foundings(l *Layout) []Founding {
	list := make([]Founding, len(l.Groups))
	for i, g := range l.Groups {
		list[i] = Founding{g, []replication.Member{{Server: replication.ServerID(s.server.ID), Voter: true}}}
		if s.Level() < levelFounding {
			continue
		}
		members := l.members(i)
		first := slices.IndexFunc(members, func(m replication.Member) bool { return m.Server == replication.ServerID(l.Primary(i)) })
		members[0], members[first] = members[first], members[0]
		list[i].Members = members
	}
	return list
}

// founders are the members that a group begins with; none if it has begun.
func (c *TableConfig) founders(g storage.GroupID) []replication.Member {
	i := slices.IndexFunc(c.Foundings, func(f Founding) bool { return f.Group == g })
	if i < 0 || c.Repair(g) != nil { // what was given up begins in its own way
		return nil
	}
	return c.Foundings[i].Members
}

// founds tells whether this server is to make a replica of a group that begins.
func (c *Catalog) founds(self ServerID, cfg *TableConfig, g storage.GroupID) (bool, error) {
	if !slices.ContainsFunc(cfg.founders(g), func(m replication.Member) bool { return m.Server == replication.ServerID(self) }) {
		return false, nil
	}
	return replication.Blank(c.store, g)
}

// openGroup opens this server's replica of a group, or makes it if the group begins.
func (c *Catalog) openGroup(ctx context.Context, self ServerID, cfg *TableConfig, p *table.Part) (replication.Group, error) {
	r := &replica{c: c, table: cfg.ID}
	r.part.Store(p)
	founds, err := c.founds(self, cfg, p.Number())
	switch members := cfg.founders(p.Number()); {
	case err != nil:
		return nil, err
	case founds && len(members) == 1:
		return replication.Begin(c.store, p.Number())
	case founds:
		return c.host.Found(ctx, p.Number(), members, r)
	}
	return c.host.Replica(ctx, p.Number(), r)
}

// foundTime is how long who creates a table waits for its primary replicas. They are there in milliseconds, unless a server was lost since it was chosen.
const foundTime = 2 * time.Second

// awaitFounded waits until it is known here where the primary replicas of a new table are, or for a while.
func (c *Catalog) awaitFounded(ctx context.Context, t *Table, foundings []Founding) {
	ctx, cancel := context.WithTimeout(ctx, foundTime)
	defer cancel()
	for _, f := range foundings {
		if p, ok := t.PartOfGroup(f.Group); ok && len(f.Members) > 1 { // one that is alone is there with the record
			c.awaitPrimary(ctx, t, p)
		}
	}
}

// awaitPrimary waits until it is known here where the primary replica of a part is.
func (c *Catalog) awaitPrimary(ctx context.Context, t *Table, p *table.Part) {
	for {
		s := c.current.Load()
		changed, heard := c.Changed(), s.primaries.news()
		var elected <-chan struct{}
		if g, ok := p.Group().(*replication.Raft); ok {
			elected = g.Changed()
		}
		_, _, known := t.PrimaryOf(s, p)
		if p.Group() == (replication.Absent{}) { // then that would be a guess
			_, known = s.primaries.at(p.Number())
		}
		if known || p.Dropped() {
			return
		}
		select {
		case <-changed:
		case <-heard:
		case <-elected:
		case <-ctx.Done():
			return
		case <-c.background.Done():
			return
		}
	}
}

// keepFoundings has the foundings of groups that have begun, and whose primary replicas are here, taken out of the records.
func (c *Catalog) keepFoundings(s *Snapshot) {
	begun := s.begun()
	if len(begun) == 0 || !c.noting.CompareAndSwap(false, true) {
		return
	}
	c.tasks.Go(func() {
		defer c.noting.Store(false)
		if err := c.noteBegun(begun); err != nil && c.background.Err() == nil {
			c.log.Debug("It could not be noted that tables have begun. This is tried again.", "groups", len(begun), "error", err)
		}
	})
}

// begun are the groups that have begun, although their tables' records do not say that yet.
func (s *Snapshot) begun() map[storage.GroupID]bool {
	begun := map[storage.GroupID]bool{}
	for _, t := range s.tables {
		for _, f := range t.Config.Foundings {
			if p, ok := t.PartOfGroup(f.Group); !ok || hasBegun(p.Group()) { // the table may have left it already
				begun[f.Group] = true
			}
		}
	}
	return begun
}

// hasBegun tells whether this server has the primary replica of a group, and all other members have acknowledged something. One that has nothing may be needed for a majority all the same: it has a vote from the beginning,
// which it can give only if it makes its replica, since it is not told of anything as long as nobody leads.
func hasBegun(g replication.Group) bool {
	if _, err := g.Epoch(); err != nil {
		return false
	}
	r, ok := g.(*replication.Raft)
	return !ok || !slices.ContainsFunc(r.Status().Members, func(m replication.MemberStatus) bool { return m.Match == 0 })
}

// noteBegun takes foundings out of the records.
func (c *Catalog) noteBegun(begun map[storage.GroupID]bool) error {
	if err := c.store.WaitDurable(c.background); err != nil { // the only replica of a group may have been made a moment ago
		return err
	}
	return c.change(c.background, func(s *Snapshot) ([]metadata.Change, error) {
		return s.endFoundings(func(f Founding) bool { return begun[f.Group] }), nil
	})
}

// endFoundings are the changes that take foundings out of the records.
func (s *Snapshot) endFoundings(over func(Founding) bool) (changes []metadata.Change) {
	for id, t := range s.tables {
		left := slices.DeleteFunc(slices.Clone(t.Config.Foundings), over)
		if len(left) < len(t.Config.Foundings) {
			cfg := t.Config.Clone()
			cfg.Foundings = left
			changes = append(changes, set(keyTable+string(id), encodeTable(cfg)))
		}
	}
	return changes
}
