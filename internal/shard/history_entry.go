package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"rethinkdb/internal/datum"
)

// ErrCorruptHistory marks an entry of the history that cannot be decoded.
var ErrCorruptHistory = errors.New("an entry of the change history is corrupt")

// An Epoch names one opening of a shard, by chance. A crash takes back the last soft writes, and others then get their commit
// indexes: epoch and index together name a commit for ever.
type Epoch uint64

// An entry of the history is the value of a key with the commit index. All numbers are big endian:
//
//	kind (1 byte) | epoch (8) | time (8, Unix milliseconds) | total (8) | the changes of the rows
//
// and each change is three lengths of 4 bytes, then the primary key, the old row and the new row, as they are stored. A row that
// is not there has no bytes. Old and new row lie next to each other, so that compression finds what has not changed.
//
// The total is of the bytes of all entries since the history began, this one included: how large a part of the history is follows
// from its two ends, without reading what lies between.
const entryHeadBytes = 1 + 8 + 8 + 8

// Kinds of entries. They are on disk.
const (
	entryChanges byte = 1
	entryOmitted byte = 2 // the commit was larger than the whole history may be: nobody can resume across it
)

// changeHeadBytes are the lengths in front of a change.
const changeHeadBytes = 3 * 4

// beginEntry empties an entry and leaves room for its head.
func beginEntry(b []byte) []byte { return append(b[:0], make([]byte, entryHeadBytes)...) }

// appendChange adds a change to an entry; encoded is the new row, nil when there is none.
func appendChange(b, key []byte, old datum.Value, encoded []byte) []byte {
	head := len(b)
	b = append(b, make([]byte, changeHeadBytes)...)
	b = append(b, key...)
	mid := len(b)
	if !old.IsAbsent() {
		b = datum.AppendEncoded(b, old)
	}
	binary.BigEndian.PutUint32(b[head:], uint32(len(key)))
	binary.BigEndian.PutUint32(b[head+4:], uint32(len(b)-mid))
	binary.BigEndian.PutUint32(b[head+8:], uint32(len(encoded)))
	return append(b, encoded...)
}

// An entryHead is what can be known of an entry without its changes.
type entryHead struct {
	kind  byte
	index CommitIndex // from the key
	epoch Epoch
	time  time.Time
	total int64
	bytes int64 // of the entry
}

func (h *entryHead) put(b []byte) {
	b[0] = h.kind
	binary.BigEndian.PutUint64(b[1:], uint64(h.epoch))
	binary.BigEndian.PutUint64(b[9:], uint64(h.time.UnixMilli()))
	binary.BigEndian.PutUint64(b[17:], uint64(h.total))
}

// decodeHead reads the head of an entry.
func decodeHead(index CommitIndex, b []byte) (h entryHead, err error) {
	if len(b) < entryHeadBytes || b[0] != entryChanges && b[0] != entryOmitted {
		return h, fmt.Errorf("%w: that of commit %d has no head", ErrCorruptHistory, index)
	}
	return entryHead{
		kind: b[0], index: index,
		epoch: Epoch(binary.BigEndian.Uint64(b[1:])),
		time:  time.UnixMilli(int64(binary.BigEndian.Uint64(b[9:]))),
		total: int64(binary.BigEndian.Uint64(b[17:])),
		bytes: int64(len(b)),
	}, nil
}

// decodeChanges reads the changes of an entry. They are views of b.
func decodeChanges(index CommitIndex, b []byte) (changes []Change, err error) {
	for b = b[entryHeadBytes:]; len(b) > 0; {
		if len(b) < changeHeadBytes {
			return nil, fmt.Errorf("%w: that of commit %d ends early", ErrCorruptHistory, index)
		}
		key, old, row := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:])), uint64(binary.BigEndian.Uint32(b[8:]))
		if b = b[changeHeadBytes:]; key+old+row > uint64(len(b)) {
			return nil, fmt.Errorf("%w: that of commit %d ends early", ErrCorruptHistory, index)
		}
		c := Change{Key: b[:key:key], Number: uint32(len(changes))}
		if c.Old, err = storedRow(b[key : key+old]); err != nil {
			return nil, err
		}
		if c.New, err = storedRow(b[key+old:][:row]); err != nil {
			return nil, err
		}
		changes = append(changes, c)
		b = b[key+old+row:]
	}
	return changes, nil
}

func storedRow(b []byte) (datum.Value, error) {
	if len(b) == 0 {
		return datum.Value{}, nil
	}
	return decode(b)
}
