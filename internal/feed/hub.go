package feed

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/table"
)

// Errors that end feeds.
var (
	// ErrAborted ends the feeds of a table that is gone.
	ErrAborted = errors.New("the table is not available any more")
	// ErrIndexGone ends the feeds of the first rows by an index that is gone.
	ErrIndexGone = errors.New("the index is not available any more")
)

// maxPendingBytes is how much of the commits may wait to be evaluated. What comes on top is lost, and the subscribers are told
// of an overflow; feeds of first rows begin anew. Otherwise expressions that are slower than the writers would fill the
// memory, for writers never wait.
const maxPendingBytes = 64 << 20

// A Hub takes the commits of one table and passes them to the groups of subscribers. The way of a change:
//
//	writer ── Committed ─▶ pending ── dispatch ─▶ group: evaluate ─▶ list of nodes ── Subscription.Next ─▶ client
//
// Writers only append to pending. One goroutine, which exists only while there is something to do, takes what is pending to the
// groups; expressions that may take long have goroutines of their own, likewise. A node is linked once, however many
// subscribers the group has; they are woken and walk along the list themselves.
//
// Invariants, with the index i of a commit, and for each group
//
//	evaluated ≤ dispatched ≤ committed,
//
// each in the order of commits. A subscriber ignores commits up to its own start index. To miss nothing and repeat
// nothing, it first joins its group and then takes the index, or the state of the table that it begins with.
type Hub struct {
	applied func() table.CommitIndex // of the producer of commits
	ctx     context.Context          // ends with the hub
	cancel  context.CancelFunc
	wg      sync.WaitGroup // dispatch and the goroutines of groups

	gate   *gate       // to the feeds that can be resumed; nil for a table without a history
	before *Hub        // the hub in front of the gate, if this is the one behind it
	epoch  table.Epoch // of all commits

	generation atomic.Uint64
	open       atomic.Int64 // groups
	wide       atomic.Int64 // groups that want changes of all rows

	round sync.Mutex // held while changes go to the groups; taken before mu

	mu           sync.RWMutex // guards what follows; taken below the lock of a replication group, so held for a few steps only
	ranges       []*group     // never changed in place
	named        map[string]*group
	points       map[string]*group // by key
	pending      []commit
	pendingBytes uint64
	lost         int // changes that did not fit into pending
	spare        []commit
	running      bool // dispatch is
	ended        error
}

type commit struct {
	index   table.CommitIndex
	epoch   table.Epoch
	changes []table.Change
}

func (c *commit) size() uint64 {
	n := uint64(0)
	for i := range c.changes {
		x := &c.changes[i]
		n += uint64(nodeBytes + len(x.Key) + x.Old.Bytes() + x.New.Bytes())
	}
	return n
}

// NewHub makes a hub. applied gives the index of the last commit that reads see.
func NewHub(applied func() table.CommitIndex) *Hub {
	h := &Hub{applied: applied, named: map[string]*group{}, points: map[string]*group{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Of returns the hub of a table.
func Of(t Followed) *Hub {
	return t.Follow(func() table.Tap {
		h := NewHub(t.Applied)
		h.epoch = t.Epoch()
		h.gate = newGate(h, t.Sync)
		return h
	}).(*Hub)
}

// Followed is a table with rows on disk.
type Followed interface {
	Follow(open func() table.Tap) table.Tap
	Applied() table.CommitIndex
	Epoch() table.Epoch
	Sync(context.Context) error
}

var _ table.Tap = (*Hub)(nil)

// Generation implements table.Tap.
func (h *Hub) Generation() uint64 { return h.generation.Load() }

// Interested implements table.Tap.
func (h *Hub) Interested(key []byte) bool {
	return h.wants(key) || h.gate != nil && h.gate.behind.wants(key)
}

func (h *Hub) wants(key []byte) bool {
	switch {
	case h.open.Load() == 0:
		return false
	case h.wide.Load() > 0:
		return true
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.points[string(key)] != nil
}

// Committed implements table.Tap.
func (h *Hub) Committed(index table.CommitIndex, changes []table.Change) {
	c := commit{index, h.epoch, changes}
	h.gate.take(c)
	if h.gate == nil || h.open.Load() > 0 {
		h.put(0, c)
	}
}

// put appends commits, of which some are known to be lost before, to what is pending.
func (h *Hub) put(lost int, commits ...commit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended != nil || lost == 0 && len(commits) == 0 {
		return
	}
	h.lost += lost
	for _, c := range commits {
		size := c.size()
		if h.pendingBytes+size > maxPendingBytes {
			h.lost += len(c.changes)
			for i := range h.pending {
				h.lost += len(h.pending[i].changes)
			}
			clear(h.pending)
			h.pending, h.pendingBytes = h.pending[:0], 0
			continue
		}
		h.pending = append(h.pending, c)
		h.pendingBytes += size
	}
	if !h.running {
		h.running = true
		h.wg.Add(1)
		go h.dispatch()
	}
}

// dispatch takes what is pending to the groups until nothing is.
func (h *Hub) dispatch() {
	defer h.wg.Done()
	for h.flush() {
	}
}

// flush takes what is pending to the groups. When it returns false, dispatch has to end.
func (h *Hub) flush() (more bool) {
	h.round.Lock()
	defer h.round.Unlock()
	h.mu.Lock()
	batch, lost := h.pending, h.lost
	if len(batch) == 0 && lost == 0 {
		h.running = false
		h.mu.Unlock()
		return false
	}
	h.pending, h.spare, h.pendingBytes, h.lost = h.spare[:0], nil, 0, 0
	ranges := h.ranges
	points := h.pointsOf(batch, lost)
	h.mu.Unlock()
	for _, g := range ranges {
		g.take(batch, lost)
	}
	for _, p := range points {
		p.group.take(p.batch, lost)
	}
	clear(batch)
	h.mu.Lock()
	h.spare = batch[:0]
	h.mu.Unlock()
	return true
}

// pointBatch is the commits that have changed a row with a group of its own.
type pointBatch struct {
	group *group
	batch []commit
}

// pointsOf finds the groups of single rows that have changed. The caller holds mu.
func (h *Hub) pointsOf(batch []commit, lost int) []pointBatch {
	if len(h.points) == 0 {
		return nil
	}
	var out []pointBatch
	at := map[*group]int{}
	find := func(g *group) *pointBatch {
		i, ok := at[g]
		if !ok {
			i = len(out)
			at[g] = i
			out = append(out, pointBatch{group: g})
		}
		return &out[i]
	}
	for _, c := range batch {
		for i := range c.changes {
			if g := h.points[string(c.changes[i].Key)]; g != nil {
				p := find(g)
				p.batch = append(p.batch, commit{c.index, c.epoch, c.changes[i : i+1]})
			}
		}
	}
	if lost > 0 { // nobody knows of whom
		for _, g := range h.points {
			find(g)
		}
	}
	return out
}

// join adds a subscription to the group of an expression, which is made if it is the first.
func (h *Hub) join(e *Expression, s *Subscription) (g *group, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended != nil {
		return nil, h.ended
	}
	switch {
	case e.Point != nil:
		g = h.points[string(e.Point)]
	case e.Name != "":
		g = h.named[e.Name]
	}
	if g != nil && g.failure() == nil {
		g.add(s)
		return g, nil
	}
	g = newGroup(h, e)
	g.add(s)
	switch {
	case e.Point != nil:
		h.points[string(e.Point)] = g
	default:
		h.ranges = append(slices.Clip(h.ranges), g)
		if e.Name != "" {
			h.named[e.Name] = g
		}
		h.wide.Add(1)
	}
	h.open.Add(1)
	h.generation.Add(1)
	if h.before != nil {
		h.before.generation.Add(1)
	}
	return g, nil
}

// leave removes a subscription, and with the last one its group.
func (h *Hub) leave(g *group, s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !g.remove(s) {
		return
	}
	g.cancel()
	e := g.expression
	if e.Point != nil {
		if h.points[string(e.Point)] == g {
			delete(h.points, string(e.Point))
		}
		h.open.Add(-1)
		return
	}
	i := slices.Index(h.ranges, g)
	if i < 0 {
		return
	}
	h.ranges = slices.Delete(slices.Clone(h.ranges), i, i+1)
	if e.Name != "" && h.named[e.Name] == g {
		delete(h.named, e.Name)
	}
	h.wide.Add(-1)
	h.open.Add(-1)
}

// Groups returns the number of expressions that have subscribers.
func (h *Hub) Groups() int {
	n := int(h.open.Load())
	if h.gate != nil {
		n += h.gate.behind.Groups()
	}
	return n
}

// Dropped implements table.Tap: it ends all feeds.
func (h *Hub) Dropped() { h.end(ErrAborted) }

// Moved implements table.Tap: it ends all feeds with table.ErrMoved, behind everything that was committed.
func (h *Hub) Moved() {
	h.finish()
	if h.gate != nil {
		h.gate.finish()
		h.gate.behind.finish()
	}
}

// finish evaluates what is pending, and ends the feeds.
func (h *Hub) finish() {
	for h.flush() {
	}
	h.mu.Lock()
	if h.ended == nil {
		h.ended = table.ErrMoved
	}
	groups := h.allGroups()
	h.mu.Unlock()
	for _, g := range groups {
		g.finish(table.ErrMoved)
	}
}

// allGroups are all groups. The caller holds mu.
func (h *Hub) allGroups() []*group {
	groups := slices.Clone(h.ranges)
	for _, g := range h.points {
		groups = append(groups, g)
	}
	return groups
}

func (h *Hub) end(why error) {
	h.mu.Lock()
	if h.ended == nil {
		h.ended = why
	}
	clear(h.pending)
	h.pending = h.pending[:0]
	h.mu.Unlock()
	h.cancel()
	h.endGroups(why)
	if h.gate != nil {
		h.gate.behind.end(why)
	}
}

// endGroups ends the feeds that there are.
func (h *Hub) endGroups(why error) {
	h.mu.Lock()
	groups := h.allGroups()
	h.mu.Unlock()
	for _, g := range groups {
		g.end(why)
	}
}

// IndexDropped implements table.Tap: it ends the feeds of first rows by the index. Other feeds have no rows by it any more.
func (h *Hub) IndexDropped(x *table.ShardIndex) {
	h.mu.RLock()
	groups := h.ranges
	h.mu.RUnlock()
	for _, g := range groups {
		if o := g.expression.Order; o != nil && o.Index != nil && o.Index.Is(x) {
			g.end(ErrIndexGone)
		}
	}
}

// Close ends all feeds and returns when nothing of the hub runs any more.
func (h *Hub) Close() {
	h.end(ErrAborted)
	h.wg.Wait()
	if h.gate != nil {
		h.gate.behind.Close()
	}
}
