package replication

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"rethinkdb/internal/storage"
)

// work proposes what is queued and does what there is to do in the store.
func (r *Raft) work() {
	r.do(func() {})
	r.drain()
}

// drain does the group's work in the store, in order. One goroutine at a time does that for a group; others find it at work and leave.
func (r *Raft) drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining {
		return
	}
	r.draining = true
	for r.ended == nil && (len(r.local) > 0 || r.reborn != 0) && !r.waiting {
		if r.reborn != 0 {
			if err := r.beginAgain(); errors.Is(err, storage.ErrDiskFull) {
				r.waiting = true
			} else if err != nil {
				r.fail(err)
			}
			continue
		}
		messages := r.local
		r.local = nil
		r.mu.Unlock()
		n, err := r.perform(messages)
		r.mu.Lock()
		switch {
		case err == nil:
		case errors.Is(err, storage.ErrDiskFull):
			r.local = append(messages[n:], r.local...)
			r.waiting = true // until the next tick
		case errors.Is(err, errKeysLost):
			r.host.log.Warn("A replica could not be restored. It will be sent again.", "group", r.id, "error", err)
			if err := r.reload(); err != nil {
				r.fail(err)
			}
			r.waiting = true
		default:
			r.fail(err)
		}
	}
	if r.leaving {
		r.leaving = false
		r.mu.Unlock()
		r.machine.Removed()
		r.mu.Lock()
	}
	r.draining = false
	r.drained.Broadcast()
}

// reload lets the replica go on from what the store has, as after a crash: what was to be done is forgotten, and nobody was told that it was. The caller holds mu and drains.
func (r *Raft) reload() error {
	if r.ended != nil {
		return nil
	}
	r.epoch.Store(0)
	r.abandon(ErrUnknownOutcome)
	r.local, r.node = nil, nil
	defer r.notify()
	return r.load()
}

// perform does the work of some messages. With an error it says how many are done.
func (r *Raft) perform(messages []*pb.Message) (done int, err error) {
	for done < len(messages) {
		m, n := messages[done], 1
		switch {
		case m.GetTo() == raft.LocalApplyThread:
			err = r.apply(m)
		case !raft.IsEmptySnap(m.GetSnapshot()):
			err = r.restore(m)
		default:
			n = appendable(messages[done:])
			err = r.append(messages[done : done+n])
		}
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// appendable returns how many of the messages can be appended together: those whose entries follow each other.
func appendable(messages []*pb.Message) int {
	next := uint64(0)
	for i, m := range messages {
		if m.GetTo() != raft.LocalAppendThread || !raft.IsEmptySnap(m.GetSnapshot()) {
			return i
		}
		if entries := m.GetEntries(); len(entries) > 0 {
			if next != 0 && entries[0].GetIndex() != next {
				return i
			}
			next = entries[len(entries)-1].GetIndex() + 1
		}
	}
	return len(messages)
}

// append appends entries to the log and remembers the vote, and lets the syncer answer.
func (r *Raft) append(messages []*pb.Message) error {
	b := r.store.NewBatch()
	defer b.Close()
	var entries []*pb.Entry
	var responses []*pb.Message
	ballot := r.log.voted()
	for _, m := range messages {
		entries = append(entries, m.GetEntries()...)
		responses = append(responses, m.GetResponses()...)
		if m.GetTerm() != 0 { // otherwise term and vote are as before. The commit index comes with them, and is not stored
			ballot.term, ballot.vote = m.GetTerm(), m.GetVote()
		}
	}
	if len(entries) > 0 {
		r.log.put(b, entries)
	}
	if ballot != r.log.voted() {
		b.Set(recordKey(r.id, recordVote), encodePair(ballot.term, ballot.vote))
	}
	if err := r.store.Apply(b); err != nil {
		return fmt.Errorf("append to the log of group %d: %w", r.id, err)
	}
	if len(entries) > 0 {
		r.log.appended(entries)
	}
	r.log.vote(ballot)
	r.host.syncs.add(r, responses)
	return nil
}

// syncQueue is what is to be said when everything that was applied to the store is on disk.
type syncQueue struct {
	kick chan struct{} // capacity 1: there is something. When full, the syncer has yet to look

	mu    sync.Mutex // guards items; nothing is taken below it
	items []synced
}

type synced struct {
	r         *Raft
	replica   uint64 // the group's replica at that time
	responses []*pb.Message
}

func (q *syncQueue) add(r *Raft, responses []*pb.Message) {
	if len(responses) == 0 {
		return
	}
	q.mu.Lock()
	q.items = append(q.items, synced{r, r.identity(), responses})
	q.mu.Unlock()
	select {
	case q.kick <- struct{}{}:
	default:
	}
}

func (q *syncQueue) take() []synced {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items = nil
	return items
}

// syncer waits for the disk, for all groups, until Close.
func (h *Host) syncer() {
	for {
		select {
		case <-h.syncs.kick:
			h.sync()
		case <-h.ctx.Done():
			return
		}
	}
}

// sync waits until everything that was appended so far is on disk, and says so.
func (h *Host) sync() {
	items := h.syncs.take()
	if len(items) == 0 {
		return
	}
	err := h.o.Store.WaitDurable(h.ctx)
	for errors.Is(err, storage.ErrDiskFull) { // it will be on disk, some time
		select {
		case <-time.After(h.o.Tick):
			err = h.o.Store.WaitDurable(h.ctx)
		case <-h.ctx.Done():
			return
		}
	}
	for _, i := range items {
		if err != nil {
			i.r.mu.Lock()
			if h.ctx.Err() == nil {
				i.r.fail(fmt.Errorf("sync the log of group %d: %w", i.r.id, err))
			}
			i.r.mu.Unlock()
			continue
		}
		i.r.respond(i.replica, i.responses)
	}
	h.out.flush()
}

// respond delivers what had to wait for the disk.
func (r *Raft) respond(replica uint64, responses []*pb.Message) {
	r.do(func() {
		if replica != r.replica {
			return // they are of an earlier life
		}
		for _, m := range responses {
			if m.GetTo() == r.replica {
				_ = r.node.Step(m) // the errors say that a message is stale
			} else {
				r.send(m)
			}
		}
	})
}

// identity returns the number of the replica. Only whoever drains changes it.
func (r *Raft) identity() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replica
}

// takesFor tells whether the group takes a message for a replica. One with a greater number than this one has, or for a group that has no identity here yet, gives it the
// number: the members have decided that a new replica of the group is on this server, so if there is an old one, they have removed it before.
func (r *Raft) takesFor(replica uint64, m *pb.Message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ended != nil:
		return false
	case replica <= max(r.replica, r.left):
		return replica == r.replica && r.node != nil
	case r.replica != 0 && eraOf(replica) > eraOf(r.replica) && !r.ranger():
		r.supersede(eraOf(replica)) // it may be one of those that keep what they have
	case r.reborn == 0 && (m.GetType() == pb.MsgApp || m.GetType() == pb.MsgHeartbeat || m.GetType() == pb.MsgSnap):
		r.reborn = replica
		r.host.work.add(r)
	}
	return false // the sender will try again
}

// ranger tells whether the keys of the group are elsewhere.
func (r *Raft) ranger() bool {
	_, ok := r.machine.(Ranger)
	return ok
}

// beginAgain gives the replica a new identity, without anything of the old one. The caller holds mu and drains. Nothing is said under the new name before something
// with an entry was synced, and this comes before it in the store's log; so it need not be synced here.
func (r *Raft) beginAgain() error {
	replica := r.reborn
	b := r.store.NewBatch()
	defer b.Close()
	b.DeleteGroup(r.id) // what a Ranger has elsewhere stays until a snapshot replaces it, so that nobody takes its absence for a decision
	b.Set(recordKey(r.id, recordIdentity), binary.BigEndian.AppendUint64(nil, replica))
	if err := r.store.Apply(b); err != nil {
		return fmt.Errorf("begin a replica of group %d: %w", r.id, err)
	}
	again := r.node != nil && !r.ranger()
	r.replica, r.reborn, r.silent = replica, 0, 0
	if err := r.reload(); err != nil {
		return err
	}
	if again {
		r.mu.Unlock()
		r.machine.Restored()
		r.mu.Lock()
	}
	return nil
}
