package catalog

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/storage"
)

// How a table gets from the groups that it is in to others, while it is read and written. The configuration says what is to be done, and the keeper of each
// server does what is its part; so it goes on after any crash.
//
//  1. A Move without groups: the server with the primary replica of the first part makes them, empty, with all indexes. (An index that is being built has to be ready first.)
//  2. The keeper brings their primary replicas to where these are to be, without any others. Who has one then says that the group is Placed.
//  3. Who has the primary replica of an old group copies it (copier.go): it writes down its Copier, copies all rows, and again those that have changed meanwhile, until little
//     is left. Then the group is Copied, and goes on being copied.
//  4. When all are Copied, the keeper gives the new groups their other replicas, and each of them is Joined. Then each old group is sealed: its writers wait. The rest is copied, and the group is Sealed.
//  5. The change that makes the last one Sealed ends the Move: the new groups are those of the table. Each server switches when it learns of that, and drops what it has
//     of the old ones; writers that have waited go on in the new ones.
//
// So that feeds go on, the new groups inherit the histories of the old ones, if these have any or are followed (bequest.go): most of it in step 3, the rest behind the seal. Copied rows are no changes of the
// new groups. The configuration remembers how the table was divided before (Past), and where the histories of the new groups begin (Starts). What follows an old group ends when its server learns of the
// switch, behind the last commit, and begins in the new groups where their histories begin (internal/exec/feed_lineage.go); who knows a place in the history of an old one reads what is inherited first. If the
// copier of a group fails, its heirs are dropped with what they have; and if the server of a group that is Sealed does, whatever it has told its feeds or not is in the heirs.
//
// A copier that loses its epoch, or does not learn what has become of something that it has written, has left something behind that is not what it seems. Whoever finds a group
// with a copier that is no more begins the Move again: with a greater Number, and other groups. To empty the groups and to fence off late writes would be the alternative.
//
//	a group that is Sealed has a seal with the Number of the Move, and its rows are all in the new groups.
//
// Proof: it becomes Sealed by a change that is refused if the Move or its Copier is another one. The copier makes it after its seal was committed in the epoch in which it has begun to
// follow what changes; so nobody has written in between without its knowledge, nor will, as each primary replica reads the seal before it writes. A seal is taken away only where
// the configuration shows that its Move has ended without success, or has become another one.

// errMoveOver says that a move has ended or become another one, so that a step of it has nothing more to do.
var errMoveOver = errors.New("the move of the table is over")

// changeMove changes the move of a table, if that still is the one with the number.
func (c *Catalog) changeMove(ctx context.Context, id TableID, number uint64, edit func(cfg *TableConfig, m *Move) error) error {
	_, _, err := c.UpdateTable(ctx, id, func(_ *Snapshot, cfg *TableConfig) error {
		if cfg.Move == nil || cfg.Move.Number != number {
			return errMoveOver
		}
		return edit(cfg, cfg.Move)
	})
	return err
}

// keepMove begins what is to be done for the move of a table, and tells whether there is one, or something of one.
func (c *Catalog) keepMove(s *Snapshot, t *Table) (some bool) {
	t.copies.stopOthers(t.Config.Move)
	step := c.nextMoveStep(s, t)
	if step != nil {
		c.take(t, &t.copies.busy, step)
	}
	c.startCopies(t)
	return step != nil || t.Config.Move != nil
}

// nextMoveStep is the next short step; nil for nothing, or nothing that this server does.
func (c *Catalog) nextMoveStep(s *Snapshot, t *Table) func(context.Context) error {
	m := t.Config.Move
	for _, p := range t.parts {
		seal, since, sealed := p.Sealed()
		switch {
		case !sealed || !p.Here():
		case t.Config.outlived(seal):
			return func(ctx context.Context) error { return p.Unseal(ctx, seal) }
		case m != nil && m.Number == seal && time.Since(since) > maxSealed:
			return func(ctx context.Context) error { return c.giveUp(ctx, t) }
		}
	}
	switch {
	case m == nil:
		return nil
	case len(t.Config.Groups) == 0:
		if t.parts[0].Here() && t.Config.indexesReady() {
			return func(ctx context.Context) error { return c.makeGroups(ctx, t) }
		}
		return nil
	}
	goal := t.Config.Goal()
	for i, open := range t.nextParts() {
		p := part{open, &t.Config, &goal, i}
		joined := len(p.members()) == len(goal.members(i))
		if (!m.Placed[i] || joined && !m.Joined[i]) && open.Here() && p.primary() == s.server.ID && c.nextStep(s, &p) == nil {
			return func(ctx context.Context) error { return c.notePlaced(ctx, t, i, joined) }
		}
	}
	for i, p := range t.parts {
		if p.Here() && m.Copier[i] != 0 && !m.Sealed[i] && !t.copies.has(p.Number(), m.Copier[i]) {
			return func(ctx context.Context) error { return c.beginAgain(ctx, t, i) }
		}
	}
	return nil
}

// outlived tells whether the move of a seal has ended without success. A configuration that does not know the move yet does not.
func (c *TableConfig) outlived(seal uint64) bool {
	return seal <= c.Moves && (c.Move == nil || c.Move.Number != seal)
}

// levelFilling is the level of programs that give new groups their other replicas when most of the rows are there.
const levelFilling Level = 2

// makeGroups makes the groups that the rows are to be copied into.
func (c *Catalog) makeGroups(ctx context.Context, t *Table) error {
	_, n := divide(t.Config.Shards)
	groups, err := c.allocateGroups(ctx, n)
	if err != nil {
		return err
	}
	parts, err := c.createParts(ctx, groups, t.PrimaryKey())
	if err != nil {
		return err
	}
	forget := c.prepare(parts)
	err = c.changeMove(ctx, t.Config.ID, t.Config.Move.Number, func(cfg *TableConfig, m *Move) error {
		if len(cfg.Groups) > 0 || !cfg.indexesReady() {
			return errMoveOver
		}
		cfg.Parts, _ = divide(cfg.Shards)
		cfg.Groups = groups
		old := len(m.From.Groups)
		m.Placed, m.Copier, m.Copied, m.Joined, m.Sealed = make([]bool, n), make([]uint64, old), make([]bool, old), make([]bool, n), make([]bool, old)
		for i := range m.Joined {
			m.Joined[i] = c.current.Load().Level() < levelFilling
		}
		return nil
	})
	if err == nil || errors.Is(err, errMoveOver) || errors.Is(err, ErrTableGone) || refused(err) {
		err = errors.Join(err, dropParts(ctx, forget()))
	}
	return err // after others the groups may come yet; if they do not, the next start removes what was prepared
}

// notePlaced notes that a new group is where it is to be, and whether it has all of its replicas.
func (c *Catalog) notePlaced(ctx context.Context, t *Table, at int, joined bool) error {
	return c.changeMove(ctx, t.Config.ID, t.Config.Move.Number, func(cfg *TableConfig, m *Move) error {
		if len(cfg.Groups) == 0 {
			return errMoveOver
		}
		m.Placed[at], m.Joined[at] = true, m.Joined[at] || joined
		return nil
	})
}

// beginAgain begins a move from the beginning, because the copier of a group is no more.
func (c *Catalog) beginAgain(ctx context.Context, t *Table, at int) error {
	gone := t.Config.Move.Copier[at]
	return c.changeMove(ctx, t.Config.ID, t.Config.Move.Number, func(cfg *TableConfig, m *Move) error {
		if len(cfg.Groups) == 0 || m.Copier[at] != gone || m.Sealed[at] {
			return errMoveOver
		}
		cfg.beginMove(m.From)
		return nil
	})
}

// maxSealed is how long a group may be sealed before the others are. Who copies one of them may have crashed in the last moment; without this, writers of
// all would wait until it is back. They wait for longer, so none fails.
const maxSealed = 4 * time.Second

// giveUp begins a move from the beginning, because the groups have not all been sealed in time.
func (c *Catalog) giveUp(ctx context.Context, t *Table) error {
	return c.changeMove(ctx, t.Config.ID, t.Config.Move.Number, func(cfg *TableConfig, m *Move) error {
		cfg.beginMove(m.From)
		return nil
	})
}

// startCopies starts the copiers of those parts whose primary replicas are here, as soon as the new groups are in their places.
func (c *Catalog) startCopies(t *Table) {
	m := t.Config.Move
	if m == nil || t.next == nil || slices.Contains(m.Placed, false) {
		return
	}
	for i, p := range t.parts {
		if m.Copier[i] == 0 && p.Here() {
			t.copies.start(c, t, i)
		}
	}
}

// copies are the copiers of a table that run on this server.
type copies struct {
	busy atomic.Bool // a short step of a move is being taken

	mu       sync.Mutex // guards what follows; taken alone
	copiers  map[storage.GroupID]*copier
	finished bool // the table is dropped
}

func newCopies() *copies { return &copies{copiers: map[storage.GroupID]*copier{}} }

// has tells whether a copier with that number runs here.
func (l *copies) has(group storage.GroupID, number uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.copiers[group]
	return k != nil && k.number == number
}

// start has a part copied, unless that is being done.
func (l *copies) start(c *Catalog, t *Table, at int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := t.parts[at]
	if l.finished || l.copiers[p.Number()] != nil || c.background.Err() != nil {
		return
	}
	k := newCopier(c, t, at)
	l.copiers[p.Number()] = k
	c.tasks.Go(func() {
		k.run()
		l.mu.Lock()
		delete(l.copiers, p.Number())
		l.mu.Unlock()
		close(k.ended)
		c.keeperCalls.add(t.Config.ID)
	})
}

// stopOthers ends the copiers of other moves than m, which may be nil.
func (l *copies) stopOthers(m *Move) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.copiers {
		if m == nil || m.Number != k.move {
			k.stop()
		}
	}
}

// stop ends all copiers for ever, and waits for them.
func (l *copies) stop() {
	l.mu.Lock()
	l.finished = true
	var running []*copier
	for _, k := range l.copiers {
		k.stop()
		running = append(running, k)
	}
	l.mu.Unlock()
	for _, k := range running {
		<-k.ended
	}
}

// A Copy is the copying of a group to others, which this server does.
type Copy struct {
	Group     storage.GroupID
	To        []ServerID // that are to have the primary replicas
	Began     time.Time
	Done, All int64 // rows
}

// Copies are those of the table that this server does at the moment.
func (t *Table) Copies() (list []Copy) {
	if t.copies == nil || t.Config.Move == nil {
		return nil
	}
	goal := t.Config.Goal()
	var to []ServerID
	for i := range goal.Groups {
		to = append(to, goal.Primary(i))
	}
	slices.Sort(to)
	to = slices.Compact(to)
	t.copies.mu.Lock()
	defer t.copies.mu.Unlock()
	for group, k := range t.copies.copiers {
		list = append(list, Copy{Group: group, To: to, Began: k.began, Done: k.copied.Load(), All: k.total})
	}
	return list
}

// copierNumber is a number for a copier: one that nobody else has.
func copierNumber() uint64 {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil { // it never fails
		panic(err)
	}
	return binary.BigEndian.Uint64(b[:])%(maxCopier-1) + 1
}
