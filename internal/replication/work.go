package replication

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"rethinkdb/internal/storage"
)

// work proposes what is queued and does what there is to do in the store.
func (r *Raft) work() {
	r.do(func() {})
	r.host.out.flush() // before the work in the store: the others append at the same time
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
			} else {
				r.takeFirst()
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
	r.receiving.discard(r.host) // its place in the work is lost, and it would be in the way of what comes. (Seed 6502 of the simulation.)
	r.receiving = nil
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

// append appends entries to the log and remembers the vote, and answers when that is on disk.
//
// Not that long waits what lets the library hand entries out to be applied when they are committed, since a majority has them on disk, be it without this replica: the disk of
// a leader is not always the fastest. Whatever a crash takes of the log then, it takes all that was applied of that as well, because that comes later in the log of the
// store; and nobody was told that this replica has it.
func (r *Raft) append(messages []*pb.Message) error {
	var entries []*pb.Entry
	var legible, responses []*pb.Message
	ballot := r.log.voted()
	for _, m := range messages {
		entries = append(entries, m.GetEntries()...)
		for _, response := range m.GetResponses() {
			if response.GetType() == pb.MsgStorageAppendResp { // the entries can be read from the store
				legible = append(legible, response)
			} else {
				responses = append(responses, response)
			}
		}
		if m.GetTerm() != 0 { // otherwise term and vote are as before. The commit index comes with them, and is not stored
			ballot.term, ballot.vote = m.GetTerm(), m.GetVote()
		}
	}
	if len(entries) == 0 && ballot == r.log.voted() && !r.unsynced {
		r.respond(r.identity(), legible, nil)
		r.deliver(responses)
		return nil
	}
	b := r.store.NewBatch()
	if len(entries) > 0 {
		r.log.put(b, entries)
	}
	if ballot != r.log.voted() {
		b.Set(recordKey(r.id, recordVote), encodePair(ballot.term, ballot.vote))
	}
	if err := r.store.ApplyAndSync(b); err != nil {
		b.Close()
		return fmt.Errorf("append to the log of group %d: %w", r.id, err)
	}
	r.unsynced = false
	if len(entries) > 0 {
		r.log.appended(entries)
	}
	r.log.vote(ballot)
	r.syncing.Add(1)
	replica := r.identity()
	r.store.WhenSynced(b, func(err error) {
		r.syncing.Add(-1)
		r.respond(replica, responses, err)
	})
	r.respond(replica, legible, nil)
	return nil
}

// deliver delivers responses for which nothing has to be written when all is on disk that they may speak of. Usually it is.
func (r *Raft) deliver(responses []*pb.Message) {
	replica := r.identity()
	switch {
	case len(responses) == 0:
	case r.syncing.Load() == 0:
		r.respond(replica, responses, nil)
	default:
		r.store.WhenSynced(nil, func(err error) { r.respond(replica, responses, err) })
	}
}

// respond delivers what had to wait for the disk, with the error of that.
func (r *Raft) respond(replica uint64, responses []*pb.Message, err error) {
	if len(responses) == 0 && err == nil {
		return
	}
	r.do(func() {
		if replica != r.replica {
			return // they are of an earlier life
		}
		if err != nil {
			r.fail(fmt.Errorf("sync the log of group %d: %w", r.id, err))
			return
		}
		for _, m := range responses {
			if m.GetTo() == r.replica {
				_ = r.node.Step(m) // the errors say that a message is stale
			} else {
				r.send(m)
			}
		}
	})
	r.host.out.flush()
}

// identity returns the number of the replica. Only whoever drains changes it.
func (r *Raft) identity() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replica
}

// takesFor tells whether the group takes a message for a replica. One with a greater number than this one has, or for a group that has no identity here yet, gives it the
// number: the members have decided that a new replica of the group is on this server, so if there is an old one, they have removed it before.
func (r *Raft) takesFor(replica uint64, from ServerID, m *pb.Message) bool {
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
		if m.GetType() != pb.MsgSnap { // otherwise the sender will try again, as with whatever else comes before the replica has begun
			r.first, r.firstFrom = m, from
		}
		r.host.work.add(r)
	}
	return false
}

// takeFirst takes the message that has given the replica its identity. The caller holds mu and drains.
func (r *Raft) takeFirst() {
	from, m := r.firstFrom, r.first
	r.first, r.firstFrom = nil, ""
	if m == nil {
		return
	}
	r.mu.Unlock()
	r.do(func() { r.step(from, m) })
	r.mu.Lock()
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
