package replication

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// changeContext goes with a change of the members.
type changeContext struct {
	Servers map[uint64]ServerID `json:",omitempty"` // of new replicas
	After   uint64              // log index that the leader had applied
}

func decodeChangeContext(b []byte) (c changeContext, err error) {
	if len(b) == 0 {
		return c, nil // the library leaves a joint configuration by itself
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("%w: a change of the members: %w", ErrCorrupt, err)
	}
	return c, nil
}

// caughtUpEntries is how many entries a new voter may be behind when it begins to count: so few that it makes nobody wait.
const caughtUpEntries = 256

// SetMembers makes these the members, whatever they are now; their numbers of replicas do not matter. It is a sequence of steps, each of which the group can stay at:
//
//  1. new members come as learners, who count for nothing, and get what they lack, by log or snapshot;
//  2. when the future voters among them have nearly caught up, one change makes the old set of voters the new one, except that the leader stays;
//  3. if the leader is not wanted, it gives its place to one that is, and SetMembers ends with ErrNotPrimary: the new leader is to be called.
//
// Who calls again, there or after an error, goes on where it has ended. When it returns nil, the members are those.
func (r *Raft) SetMembers(ctx context.Context, want []Member) error {
	for pause := firstLook; ; pause = min(2*pause, r.host.o.Tick) {
		changed := r.Changed()
		done, err := r.changeMembers(want)
		if done || err != nil {
			return err
		}
		select {
		case <-time.After(pause): // what new members have got nobody tells
		case <-changed:
			pause = firstLook
		case <-ctx.Done():
			return fmt.Errorf("change the members of group %d: %w", r.id, context.Cause(ctx))
		}
	}
}

// firstLook is after how long SetMembers, and who stands for the lead of a new group, look again at first: the members of a new group have what they need at once.
const firstLook = time.Millisecond

// changeMembers does what can be done now.
func (r *Raft) changeMembers(want []Member) (done bool, err error) {
	if !slices.ContainsFunc(want, func(m Member) bool { return m.Voter }) {
		return false, errors.New("a group needs a member that votes")
	}
	r.do(func() {
		if r.role != raft.StateLeader || r.epoch.Load() == 0 {
			err = r.notPrimary()
			return
		}
		members := r.log.members()
		if r.ticks < r.changing || members.joint() {
			return // the library leaves the joint configuration by itself
		}
		if changes, servers := members.learners(want); len(changes) > 0 {
			r.proposeMembers(changes, servers)
			return
		}
		if !r.caughtUp(members, want) {
			return
		}
		if changes := members.turn(want, r.replica); len(changes) > 0 {
			r.proposeMembers(changes, nil)
			return
		}
		if slices.ContainsFunc(want, func(m Member) bool { return m.Server == r.host.o.Self && m.Voter }) {
			done = members.Firm
			return
		}
		to := r.heir(func(replica uint64) bool {
			return members.voter(replica) && slices.ContainsFunc(want, func(w Member) bool { return w.Voter && w.Server == members.Servers[replica] })
		})
		if to != 0 {
			r.node.TransferLeader(to)
		}
	})
	if err == nil {
		err = r.reason()
	}
	r.host.out.flush()
	return done, err
}

// changeTicks is how long a change of the members is waited for before it is proposed again. That does no harm: the library refuses a
// change while another one may be in the log.
const changeTicks = 2 * electionTicks

// proposeMembers proposes changes, as one step. The caller holds mu.
func (r *Raft) proposeMembers(changes []*pb.ConfChangeSingle, servers map[uint64]ServerID) {
	context, err := json.Marshal(changeContext{Servers: servers, After: r.log.position().index})
	if err != nil { // numbers and strings
		panic(err)
	}
	cc := &pb.ConfChangeV2{Changes: changes, Context: context}
	if err := r.node.ProposeConfChange(cc); err == nil { // otherwise it is tried again
		r.changing = r.ticks + changeTicks
	}
}

// affirm proposes that the roster is firm, if this replica leads and it is not yet. The caller holds mu.
func (r *Raft) affirm() {
	members := r.log.members()
	at := r.log.position().index
	if members.Firm || members.joint() || at < members.Since || r.epoch.Load() == 0 || r.ticks < r.affirming {
		return
	}
	err := r.node.Step(&pb.Message{Type: pb.MsgProp.Enum(), From: &r.replica, Entries: []*pb.Entry{{Data: appendIndex(nil, kindFirm, at)}}})
	if err == nil { // otherwise it is tried again
		r.affirming = r.ticks + changeTicks
	}
}

// askTicks is after how long without a leader, and how often then, a replica asks whether it is still a member.
const askTicks = 2 * electionTicks

// askAbout asks the members whether this replica was removed, if that may be: whoever was is not told anything else, and learners do not stand for election. The caller holds mu.
func (r *Raft) askAbout() {
	if r.role == raft.StateLeader || r.ticks < r.heard+askTicks || (r.ticks-r.heard)%askTicks != 0 {
		return
	}
	for _, s := range r.log.members().Servers {
		if s != r.host.o.Self {
			r.host.out.ask(s, r.id, r.replica)
		}
	}
}

// answer tells a server whether its replica was removed.
func (r *Raft) answer(to ServerID, replica uint64) {
	r.do(func() {
		if m := r.log.members(); m.Firm && m.removed(replica) {
			r.host.out.gone(to, r.id, replica)
		}
	})
}

// learners returns the change that adds those who are no members yet.
func (m *roster) learners(want []Member) (changes []*pb.ConfChangeSingle, servers map[uint64]ServerID) {
	servers = make(map[uint64]ServerID)
	next := m.Next
	for _, w := range want {
		if m.replicaOn(w.Server) == 0 {
			changes = append(changes, change(pb.ConfChangeAddLearnerNode, next))
			servers[next] = w.Server
			next++
		}
	}
	return changes, servers
}

// turn returns the change that makes wanted members voters, and removes those who are not wanted. The leader stays what it is.
func (m *roster) turn(want []Member, leader uint64) (changes []*pb.ConfChangeSingle) {
	for _, replica := range m.sorted() {
		i := slices.IndexFunc(want, func(w Member) bool { return w.Server == m.Servers[replica] })
		switch {
		case replica == leader:
		case i < 0:
			changes = append(changes, change(pb.ConfChangeRemoveNode, replica))
		case want[i].Voter && !m.voter(replica):
			changes = append(changes, change(pb.ConfChangeAddNode, replica))
		case !want[i].Voter && m.voter(replica):
			changes = append(changes, change(pb.ConfChangeAddLearnerNode, replica))
		}
	}
	return changes
}

func change(kind pb.ConfChangeType, replica uint64) *pb.ConfChangeSingle {
	return &pb.ConfChangeSingle{Type: kind.Enum(), NodeId: &replica}
}

// caughtUp tells whether all wanted voters have nearly everything. The caller holds mu.
func (r *Raft) caughtUp(members *roster, want []Member) bool {
	last, err := r.log.LastIndex()
	if err != nil {
		panic(err) // it has none
	}
	ok := true
	r.node.WithProgress(func(replica uint64, _ raft.ProgressType, p tracker.Progress) {
		wanted := slices.ContainsFunc(want, func(w Member) bool { return w.Voter && w.Server == members.Servers[replica] })
		if wanted && !members.voter(replica) && (p.State != tracker.StateReplicate || p.Match+caughtUpEntries < last) {
			ok = false
		}
	})
	return ok
}

// heir returns the other replica among those that may lead which is best suited to it, or 0. The caller holds mu.
func (r *Raft) heir(may func(replica uint64) bool) (best uint64) {
	match := uint64(0)
	r.node.WithProgress(func(replica uint64, _ raft.ProgressType, p tracker.Progress) {
		if replica != r.replica && may(replica) && p.RecentActive && p.Match > match {
			best, match = replica, p.Match
		}
	})
	return best
}

// TransferLeader gives the place of the primary replica to the one on another server, and returns when it has it. Commands that come meanwhile wait.
func (r *Raft) TransferLeader(ctx context.Context, to ServerID) error {
	for asked := false; ; asked = true {
		changed := r.Changed()
		if s, ok := r.Leader(); ok && s == to {
			return nil
		}
		if !asked {
			if err := r.askTransfer(to); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			r.noteReluctance(to)
			return fmt.Errorf("make server %s the leader of group %d: %w", to, r.id, context.Cause(ctx))
		}
	}
}

func (r *Raft) askTransfer(to ServerID) (err error) {
	r.do(func() {
		members := r.log.members()
		switch replica := members.replicaOn(to); {
		case r.role != raft.StateLeader:
			err = r.notPrimary()
		case !members.voter(replica):
			err = fmt.Errorf("server %s has no voting replica of group %d", to, r.id)
		default:
			r.wake() // so that it has all of its time
			r.node.TransferLeader(replica)
		}
	})
	if err == nil {
		err = r.reason()
	}
	r.host.out.flush()
	return err
}

// reluctanceTicks is how long who did not take the lead is not asked again: meanwhile commands wait.
const reluctanceTicks = 60 * electionTicks

// noteReluctance remembers that a server has not taken the lead when it was asked to.
func (r *Raft) noteReluctance(s ServerID) {
	r.do(func() {
		r.wake() // the time begins now
		r.reluctant, r.reluctantUntil = s, r.ticks+reluctanceTicks
	})
	r.host.out.flush()
}

// Role is what a replica does in its group.
type Role string

// Roles.
const (
	Leader    Role = "leader"
	Follower  Role = "follower"
	Candidate Role = "candidate"
)

// RaftStatus is what a replica knows of its group.
type RaftStatus struct {
	Role   Role
	Term   uint64
	Leader ServerID // empty if unknown
	Quorum bool     // a leader: a majority has answered lately. Others: there is a leader
	Joint  bool     // the members are being changed
	// Deposed says that this replica has led, until it lost touch with a majority, and as far as it knows nobody has since.
	Deposed bool
	Era     Era
	Applied uint64      // log index
	Last    uint64      // log index
	End     LogPosition // of the log
	// Voters are the sets of servers of each of which a majority has to agree: two while the members are being changed.
	Voters  [][]ServerID
	Members []MemberStatus
	Err     error // why the replica does nothing any more
}

// MemberStatus is what is known of a member. All but its identity only the leader knows.
type MemberStatus struct {
	Member
	Match  uint64 // log index up to which it has everything on disk
	Active bool   // it has answered lately
	// Reluctant says that it was asked to lead, and did not: its disk may be full.
	Reluctant bool
	Snapshot  *Progress // a snapshot is being sent to it
}

// Progress is how much of something is done.
type Progress struct {
	Done, All int64 // bytes; All is an estimate
	Began     time.Time
}

// Status returns what the replica knows.
func (r *Raft) Status() RaftStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := RaftStatus{Role: Follower, Term: r.term, Era: eraOf(r.replica), Leader: r.server(r.leader), Quorum: r.leader != 0, Err: r.ended}
	if r.node == nil {
		return s
	}
	members := r.log.members()
	s.Joint = members.joint()
	s.Applied = r.log.position().index
	s.Last, _ = r.log.LastIndex()                    // it has no errors
	if term, err := r.log.Term(s.Last); err == nil { // otherwise the store has failed, and the group with it
		s.End = LogPosition{term, s.Last}
	}
	s.Voters = members.majorities()
	for _, replica := range members.sorted() {
		s.Members = append(s.Members, MemberStatus{Member: Member{Server: members.Servers[replica], Replica: replica, Voter: members.voter(replica)},
			Snapshot: r.sending[replica].copy()})
	}
	switch r.role {
	case raft.StateLeader:
		s.Role = Leader
		r.memberStatus(&s)
	case raft.StateCandidate, raft.StatePreCandidate:
		s.Role, s.Deposed = Candidate, r.deposed()
	case raft.StateFollower:
		s.Deposed = r.deposed()
	}
	return s
}

// deposed tells whether this replica was the last one to lead. The caller holds mu.
func (r *Raft) deposed() bool { return r.led != 0 && r.led == r.term && r.leader == 0 }

// majorities are the servers of those that vote, of each of two sets while the members are being changed.
func (m *roster) majorities() (sets [][]ServerID) {
	for _, voters := range [][]uint64{m.Conf.GetVoters(), m.Conf.GetVotersOutgoing()} {
		if len(voters) == 0 {
			continue
		}
		var set []ServerID
		for _, replica := range voters {
			set = append(set, m.Servers[replica])
		}
		sets = append(sets, set)
	}
	return sets
}

// memberStatus fills in what the leader knows. The caller holds mu.
func (r *Raft) memberStatus(s *RaftStatus) {
	active, voters := 0, 0
	r.node.WithProgress(func(replica uint64, _ raft.ProgressType, p tracker.Progress) {
		i, ok := slices.BinarySearchFunc(s.Members, replica, func(m MemberStatus, replica uint64) int { return cmp.Compare(m.Replica, replica) })
		if !ok {
			return
		}
		m := &s.Members[i]
		m.Match, m.Active = p.Match, p.RecentActive || replica == r.replica
		m.Reluctant = m.Server == r.reluctant && r.ticks < r.reluctantUntil
		if m.Voter {
			voters++
			if m.Active {
				active++
			}
		}
	})
	s.Quorum = active > voters/2
}

func (p *Progress) copy() *Progress {
	if p == nil {
		return nil
	}
	return new(*p)
}
