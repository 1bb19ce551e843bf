package replication

import (
	"errors"
	"fmt"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"rethinkdb/internal/storage"
)

// An Era is a span in the life of a group that ends when the majority of its voters is lost for good, and somebody has the rest go on without it (Repair). The first is 0.
//
// Raft holds only while majorities overlap, and those of two eras need not. So nothing that is said in one era counts in another:
//
//   - the era is the upper half of the numbers of replicas, and of the terms. A message for a replica of another era is for nobody;
//   - whoever hears of a later era than its own falls silent: it neither leads, nor votes, nor acknowledges anything any more. The era that it was in is over, also
//     if there should be a majority of it again;
//   - what the last era has left in the log as changes of the members changes nothing (applyMembers).
type Era uint32

// ErrSuperseded says that a group goes on in a later era, in which this replica has no part yet. Nothing was written.
var ErrSuperseded = errors.New("the group was repaired without this replica")

const eraBits = 32

func eraOf(replica uint64) Era { return Era(replica >> eraBits) }

// first is the least number in an era, of a replica or a term: none has it.
func (e Era) first() uint64 { return uint64(e) << eraBits }

// Era returns the era of the replica. A replica that waits to be made a member has none; known is false.
func (r *Raft) Era() (e Era, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return eraOf(r.replica), r.replica != 0
}

// era is the latest era that the replica knows. The caller holds mu.
func (r *Raft) era() Era { return max(eraOf(r.replica), eraOf(r.left), r.silent) }

// EraIn returns the era of what a store has of a group, whatever form it has.
func EraIn(r storage.Reader, id storage.GroupID) (Era, error) {
	replica, err := readReplica(r, id, recordIdentity)
	if err != nil {
		return 0, err
	}
	left, err := readReplica(r, id, recordLeft)
	if err != nil {
		return 0, err
	}
	m, found, err := readRoster(r, id)
	if err != nil || !found {
		return max(eraOf(replica), eraOf(left)), err
	}
	return max(eraOf(replica), eraOf(left), eraOf(m.Next)), nil
}

// superseded answers a message of a replica of an earlier era, and tells whether it was one.
func (r *Raft) superseded(from ServerID, e envelope) bool {
	r.mu.Lock()
	era := r.era()
	r.mu.Unlock()
	return r.host.superseded(from, e, era)
}

func (h *Host) superseded(from ServerID, e envelope, era Era) bool {
	if eraOf(e.to) >= era || e.kind == envelopeSuperseded {
		return false
	}
	if sender := e.sender(); sender != 0 && eraOf(sender) < era {
		h.out.superseded(from, e.group, sender, era)
	}
	return true
}

// sender is the number of the replica that an envelope comes from; 0 if it does not say.
func (e envelope) sender() uint64 {
	switch e.kind {
	case envelopeRaft:
		m := &pb.Message{}
		if proto.Unmarshal(e.body, m) == nil {
			return m.GetFrom()
		}
	case envelopeAsk:
		return e.to
	}
	return 0
}

// answerForAbsent answers a replica of a group that has none here, or only one and is no Raft group any more.
func (h *Host) answerForAbsent(from ServerID, e envelope) {
	era, err := EraIn(h.o.Store, e.group)
	switch {
	case err != nil:
		h.log.Warn("The era of a group cannot be read.", "group", e.group, "error", err)
	case h.superseded(from, e, era):
	case e.kind == envelopeAsk:
		h.answerForSingle(from, e)
	}
}

// supersede makes the replica fall silent, because it has heard of a later era. The caller holds mu.
func (r *Raft) supersede(era Era) {
	if r.ended != nil || era <= r.era() {
		return
	}
	r.host.log.Warn("A replica falls silent: its group was repaired without it.", "group", r.id, "replica", r.replica, "era", era)
	if !r.ranger() {
		r.end(ErrSuperseded) // whoever knows what the repair was decides what becomes of the replica
		r.leaving = true
		r.host.work.add(r)
		return
	}
	// Nobody decides about the metadata but the metadata, which will make it a member.
	r.silent = era
	r.epoch.Store(0)
	r.quiescence.Store(nil)
	r.role, r.leader, r.local = raft.StateFollower, 0, nil
	r.refuse(ErrSuperseded)
	r.abandon(fmt.Errorf("%w (%w)", ErrUnknownOutcome, ErrSuperseded))
	r.reads.end(ErrNoQuorum)
	r.notify()
}
