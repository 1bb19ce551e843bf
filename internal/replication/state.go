package replication

import (
	"encoding/binary"
	"fmt"

	"rethinkdb/internal/storage"
)

// position is a place in a Raft log.
type position struct {
	index uint64
	term  uint64
}

// stored is the record of a group's state: 16 bytes of a Single, and of a Raft group 16 more for the log entry up to which it was applied.
// All numbers are big endian.
type stored struct {
	State
	log position // zero for a Single
}

const (
	singleStateBytes = 16
	raftStateBytes   = 32
)

// encode appends the record.
func (s stored) encode(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.Applied))
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.Rows))
	if s.log.index == 0 {
		return dst
	}
	dst = binary.BigEndian.AppendUint64(dst, s.log.index)
	return binary.BigEndian.AppendUint64(dst, s.log.term)
}

func decodeState(v []byte) (s stored, err error) {
	if len(v) != singleStateBytes && len(v) != raftStateBytes {
		return s, fmt.Errorf("%w: it has %d bytes, not %d or %d", ErrCorrupt, len(v), singleStateBytes, raftStateBytes)
	}
	s.Applied = Index(binary.BigEndian.Uint64(v))
	s.Rows = int64(binary.BigEndian.Uint64(v[8:]))
	if len(v) == raftStateBytes {
		s.log = position{binary.BigEndian.Uint64(v[16:]), binary.BigEndian.Uint64(v[24:])}
	}
	return s, nil
}

// readState reads the record of a group in a state of the store.
func readState(r storage.Reader, id storage.GroupID) (s stored, found bool, err error) {
	v, found, err := r.Get(storage.AppendPrefix(nil, id, storage.KindState))
	if err == nil && found {
		s, err = decodeState(v)
	}
	if err != nil {
		return s, false, fmt.Errorf("read the state of group %d: %w", id, err)
	}
	return s, found, nil
}

// AppliedIn returns the index of the last command that a state of the store holds.
func AppliedIn(r storage.Reader, id storage.GroupID) (Index, error) {
	s, found, err := readState(r, id)
	if err == nil && !found {
		err = ErrDropped
	}
	return s.Applied, err
}
