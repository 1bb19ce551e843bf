package replication

import (
	"errors"
	"math"
	"slices"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
	"google.golang.org/protobuf/proto"

	"rethinkdb/internal/storage"
)

// pump takes what the library has to say, and passes it on: to others, to the queue of work in the store, to those who wait for reads. It is
// called after each step, before mu is released, so that role and term are always those of the library. The caller holds mu.
func (r *Raft) pump() {
	for r.node.HasReady() {
		rd := r.node.Ready()
		r.noteRole(&rd)
		advanced := r.noteProgress(&rd)
		for _, m := range rd.Messages {
			switch {
			case advanced && r.role == raft.StateLeader && m.GetType() == pb.MsgApp && len(m.GetEntries()) == 0:
				r.tidings = append(r.tidings, m)
			case m.GetTo() == raft.LocalAppendThread, m.GetTo() == raft.LocalApplyThread:
				r.local = append(r.local, m)
			case m.GetType() == pb.MsgSnap:
				r.queueSnapshot(m)
			default:
				r.send(m)
			}
		}
		for _, s := range rd.ReadStates {
			r.readConfirmed(s)
		}
	}
}

// noteProgress notes how far the log has come, and tells whether more of it is committed.
func (r *Raft) noteProgress(rd *raft.Ready) (advanced bool) {
	if n := len(rd.Entries); n > 0 {
		r.last = rd.Entries[n-1].GetIndex()
	}
	if c := rd.HardState.GetCommit(); c > r.committed {
		r.committed, advanced = c, true
		if c == r.last && r.role == raft.StateLeader {
			r.gatherNext()
		}
	}
	return advanced
}

// sendTidings sends, or leaves out, what only says that more is committed, once it is known whether the next round begins soon. While entries are under way another message will say
// that, the next with entries or the one that follows from their being committed, and if neither comes, the next heartbeat. The library's own accounts do not depend on it, since messages may be
// lost; but one to a replica of which it does not know what that has is a question, too.
func (r *Raft) sendTidings() {
	if len(r.tidings) == 0 || r.gather.on {
		return
	}
	if r.last > r.committed && r.role == raft.StateLeader {
		r.node.WithProgress(func(replica uint64, _ raft.ProgressType, p tracker.Progress) {
			if p.State == tracker.StateReplicate {
				r.tidings = slices.DeleteFunc(r.tidings, func(m *pb.Message) bool { return m.GetTo() == replica })
			}
		})
	}
	for _, m := range r.tidings {
		r.send(m)
	}
	clear(r.tidings)
	r.tidings = r.tidings[:0]
}

// send puts a message for another replica into the outbox.
func (r *Raft) send(m *pb.Message) {
	if s := r.server(m.GetTo()); s != "" {
		r.host.out.raft(s, r.id, m)
	}
}

// noteRole notes changes of role, term and leader.
func (r *Raft) noteRole(rd *raft.Ready) {
	role, term, leader := r.role, r.term, r.leader
	if rd.SoftState != nil {
		role, leader = rd.RaftState, rd.Lead
	}
	if !raft.IsEmptyHardState(rd.HardState) {
		term = rd.HardState.GetTerm()
	}
	if role == r.role && term == r.term && leader == r.leader {
		return
	}
	if r.role == raft.StateLeader && (role != raft.StateLeader || term != r.term) {
		r.epoch.Store(0)
		r.changing, r.affirming = 0, 0
		r.cutting = false
		r.gather.stop()
		if len(r.pending) > 0 {
			r.giveUp = r.ticks + giveUpTicks
		}
	}
	if role == raft.StateLeader {
		r.led = term
		// What is pending from earlier terms is settled by the entry that this one begins with; what comes now must not be given up while this replica
		// leads. (Seed 1111 of the simulation lost an update when it was.)
		r.giveUp = 0
	}
	if leader != 0 {
		r.orphaned = 0
	}
	if leader != r.leader && leader != 0 {
		r.host.log.Debug("A group has another leader.", "group", r.id, "server", r.server(leader), "term", term)
	}
	r.role, r.term, r.leader = role, term, leader
	r.notify()
}

// giveUpTicks is how long a replica that has lost its leadership waits to learn what became of the commands that it has proposed: from what the next leader
// sends it. Usually that is a matter of milliseconds, and the answer is definite.
const giveUpTicks = 3 * electionTicks

// receive takes an envelope from another server.
func (r *Raft) receive(from ServerID, e envelope) {
	if e.kind == envelopeGone {
		r.do(func() { r.gone(e.to) })
		return
	}
	if e.kind == envelopeSuperseded {
		d := decoder{rest: e.body}
		if era := d.uvarint(); d.err == nil && era <= math.MaxUint32 {
			r.do(func() {
				if e.to == r.replica {
					r.supersede(Era(era))
				}
			})
		}
		return
	}
	if e.kind == envelopeCommitted {
		d := decoder{rest: e.body}
		sender, at := d.uvarint(), position{d.uvarint(), d.uvarint()}
		if d.err == nil {
			r.do(func() { r.learnCommitted(e.to, sender, at) })
		}
		return
	}
	m := &pb.Message{}
	if err := proto.Unmarshal(e.body, m); e.kind != envelopeRaft || err != nil || m.GetTo() != e.to || !fromOutside(m) {
		r.host.log.Warn("A message of the replication is malformed.", "server", from, "group", r.id)
		return
	}
	if !r.takesFor(e.to, from, m) {
		return
	}
	r.do(func() { r.step(from, m) })
}

// step gives the library a message of another replica. The caller holds mu.
func (r *Raft) step(from ServerID, m *pb.Message) {
	if m.GetTo() != r.replica || r.reborn != 0 {
		return
	}
	sender := m.GetFrom()
	members := r.log.members()
	if members.removed(sender) {
		if members.Firm {
			r.host.out.gone(from, r.id, sender)
		}
		return
	}
	if r.quiescence.Load().takes(from, m, r.host.ticks.Load()) {
		return
	}
	r.wake()
	if t := m.GetType(); t == pb.MsgApp || t == pb.MsgHeartbeat || t == pb.MsgSnap {
		r.heard = r.ticks
	}
	if _, known := members.Servers[sender]; !known {
		if len(r.routes) >= maxRoutes {
			clear(r.routes)
		}
		r.routes[sender] = from // a member that the log has not come to yet; the answer has to go somewhere
	}
	if t := m.GetType(); (t == pb.MsgPreVote || t == pb.MsgVote) && !members.voter(r.replica) {
		for _, index := range []uint64{min(m.GetIndex(), r.log.position().index), members.Since} {
			if term, err := r.log.Term(index); err == nil { // otherwise the log was cut there
				r.host.out.committed(from, r.id, sender, r.replica, position{index, term})
			}
		}
	}
	if t := m.GetType(); (t == pb.MsgPreVoteResp || t == pb.MsgVoteResp) && m.GetReject() {
		r.host.out.committed(from, r.id, sender, r.replica, r.log.position())
	}
	if m.GetType() == pb.MsgTimeoutNow {
		r.order, r.orderUntil = m, r.ticks+electionTicks
		r.obey()
		return
	}
	if m.GetType() == pb.MsgReadIndex && r.role == raft.StateLeader && r.epoch.Load() == 0 {
		return // the library would answer before it knows all that is committed, if this is the only voter
	}
	_ = r.node.Step(m) // the errors say that a message is stale
}

// obey has this replica stand for election at once when the leader has asked for that, as soon as it has applied all that it knows to be committed. Until then it may not know that it votes,
// and the library would ignore the leader, which takes no writes for the length of an election after it has asked, and does not ask again. The caller holds mu.
func (r *Raft) obey() {
	if r.order == nil {
		return
	}
	s := r.node.BasicStatus()
	switch {
	case r.order.GetTerm() < s.GetTerm() || r.ticks > r.orderUntil || r.store.Err() != nil: // without a store it could not decide on writes
		r.order = nil
	case r.log.members().voter(r.replica) && s.Applied >= s.GetCommit():
		_ = r.node.Step(r.order)
		r.order = nil
	}
}

// learnCommitted takes the word of another replica that an entry is committed, which this one may have without knowing that.
//
// A replica that is no voter any more, by a change that it knows to be committed, may be the only one to know it: the others have restarted, and find themselves in the old
// configuration, in which they need its vote. If it has more entries than they, it does not vote for them, and it cannot stand for election. So it says what
// it knows of the other's log to whoever asks for its vote. (Seeds 3184 and 51947 of the simulation.)
//
// And the other way round: one that is to be a voter by a change which others know to be committed may not know it, and so neither stand for election nor, having more entries than
// they, vote for them. So whoever is refused a vote says what it knows. (Seed 5794.) The caller holds mu.
func (r *Raft) learnCommitted(to, sender uint64, at position) {
	if to != r.replica || r.role == raft.StateLeader {
		return
	}
	if term, err := r.log.Term(at.index); err != nil || term != at.term || at.index <= r.log.position().index {
		return // it does not have the entry, or knows
	}
	// What a leader of the present term would say, and nothing that is not true; only, the sender is none.
	_ = r.node.Step(&pb.Message{Type: pb.MsgApp.Enum(), From: &sender, To: &r.replica, Term: &r.term, Index: &at.index, LogTerm: &at.term, Commit: &at.index})
	_ = r.node.ForgetLeader()
}

// maxRoutes bounds what is remembered of replicas that are no members yet.
const maxRoutes = 64

// fromOutside tells whether a message is of a type that comes from other replicas. The library would obey others as if it had sent them to itself.
func fromOutside(m *pb.Message) bool {
	switch m.GetType() {
	case pb.MsgApp, pb.MsgAppResp, pb.MsgVote, pb.MsgVoteResp, pb.MsgPreVote, pb.MsgPreVoteResp, pb.MsgHeartbeat, pb.MsgHeartbeatResp,
		pb.MsgTimeoutNow, pb.MsgReadIndex, pb.MsgReadIndexResp:
		return !raft.IsLocalMsgTarget(m.GetFrom()) && m.GetFrom() != 0
	default:
		return false // snapshots come in streams
	}
}

// tick advances the clock of the group.
func (r *Raft) tick() {
	r.mu.Lock()
	r.ticks++
	if r.waiting { // for space on the disk, which there may be again
		r.waiting = false
		r.host.work.add(r)
	}
	r.mu.Unlock()
	r.do(func() {
		if r.yield(); r.ended != nil {
			return
		}
		r.gather.stop()
		if r.quiesce() {
			return
		}
		r.node.Tick()
		if r.giveUp != 0 && r.ticks >= r.giveUp {
			r.abandon(ErrUnknownOutcome)
		}
		r.noteMoves()
		r.standForElection()
		r.affirm()
		r.askAbout()
		r.retryReads()
		r.tidyLog()
	})
}

// yield gives the place of the primary replica away when the store takes no writes: the others have disks of their own. The caller holds mu.
func (r *Raft) yield() {
	err := r.store.Err()
	switch {
	case err == nil:
	case !errors.Is(err, storage.ErrDiskFull):
		r.fail(err)
	case r.role == raft.StateLeader && r.ticks%electionTicks == 0: // so long the library waits for the other one
		members := r.log.members()
		if to := r.heir(func(replica uint64) bool { return members.voter(replica) }); to != 0 {
			r.node.TransferLeader(to)
		}
	}
}

// peerLost says that the connection to a server has ended.
func (r *Raft) peerLost(s ServerID) {
	r.do(func() {
		members := r.log.members()
		lost := members.replicaOn(s)
		switch {
		case lost == 0:
		case r.role == raft.StateLeader:
			r.wake()
			r.node.ReportUnreachable(lost)
		case lost == r.leader:
			r.wake()
			// A follower that has a leader votes for nobody else. All members lose the connection, if the server is dead, and forget.
			if r.node.ForgetLeader() == nil && members.voter(r.replica) {
				r.orphaned = r.turn(lost)
			}
		}
	})
}

// turnTicks are between the candidacies of two followers that have lost their leader: who comes first should have been elected by then.
const turnTicks = 2

// turn returns after how many ticks this voter stands for election when the leader is lost: they take turns, so that they do not split the votes, and which is the
// first differs from group to group.
func (r *Raft) turn(lost uint64) int {
	before, voters := 0, 0
	for _, replica := range r.log.members().sorted() {
		if replica == lost || !r.log.members().voter(replica) {
			continue
		}
		voters++
		if replica < r.replica {
			before++
		}
	}
	return 1 + turnTicks*((before+int(r.id))%max(voters, 1))
}

// standForElection stands for election if it is this replica's turn.
func (r *Raft) standForElection() {
	if r.orphaned == 0 {
		return
	}
	if r.orphaned--; r.orphaned == 0 {
		_ = r.node.Campaign() // it cannot while a change of the members waits to be applied
		if r.leader == 0 {
			r.orphaned = turnTicks * len(r.log.members().Servers)
		}
	}
}
