package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// A part is one of a table, with where it is to be.
type part struct {
	*table.Part
	config *TableConfig
	layout *Layout
	at     int // in the layout
}

// primary is the server that is to have the primary replica.
func (p *part) primary() ServerID { return p.layout.Primary(p.at) }

// members are the servers that are to have a replica at the moment.
func (p *part) members() []replication.Member { return p.config.membersNow(p.layout, p.at) }

// membersNow are the servers that are to have a replica of a part at the moment.
func (c *TableConfig) membersNow(l *Layout, at int) []replication.Member {
	list := l.members(at)
	if c.filling(l.Groups[at]) {
		list = slices.DeleteFunc(list, func(m replication.Member) bool { return m.Server != replication.ServerID(l.Primary(at)) })
	}
	return list
}

// everyPart returns the parts of a table, and those that its rows are being copied into.
func (t *Table) everyPart() []part {
	present, goal := t.Config.Present(), t.Config.Goal()
	list := make([]part, 0, len(t.parts)+len(t.nextParts()))
	for i, p := range t.parts {
		list = append(list, part{p, &t.Config, &present, i})
	}
	for i, p := range t.nextParts() {
		list = append(list, part{p, &t.Config, &goal, i})
	}
	return list
}

// nextParts are those that the rows are being copied into.
func (t *Table) nextParts() []*table.Part {
	if t.next == nil {
		return nil
	}
	return t.next.Parts()
}

// PartOfGroup returns the part with a group: one of the table, or of those that its rows are being copied into.
func (t *Table) PartOfGroup(group storage.GroupID) (*table.Part, bool) {
	for _, p := range slices.Concat(t.parts, t.nextParts()) {
		if p.Number() == group {
			return p, true
		}
	}
	return nil, false
}

// Primary is the server that is to have the primary replica of a part, and Servers are those that are to have any.
func (l *Layout) Primary(part int) ServerID { return l.first(part).Primary }

// Servers are in the order of the configuration.
func (l *Layout) Servers(part int) []ServerID {
	var ids []ServerID
	for _, m := range l.members(part) {
		ids = append(ids, ServerID(m.Server))
	}
	return ids
}

// Member tells whether a server is to have a replica of a part, and whether it votes.
func (l *Layout) Member(part int, id ServerID) (replica, voter bool) {
	for _, m := range l.members(part) {
		if m.Server == replication.ServerID(id) {
			return true, m.Voter
		}
	}
	return false, false
}

// uses tells whether a server is to have a replica of any part of a table, or has one until the end of a move.
func (c *TableConfig) uses(id ServerID) bool {
	present := c.Present()
	return slices.ContainsFunc(slices.Concat(c.Shards, present.Shards), func(s ShardConfig) bool { return slices.Contains(s.Replicas, id) })
}

// members are the servers that are to have a replica of a part. It has all of its shards.
func (l *Layout) members(part int) []replication.Member {
	var list []replication.Member
	at := map[ServerID]int{}
	for i := range l.Shards {
		if l.Part(i) != part {
			continue
		}
		s := &l.Shards[i]
		for _, id := range s.Replicas {
			voter := !slices.Contains(s.NonVoting, id)
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

// tableConfig is the part of a configuration that package table works with.
func tableConfig(cfg *TableConfig, l Layout) table.Config {
	c := table.Config{ID: string(cfg.ID), PrimaryKey: cfg.PrimaryKey, Durability: table.DurabilityHard, Groups: l.Groups, Splits: l.SplitPoints, Parts: l.Parts,
		Past: cfg.Past, Starts: l.Starts}
	if cfg.Durability == Soft {
		c.Durability = table.DurabilitySoft
	}
	return c
}

// openParts opens what this server has of the parts of a layout: of those that it has prepared, everything. The caller holds mu.
func (c *Catalog) openParts(ctx context.Context, self ServerID, cfg *TableConfig, l Layout) ([]*table.Part, error) {
	var parts []*table.Part
	for i, g := range l.Groups {
		p, made := c.prepared[g]
		delete(c.prepared, g)
		if !made {
			var err error
			if p, err = c.openPart(ctx, self, cfg, &l, i); err != nil {
				return nil, fmt.Errorf("table %s: %w", cfg.ID, err)
			}
		}
		p.LimitHistory(c.historyLimits(cfg))
		parts = append(parts, p)
	}
	return parts, nil
}

// openPart opens what this server has of a part: rows of its own, a replica, or nothing.
func (c *Catalog) openPart(ctx context.Context, self ServerID, cfg *TableConfig, l *Layout, at int) (*table.Part, error) {
	group := l.Groups[at]
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
	founds, err := c.founds(self, cfg, group)
	if err != nil {
		return nil, err
	}
	if has && !shared && !outdated || c.host == nil && !founds {
		return table.OpenPart(c.store, group, cfg.PrimaryKey, nil)
	}
	p, err := table.OpenPart(c.store, group, cfg.PrimaryKey, replication.Absent{})
	if err != nil {
		return nil, err
	}
	member := slices.ContainsFunc(cfg.membersNow(l, at), func(m replication.Member) bool { return m.Server == replication.ServerID(self) })
	if (member || shared || founds) && !outdated {
		err = c.joinGroup(ctx, self, cfg, p)
	}
	if errors.Is(err, storage.ErrDiskFull) { // the keeper tries again
		err = nil
	}
	return p, err
}

// createParts makes the data of new groups, with one replica each, which is here.
func (c *Catalog) createParts(ctx context.Context, groups []storage.GroupID, primaryKey string) (parts []*table.Part, err error) {
	for _, g := range groups {
		p, err := table.CreatePart(ctx, c.store, g, primaryKey)
		if err != nil {
			return nil, errors.Join(err, dropParts(ctx, parts))
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// dropParts removes what this server has of parts that no configuration mentions any more.
func dropParts(ctx context.Context, parts []*table.Part) (err error) {
	for _, p := range parts {
		failed := p.Drop(context.WithoutCancel(ctx))
		if errors.Is(failed, table.ErrDropped) || errors.Is(failed, replication.ErrReplaced) { // who replaces the group drops the one that it makes
			continue
		}
		err = errors.Join(err, failed)
	}
	return err
}

// prepare keeps new parts for the moment when the record comes that mentions them, or until forget is called. It is called when the fate of the record is known, also
// when that was made: a later change may have come with it, so that nobody has seen that it mentioned them. forget returns what nobody has taken, to be dropped.
func (c *Catalog) prepare(parts []*table.Part) (forget func() []*table.Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range parts {
		c.prepared[p.Number()] = p
	}
	return func() (left []*table.Part) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, p := range parts {
			if c.prepared[p.Number()] == p {
				delete(c.prepared, p.Number())
				left = append(left, p)
			}
		}
		return left
	}
}

// openNext opens the parts that the rows of an unpublished table are being copied into, if there are any yet. The caller holds mu.
func (c *Catalog) openNext(ctx context.Context, self ServerID, t *Table) error {
	if t.Config.Move == nil || len(t.Config.Groups) == 0 {
		return nil
	}
	goal := t.Config.Goal()
	parts, err := c.openParts(ctx, self, &t.Config, goal)
	if err != nil {
		return err
	}
	if err := c.addIndexes(t, parts); err != nil {
		return err
	}
	t.next, err = c.assemble(&t.Config, goal, parts)
	return err
}

// applyLayout makes an unpublished table what its configuration says of its groups. before is the table as it was. The caller holds mu.
func (c *Catalog) applyLayout(self ServerID, before, t *Table) error {
	present := t.Config.Present()
	switch was := before.Config.Present(); {
	case slices.Equal(present.Groups, was.Groups):
	case before.next != nil && slices.Equal(present.Groups, before.next.Config().Groups):
		if err := c.switchTo(before, t, present, before.next.Parts()); err != nil {
			return err
		}
	default: // the change in between was not seen here
		parts, err := c.openParts(c.background, self, &t.Config, present)
		if err == nil {
			err = c.addIndexes(t, parts)
		}
		if err == nil {
			err = c.switchTo(before, t, present, parts)
		}
		if err != nil {
			return err
		}
	}
	return c.applyNext(self, before, t)
}

// addIndexes makes parts have the indexes of a table, which are ready: otherwise there was no move. The caller holds mu.
func (c *Catalog) addIndexes(t *Table, parts []*table.Part) error {
	for _, h := range t.handles {
		x := h.index.Load()
		if x == nil { // there will be none
			continue
		}
		for _, p := range parts {
			if err := x.AddBuiltTo(c.background, p); err != nil { // whatever rows there are have come with their entries
				return err
			}
		}
	}
	return nil
}

// switchTo gives a table other parts, which have its rows. The caller holds mu.
func (c *Catalog) switchTo(before, t *Table, l Layout, parts []*table.Part) error {
	if err := t.SetLayout(tableConfig(&t.Config, l), parts); err != nil {
		return err
	}
	t.parts = parts
	var heard []*table.Part // all that the old groups have written was written here, so those who follow them have been told of it
	for _, p := range before.parts {
		if _, _, sealed := p.Sealed(); sealed && p.Here() {
			heard = append(heard, p)
		}
		p.Moved()
	}
	c.later(func() {
		for _, p := range heard {
			p.FinishFeeds()
		}
		c.endParts(t.Config.ID, before.parts)
	})
	return nil
}

// applyNext opens and ends what the rows are copied into. The caller holds mu.
func (c *Catalog) applyNext(self ServerID, before, t *Table) error {
	if before.next != nil && t.Config.Move != nil && slices.Equal(t.Config.Groups, before.next.Config().Groups) {
		t.next = before.next
		return nil
	}
	if before.next != nil && !slices.Equal(t.Config.Present().Groups, before.next.Config().Groups) { // else it has become the table, and perhaps moves on already
		ended := before.next.Parts()
		c.later(func() { c.endParts(t.Config.ID, ended) })
	}
	t.next = nil
	return c.openNext(c.background, self, t)
}

// endParts removes what this server has of parts that have no record any more.
func (c *Catalog) endParts(id TableID, parts []*table.Part) {
	for _, p := range parts {
		p.EndFeeds()
	}
	if err := dropParts(c.background, parts); err != nil {
		c.log.Error("The rows of a table that was divided in another way could not be removed from where they were. This is tried again when the server starts.", "table", string(id), "error", err)
	}
}

// joinGroup makes this server's replica of a group the group of its part. Unless the group begins, the server gets what it does not have yet as soon as the leader knows
// that it is to be a member.
func (c *Catalog) joinGroup(ctx context.Context, self ServerID, cfg *TableConfig, p *table.Part) error {
	g, err := c.openGroup(ctx, self, cfg, p)
	if err != nil {
		return err
	}
	if err := setGroup(ctx, p, g); err != nil {
		return err
	}
	return p.Reload()
}

// setGroup replaces the group of a part, and drops it if the part has ended meanwhile: what has ended it has met the old group.
func setGroup(ctx context.Context, p *table.Part, g replication.Group) error {
	p.SetGroup(g)
	if p.Dropped() {
		return dropParts(ctx, []*table.Part{p})
	}
	return nil
}

// replica is what this server has of the group of a part, as package replication sees it.
type replica struct {
	c     *Catalog
	table TableID
	part  atomic.Pointer[table.Part] // nil until the part is open
	led   bool                       // this has been the primary replica; owned by Leads
}

// Applied implements replication.Machine.
func (r *replica) Applied(replication.Index) {}

// RowsRead implements replication.Reader.
func (r *replica) RowsRead() int64 {
	if p := r.part.Load(); p != nil {
		return p.Stats().RowsRead
	}
	return 0
}

// Leads implements replication.Machine.
func (r *replica) Leads(e replication.Epoch) {
	r.reload()
	p := r.part.Load()
	if p != nil && r.led { // another one may have been in between, of whose commits nobody here has been told
		if end := p.TakeFeeds(); end != nil {
			r.c.keeperCalls.endFeeds(r.table, end)
		}
	}
	r.led = true
	if p != nil && r.c.leads != nil {
		r.c.leads(Lead{p.Number(), e})
	}
	r.c.keeperCalls.add(r.table)
}

// Restored implements replication.Machine.
func (r *replica) Restored() { r.reload() }

// Removed implements replication.Machine.
func (r *replica) Removed() { r.c.keeperCalls.add(r.table) }

func (r *replica) reload() {
	if p := r.part.Load(); p != nil {
		if err := p.Reload(); err != nil {
			r.c.log.Error("The state of a replica cannot be read.", "group", p.Number(), "error", err)
		}
	}
}
