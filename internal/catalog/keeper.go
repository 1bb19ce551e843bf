package catalog

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/table"
)

// The keeper makes the groups of tables what the configurations say. For each group the server with the primary replica does so. Every step
// can be the last one before a crash: whoever has the primary replica next goes on.

const (
	keeperInterval = 500 * time.Millisecond
	// stepTime is how long a step may take before the configuration is looked at again: copying a large table takes longer, and goes on meanwhile.
	stepTime = 30 * time.Second
	// maxSteps is how many groups are changed at the same time.
	maxSteps = 8
)

// keeperCalls are the tables of which something has happened since the keeper has looked at them, and feeds that have to end.
type keeperCalls struct {
	mu     sync.Mutex // guards what follows; taken alone
	tables map[TableID]struct{}
	feeds  []func() // end them

	some chan struct{} // capacity 1: there are tables
}

func newKeeperCalls() *keeperCalls {
	return &keeperCalls{tables: map[TableID]struct{}{}, some: make(chan struct{}, 1)}
}

func (k *keeperCalls) add(id TableID) {
	k.putOff(id)
	select {
	case k.some <- struct{}{}:
	default:
	}
}

// putOff has the keeper look at a table together with the next one that is added.
func (k *keeperCalls) putOff(id TableID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tables[id] = struct{}{}
}

func (k *keeperCalls) take() map[TableID]struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.tables
	k.tables = map[TableID]struct{}{}
	return list
}

// endFeeds has feeds ended that were taken from their part.
func (k *keeperCalls) endFeeds(id TableID, end func()) {
	k.mu.Lock()
	k.feeds = append(k.feeds, end)
	k.mu.Unlock()
	k.add(id)
}

// endTaken ends the feeds that were taken from their parts.
func (k *keeperCalls) endTaken() {
	k.mu.Lock()
	list := k.feeds
	k.feeds = nil
	k.mu.Unlock()
	for _, end := range list {
		end()
	}
}

// keepGroups looks at tables that have changed, or of which something has happened, and at all of them now and then, until the catalog is closed.
func (c *Catalog) keepGroups() {
	timer := time.NewTicker(keeperInterval)
	defer timer.Stop()
	seen, all, done := c.current.Load(), true, doneTables{}
	for {
		changed := c.Changed()
		s, called := c.current.Load(), c.keeperCalls.take()
		c.keeperCalls.endTaken()
		for id, t := range s.tables {
			if _, now := called[id]; now || t != seen.tables[id] {
				delete(done, id)
			} else if !all || done.still(t) {
				continue
			}
			number, quiescent := t.quiescence()
			if !c.keepTable(s, t) && quiescent {
				done[id] = number
			}
		}
		if s != seen {
			maps.DeleteFunc(done, func(id TableID, _ uint64) bool { return s.tables[id] == nil })
		}
		if all {
			c.keepFoundings(s)
		}
		seen, all = s, false
		select {
		case <-changed:
		case <-c.keeperCalls.some:
		case <-timer.C:
			all = true
		case <-c.background.Done():
			return
		}
	}
}

// doneTables are those for which nothing was to be done, with their quiescence at that time. As long as that goes on, and their configurations stay the same, nothing is: so thousands of tables
// in which nothing happens cost next to nothing.
type doneTables map[TableID]uint64

func (d doneTables) still(t *Table) bool {
	then, done := d[t.Config.ID]
	now, quiescent := t.quiescence()
	return done && quiescent && now == then
}

// quiescence returns the number of the last group of a table that has become quiescent, if all are.
func (t *Table) quiescence() (last uint64, quiescent bool) {
	for _, parts := range [][]*table.Part{t.parts, t.nextParts()} {
		for _, p := range parts {
			g, ok := p.Group().(*replication.Raft)
			if !ok {
				return 0, false
			}
			number, quiescent := g.Quiescence()
			if !quiescent {
				return 0, false
			}
			last = max(last, number)
		}
	}
	return last, true
}

// keepTable begins what is to be done for a table, and tells whether anything is.
func (c *Catalog) keepTable(s *Snapshot, t *Table) (some bool) {
	for _, p := range t.everyPart() {
		p.endLostFeeds()
		if step := c.nextStep(s, &p); step != nil {
			some = true
			c.take(t, t.keeping[p.Number()], step)
		}
	}
	return c.keepMove(s, t) || some
}

// take has a step taken, unless one of its kind is under way, or too many are.
func (c *Catalog) take(t *Table, busy *atomic.Bool, step func(context.Context) error) {
	if !busy.CompareAndSwap(false, true) {
		return
	}
	select {
	case c.stepSlots <- struct{}{}:
	default:
		busy.Store(false)
		c.keeperCalls.putOff(t.Config.ID) // until one of those is done
		return
	}
	c.tasks.Go(func() {
		defer func() {
			<-c.stepSlots
			busy.Store(false)
			c.keeperCalls.add(t.Config.ID)
		}()
		ctx, cancel := context.WithTimeout(c.background, stepTime)
		defer cancel()
		err := step(ctx)
		switch {
		case err == nil, ctx.Err() != nil, errors.Is(err, replication.ErrNotPrimary), errors.Is(err, replication.ErrReplaced), errors.Is(err, replication.ErrDropped):
		case errors.Is(err, errMoveOver), errors.Is(err, ErrTableGone):
		default:
			c.log.Warn("The replicas of a table are not yet what its configuration says.", "table", t.ID(), "error", err)
			c.pause()
		}
	})
}

// pause keeps what fails from being tried all the time.
func (c *Catalog) pause() {
	select {
	case <-time.After(keeperInterval):
	case <-c.background.Done():
	}
}

// nextStep is what is to be done for a part next; nil for nothing, or nothing that this server does.
func (c *Catalog) nextStep(s *Snapshot, p *part) func(context.Context) error {
	self := replication.ServerID(s.server.ID)
	want := p.members()
	alone := len(want) == 1 && want[0].Server == self
	if step := c.repairStep(s.server.ID, p); step != nil {
		return step
	}
	switch g := p.Group().(type) {
	case replication.Absent:
		founds, err := c.founds(s.server.ID, p.config, p.Number())
		if err != nil || founds || slices.ContainsFunc(want, func(m replication.Member) bool { return m.Server == self }) {
			return func(ctx context.Context) error { return c.joinGroup(ctx, s.server.ID, p.config, p.Part) }
		}
	case *replication.Single:
		if !alone {
			return func(ctx context.Context) error { return c.share(ctx, p, g) }
		}
	case *replication.Raft:
		status := g.Status()
		switch {
		case errors.Is(status.Err, replication.ErrRemoved):
			return func(ctx context.Context) error { return c.leaveGroup(ctx, p.Part, g) }
		case errors.Is(status.Err, replication.ErrReplaced): // the disk was full in the midst of that
			return func(ctx context.Context) error { return c.unshare(ctx, p.Part, g) }
		case status.Role != replication.Leader:
		case alone && len(status.Members) == 1 && !status.Joint:
			return func(ctx context.Context) error { return c.unshare(ctx, p.Part, g) }
		case status.Joint || !sameMembers(status.Members, want):
			return func(ctx context.Context) error { return g.SetMembers(ctx, want) }
		default:
			return p.moveToPrimary(g, status, self)
		}
	}
	return nil
}

func sameMembers(have []replication.MemberStatus, want []replication.Member) bool {
	if len(have) != len(want) {
		return false
	}
	for _, m := range want {
		if !slices.ContainsFunc(have, func(h replication.MemberStatus) bool { return h.Server == m.Server && h.Voter == m.Voter }) {
			return false
		}
	}
	return true
}

// nearlyAll is how many entries the future primary replica may lack when it is asked to take over, so that the pause is short.
const nearlyAll = 64

// moveToPrimary gives the place of the primary replica to the one that the configuration names, when that is there and has nearly everything.
func (p *part) moveToPrimary(g *replication.Raft, status replication.RaftStatus, self replication.ServerID) func(context.Context) error {
	primary := replication.ServerID(p.primary())
	if primary == self {
		return nil
	}
	for _, m := range status.Members {
		if m.Server == primary && m.Voter && m.Active && !m.Reluctant && m.Match+nearlyAll >= status.Last {
			return func(ctx context.Context) error {
				ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
				defer cancel()
				return g.TransferLeader(ctx, primary)
			}
		}
	}
	return nil
}

// share makes a group with one replica one that can have several.
func (c *Catalog) share(ctx context.Context, p *part, g *replication.Single) error {
	r := &replica{c: c, table: p.config.ID}
	r.part.Store(p.Part)
	shared, err := c.host.Adopt(ctx, g, r)
	if shared != nil {
		err = errors.Join(err, setGroup(ctx, p.Part, shared))
	}
	return err
}

// unshare is the opposite.
func (c *Catalog) unshare(ctx context.Context, p *table.Part, g *replication.Raft) error {
	single, err := g.Retire(ctx)
	if single != nil {
		err = errors.Join(err, setGroup(ctx, p, single))
	}
	return err
}

// leaveGroup removes the rows of a replica that is no member any more.
func (c *Catalog) leaveGroup(ctx context.Context, p *table.Part, g *replication.Raft) error {
	p.SetGroup(replication.Absent{})
	p.EndFeeds()
	return errors.Join(g.Drop(context.WithoutCancel(ctx)), setGroup(ctx, p, replication.Absent{}))
}

// endLostFeeds ends the feeds of a part whose primary replica was here and is not any more.
func (p *part) endLostFeeds() {
	g, ok := p.Group().(*replication.Raft)
	if !ok {
		return
	}
	if _, err := g.Epoch(); err != nil && g.Status().Role != replication.Leader {
		p.EndFeeds()
	}
}
