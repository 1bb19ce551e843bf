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

// GroupOf returns the group with the rows of a shard, in the layout in use.
func (c *TableConfig) GroupOf(shard int) storage.GroupID {
	present := c.Present()
	return present.Groups[present.Part(shard)]
}

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

// CallOff ends a move without success: the rows stay where they are.
func (c *TableConfig) CallOff() {
	if c.Move != nil {
		l := c.Move.From
		c.Shards, c.SplitPoints, c.Parts, c.Groups, c.Move = slices.Clone(l.Shards), slices.Clone(l.SplitPoints), l.Parts, l.Groups, nil
	}
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

// repairStep is what this server has to do for a repair of a part's group, nil for nothing.
func (c *Catalog) repairStep(self ServerID, p *part) func(context.Context) error {
	repair, outdated, err := c.outdated(p.config, p.Number())
	if err != nil {
		return func(context.Context) error { return err }
	}
	if !outdated {
		return nil
	}
	has, err := c.has(p.Number())
	switch {
	case err != nil:
		return func(context.Context) error { return err }
	case repair.Keeps(replication.ServerID(self)) && (has || repair.Erase):
		return func(ctx context.Context) error { return c.repairGroup(ctx, p, repair) }
	case has:
		return func(ctx context.Context) error { return c.discardGroup(ctx, p, repair) }
	}
	return nil
}

// repairGroup has this server's replica go on in the new era.
func (c *Catalog) repairGroup(ctx context.Context, p *part, repair *replication.Repair) error {
	r := &replica{c: c, table: p.config.ID}
	r.part.Store(p.Part)
	next, err := c.host.Repair(ctx, p.Number(), p.Group(), repair, r)
	if replication.Unfit(err) {
		c.log.Warn("A replica cannot go on in a repaired group, and begins anew.", "table", string(p.config.ID), "error", err)
		return c.discardGroup(ctx, p, repair)
	}
	if err != nil {
		return err
	}
	p.SetGroup(next)
	p.EndFeeds()
	return p.Reload()
}

// discardGroup removes what this server has of a group from before a repair.
func (c *Catalog) discardGroup(ctx context.Context, p *part, repair *replication.Repair) error {
	g := p.Group()
	p.SetGroup(replication.Absent{})
	p.EndFeeds()
	if err := c.host.Discard(context.WithoutCancel(ctx), p.Number(), g, repair.Era); err != nil {
		return err
	}
	c.log.Warn("Removed an old replica of a table that was repaired while this server was away.", "table", string(p.config.ID))
	return nil
}
