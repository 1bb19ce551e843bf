package replication

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"rethinkdb/internal/storage"
)

// Found makes this server's replica of a group that begins in several places at once. Whoever has decided on the group tells all of its members the same list, from which each of them makes the same first state by
// itself: the numbers of the replicas are their places in the list, and the log begins after an entry that nobody has. The first in the list stands for election at once.
//
// A replica that has acknowledged something must never begin again without that: two of three that do would elect each other, and take the place of what the third has. So Found makes a replica only in a
// store that is blank: which has had none of the group yet, or has lost it in a crash together with everything that came later, which are all its votes and acknowledgements, since these
// are synced. To the others that is a replica which has been slow from the beginning: Raft allows for that, whatever the group has become meanwhile. Where the store is not blank, Found is Replica.
//
// What makes a store blank again, but for the last command of a group, is only Drop of a replica that nobody has removed, and of a Single. Whoever calls that sees to it that the group is not founded any more.
func (h *Host) Found(ctx context.Context, id storage.GroupID, members []Member, machine Machine) (*Raft, error) {
	blank, err := Blank(h.o.Store, id)
	if err == nil && !blank {
		return h.Replica(ctx, id, machine)
	}
	var r *Raft
	if err == nil {
		r, err = h.found(id, members, machine)
	}
	if err != nil {
		return nil, fmt.Errorf("found group %d: %w", id, err)
	}
	return r, nil
}

// Blank tells whether a store has nothing of a group, and has had nothing: of a replica that was removed it keeps the number.
func Blank(r storage.Reader, id storage.GroupID) (blank bool, err error) {
	it, err := r.Iter(storage.GroupRange(id))
	if err != nil {
		return false, err
	}
	blank = !it.First()
	return blank, errors.Join(it.Err(), it.Close())
}

func (h *Host) found(id storage.GroupID, members []Member, machine Machine) (*Raft, error) {
	at := position{index: 1, term: 1}
	first := newRoster(1, members)
	first.Since = at.index
	if first.replicaOn(h.o.Self) == 0 {
		return nil, errors.New("this server is no member of it")
	}
	if err := h.write(id, stored{log: at}, first); err != nil { // nothing is acknowledged before this is on disk: see Raft.unsynced
		return nil, err
	}
	r, err := h.open(id, machine)
	if err != nil || members[0].Server != h.o.Self {
		return r, err
	}
	r.stand()
	if !h.o.driven {
		h.start(func() { r.standUntilElected(h.ctx) })
	}
	return r, nil
}

// newRoster is that of a group, or an era, which begins with these members. Their numbers begin with next.
func newRoster(next uint64, members []Member) *roster {
	m := &roster{Servers: make(map[uint64]ServerID), Next: next, Conf: &pb.ConfState{}, Firm: true}
	for _, w := range members {
		m.Servers[m.Next] = w.Server
		if w.Voter {
			m.Conf.Voters = append(m.Conf.Voters, m.Next)
		} else {
			m.Conf.Learners = append(m.Conf.Learners, m.Next)
		}
		m.Next++
	}
	return m
}

// write writes down the first state of this server's replica. With an error nothing was written.
func (h *Host) write(id storage.GroupID, state stored, members *roster) error {
	b := h.o.Store.NewBatch()
	defer b.Close()
	b.Set(storage.AppendPrefix(nil, id, storage.KindState), state.encode(nil))
	b.Set(recordKey(id, recordIdentity), binary.BigEndian.AppendUint64(nil, members.replicaOn(h.o.Self)))
	b.Set(recordKey(id, recordVote), encodePair(state.log.term, 0))
	b.Set(recordKey(id, recordCut), encodePair(state.log.index, state.log.term))
	b.Set(recordKey(id, recordRoster), members.encode())
	return h.o.Store.Apply(b)
}

// stand has this replica of a new group stand for election, unless somebody leads already, or votes are coming in. It tells whether that is over.
func (r *Raft) stand() (over bool) {
	over = true
	r.do(func() {
		over = r.leader != 0
		if !over && r.role != raft.StateCandidate {
			_ = r.node.Campaign() // it cannot if it does not vote
		}
	})
	r.host.out.flush()
	return over
}

// standUntilElected stands again and again, because the others hear of the group at other times, until the clock of elections would have it stand in any case.
func (r *Raft) standUntilElected(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, electionTicks*r.host.o.Tick)
	defer cancel()
	for pause := firstLook; !r.stand(); pause = min(2*pause, r.host.o.Tick) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}
