package shard

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// A Snapshot is a state of a shard that later writes do not change: that after the commit of its Index. It keeps old versions
// of rows on disk, but no memory. Close it.
type Snapshot struct {
	shard *Shard
	state *storage.Snapshot
	Index CommitIndex
}

// Snapshot returns the present state.
func (s *Shard) Snapshot() (*Snapshot, error) {
	state := s.store.Snapshot()
	index, err := replication.AppliedIn(state, s.config.Group)
	if err != nil {
		_ = state.Close() // the first error is the one to report
		return nil, err
	}
	return &Snapshot{shard: s, state: state, Index: index}, nil
}

// Get returns the row with this encoded primary key, absent if there is none. The row is valid for ever.
func (p *Snapshot) Get(key []byte) (datum.Value, error) {
	storageKey := append(make([]byte, 0, storage.PrefixLen+len(key)), p.shard.lower...)
	v, found, err := p.state.Get(append(storageKey, key...))
	if err != nil || !found {
		return datum.Value{}, err
	}
	return decode(v)
}

// Close releases the snapshot. Scans of it that have begun must not go on.
func (p *Snapshot) Close() error { return p.state.Close() }

// reader is what a scan of a state reads: the snapshot, or the newest state when there is none.
func (s *Shard) reader(at *Snapshot) storage.Reader {
	if at == nil {
		return s.store
	}
	return at.state
}
