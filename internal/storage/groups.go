package storage

import (
	"context"
	"encoding/binary"
	"fmt"
)

var nextGroupKey = []byte{spaceOwn, 'g'}

// AllocateGroup returns a group number that was never used before. It is on disk when AllocateGroup returns, so that a number
// is not given out again after a crash.
func (s *Store) AllocateGroup(ctx context.Context) (GroupID, error) {
	s.groupsMu.Lock()
	defer s.groupsMu.Unlock()
	next := uint32(1)
	v, found, err := s.Get(nextGroupKey)
	if err != nil {
		return 0, err
	}
	if found {
		if len(v) != 4 {
			return 0, fmt.Errorf("allocate a group: the counter has %d bytes, not 4", len(v))
		}
		next = binary.BigEndian.Uint32(v)
	}
	if next == 1<<32-1 {
		return 0, fmt.Errorf("allocate a group: all %d numbers are used", next)
	}
	b := s.NewBatch()
	defer b.Close()
	b.Set(nextGroupKey, binary.BigEndian.AppendUint32(nil, next+1))
	if err := s.Commit(ctx, b, true); err != nil {
		return 0, fmt.Errorf("allocate a group: %w", err)
	}
	return GroupID(next), nil
}

// Groups returns the groups that have any key, in order. It reads one key per group.
func (s *Store) Groups() ([]GroupID, error) {
	it, err := s.Iter([]byte{spaceGroup}, []byte{spaceGroup + 1})
	if err != nil {
		return nil, err
	}
	var groups []GroupID
	for ok := it.First(); ok; {
		g := GroupID(binary.BigEndian.Uint32(it.Key()[1:]))
		groups = append(groups, g)
		_, upper := GroupRange(g)
		ok = it.SeekGE(upper)
	}
	if err := it.Err(); err != nil {
		_ = it.Close() // repeats err
		return nil, err
	}
	return groups, it.Close()
}

// DeleteGroup adds the removal of everything that a group owns to the batch.
func (b *Batch) DeleteGroup(g GroupID) {
	b.DeleteRange(GroupRange(g))
}
