package replication

import (
	"encoding/binary"
	"fmt"

	pb "go.etcd.io/raft/v3/raftpb"

	"rethinkdb/internal/storage"
)

// A beat is a heartbeat of a group in which nothing happens, or the answer to one, without the library's having a part in it. Those of all groups go to a server in one message:
//
//	kind (1 byte) | group, receiving replica, sending replica, term, index of the last entry (varints) | the next …
//
// What a beat says is that in this term the log of the receiving replica ends where that of the leader does, and that all of it is committed.
type beat struct {
	group          storage.GroupID
	to, from, term uint64
	index          uint64
}

// Kinds of messages of beats. Receivers leave alone those that they do not know.
const (
	beatsOfLeaders   byte = 1
	beatsOfFollowers byte = 2 // answers
)

func (b beat) append(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(b.group))
	for _, v := range []uint64{b.to, b.from, b.term, b.index} {
		to = binary.AppendUvarint(to, v)
	}
	return to
}

func (d *decoder) beat() (b beat) {
	group := d.uvarint()
	if group > 1<<32-1 {
		d.err = fmt.Errorf("%w: %d is no group", ErrCorrupt, group)
	}
	b.group = storage.GroupID(group)
	b.to, b.from, b.term, b.index = d.uvarint(), d.uvarint(), d.uvarint(), d.uvarint()
	return b
}

// ReceiveBeats takes a message that another server's SendBeats was given for this one. It does not block, and keeps nothing of it.
func (h *Host) ReceiveBeats(from ServerID, m []byte) {
	if len(m) == 0 || m[0] != beatsOfLeaders && m[0] != beatsOfFollowers {
		return
	}
	now := h.ticks.Load()
	d := decoder{rest: m[1:]}
	for len(d.rest) > 0 {
		b := d.beat()
		if d.err != nil {
			h.log.Warn("Heartbeats of the replication are malformed.", "server", from, "error", d.err)
			break
		}
		r := h.Group(b.group)
		if r == nil {
			continue // without an answer the leader will ask in words
		}
		q := r.quiescence.Load()
		known := q != nil && q.leads == (m[0] == beatsOfFollowers) && q.hear(from, b, now)
		switch {
		case m[0] == beatsOfFollowers: // one that comes too late says nothing new
		case known || r.takeBeat(from, b):
			h.out.beat(from, beatsOfFollowers, b.answer())
		}
	}
	h.out.flush()
}

func (b beat) answer() beat {
	b.to, b.from = b.from, b.to
	return b
}

// takeBeat takes a beat for the heartbeat that it stands for, whatever that leads to, and tells whether the clock of this replica stands still now.
func (r *Raft) takeBeat(from ServerID, b beat) (quiescent bool) {
	m := &pb.Message{Type: pb.MsgHeartbeat.Enum(), From: &b.from, To: &b.to, Term: &b.term, Commit: &b.index}
	if !fromOutside(m) || !r.takesFor(b.to, from, m) {
		return false
	}
	r.do(func() { r.step(from, m) })
	r.do(func() { quiescent = r.follow(from, b) })
	return quiescent
}
