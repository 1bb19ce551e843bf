package replication

import (
	"context"
	"errors"
	"fmt"

	"rethinkdb/internal/storage"
)

// Create makes a new group, of which this server has the only replica. It is on disk when Create returns, and this replica is the primary one.
func (h *Host) Create(ctx context.Context, id storage.GroupID, machine Machine) (*Raft, error) {
	err := h.create(id, stored{})
	if err == nil {
		err = h.o.Store.WaitDurable(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("create group %d: %w", id, err)
	}
	r, err := h.Open(ctx, id, machine)
	if err != nil {
		return nil, err
	}
	return r, h.await(ctx, r)
}

// Adopt makes a group with one replica one that can have several. Not a row is moved. Commands that the old Group gets from now on fail with ErrReplaced.
func (h *Host) Adopt(ctx context.Context, g *Single, machine Machine) (*Raft, error) {
	r, err := h.adopt(g, machine)
	if err != nil {
		return nil, fmt.Errorf("replicate group %d: %w", g.id, err)
	}
	return r, h.await(ctx, r)
}

// adopt does not wait for the disk: whatever the new Group says of its commands comes after them in the store's log, and so after this.
func (h *Host) adopt(g *Single, machine Machine) (*Raft, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended != nil {
		return nil, g.ended
	}
	if err := h.create(g.id, stored{State: g.State()}); err != nil {
		return nil, err
	}
	g.ended = ErrReplaced // in any case: the store has another group now
	return h.open(g.id, machine)
}

// create writes down that a group has one replica. With an error nothing was written.
func (h *Host) create(id storage.GroupID, state stored) error {
	// The log begins with an entry that nobody has, so that new members have to get a snapshot: the state is not in the log. If the group has had
	// several replicas before, everything goes on after what they had: those that were away when they were removed may still be there.
	first := &roster{Next: 1}
	if before, found, err := readRoster(h.o.Store, id); err != nil {
		return err
	} else if found {
		first = before
	}
	state.log = position{index: max(uint64(state.Applied), first.EndIndex) + 1, term: first.EndTerm + 1}
	members := newRoster(first.Next, []Member{{Server: h.o.Self, Voter: true}})
	members.Since = state.log.index
	return h.write(id, state, members)
}

// await waits until a replica that is alone leads.
func (h *Host) await(ctx context.Context, r *Raft) error {
	if h.o.driven {
		return nil
	}
	_, err := r.AwaitEpoch(ctx)
	return err
}

// Open opens a replica that the store has. It catches up by itself.
func (h *Host) Open(_ context.Context, id storage.GroupID, machine Machine) (*Raft, error) {
	r, err := h.open(id, machine)
	if err != nil {
		return nil, fmt.Errorf("open group %d: %w", id, err)
	}
	return r, nil
}

func (h *Host) open(id storage.GroupID, machine Machine) (*Raft, error) {
	r := h.newRaft(id, machine)
	var err error
	if r.replica, err = readReplica(h.o.Store, id, recordIdentity); err != nil {
		return nil, err
	}
	if r.replica == 0 {
		return nil, fmt.Errorf("%w: it has no replica here", ErrCorrupt)
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	if err := h.add(r); err != nil {
		return nil, err
	}
	r.do(func() {
		if conf := r.log.members().Conf; len(conf.GetVoters()) == 1 && conf.GetVoters()[0] == r.replica && !r.log.members().joint() {
			_ = r.node.Campaign() // nobody else could win; if a change waits to be applied, the clock will see to it
		}
	})
	return r, nil
}

// Replica opens a replica of a group that this server has nothing of yet: it waits until the group's leader has made this server a member, and sends it the rest. Whatever
// else the store has of the group will be removed then. Of a group that it does have, it is Open.
func (h *Host) Replica(ctx context.Context, id storage.GroupID, machine Machine) (*Raft, error) {
	known, err := IsRaft(h.o.Store, id)
	if err != nil {
		return nil, fmt.Errorf("open group %d: %w", id, err)
	}
	if known {
		return h.Open(ctx, id, machine)
	}
	r := h.newRaft(id, machine)
	if r.left, err = readReplica(h.o.Store, id, recordLeft); err == nil {
		err = h.add(r)
	}
	if err != nil {
		return nil, fmt.Errorf("open group %d: %w", id, err)
	}
	return r, nil
}

// Retire makes a group of which this server has the only replica left one that can only have one. Commands that r gets from now on fail with ErrReplaced. After an error it can be called again,
// and must be once commands fail: the disk may have been full.
func (r *Raft) Retire(ctx context.Context) (*Single, error) {
	g, err := r.retire(ctx)
	if err != nil {
		return nil, fmt.Errorf("end the replication of group %d: %w", r.id, err)
	}
	return g, nil
}

func (r *Raft) retire(ctx context.Context) (*Single, error) {
	members, err := r.endAlone(ctx)
	if err != nil {
		return nil, err
	}
	r.stop(ErrReplaced)
	last, err := r.log.LastIndex()
	if err != nil {
		return nil, err
	}
	b := r.store.NewBatch()
	defer b.Close()
	b.DeleteRange(storage.KindRange(r.id, storage.KindLog))
	b.DeleteRange(storage.KindRange(r.id, storage.KindRaft))
	b.Set(r.key, stored{State: r.State()}.encode(nil))
	b.Set(recordKey(r.id, recordRoster), (&roster{Next: members.Next, EndIndex: last, EndTerm: r.log.voted().term}).encode())
	// Nobody has to wait for the disk: what the Single acknowledges comes after this in the store's log.
	if err := r.store.Apply(b); err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.retiring = nil
	r.mu.Unlock()
	return Open(r.store, r.id)
}

// endAlone ends the group as soon as this replica is alone and nothing is on its way, and returns its roster.
func (r *Raft) endAlone(ctx context.Context) (members *roster, err error) {
	for {
		ticked := r.host.ticked()
		r.do(func() {
			m := r.log.members()
			switch {
			case r.epoch.Load() == 0:
				err = r.notPrimary()
			case len(m.Servers) > 1 || m.joint():
				err = errors.New("it has other members")
			case !m.Firm: // in a moment
			case len(r.queue) == 0 && len(r.pending) == 0:
				r.retiring = m
				r.end(ErrReplaced)
			}
		})
		r.mu.Lock()
		members = r.retiring
		if members == nil && err == nil {
			err = r.ended
		}
		r.mu.Unlock()
		if members != nil || err != nil {
			return members, err
		}
		select {
		case <-ticked:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
