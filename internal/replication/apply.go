package replication

import (
	"errors"
	"fmt"
	"maps"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"rethinkdb/internal/storage"
)

// apply applies committed entries, and tells the library. Commands that follow each other go into one batch.
func (r *Raft) apply(m *pb.Message) error {
	entries := m.GetEntries()
	if at := r.log.position().index; entries[0].GetIndex() <= at { // the disk was full in the midst of them
		entries = entries[min(at+1-entries[0].GetIndex(), uint64(len(entries))):]
	}
	own := r.claim(entries)
	for i, e := range entries {
		if err := r.applyEntry(e, own[i]); err != nil {
			r.disclaim(own)
			if errors.Is(err, errSuperseded) {
				break
			}
			return fmt.Errorf("apply entry %d of group %d: %w", e.GetIndex(), r.id, err)
		}
	}
	if err := r.applyMerged(); err != nil {
		r.disclaim(own)
		return fmt.Errorf("apply commands of group %d: %w", r.id, err)
	}
	if r.batch != nil && r.batch.Len() > maxScratchBytes {
		r.batch.Close()
		r.batch = nil
	}
	r.do(func() {
		for _, response := range m.GetResponses() {
			_ = r.node.Step(response)
		}
		r.readsApplied()
		r.obey()
		r.affirm()
	})
	r.lead()
	r.host.out.flush()
	return nil
}

// claim takes the rounds that the entries are of, so that nobody else ends them. The result has as many elements as there are entries.
func (r *Raft) claim(entries []*pb.Entry) []*round {
	own := make([]*round, len(entries))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pending) == 0 {
		return own
	}
	for i, e := range entries {
		if data := e.GetData(); len(data) > 0 && data[0] == kindCommands && e.GetType() == pb.EntryNormal {
			d := decoder{rest: data[1:]}
			replica, number := d.proposer()
			if o := r.pending[number]; o != nil && replica == r.replica && o.term == e.GetTerm() {
				own[i] = o
				delete(r.pending, number)
			}
		}
	}
	return own
}

// disclaim undoes claim for the rounds that have no fate yet.
func (r *Raft) disclaim(own []*round) {
	r.merged.clear()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range own {
		if o == nil || o.applied {
			continue
		}
		if r.ended != nil {
			o.finish(fmt.Errorf("%w (%w)", ErrUnknownOutcome, r.ended))
			continue
		}
		r.pending[o.number] = o
	}
}

// lead makes this replica the primary one, when it leads and has applied an entry of its term.
func (r *Raft) lead() {
	r.mu.Lock()
	term := r.term
	ready := r.ended == nil && r.role == raft.StateLeader && r.epoch.Load() == 0 && r.settled == term
	r.mu.Unlock()
	if !ready {
		return
	}
	r.machine.Leads(Epoch(term))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil && r.role == raft.StateLeader && r.term == term {
		r.epoch.Store(term)
		r.notify()
	}
}

// applyEntry applies an entry, or makes it one of those that are applied together. own is the round that it is of, if that was made here.
func (r *Raft) applyEntry(e *pb.Entry, own *round) error {
	if e.GetTerm() > r.settled {
		r.settled = e.GetTerm()
		r.mu.Lock()
		r.settle(e.GetTerm())
		r.mu.Unlock()
	}
	at := position{e.GetIndex(), e.GetTerm()}
	data := e.GetData()
	if e.GetType() == pb.EntryNormal && len(data) > 0 && data[0] == kindCommands {
		return r.applyCommands(at, data[1:], own)
	}
	if err := r.applyMerged(); err != nil {
		return err
	}
	switch {
	case e.GetType() == pb.EntryConfChangeV2 && at.term < eraOf(r.identity()).first():
		return r.applyNothing(at) // of the last era
	case e.GetType() == pb.EntryConfChangeV2:
		return r.applyMembers(at, data)
	case e.GetType() != pb.EntryNormal:
		return fmt.Errorf("%w: it is of type %v", ErrCorrupt, e.GetType())
	case len(data) == 0: // a term begins
		return r.applyNothing(at)
	case data[0] == kindCut:
		return r.applyCut(at, data[1:])
	case data[0] == kindFirm:
		return r.applyFirm(at, data[1:])
	default:
		return fmt.Errorf("%w: it is of kind %d, which this version of the program does not know", ErrCorrupt, data[0])
	}
}

// maxScratchBytes is the largest batch whose memory is kept.
const maxScratchBytes = 1 << 20

// scratch returns an empty batch.
func (r *Raft) scratch() *storage.Batch {
	if r.batch == nil {
		r.batch = r.store.NewBatch()
	} else {
		r.batch.Reset()
	}
	return r.batch
}

// commit applies a batch together with the state that follows.
func (r *Raft) commit(b *storage.Batch, next stored) error {
	r.value = next.encode(r.value[:0])
	b.Set(r.key, r.value)
	if err := r.store.Apply(b); err != nil {
		return err
	}
	r.rows.Store(next.Rows)
	r.applied.Store(uint64(next.Applied))
	return nil
}

func (r *Raft) applyNothing(at position) error {
	if err := r.commit(r.scratch(), stored{r.State(), at}); err != nil {
		return err
	}
	r.log.advanced(at, nil)
	return nil
}

// applyCut removes what nobody needs of the log.
func (r *Raft) applyCut(at position, data []byte) error {
	d := decoder{rest: data}
	index := d.uvarint()
	if d.err != nil {
		return d.err
	}
	b := r.scratch()
	cut, err := r.log.removeUpTo(b, index)
	if err != nil {
		return err
	}
	if err := r.commit(b, stored{r.State(), at}); err != nil {
		return err
	}
	r.log.advanced(at, nil)
	if cut.index != 0 {
		r.log.cutOff(cut)
	}
	r.mu.Lock()
	r.cutting = false
	r.mu.Unlock()
	return nil
}

// errSuperseded says that the library has taken a snapshot, and goes by its configuration already. What it had handed out to be applied before is older;
// the snapshot will replace all that it would change.
var errSuperseded = errors.New("a snapshot comes instead")

// applyMembers applies a change of the members.
func (r *Raft) applyMembers(at position, data []byte) error {
	cc := &pb.ConfChangeV2{}
	if err := proto.Unmarshal(data, cc); err != nil {
		return fmt.Errorf("%w: a change of the members: %w", ErrCorrupt, err)
	}
	context, err := decodeChangeContext(cc.GetContext())
	if err != nil {
		return err
	}
	before := r.log.members()
	var next *roster
	superseded := false
	r.do(func() {
		if superseded = r.receiving != nil; superseded {
			return
		}
		if r.agreedAt == at.index { // the library has it, but the disk was full
			next = r.agreed
			return
		}
		maps.Copy(r.routes, context.Servers) // the library talks to new members at once, and, if they do not hear that, not again before the next heartbeat
		next = before.with(context.Servers, r.node.ApplyConfChange(cc), at.index)
	})
	if superseded {
		return errSuperseded
	}
	if next == nil {
		return r.reason()
	}
	r.agreed, r.agreedAt = next, at.index
	b := r.scratch()
	b.Set(recordKey(r.id, recordRoster), next.encode())
	if err := r.commit(b, stored{r.State(), at}); err != nil {
		return err
	}
	r.unsynced = true
	r.log.advanced(at, next)
	r.mu.Lock()
	for replica := range next.Servers {
		delete(r.routes, replica)
	}
	r.changing, r.affirming = 0, 0
	r.notify()
	r.mu.Unlock()
	return nil
}

// applyFirm notes that the members have it on disk that they are the members.
func (r *Raft) applyFirm(at position, data []byte) error {
	d := decoder{rest: data}
	index := d.uvarint()
	if d.err != nil {
		return d.err
	}
	b := r.scratch()
	next := *r.log.members()
	next.Firm = next.Firm || index >= next.Since
	b.Set(recordKey(r.id, recordRoster), next.encode())
	if err := r.commit(b, stored{r.State(), at}); err != nil {
		return err
	}
	r.log.advanced(at, &next)
	r.mu.Lock()
	r.notify()
	r.mu.Unlock()
	return nil
}
