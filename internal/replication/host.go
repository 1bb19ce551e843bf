package replication

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/storage"
)

// The clock of all groups. A leader that is cut off is replaced after 0.5 to 1 s and a vote; one whose connection breaks, at once (PeerLost).
const (
	defaultTick    = 50 * time.Millisecond
	heartbeatTicks = 2
	electionTicks  = 10 // up to twice as many, by chance
)

// A Transport carries messages between the Hosts of servers.
type Transport interface {
	// Send gives a message for the Host of another server to the network. It never blocks; messages may be lost, doubled and overtake each
	// other. The bytes belong to the transport.
	Send(to ServerID, m []byte)
	// SendBeats is Send for messages that ReceiveBeats takes. Servers with an older program leave them alone.
	SendBeats(to ServerID, m []byte)
	// OpenSnapshot opens a stream for a snapshot to another server, where ReceiveSnapshot gets the header and the stream. At its end the
	// other side answers. Cancelling ctx ends it.
	OpenSnapshot(ctx context.Context, to ServerID, header []byte) (io.ReadWriteCloser, error)
}

// HostOptions are what a Host needs.
type HostOptions struct {
	Self      ServerID // never changes, and no other server ever has the same
	Store     *storage.Store
	Transport Transport
	Logger    *slog.Logger  // nil discards
	Tick      time.Duration // of the clock of elections; 0 for the default

	// driven leaves everything to whoever calls work, tick, sendSnapshot and the store's Confirm: there are no goroutines.
	driven bool
	// limits, if not nil, replace the usual ones.
	limits *limits
	// random is a number in [0, n); nil for one by chance.
	random func(n int) int
}

// A Host runs the replicas of one server. Four kinds of goroutines do that, and none of them waits for the network:
//
//   - whoever brings a message from another server (Receive) steps the groups that it is for, and sends what they answer at once: so heartbeats
//     are answered even when the disk is slow;
//   - the clock ticks all groups in which something happens, and sends the heartbeats of all;
//   - workers propose what callers of Commit have queued and not proposed themselves, and do the groups' work in the store, without waiting for the disk: entries are
//     appended to logs, committed ones are applied;
//   - one of the store waits for the disk, for all groups together, and delivers what had to wait for it: votes, acknowledgements.
//
// A few more send snapshots, and one for each group that has just been founded here has it elect a leader soon.
type Host struct {
	// Set by NewHost, then constant.
	o     HostOptions
	log   *slog.Logger
	out   outbox
	work  workQueue
	snaps snapshotQueue

	limits   limits
	commands atomic.Uint64 // that were applied
	ticks    atomic.Uint64 // of the clock
	quiesced atomic.Uint64 // how often the clock of a replica has stopped
	woken    atomic.Uint64 // and gone on
	sending  atomic.Int64  // snapshots, at the moment

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.RWMutex // guards what follows; taken before Raft.mu
	closed bool
	groups map[storage.GroupID]*Raft
	order  []*Raft       // by number; replaced, never changed
	next   chan struct{} // closed by the next tick
}

// workers is how many goroutines work for groups in the store. The work is that of a processor, except when the store makes writers wait for
// compactions; then the more of them wait, the fewer groups can go on, so there are some more than processors in small machines.
const workers = 4

// NewHost starts a Host without groups.
func NewHost(o HostOptions) *Host {
	h := &Host{o: o, log: o.Logger, groups: make(map[storage.GroupID]*Raft), next: make(chan struct{})}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if o.Tick == 0 {
		h.o.Tick = defaultTick
	}
	h.limits = usualLimits
	if o.limits != nil {
		h.limits = *o.limits
	}
	if o.random == nil {
		h.o.random = rand.IntN
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.out.transport = o.Transport
	h.work.init()
	h.snaps.init()
	if o.driven {
		return h
	}
	h.wg.Go(h.clock)
	for range workers {
		h.wg.Go(h.worker)
	}
	for range snapshotStreams {
		h.wg.Go(h.snapshotSender)
	}
	return h
}

// Close stops all groups. It comes after the last calls of Receive, ReceiveSnapshot and PeerLost. Commands that are on their way end with ErrUnknownOutcome. The store stays open.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	groups := h.order
	h.mu.Unlock()
	h.cancel()
	h.work.close()
	h.snaps.close()
	h.wg.Wait()
	for _, r := range groups {
		r.stop(storage.ErrClosed)
	}
}

// add makes a group one of the Host's.
func (h *Host) add(r *Raft) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return storage.ErrClosed
	}
	if h.groups[r.id] != nil {
		return fmt.Errorf("group %d is open already", r.id)
	}
	h.groups[r.id] = r
	h.order = append(slices.Clone(h.order), r)
	slices.SortFunc(h.order, func(a, b *Raft) int { return cmp.Compare(a.id, b.id) })
	return nil
}

// start runs f in a goroutine of the Host, unless that is closed. f ends with ctx.
func (h *Host) start(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.wg.Go(f)
	}
}

func (h *Host) remove(r *Raft) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.groups[r.id] == r {
		delete(h.groups, r.id)
		h.order = slices.DeleteFunc(slices.Clone(h.order), func(g *Raft) bool { return g == r })
	}
}

// Group returns the group with a number, nil if there is none.
func (h *Host) Group(id storage.GroupID) *Raft {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.groups[id]
}

func (h *Host) all() []*Raft {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.order
}

// Receive takes a message that the Transport of another server was given for this one. It does not block, and keeps nothing of it.
func (h *Host) Receive(from ServerID, m []byte) {
	d := decoder{rest: m}
	for len(d.rest) > 0 {
		e := d.envelope()
		if d.err != nil {
			h.log.Warn("A message of the replication is malformed.", "server", from, "error", d.err)
			break
		}
		r := h.Group(e.group)
		switch {
		case r == nil:
			h.answerForAbsent(from, e)
		case r.superseded(from, e):
		case e.kind == envelopeAsk:
			r.answer(from, e.to)
		default:
			r.receive(from, e)
		}
	}
	h.out.flush()
}

// answerForSingle answers a replica of a group that has only one now, which is here, and no Raft group any more.
func (h *Host) answerForSingle(from ServerID, e envelope) {
	m, found, err := readRoster(h.o.Store, e.group)
	if err != nil {
		h.log.Warn("A roster cannot be read.", "group", e.group, "error", err)
		return
	}
	if found && m.EndIndex != 0 && m.removed(e.to) {
		h.out.gone(from, e.group, e.to)
	}
}

// PeerLost says that the connection to a server has ended. Groups that had their leader there look for another one at once.
func (h *Host) PeerLost(s ServerID) {
	for _, r := range h.all() {
		r.peerLost(s)
	}
	h.out.flush()
}

// clock ticks until Close.
func (h *Host) clock() {
	t := time.NewTicker(h.o.Tick)
	defer t.Stop()
	for {
		select {
		case <-t.C: // one that was missed, because the process was stopped, does not come twice: it is no time in which others were silent
			h.tick()
		case <-h.ctx.Done():
			return
		}
	}
}

func (h *Host) tick() {
	now := h.ticks.Add(1)
	storeFails := h.o.Store.Err() != nil
	for _, r := range h.all() {
		if r.quiescent() {
			r.tickQuietly(now, storeFails)
		} else {
			r.tick()
		}
		if now%heartbeatTicks == 0 {
			r.sendBeats()
		}
	}
	h.out.flush()
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.next)
	h.next = make(chan struct{})
}

// ticked returns a channel that the next tick closes.
func (h *Host) ticked() <-chan struct{} {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.next
}

// worker works for groups until Close.
func (h *Host) worker() {
	for {
		r := h.work.next()
		if r == nil {
			return
		}
		r.work()
		h.out.flush()
	}
}

// workQueue is the groups with something to do, each at most once.
type workQueue struct {
	mu     sync.Mutex // guards what follows; nothing is taken below it
	cond   *sync.Cond
	groups []*Raft
	closed bool
}

func (q *workQueue) init() { q.cond = sync.NewCond(&q.mu) }

func (q *workQueue) add(r *Raft) {
	if !r.queued.CompareAndSwap(false, true) {
		return
	}
	q.mu.Lock()
	q.groups = append(q.groups, r)
	q.mu.Unlock()
	q.cond.Signal()
}

// next waits for a group. It is nil after close.
func (q *workQueue) next() *Raft {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.groups) == 0 && !q.closed {
		q.cond.Wait()
	}
	if q.closed {
		return nil
	}
	return q.first()
}

// first takes the first group. From here on it may be queued again: what comes now may be too late for this time.
func (q *workQueue) first() *Raft {
	r := q.groups[0]
	q.groups[0] = nil
	q.groups = q.groups[1:]
	r.queued.Store(false)
	return r
}

func (q *workQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cond.Broadcast()
}
