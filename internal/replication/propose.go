package replication

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// proposal is a command from Commit until its fate is known.
type proposal struct {
	cmd      *Command
	record   []byte // of the history, once it is recorded
	recorded bool
	ripe     bool // when it was queued, a round could begin

	done  chan struct{} // closed when the two are set, unless the author has left
	index Index
	err   error
	fate  atomic.Uint32 // awaited, known or left
}

// What becomes of a proposal: whoever comes second finds out who was first.
const (
	awaited = iota
	known   // and then told
	left    // by its author
)

func (p *proposal) finish(i Index, err error) {
	p.index, p.err = i, err
	if p.fate.CompareAndSwap(awaited, known) {
		close(p.done)
		return
	}
	p.cmd.Author.Settled(err)
}

// leaveTime is how long after the end of his context an author stays: nearly all commands are settled by then, and he can be told what has become of his.
const leaveTime = 200 * time.Millisecond

// wait returns when the fate is known, or the author leaves.
func (p *proposal) wait(ctx context.Context) (Index, error) {
	if p.cmd.Author == nil {
		<-p.done
		return p.index, p.err
	}
	select {
	case <-p.done:
		return p.index, p.err
	case <-ctx.Done():
	}
	late := time.NewTimer(leaveTime)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
		if p.fate.CompareAndSwap(awaited, left) {
			return 0, ErrLeft
		}
		<-p.done // in a moment
	}
	return p.index, p.err
}

// round is the proposals that went into one entry of the log, until their fate is known.
//
// Commands travel together because an entry costs ten times what a command does: messages, acknowledgements, wake-ups of goroutines, a sync on each server. So a new round
// begins when none is under way, and takes all that has come meanwhile: alone a command does not wait, and the more come, the more of them share a round. With
// two rounds under way at a time, 16 writers have taken a third more of the processors for each command and were no faster.
type round struct {
	number    uint64 // among those of the replica since it was opened
	term      uint64
	proposals []*proposal
	applied   bool // guarded by whoever drains the group
}

// proposal returns one of the round, nil if there is no round.
func (o *round) proposal(i int) *proposal {
	if o == nil {
		return nil
	}
	return o.proposals[i]
}

func (o *round) finish(err error) {
	for _, p := range o.proposals {
		p.finish(0, err)
	}
}

// Commit implements Group.
func (r *Raft) Commit(ctx context.Context, cmd *Command) (Index, error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	p, err := r.begin(cmd)
	if err != nil {
		return 0, err
	}
	if p.ripe { // the round begins here: to wake a worker for that would cost it a moment, and it is needed for the append
		r.do(func() {})
		r.host.out.flush()
	}
	return p.wait(ctx)
}

// begin queues a command. Without Commit around it, in simulations, a worker proposes it.
func (r *Raft) begin(cmd *Command) (*proposal, error) {
	if err := r.store.Err(); err != nil {
		return nil, err
	}
	p := &proposal{cmd: cmd, done: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.epoch.Load(); r.ended != nil || e == 0 || cmd.Epoch != Epoch(e) {
		return nil, r.notPrimary()
	}
	if r.ticks > r.movedAt+stalledTicks {
		return nil, fmt.Errorf("%w: they have not taken a command for %v", ErrNoQuorum, time.Duration(stalledTicks)*r.host.o.Tick)
	}
	r.queue = append(r.queue, p)
	r.queueBytes += commandBytes(cmd, nil)
	if p.ripe = r.mayPropose(); p.ripe && r.host.o.driven {
		r.host.work.add(r)
	}
	return p, nil
}

// stalledTicks is how long commands may be on their way without any being applied until further ones are refused. The others may answer, and have full disks.
const stalledTicks = 20 * electionTicks

// noteMoves notes whether commands come through. The caller holds mu.
func (r *Raft) noteMoves() {
	if at := r.log.position().index; at != r.moved || len(r.pending)+len(r.queue) == 0 {
		r.moved, r.movedAt = at, r.ticks
	}
}

// refuse ends what is queued with an error. The caller holds mu.
func (r *Raft) refuse(err error) {
	for _, p := range r.queue {
		p.finish(0, err)
	}
	r.queue, r.queueBytes = nil, 0
}

// mayPropose tells whether a round may begin. Otherwise one of those that are under way will, when it is committed. The caller holds mu.
func (r *Raft) mayPropose() bool {
	switch {
	case len(r.queue) == 0:
		return false
	case uint64(r.queueBytes) >= r.host.limits.roundBytes: // it is worth it in any case
		return true
	case r.last > r.committed:
		return false
	default:
		return r.gather.complete(len(r.queue))
	}
}

// propose proposes what is queued, and tells whether there was anything. The caller holds mu and pumps afterwards.
func (r *Raft) propose() (proposed bool) {
	epoch := r.epoch.Load()
	if epoch == 0 || r.role != raft.StateLeader { // the epoch in which they were queued is over
		r.refuse(r.notPrimary())
		return false
	}
	for r.mayPropose() {
		proposals, data := r.nextRound()
		err := r.node.Step(&pb.Message{Type: pb.MsgProp.Enum(), From: &r.replica, Entries: []*pb.Entry{{Data: data}}})
		if errors.Is(err, raft.ErrProposalDropped) {
			break // too much is uncommitted, or leadership is being given away. Either ends, with progress or with another leader
		}
		if err != nil {
			panic(err)
		}
		r.rounds++
		r.pending[r.rounds] = &round{number: r.rounds, term: epoch, proposals: proposals}
		r.queue = r.queue[len(proposals):]
		for _, p := range proposals {
			r.queueBytes -= commandBytes(p.cmd, nil)
		}
		r.noteRound(len(proposals))
		r.stirred = r.ticks
		r.last++
		proposed = true
	}
	if len(r.queue) == 0 {
		r.queue = nil
	}
	return proposed
}

// nextRound encodes the first proposals of the queue as an entry. The caller holds mu.
func (r *Raft) nextRound() (proposals []*proposal, data []byte) {
	n, bytes := 0, len(appendCommands(nil, r.replica, r.rounds+1))
	for ; n < len(r.queue); n++ {
		p := r.queue[n]
		if n > 0 && (len(p.cmd.Guard) > 0 || len(r.queue[0].cmd.Guard) > 0) {
			break
		}
		p.makeRecord()
		more := commandBytes(p.cmd, p.record)
		if n > 0 && uint64(bytes+more) > r.host.limits.appendBytes {
			break
		}
		bytes += more
	}
	data = appendCommands(make([]byte, 0, bytes), r.replica, r.rounds+1)
	for _, p := range r.queue[:n] {
		data = appendCommand(data, p.cmd, p.record)
	}
	return r.queue[:n:n], data
}

// makeRecord asks for the record, once: the order of the calls of Record is that of the queue.
func (p *proposal) makeRecord() {
	if p.recorded {
		return
	}
	p.recorded = true
	if p.cmd.Observer != nil {
		p.record = p.cmd.Observer.Record()
	}
}

// abandon ends what is pending with an error. The caller holds mu.
func (r *Raft) abandon(err error) {
	for number, o := range r.pending {
		o.finish(err)
		delete(r.pending, number)
	}
	r.giveUp = 0
}

// settle ends the proposals of terms before this one, of which an entry was applied: the log has none of them, and never will. The caller holds mu.
func (r *Raft) settle(term uint64) {
	for number, o := range r.pending {
		if o.term < term {
			o.finish(r.notPrimary())
			delete(r.pending, number)
		}
	}
}
