package replication

import (
	"slices"
	"sync/atomic"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// quiescence is the state of a replica whose clock stands still, because nothing happens in its group.
//
// A thousand groups whose leaders have the library send heartbeats, and hear the answers, cost as much as a busy table. So when nothing was written for a moment, and all replicas have
// everything, the leader offers quiescence, by beats beside its heartbeats. A replica that finds nothing in the way stops its clock, and answers. When all have answered, the leader stops its
// own, and from then on there are only beats and answers, which the Hosts send and hear by themselves.
//
// The invariant: a quiescent replica is in the state in which the library would be, but for the clock; and when the clock goes on (wake), it goes through the ticks that it has missed
// since the last sign of life. So whatever depends on time happens when it would happen without quiescence: elections, CheckQuorum, and what follows
// from them, such as for how long a leader that was replaced answers. And whatever ends quiescence early, or wrongly, costs some heartbeats and nothing else. It ends
//
//   - before anything is stepped that another replica has sent, or when whatever was done has changed something (calm);
//   - when a server of the group is lost;
//   - when nothing was heard of the leader, or the leader has not heard of one of the others, for silentTicks;
//   - when the store takes no writes.
//
// Nobody is told of that. A leader that is awake sends what wakes the others, or heartbeats, which do, too.
type quiescence struct {
	// Set before still is, then constant.
	leads       bool
	self        uint64 // number of the replica
	term, index uint64 // of the group, and of the last entry in its log, which is applied
	began       uint64 // tick of the Host
	number      uint64 // among those of the Host
	peers       []quietPeer
	majority    int // so many votes of the peers make one, for a leader with its own

	// still says that the clock stands still. Until then a leader has only offered that.
	still atomic.Bool
}

// quietPeer is a replica that a quiescent one has to hear of: for a leader all others, for others the leader.
type quietPeer struct {
	server  ServerID
	replica uint64
	voter   bool
	heard   atomic.Uint64 // tick of the Host at its last sign of life
}

// silentTicks is after how long without a sign of life the clock goes on. It is less than an election time-out, which then goes on from there.
const silentTicks = electionTicks - heartbeatTicks

// hear notes a beat, and tells whether it belongs to this quiescence.
func (q *quiescence) hear(from ServerID, b beat, now uint64) bool {
	if b.to != q.self || b.term != q.term || b.index != q.index {
		return false
	}
	for i := range q.peers {
		if p := &q.peers[i]; p.replica == b.from && p.server == from {
			p.heard.Store(now)
			return true
		}
	}
	return false
}

// complete tells whether all others have answered an offer.
func (q *quiescence) complete() bool { return q.last(len(q.peers), false) >= q.began }

// silent tells whether one of the others is silent.
func (q *quiescence) silent(now uint64) bool {
	for i := range q.peers {
		if now >= q.peers[i].heard.Load()+silentTicks {
			return true
		}
	}
	return false
}

// last returns the tick since which n of the others have been heard, or n of those that vote.
func (q *quiescence) last(n int, voters bool) uint64 {
	var heard []uint64
	for i := range q.peers {
		if p := &q.peers[i]; p.voter || !voters {
			heard = append(heard, p.heard.Load())
		}
	}
	slices.Sort(heard)
	if n == 0 || n > len(heard) {
		return ^uint64(0)
	}
	return heard[len(heard)-n]
}

// missed is how many ticks a replica has had no sign of life that counts: a leader of a majority, others of the leader.
func (q *quiescence) missed(now uint64) uint64 {
	return now - min(now, q.last(q.majority, true))
}

// quiesce brings the group of a leader to rest, step by step, and tells whether the clock stands still from now on. The caller holds mu, and has pumped.
func (r *Raft) quiesce() (still bool) {
	q, now := r.quiescence.Load(), r.host.ticks.Load()
	switch {
	case r.role != raft.StateLeader:
	case q == nil:
		if entries, _ := r.log.sizes(); r.ticks >= r.stirred+r.host.limits.quietTicks && entries <= shortLog && r.epoch.Load() == r.term && r.calm() && r.even() {
			r.quiescence.Store(r.offer(now))
		}
	case q.complete() && r.active():
		r.stopClock(q)
		return true
	case now >= q.began+silentTicks: // somebody is away, or busy, or an older program: after a while it is tried again
		r.endQuiescence()
	}
	return false
}

// offer makes the state of a leader that offers quiescence. The caller holds mu.
func (r *Raft) offer(now uint64) *quiescence {
	q := &quiescence{leads: true, self: r.replica, term: r.term, index: r.log.position().index, began: now}
	members := r.log.members()
	others := slices.DeleteFunc(members.sorted(), func(replica uint64) bool { return replica == r.replica })
	q.peers = make([]quietPeer, len(others))
	for i, replica := range others {
		p := &q.peers[i]
		p.server, p.replica, p.voter = members.Servers[replica], replica, members.voter(replica)
	}
	q.majority = len(members.Conf.GetVoters()) / 2
	return q
}

// follow has a replica follow its leader into quiescence, if nothing is in the way. The caller holds mu, and has pumped.
func (r *Raft) follow(from ServerID, b beat) bool {
	if r.role != raft.StateFollower || r.leader != b.from || r.term != b.term || r.server(b.from) != from || r.log.position().index != b.index || !r.calm() {
		return false
	}
	now := r.host.ticks.Load()
	q := &quiescence{self: r.replica, term: r.term, index: b.index, began: now, peers: []quietPeer{{server: from, replica: b.from, voter: true}}, majority: 1}
	q.peers[0].heard.Store(now)
	r.stopClock(q)
	return true
}

func (r *Raft) stopClock(q *quiescence) {
	r.log.forget()
	q.number = r.host.quiesced.Add(1)
	q.still.Store(true)
	r.quiescence.Store(q)
}

// wake has the clock go on where it would be, if it stands still. The caller holds mu, and pumps afterwards.
func (r *Raft) wake() {
	if r.quiescent() {
		r.endQuiescence()
	}
}

// endQuiescence ends quiescence, or the offer of it, if there is one. The caller holds mu, and pumps afterwards.
func (r *Raft) endQuiescence() {
	q := r.quiescence.Swap(nil)
	switch {
	case q == nil:
		return
	case q.still.Load():
		for range min(q.missed(r.host.ticks.Load()), electionTicks) {
			r.ticks++
			r.node.Tick()
		}
		r.host.woken.Add(1)
	}
	r.stirred = r.ticks
}

// agrees tells whether the replica is still in the state in which its quiescence has begun. The caller holds mu, and has pumped.
func (r *Raft) agrees(q *quiescence) bool {
	if r.term != q.term || r.log.position().index != q.index || !r.calm() {
		return false
	}
	if q.leads {
		return r.role == raft.StateLeader && r.even()
	}
	return r.role == raft.StateFollower && r.leader == q.peers[0].replica
}

// calm tells whether there is nothing that this replica has to do, waits for, or would do after some time. The caller holds mu, and has pumped.
func (r *Raft) calm() bool {
	last, _ := r.log.LastIndex() // it has no errors
	s := r.node.BasicStatus()
	members := r.log.members()
	switch {
	case s.Applied != last, s.GetCommit() != last, r.log.position().index != last, s.LeadTransferee != 0:
	case r.reborn != 0, r.draining, r.waiting, len(r.local) > 0, r.syncing.Load() > 0, r.node.HasReady(), r.store.Err() != nil:
	case len(r.queue) > 0, len(r.pending) > 0, len(r.tidings) > 0, r.giveUp != 0, r.gather.on, r.cutting, r.reads.waiting():
	case r.receiving != nil, r.incoming, len(r.sending) > 0:
	case !members.Firm, members.joint(), r.order != nil, r.orphaned != 0, r.ticks < max(r.changing, r.affirming, r.reluctantUntil):
	default:
		return true
	}
	return false
}

// even tells whether all replicas have on disk what the leader has. The caller holds mu.
func (r *Raft) even() bool {
	last, _ := r.log.LastIndex()
	return r.everyone(func(p *tracker.Progress) bool { return p.State == tracker.StateReplicate && p.Match == last })
}

// active tells whether all have answered lately. The caller holds mu.
func (r *Raft) active() bool {
	return r.everyone(func(p *tracker.Progress) bool { return p.RecentActive })
}

func (r *Raft) everyone(is func(*tracker.Progress) bool) bool {
	all := true
	r.node.WithProgress(func(_ uint64, _ raft.ProgressType, p tracker.Progress) { all = all && is(&p) })
	return all
}

// takes tells whether a message is the plain answer to a heartbeat. A beat becomes one where something keeps a replica awake, a full disk for example, and it says nothing that a quiescent leader does not know.
func (q *quiescence) takes(from ServerID, m *pb.Message, now uint64) bool {
	return q != nil && q.leads && q.still.Load() && m.GetType() == pb.MsgHeartbeatResp && len(m.GetContext()) == 0 &&
		q.hear(from, beat{to: m.GetTo(), from: m.GetFrom(), term: m.GetTerm(), index: q.index}, now)
}

// Quiescence returns a number if the group is quiescent. As long as it stays the same, nothing has happened in the group. Later numbers are greater, also those of other groups.
func (r *Raft) Quiescence() (number uint64, quiescent bool) {
	if q := r.quiescence.Load(); q != nil && q.still.Load() {
		return q.number, true
	}
	return 0, false
}

// Replicas tells how many there are, and of how many the clock goes.
func (h *Host) Replicas() (all, awake int) {
	for _, r := range h.all() {
		all++
		if !r.quiescent() {
			awake++
		}
	}
	return all, awake
}

func (r *Raft) quiescent() bool {
	q := r.quiescence.Load()
	return q != nil && q.still.Load()
}

// sendBeats adds the beats of a leader that is quiescent, or offers to be, to what is sent.
func (r *Raft) sendBeats() {
	q := r.quiescence.Load()
	if q == nil || !q.leads {
		return
	}
	for i := range q.peers {
		p := &q.peers[i]
		r.host.out.beat(p.server, beatsOfLeaders, beat{group: r.id, to: p.replica, from: q.self, term: q.term, index: q.index})
	}
}

// tickQuietly is the tick of a replica whose clock stands still.
func (r *Raft) tickQuietly(now uint64, storeFails bool) {
	if q := r.quiescence.Load(); q != nil && (storeFails || q.silent(now)) {
		r.do(r.wake)
	}
}
