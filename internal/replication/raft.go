package replication

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"rethinkdb/internal/storage"
)

// A Machine is told what happens to the rows of a replica by other hands than those of its own writers. The calls come one at a time, and hold up the
// group: they must be short, must not wait for anything and not call the group's methods that do.
type Machine interface {
	// Applied says that reads see a command that another replica has decided on.
	Applied(i Index)
	// Leads says that this replica is the primary one from now on, and sees everything that any before it has committed. Epoch returns e
	// after the call.
	Leads(e Epoch)
	// Restored says that a snapshot, or a new beginning, has replaced everything that the group owns: whatever was read is to be read again.
	Restored()
	// Removed says that the replica is no member of the group any more, or that its era is over (Status tells). It does nothing from now on; Drop, Host.Repair or Host.Discard follow.
	Removed()
}

// A Judge is a Machine whose commands have guards.
type Judge interface {
	// Judge decides whether a command is applied: with an error it changes nothing, although it has its index, and Commit returns the
	// error. The decision must follow from the guard and from what the commands before it have written, and from nothing else: each replica makes it for itself.
	Judge(i Index, guard []byte) error
}

// A Ranger is a Machine whose commands change other keys than those of its group.
type Ranger interface {
	// Ranges returns the ranges [lower, upper) of these keys, in ascending order. They are small: a snapshot of them is one batch.
	Ranges() [][2][]byte
}

// A Reader is a Machine that knows how much is read of it here: what is done in the background makes room for that.
type Reader interface {
	RowsRead() int64 // by clients, since the start
}

// Raft is a replica of a group with several.
//
// The library behind it, go.etcd.io/raft, decides what is to be stored, sent and applied, and this type does it. A command passes
//
//	Commit → queue → proposed (by the last of those that share an entry: it is in the leader's log, in memory) → appended to the logs, and synced, here and elsewhere
//	→ committed (a majority has it on disk, be it without this replica) → applied (a worker: storage has the batch, readers see it) → Commit returns
//
// What was applied is on the disks of a majority, so that there is nothing to wait for in WaitDurable.
//
// A command is applied in one batch with the state that follows from it, the position in the log included: after a crash the log goes
// on after exactly those commands whose batch has survived.
//
// Why no update is lost: a writer has read the old rows in epoch e, that is, on the leader of term e after it has applied an entry of its
// own term. So it has seen everything that was committed in earlier terms. The command is proposed only if the replica still leads in term
// e, and of all commands of term e it has seen those with its keys: their writers had its latches, until their fate was known.
type Raft struct {
	// Set when the group is opened, then constant.
	host    *Host
	id      storage.GroupID
	machine Machine
	store   *storage.Store
	key     []byte // of the state
	left    uint64 // the number of the last replica that this server had and has dropped, or of the era whose replicas it may have; 0: none

	queued atomic.Bool // it is in the host's work queue

	// Written by whoever drains, under mu or before anybody else has the group; read without it.
	applied atomic.Uint64
	rows    atomic.Int64
	epoch   atomic.Uint64 // 0: this replica does not lead, or does not yet see everything

	// Owned by whoever drains.
	batch   *storage.Batch // for commands
	merged  merged         // those in the batch, which is not yet applied
	history []byte         // room for a key
	value   []byte         // room for a state
	// Something that others may be told of was applied to the store without a sync.
	unsynced bool

	syncing atomic.Int32 // appends of which it is not yet known that they are on disk

	// Nil while the clock goes. Written under mu, read without it.
	quiescence atomic.Pointer[quiescence]
	settled    uint64 // term of the last entry that was applied
	// The members by the last change that the library was told of, and the log index of that.
	agreed   *roster
	agreedAt uint64

	mu       sync.Mutex // guards everything below; taken after latches and Host.mu, before the locks of raftLog and of the Host's queues
	node     *raft.RawNode
	replica  uint64 // 0: it has no identity yet
	log      *raftLog
	ended    error   // why nothing happens any more
	failed   bool    // ended is because of an error
	leaving  bool    // ended because the replica was removed, or its era is over, which the machine has not been told yet
	retiring *roster // ended because it becomes a Single, which is not written yet; of that moment
	silent   Era     // it says nothing until it is made a member in this era, or a later one; 0: it is not silent
	local    []*pb.Message
	reborn   uint64 // the identity that it is to take on, once what it has is removed
	// The message that has given it the identity, and who has sent it; nil: that was a snapshot.
	first     *pb.Message
	firstFrom ServerID
	draining  bool
	drained   *sync.Cond // draining has become false
	waiting   bool       // for space on the disk

	role       raft.StateType
	term       uint64
	leader     uint64
	led        uint64              // the last term in which this replica has led since it was opened
	routes     map[uint64]ServerID // besides those of the roster, whoever has sent something
	ticks      uint64
	changed    chan struct{} // closed when the leader or the members change, or the group ends
	order      *pb.Message   // of the leader, to stand for election at once; nil: none
	orderUntil uint64        // the tick until which it holds
	orphaned   int           // ticks until it stands for election, because the leader's connection broke; 0: no reason to

	queue      []*proposal // not yet proposed
	queueBytes int         // of their commands, about
	pending    map[uint64]*round
	rounds     uint64        // number of the last round
	last       uint64        // in a leader's log
	committed  uint64        // log index, as far as this replica knows
	tidings    []*pb.Message // that only say what is committed
	gather     gathering

	giveUp  uint64 // at this tick the fate of what is pending counts as unknown; 0: this replica leads, or nothing is
	cutting bool   // a cut is on its way
	stirred uint64 // tick of the last command or read, or at which the clock went on
	moved   uint64 // up to where the log was applied at the last tick
	movedAt uint64 // the last tick at which that had changed, or nothing was on its way
	quiet   uint64 // up to where the log was applied when somebody last looked whether anything happens

	reluctant      ServerID // who has not taken the lead when it was asked to, until this tick
	reluctantUntil uint64

	reads     readQueue
	heard     uint64               // tick of the last message of a leader
	affirming uint64               // until this tick it is on its way that the roster is firm
	changing  uint64               // until this tick a change of the members is on its way
	receiving *received            // a snapshot that has come, until the library takes it
	incoming  bool                 // one is coming
	sending   map[uint64]*Progress // to whom snapshots are sent
}

var _ Group = (*Raft)(nil)

func (h *Host) newRaft(id storage.GroupID, machine Machine) *Raft {
	r := &Raft{host: h, id: id, machine: machine, store: h.o.Store, key: storage.AppendPrefix(nil, id, storage.KindState),
		routes: make(map[uint64]ServerID), pending: make(map[uint64]*round), changed: make(chan struct{}), sending: make(map[uint64]*Progress)}
	r.drained = sync.NewCond(&r.mu)
	return r
}

// load reads the replica from the store and starts it. It has an identity. The caller holds mu, or nobody else has the group.
func (r *Raft) load() error {
	l, state, err := openLog(r.store, r.id, r.host.limits.recentBytes)
	if err != nil {
		return err
	}
	r.log = l
	r.quiescence.Store(nil)
	r.applied.Store(uint64(state.Applied))
	r.rows.Store(state.Rows)
	r.settled = l.applied.term
	r.agreed, r.agreedAt = nil, 0
	r.node, err = raft.NewRawNode(&raft.Config{
		ID: r.replica, ElectionTick: electionTicks, HeartbeatTick: heartbeatTicks, Storage: l, Applied: l.applied.index,
		AsyncStorageWrites: true, MaxSizePerMsg: r.host.limits.appendBytes, MaxCommittedSizePerReady: r.host.limits.applyBytes,
		MaxUncommittedEntriesSize: r.host.limits.uncommittedBytes,
		MaxInflightMsgs:           r.host.limits.inflightMessages, MaxInflightBytes: r.host.limits.inflightBytes,
		CheckQuorum: true, PreVote: true, DisableProposalForwarding: true, StepDownOnRemoval: true,
		Logger: raftLogger{r},
	})
	if err != nil {
		return err
	}
	r.role, r.term, r.leader = raft.StateFollower, l.ballot.term, 0
	r.last, r.committed = l.last, l.applied.index
	r.unsynced = true
	r.reads.number = uint64(r.host.o.random(1<<31)) << 32
	return nil
}

// do calls f, which may step the library, and sees to what follows from that. Nothing happens when the group has ended. The caller flushes the outbox.
func (r *Raft) do(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil || r.node == nil || r.silent != 0 {
		return
	}
	// The library panics when it sees what cannot be, such as a log that has lost what it had acknowledged. Then this group must stop, and no other.
	defer func() {
		if p := recover(); p != nil {
			r.fail(fmt.Errorf("the replication of group %d cannot go on: %v", r.id, p))
		}
	}()
	f()
	r.pump()
	if r.propose() {
		r.pump()
	}
	if q := r.quiescence.Load(); q != nil && !r.agrees(q) {
		r.endQuiescence()
		r.pump()
	}
	r.sendTidings()
	if len(r.local) > 0 && !r.draining && !r.waiting {
		r.host.work.add(r)
	}
}

// fail ends the group because of an error. The caller holds mu.
func (r *Raft) fail(err error) {
	if r.ended != nil {
		return
	}
	r.host.log.Error("A replica has stopped until the server is restarted.", "group", r.id, "error", err)
	r.failed = true
	r.end(err)
}

// leave ends the group because the replica was removed. The caller holds mu.
func (r *Raft) leave() {
	if r.ended == nil {
		r.end(ErrRemoved)
		r.leaving = true
		r.host.work.add(r)
	}
}

// gone takes the word of a member that a replica was removed. The caller holds mu.
func (r *Raft) gone(replica uint64) {
	if replica == r.replica && r.reborn == 0 {
		r.leave()
	}
}

// reason returns why the group has ended.
func (r *Raft) reason() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// end lets nothing happen any more. The caller holds mu.
func (r *Raft) end(reason error) {
	if r.ended != nil {
		return
	}
	r.ended = reason
	r.epoch.Store(0)
	r.quiescence.Store(nil)
	r.local = nil
	r.refuse(reason)
	r.tidings = nil
	r.gather.stop()
	r.abandon(fmt.Errorf("%w (%w)", ErrUnknownOutcome, reason))
	r.reads.end(reason)
	r.notify()
}

// stop ends the group and waits until nobody works for it.
func (r *Raft) stop(reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(reason)
	r.host.remove(r)
	for r.draining {
		r.drained.Wait()
	}
	if r.batch != nil {
		r.batch.Close()
		r.batch = nil
	}
	r.receiving.discard(r.host)
	r.receiving = nil
}

// notify wakes those who wait for another leader or other members.
func (r *Raft) notify() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Changed returns a channel that is closed when the leader or the members have changed, or the group has ended.
func (r *Raft) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// ID returns the group's number.
func (r *Raft) ID() storage.GroupID { return r.id }

// State implements Group.
func (r *Raft) State() State {
	return State{Applied: Index(r.applied.Load()), Rows: r.rows.Load()}
}

// Epoch implements Group.
func (r *Raft) Epoch() (Epoch, error) {
	if e := r.epoch.Load(); e != 0 {
		return Epoch(e), nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return 0, r.notPrimary()
}

// notPrimary is the error of a replica that does not decide. The caller holds mu.
func (r *Raft) notPrimary() error {
	if r.ended != nil {
		return r.ended
	}
	if r.leader == r.replica {
		return &NotPrimaryError{} // it will be in a moment
	}
	return &NotPrimaryError{Leader: r.server(r.leader)}
}

// server returns the server of a replica, empty if nobody knows. The caller holds mu.
func (r *Raft) server(replica uint64) ServerID {
	if r.log != nil {
		if s, ok := r.log.members().Servers[replica]; ok {
			return s
		}
	}
	return r.routes[replica]
}

// Leader returns the server of the leader, if one is known.
func (r *Raft) Leader() (ServerID, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.server(r.leader)
	return s, r.leader != 0 && s != ""
}

// Term returns the epoch of the newest leader or candidate that this replica has heard of.
func (r *Raft) Term() Epoch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Epoch(r.term)
}

// AwaitEpoch waits until this replica is the primary one.
func (r *Raft) AwaitEpoch(ctx context.Context) (Epoch, error) {
	for {
		changed := r.Changed()
		e, err := r.Epoch()
		if err == nil || !errors.Is(err, ErrNotPrimary) {
			return e, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, errors.Join(err, context.Cause(ctx))
		}
	}
}

// WaitDurable implements Group: what was applied is on the disks of a majority.
func (r *Raft) WaitDurable(_ context.Context, i Index) error {
	if i <= Index(r.applied.Load()) {
		return nil
	}
	return fmt.Errorf("command %d: %w", i, ErrUnknownOutcome)
}

// Drop removes this replica with everything that it has. The other members do not learn of it: if they still count on it, that is like the loss of a disk. Of a replica that was removed its number
// stays, so that it is not taken for a new one's.
func (r *Raft) Drop(ctx context.Context) error {
	r.stop(ErrDropped)
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(r.ended, ErrReplaced) || errors.Is(r.ended, storage.ErrClosed) {
		return r.ended // it is not this Group's any more
	}
	b := r.store.NewBatch()
	defer b.Close()
	r.deleteAll(b)
	if errors.Is(r.ended, ErrRemoved) {
		b.Set(recordKey(r.id, recordLeft), binary.BigEndian.AppendUint64(nil, r.replica))
	}
	if err := r.store.Commit(ctx, b, true); err != nil {
		return fmt.Errorf("drop group %d: %w", r.id, err)
	}
	r.ended = ErrDropped
	r.rows.Store(0)
	return nil
}

// deleteAll adds the removal of everything that the group owns to a batch.
func (r *Raft) deleteAll(b *storage.Batch) {
	b.DeleteGroup(r.id)
	if m, ok := r.machine.(Ranger); ok {
		for _, bounds := range m.Ranges() {
			b.DeleteRange(bounds[0], bounds[1])
		}
	}
}
