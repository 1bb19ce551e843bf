package catalog

import (
	"context"
	"errors"
	"slices"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// A GroupRepair is how a group of a table goes on without the majority of its replicas. The configuration keeps the last one of each group for good: a server that was lost
// finds out by it, whenever it comes back, that what it has is of an era that is over.
type GroupRepair struct {
	Group storage.GroupID
	replication.Repair
}

// Repair returns the last repair of a group, nil without one.
func (c *TableConfig) Repair(g storage.GroupID) *replication.Repair {
	for i := range c.Repairs {
		if c.Repairs[i].Group == g {
			return &c.Repairs[i].Repair
		}
	}
	return nil
}

// GroupOf returns the group with the rows of a shard. Today all shards have the same.
func (c *TableConfig) GroupOf(int) storage.GroupID { return c.Groups[0] }

// ShardsOf returns the places of the shards that have their rows in a group.
func (c *TableConfig) ShardsOf(g storage.GroupID) (shards []int) {
	for i := range c.Shards {
		if c.GroupOf(i) == g {
			shards = append(shards, i)
		}
	}
	return shards
}

// SetRepair makes a repair the last one of its group.
func (c *TableConfig) SetRepair(r GroupRepair) {
	c.Repairs = slices.DeleteFunc(slices.Clone(c.Repairs), func(o GroupRepair) bool { return o.Group == r.Group })
	c.Repairs = append(c.Repairs, r)
}

// outdated tells whether what this server has of a group is of an era before the last repair.
func (c *Catalog) outdated(cfg *TableConfig, g storage.GroupID) (p *replication.Repair, yes bool, err error) {
	if p = cfg.Repair(g); p == nil || c.host == nil {
		return p, false, nil
	}
	era, err := replication.EraIn(c.store, g)
	return p, err == nil && era < p.Era, err
}

// has tells whether this server has anything of a group in its store.
func (c *Catalog) has(g storage.GroupID) (bool, error) {
	shared, err := replication.IsRaft(c.store, g)
	if shared || err != nil {
		return shared, err
	}
	_, err = replication.AppliedIn(c.store, g)
	if errors.Is(err, replication.ErrDropped) {
		return false, nil
	}
	return err == nil, err
}

// repairStep is what this server has to do for a repair of a table's group, nil for nothing.
func (c *Catalog) repairStep(self ServerID, t *Table, id storage.GroupID, g replication.Group) func(context.Context) error {
	p, outdated, err := c.outdated(&t.Config, id)
	if err != nil {
		return func(context.Context) error { return err }
	}
	if !outdated {
		return nil
	}
	has, err := c.has(id)
	switch {
	case err != nil:
		return func(context.Context) error { return err }
	case p.Keeps(replication.ServerID(self)) && (has || p.Erase):
		return func(ctx context.Context) error { return c.repairGroup(ctx, t, id, g, p) }
	case has:
		return func(ctx context.Context) error { return c.discardGroup(ctx, t, id, g, p) }
	}
	return nil
}

// repairGroup has this server's replica go on in the new era.
func (c *Catalog) repairGroup(ctx context.Context, t *Table, id storage.GroupID, g replication.Group, p *replication.Repair) error {
	r := &replica{c: c}
	r.table.Store(t.Table)
	next, err := c.host.Repair(ctx, id, g, p, r)
	if replication.Unfit(err) {
		c.log.Warn("A replica cannot go on in a repaired group, and begins anew.", "table", t.ID(), "error", err)
		return c.discardGroup(ctx, t, id, g, p)
	}
	if err != nil {
		return err
	}
	t.SetGroup(next)
	t.EndFeeds()
	return t.Reload()
}

// discardGroup removes what this server has of a group from before a repair.
func (c *Catalog) discardGroup(ctx context.Context, t *Table, id storage.GroupID, g replication.Group, p *replication.Repair) error {
	t.SetGroup(replication.Absent{})
	t.EndFeeds()
	if err := c.host.Discard(context.WithoutCancel(ctx), id, g, p.Era); err != nil {
		return err
	}
	c.log.Warn("Removed an old replica of a table that was repaired while this server was away.", "table", t.ID())
	return nil
}
