package replication

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
)

// proposal is a command from Commit until its fate is known.
type proposal struct {
	cmd      *Command
	number   uint64 // among those of the replica since it was opened
	data     []byte // of the entry; without the record until it is recorded
	recorded bool
	term     uint64 // in which it was proposed

	done  chan struct{} // closed when the two are set
	index Index
	err   error
}

func (p *proposal) finish(i Index, err error) {
	p.index, p.err = i, err
	close(p.done)
}

// Commit implements Group.
func (r *Raft) Commit(ctx context.Context, cmd *Command) (Index, error) {
	if err := r.store.Err(); err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	p, err := r.begin(cmd)
	if err != nil {
		return 0, err
	}
	<-p.done
	return p.index, p.err
}

// begin queues a command.
func (r *Raft) begin(cmd *Command) (*proposal, error) {
	r.mu.Lock()
	r.numbers++
	number, replica := r.numbers, r.replica
	r.mu.Unlock()
	p := &proposal{cmd: cmd, number: number, done: make(chan struct{})}
	p.data = appendCommand(nil, replica, number, cmd)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil || r.epoch.Load() == 0 {
		return nil, r.notPrimary()
	}
	if r.ticks > r.movedAt+stalledTicks {
		return nil, fmt.Errorf("%w: they have not taken a command for %v", ErrNoQuorum, time.Duration(stalledTicks)*r.host.o.Tick)
	}
	r.queue = append(r.queue, p)
	r.host.work.add(r)
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

// propose proposes what is queued. The caller holds mu and pumps afterwards.
func (r *Raft) propose() {
	if len(r.queue) == 0 {
		return
	}
	epoch := r.epoch.Load()
	r.queue = slices.DeleteFunc(r.queue, func(p *proposal) bool {
		if epoch != 0 && r.role == raft.StateLeader && p.cmd.Epoch == Epoch(epoch) {
			return false
		}
		p.finish(0, r.notPrimary())
		return true
	})
	for len(r.queue) > 0 {
		var entries []*pb.Entry
		for size := 0; len(entries) < len(r.queue) && uint64(size) < r.host.limits.appendBytes; {
			p := r.queue[len(entries)]
			p.record()
			entries = append(entries, &pb.Entry{Data: p.data})
			size += len(p.data)
		}
		err := r.node.Step(&pb.Message{Type: pb.MsgProp.Enum(), From: &r.replica, Entries: entries})
		if errors.Is(err, raft.ErrProposalDropped) {
			return // too much is uncommitted, or leadership is being given away. Either ends, with progress or with another leader
		}
		if err != nil {
			panic(err)
		}
		for _, p := range r.queue[:len(entries)] {
			p.term = epoch
			r.pending[p.number] = p
		}
		r.queue = slices.Delete(r.queue, 0, len(entries))
		r.lastWork = r.ticks
	}
}

// record completes the data, once: the order of the calls of Record is that of the queue.
func (p *proposal) record() {
	if p.recorded {
		return
	}
	p.recorded = true
	if p.cmd.Observer != nil {
		p.data = append(p.data, p.cmd.Observer.Record()...)
	}
}

// abandon ends what is pending with an error. The caller holds mu.
func (r *Raft) abandon(err error) {
	for number, p := range r.pending {
		p.finish(0, err)
		delete(r.pending, number)
	}
	r.giveUp = 0
}

// settle ends the proposals of terms before this one, of which an entry was applied: the log has none of them, and never will. The caller holds mu.
func (r *Raft) settle(term uint64) {
	for number, p := range r.pending {
		if p.term < term {
			p.finish(0, r.notPrimary())
			delete(r.pending, number)
		}
	}
}
