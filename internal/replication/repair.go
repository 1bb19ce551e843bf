package replication

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"rethinkdb/internal/storage"
)

// A Repair is how a group goes on without the majority of its voters, in a new era. It is decided once, by somebody who believes that they will not come back, and then made known to
// all servers, each of which does its part (Host.Repair, Host.Discard), whenever it learns of it. Commands that only the lost replicas had are lost.
//
// Why the others can keep what they have: of two replicas of a group, the one whose log is longer in Raft's sense (the later last term, or the same and more entries) has all that was committed while the other one has acknowledged it:
// whoever led in the last term of the first had that from the beginning, or has put it there. So everything that the others have applied is in the log of First. The rest
// of theirs is overwritten, as by any new leader.
type Repair struct {
	Era Era
	// First leads the new era: at first it is its only voter.
	First ServerID
	// Last is where the log of First has ended when that was decided. The logs of the others are shorter.
	Last LogPosition
	// Others have replicas, too. They keep what they have, and count as soon as the members are set anew.
	Others []ServerID
	// Erase says that nothing is left: First begins with an empty group.
	Erase bool
}

// A LogPosition is that of an entry in a Raft log. Compare says which of two logs is longer.
type LogPosition struct {
	Term, Index uint64
}

// Less tells whether a log that ends with p is shorter than one that ends with o.
func (p LogPosition) Less(o LogPosition) bool {
	return p.Term < o.Term || p.Term == o.Term && p.Index < o.Index
}

// Keeps tells whether a server goes on with what it has.
func (p *Repair) Keeps(s ServerID) bool { return s == p.First || slices.Contains(p.Others, s) }

// roster is who the members are when the era begins. All of them come to the same.
func (p *Repair) roster() *roster {
	members := []Member{{Server: p.First, Voter: true}}
	for _, s := range p.Others {
		members = append(members, Member{Server: s})
	}
	return newRoster(p.Era.first()+1, members)
}

// Repair does this server's part of a repair, in which its replica goes on; g is what it has of the group, nil for nothing. What has gone on already, or has got a later era, is opened as it is.
// Commands that g gets from now on fail with ErrReplaced.
func (h *Host) Repair(ctx context.Context, id storage.GroupID, g Group, p *Repair, machine Machine) (*Raft, error) {
	r, err := h.repair(ctx, id, g, p, machine)
	if err != nil {
		return nil, fmt.Errorf("repair group %d: %w", id, err)
	}
	return r, nil
}

func (h *Host) repair(ctx context.Context, id storage.GroupID, g Group, p *Repair, machine Machine) (*Raft, error) {
	if !p.Keeps(h.o.Self) {
		return nil, errors.New("this server has no part in it")
	}
	if err := h.leaveForm(g); err != nil {
		return nil, err
	}
	era, err := EraIn(h.o.Store, id)
	if err != nil {
		return nil, err
	}
	if era >= p.Era {
		return h.open(id, machine)
	}
	b := h.o.Store.NewBatch()
	defer b.Close()
	if p.Erase {
		begin(b, id, p, machine)
	} else if err := h.goOn(b, id, p); err != nil {
		return nil, err
	}
	members := p.roster()
	b.Set(recordKey(id, recordIdentity), binary.BigEndian.AppendUint64(nil, members.replicaOn(h.o.Self)))
	b.Set(recordKey(id, recordVote), encodePair(p.Era.first(), 0))
	b.Set(recordKey(id, recordRoster), members.encode())
	if err := h.o.Store.Commit(ctx, b, true); err != nil {
		return nil, err
	}
	h.log.Warn("A group goes on without the majority of its replicas.", "group", id, "era", p.Era, "replica", members.replicaOn(h.o.Self))
	return h.open(id, machine)
}

// begin adds to a batch what a new group has.
func begin(b *storage.Batch, id storage.GroupID, p *Repair, machine Machine) {
	(&Raft{id: id, machine: machine}).deleteAll(b)
	at := position{index: 1, term: p.Era.first()} // an entry that nobody has: see create
	b.Set(storage.AppendPrefix(nil, id, storage.KindState), stored{log: at}.encode(nil))
	b.Set(recordKey(id, recordCut), encodePair(at.index, at.term))
}

// Why a replica cannot go on in a repair.
var (
	errNothing = errors.New("this server has nothing of it any more")
	// What it has may not be in the log of who leads then.
	errAhead = errors.New("this replica has got more, since the repair was decided, than the one with which the group goes on")
)

// goOn checks that the replica which the store has can go on in a repair.
func (h *Host) goOn(b *storage.Batch, id storage.GroupID, p *Repair) error {
	l, state, err := openLog(h.o.Store, id, 0)
	if err != nil {
		return err
	}
	if state.log.index == 0 {
		return errNothing
	}
	if h.o.Self == p.First {
		return nil
	}
	committed := max(l.applied.index, l.proven)
	term, err := l.Term(committed)
	if err != nil {
		return err
	}
	if p.Last.Less(LogPosition{term, committed}) {
		return errAhead
	}
	return nil
}

// leaveForm ends what a server has of a group, whatever form it has, so that the store can be changed below it.
func (h *Host) leaveForm(g Group) error {
	switch g := g.(type) {
	case *Raft:
		g.stop(ErrReplaced)
	case *Single:
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.ended != nil && !errors.Is(g.ended, ErrReplaced) { // by an attempt before, which the disk was too full for
			return g.ended
		}
		g.ended = ErrReplaced
	}
	return nil
}

// Discard removes what this server has of a group from before an era in which that has no part; g is what it has. The server can get a new replica then, but none of an earlier era.
func (h *Host) Discard(ctx context.Context, id storage.GroupID, g Group, era Era) error {
	if err := h.leaveForm(g); err != nil {
		return fmt.Errorf("discard a replica of group %d: %w", id, err)
	}
	b := h.o.Store.NewBatch()
	defer b.Close()
	b.DeleteGroup(id)
	b.Set(recordKey(id, recordLeft), binary.BigEndian.AppendUint64(nil, era.first()))
	if err := h.o.Store.Commit(ctx, b, true); err != nil {
		return fmt.Errorf("discard a replica of group %d: %w", id, err)
	}
	return nil
}

// Unfit tells whether a replica whose Repair has failed cannot go on in it. It is to be discarded; if it was to be the first, another repair is needed.
func Unfit(err error) bool { return errors.Is(err, errAhead) || errors.Is(err, errNothing) }
