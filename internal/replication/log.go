package replication

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"

	"rethinkdb/internal/storage"
)

// raftLog is the log of a replica in the store, as the raft library reads it: entries first … last, of which the newest are in memory, too. An entry is
// stored as its term (8 bytes), its type (1 byte) and its data.
//
//	cut.index + 1 = first ≤ applied.index + 1 ≤ last + 1
//
// The library reads under Raft.mu; only whoever drains the group's storage work changes it.
type raftLog struct {
	store *storage.Store
	id    storage.GroupID

	recentBytes int64 // how much stays in memory, at most, besides what is not applied

	mu      sync.Mutex // guards what follows; held while the store is read for entries that are not in memory
	ballot  ballot
	cut     position // of the entry before the first
	applied position
	proven  uint64  // when the log was opened: what is known to be committed, from what the log says of itself
	roster  *roster // as of applied
	last    uint64
	bytes   int64       // of the entries, about
	recent  []*pb.Entry // the newest, up to last
	held    int64       // bytes of recent
}

var _ raft.Storage = (*raftLog)(nil)

// ballot is the present term of a replica, and whom it has voted for in it.
type ballot struct {
	term uint64
	vote uint64
}

const logEntryHeadBytes = 9

// openLog reads what the store has of a log.
func openLog(store *storage.Store, id storage.GroupID, recentBytes int64) (*raftLog, stored, error) {
	l := &raftLog{store: store, id: id, recentBytes: recentBytes}
	state, _, err := readState(store, id)
	if err != nil {
		return nil, state, err
	}
	l.applied = state.log
	if l.cut.index, l.cut.term, err = readPair(store, id, recordCut); err != nil {
		return nil, state, err
	}
	if l.ballot.term, l.ballot.vote, err = readPair(store, id, recordVote); err != nil {
		return nil, state, err
	}
	var found bool
	if l.roster, found, err = readRoster(store, id); err != nil {
		return nil, state, err
	}
	if !found {
		l.roster = &roster{Servers: make(map[uint64]ServerID), Conf: &pb.ConfState{}}
	}
	return l, state, l.measure()
}

// measure finds the end of the log, and about how large it is.
func (l *raftLog) measure() error {
	l.last = l.cut.index
	lower, upper := storage.KindRange(l.id, storage.KindLog)
	it, err := l.store.Iter(lower, upper)
	if err != nil {
		return err
	}
	if it.Last() {
		l.last = max(l.last, storage.LogIndex(it.Key()))
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		return err
	}
	if l.applied.index < l.cut.index || l.last < l.applied.index {
		return fmt.Errorf("%w: its log has entries %d to %d, and %d is applied", ErrCorrupt, l.cut.index+1, l.last, l.applied.index)
	}
	if l.bytes, err = l.store.ApproximateSize(lower, upper); err != nil {
		return err
	}
	for next := l.applied.index + 1; next <= l.last; {
		entries, err := l.read(next, l.last+1, tailBytes)
		if err != nil {
			return err
		}
		for _, e := range entries {
			l.proven = max(l.proven, proves(e.GetType(), e.GetData()))
		}
		next += uint64(len(entries))
	}
	l.proven = min(l.proven, l.last)
	return nil
}

// tailBytes is how much of what is not yet applied is read at a time when a log is opened.
const tailBytes = 1 << 20

// InitialState implements raft.Storage. The commit index is not stored: what was applied was committed, and the leader tells the rest.
func (l *raftLog) InitialState() (*pb.HardState, *pb.ConfState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ballot.term == 0 {
		return nil, l.roster.Conf, nil
	}
	return &pb.HardState{Term: new(l.ballot.term), Vote: new(l.ballot.vote), Commit: new(max(l.applied.index, l.proven))}, l.roster.Conf, nil
}

// FirstIndex implements raft.Storage.
func (l *raftLog) FirstIndex() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut.index + 1, nil
}

// LastIndex implements raft.Storage.
func (l *raftLog) LastIndex() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, nil
}

// Term implements raft.Storage.
func (l *raftLog) Term(i uint64) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.term(i)
}

func (l *raftLog) term(i uint64) (uint64, error) {
	switch {
	case i == l.cut.index:
		return l.cut.term, nil
	case i < l.cut.index:
		return 0, raft.ErrCompacted
	case i > l.last:
		return 0, raft.ErrUnavailable
	case i == l.applied.index:
		return l.applied.term, nil
	}
	if from := l.recentFrom(); i >= from {
		return l.recent[i-from].GetTerm(), nil
	}
	v, found, err := l.store.Get(storage.AppendLogKey(nil, l.id, i))
	if err == nil && (!found || len(v) < logEntryHeadBytes) {
		err = fmt.Errorf("%w: entry %d of its log is missing", ErrCorrupt, i)
	}
	if err != nil {
		return 0, fmt.Errorf("read the log of group %d: %w", l.id, err)
	}
	return binary.BigEndian.Uint64(v), nil
}

// recentFrom is the index of the first entry in memory.
func (l *raftLog) recentFrom() uint64 { return l.last + 1 - uint64(len(l.recent)) }

// Entries implements raft.Storage.
func (l *raftLog) Entries(lo, hi, maxBytes uint64) ([]*pb.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case lo <= l.cut.index:
		return nil, raft.ErrCompacted
	case hi > l.last+1:
		return nil, raft.ErrUnavailable
	case lo >= hi:
		return nil, nil
	}
	from := l.recentFrom()
	if lo < from {
		return l.read(lo, min(hi, from), maxBytes)
	}
	some := l.recent[lo-from : hi-from]
	n, size := 0, uint64(0)
	for ; n < len(some); n++ {
		if size += entryBytes(some[n]); n > 0 && size > maxBytes {
			break
		}
	}
	return some[:n:n], nil
}

// entryBytes is about the size of an entry in a message.
func entryBytes(e *pb.Entry) uint64 { return uint64(len(e.GetData())) + 16 }

// read reads entries from the store, at least one.
func (l *raftLog) read(lo, hi, maxBytes uint64) (entries []*pb.Entry, err error) {
	it, err := l.store.Iter(storage.AppendLogKey(nil, l.id, lo), storage.AppendLogKey(nil, l.id, hi))
	if err != nil {
		return nil, err
	}
	size := uint64(0)
	for ok := it.First(); ok; ok = it.Next() {
		var v []byte
		if v, err = it.Value(); err != nil {
			break
		}
		index := storage.LogIndex(it.Key())
		if index != lo+uint64(len(entries)) || len(v) < logEntryHeadBytes {
			err = fmt.Errorf("%w: entry %d of its log is missing", ErrCorrupt, lo+uint64(len(entries)))
			break
		}
		e := &pb.Entry{Index: &index, Term: new(binary.BigEndian.Uint64(v)), Type: pb.EntryType(v[8]).Enum(), Data: append([]byte(nil), v[logEntryHeadBytes:]...)}
		if size += entryBytes(e); len(entries) > 0 && size > maxBytes {
			break
		}
		entries = append(entries, e)
	}
	if err = errors.Join(err, it.Err(), it.Close()); err != nil {
		return nil, fmt.Errorf("read the log of group %d: %w", l.id, err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("read the log of group %d: %w: entry %d is missing", l.id, ErrCorrupt, lo)
	}
	return entries, nil
}

// Snapshot implements raft.Storage. It only says that there is a state to send; what is sent is the state at that moment.
func (l *raftLog) Snapshot() (*pb.Snapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &pb.Snapshot{Metadata: &pb.SnapshotMetadata{Index: new(l.applied.index), Term: new(l.applied.term), ConfState: l.roster.Conf}}, nil
}

// put adds entries to a batch, in place of those that the log has with their indexes or greater ones. When the batch is applied, appended follows.
func (l *raftLog) put(b *storage.Batch, entries []*pb.Entry) {
	var key, head []byte
	for _, e := range entries {
		key = storage.AppendLogKey(key[:0], l.id, e.GetIndex())
		head = append(binary.BigEndian.AppendUint64(head[:0], e.GetTerm()), byte(e.GetType()))
		b.SetJoined(key, head, e.GetData())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if end := entries[len(entries)-1].GetIndex(); end < l.last {
		b.DeleteRange(storage.AppendLogKey(nil, l.id, end+1), storage.AppendLogKey(nil, l.id, l.last+1))
	}
}

// appended says that the store has the entries.
func (l *raftLog) appended(entries []*pb.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := entries[0].GetIndex()
	if keep := int64(first) - int64(l.recentFrom()); keep < 0 {
		l.recent, l.held = nil, 0
	} else {
		for _, e := range l.recent[keep:] {
			l.held -= int64(entryBytes(e))
			l.bytes -= int64(entryBytes(e))
		}
		if keep < int64(len(l.recent)) {
			l.recent = l.recent[:keep:keep] // the library may still read what it has been given of the rest
		}
	}
	for _, e := range entries {
		l.held += int64(entryBytes(e))
		l.bytes += int64(entryBytes(e))
	}
	l.recent = append(l.recent, entries...)
	l.last = entries[len(entries)-1].GetIndex()
	n := 0
	for l.held > l.recentBytes && l.recent[n].GetIndex() <= l.applied.index {
		l.held -= int64(entryBytes(l.recent[n]))
		n++
	}
	l.recent = l.recent[n:]
}

// advanced says up to where the log is applied, and who the members are then, nil if they are the same.
func (l *raftLog) advanced(to position, members *roster) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applied = to
	if members != nil {
		l.roster = members
	}
}

// removeUpTo adds the removal of entries to a batch, and returns what cutOff is to be told when that is applied. There is none if there is nothing to remove.
func (l *raftLog) removeUpTo(b *storage.Batch, index uint64) (cut position, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	index = min(index, l.applied.index)
	if index <= l.cut.index {
		return position{}, nil
	}
	term, err := l.term(index)
	if err != nil {
		return position{}, err
	}
	b.DeleteRange(storage.AppendLogKey(nil, l.id, l.cut.index+1), storage.AppendLogKey(nil, l.id, index+1))
	b.Set(recordKey(l.id, recordCut), encodePair(index, term))
	return position{index, term}, nil
}

func (l *raftLog) cutOff(at position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from := l.recentFrom(); at.index >= from {
		n := at.index + 1 - from
		for _, e := range l.recent[:n] {
			l.held -= int64(entryBytes(e))
		}
		l.recent = append([]*pb.Entry(nil), l.recent[n:]...)
	}
	// All that is known of old entries is how large they are together.
	if all := int64(l.last - l.cut.index); all > 0 {
		l.bytes = max(l.held, l.bytes/all*int64(l.last-at.index))
	}
	l.cut = at
}

// forget drops the entries from memory. They are in the store.
func (l *raftLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent, l.held = nil, 0
}

// replaced says that a snapshot has replaced everything.
func (l *raftLog) replaced(by position, members *roster) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.applied, l.last, l.roster = by, by, by.index, members
	l.recent, l.held, l.bytes = nil, 0, 0
}

// members returns the members as of what is applied. It is constant.
func (l *raftLog) members() *roster {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.roster
}

// position returns up to where the log is applied.
func (l *raftLog) position() position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied
}

func (l *raftLog) voted() ballot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ballot
}

// vote says that the store has another ballot.
func (l *raftLog) vote(b ballot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ballot = b
}

// sizes returns how large the log is.
func (l *raftLog) sizes() (entries uint64, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last - l.cut.index, l.bytes
}
