package replication

import (
	"errors"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// The log grows with each command. The leader, who knows what the others have, has it cut behind that: by an entry of the log, so that all replicas
// do, and whoever leads next has no more to keep than this one. A member that is away makes it grow up to a limit; then it is cut nevertheless, and the
// member gets a snapshot when it comes back.
const (
	tidyTicks = 8 // between looks at the log
	// shortLog is how many entries are not worth a cut, whatever happens.
	shortLog = 16
)

// tidyLog cuts the log when that is worth it. The caller holds mu.
func (r *Raft) tidyLog() {
	if r.ticks%tidyTicks != uint64(r.id)%tidyTicks {
		return
	}
	at := r.log.position().index
	if r.ticks%(16*tidyTicks) == uint64(r.id)%tidyTicks {
		if r.quiet == at {
			r.log.forget()
		}
		r.quiet = at
	}
	if r.epoch.Load() == 0 || r.cutting {
		return
	}
	entries, bytes := r.log.sizes()
	if entries < 2 {
		return
	}
	first, err := r.log.FirstIndex()
	if err != nil {
		panic(err) // it has none
	}
	target := min(at, r.needed(first, entries, bytes))
	if target < first {
		return
	}
	n := target + 1 - first
	quiet := r.ticks >= r.stirred+r.host.limits.quietTicks
	if n >= r.host.limits.cutEntries || bytes/int64(entries)*int64(n) >= r.host.limits.cutBytes || quiet && n > shortLog {
		err := r.node.Step(&pb.Message{Type: pb.MsgProp.Enum(), From: &r.replica, Entries: []*pb.Entry{{Data: appendIndex(nil, kindCut, target)}}})
		r.cutting = !errors.Is(err, raft.ErrProposalDropped)
	}
}

// needed returns the greatest index up to which nobody needs the log.
func (r *Raft) needed(first, entries uint64, bytes int64) uint64 {
	needed := uint64(1<<64 - 1)
	full := entries > r.host.limits.logEntries || bytes > r.host.limits.logBytes
	r.node.WithProgress(func(replica uint64, _ raft.ProgressType, p tracker.Progress) {
		switch {
		case replica == r.replica:
		case p.State == tracker.StateSnapshot:
			if bytes < r.host.limits.logBytesForSnapshot {
				needed = min(needed, max(p.Match, p.PendingSnapshot))
			}
		case full:
			needed = min(needed, max(p.Match, first+entries/4)) // a quarter at a time
		default:
			needed = min(needed, p.Match)
		}
	})
	return needed
}
