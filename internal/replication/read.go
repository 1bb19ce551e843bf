package replication

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/raft/v3"
)

// readQueue makes reads wait until they see everything that was acknowledged before they came.
//
// The leader knows what was committed, and asks a majority whether it still leads. One question, a round, is for all who came before it was asked:
//
//	who joins waits for a round that has not begun; when the answer comes, with the commit index, for that to be applied here.
//
// A round that is not answered is begun again, under another name.
type readQueue struct {
	next   []*read // wait for the next round
	asked  []*read // are in the round under way
	number uint64  // of the round. It begins by chance: an answer to a round before a restart is none to one after it
	at     uint64  // tick at which it began; 0: there is none
	ready  []*read // wait for their index to be applied
}

type read struct {
	until uint64 // tick at which it fails
	index uint64 // log index that must be applied; 0: not yet known
	done  chan struct{}
	err   error
}

func (q *readQueue) end(reason error) {
	for _, list := range [][]*read{q.next, q.asked, q.ready} {
		for _, w := range list {
			w.finish(reason)
		}
	}
	*q = readQueue{number: q.number}
}

func (q *readQueue) waiting() bool { return len(q.next)+len(q.asked)+len(q.ready) > 0 || q.at != 0 }

func (w *read) finish(err error) {
	w.err = err
	close(w.done)
}

const (
	readRetryTicks = 4                 // after so long without an answer a round is begun again
	readGiveUp     = 3 * electionTicks // and after so long a read fails
)

// ReadIndex returns when a read here sees everything that was acknowledged, anywhere, before the call. It works on any replica. Without an answer from a majority it fails
// with ErrNoQuorum.
func (r *Raft) ReadIndex(ctx context.Context) error {
	w, err := r.beginRead()
	if err != nil {
		return err
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return fmt.Errorf("wait for a majority: %w", context.Cause(ctx))
	}
}

func (r *Raft) beginRead() (*read, error) {
	w := &read{done: make(chan struct{})}
	r.mu.Lock()
	if r.ended != nil || r.node == nil || r.silent != 0 {
		defer r.mu.Unlock()
		return nil, r.notPrimary()
	}
	w.until = r.ticks + readGiveUp
	r.reads.next = append(r.reads.next, w)
	r.mu.Unlock()
	r.do(func() {
		r.wake()
		r.stirred = r.ticks
		r.askReads()
	})
	r.host.out.flush()
	return w, nil
}

// askReads begins a round, unless one is under way or there is nobody to ask. The caller holds mu.
func (r *Raft) askReads() {
	q := &r.reads
	if q.at != 0 || len(q.next) == 0 || r.leader == 0 || r.role == raft.StateLeader && r.epoch.Load() == 0 {
		return
	}
	q.number++
	q.at = max(r.ticks, 1)
	q.asked, q.next = q.next, nil
	name := binary.BigEndian.AppendUint64(nil, r.replica)
	r.node.ReadIndex(binary.BigEndian.AppendUint64(name, q.number))
}

// readConfirmed takes the answer to a round. The caller holds mu.
func (r *Raft) readConfirmed(s raft.ReadState) {
	q := &r.reads
	if len(s.RequestCtx) != 16 || binary.BigEndian.Uint64(s.RequestCtx) != r.replica || binary.BigEndian.Uint64(s.RequestCtx[8:]) != q.number || q.at == 0 {
		return // a round that was given up
	}
	for _, w := range q.asked {
		w.index = s.Index
	}
	q.ready, q.asked, q.at = append(q.ready, q.asked...), nil, 0
	r.readsApplied()
	r.askReads()
}

// readsApplied ends the reads that now see enough. The caller holds mu.
func (r *Raft) readsApplied() {
	q := &r.reads
	if len(q.ready) == 0 {
		return
	}
	at := r.log.position().index
	q.ready = slices.DeleteFunc(q.ready, func(w *read) bool {
		if w.index > at {
			return false
		}
		w.finish(nil)
		return true
	})
}

// retryReads begins a round that was lost again, and ends the reads that have waited for too long. The caller holds mu.
func (r *Raft) retryReads() {
	q := &r.reads
	if q.at != 0 && r.ticks >= q.at+readRetryTicks {
		q.next, q.asked, q.at = append(q.asked, q.next...), nil, 0
	}
	late := func(w *read) bool {
		if r.ticks < w.until {
			return false
		}
		w.finish(ErrNoQuorum)
		return true
	}
	q.next, q.ready = slices.DeleteFunc(q.next, late), slices.DeleteFunc(q.ready, late)
	r.askReads()
}
