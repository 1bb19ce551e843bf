package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
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
// and each change is five lengths of 4 bytes, then the primary key, the new row as it is stored, and of the old row the middle: what
// is left when it and the new row begin alike and end alike. So most updates write little more than the new row once more. The
// lengths are of the key, the new row, and the beginning, the middle and the end of the old row. A row that is not there has no bytes. In what
// another group has inherited (inheritance.go), changes of rows that it has not are five zeros: they keep the others' numbers what they are.
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
const changeHeadBytes = 5 * 4

// beginEntry empties an entry and leaves room for its head.
func beginEntry(b []byte) []byte { return append(b[:0], make([]byte, entryHeadBytes)...) }

// appendChange adds a change to an entry; encoded is the new row, nil when there is none.
func appendChange(b, key []byte, old datum.Value, encoded []byte) []byte {
	head := len(b)
	b = append(b, make([]byte, changeHeadBytes)...)
	b = append(append(b, key...), encoded...)
	mid := len(b)
	if !old.IsAbsent() {
		b = datum.AppendEncoded(b, old)
	}
	was := b[mid:]
	same := min(len(was), len(encoded))
	start := 0
	for start < same && was[start] == encoded[start] {
		start++
	}
	end := 0
	for end < same-start && was[len(was)-1-end] == encoded[len(encoded)-1-end] {
		end++
	}
	b = b[:mid+copy(was, was[start:len(was)-end])]
	for i, n := range [...]int{len(key), len(encoded), start, len(b) - mid, end} {
		binary.BigEndian.PutUint32(b[head+4*i:], uint32(n))
	}
	return b
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

// decodeChanges reads the changes of an entry. Nearly all of them is views of b.
func decodeChanges(index CommitIndex, b []byte) (changes []Change, err error) {
	err = eachChange(index, b, func(number uint32, key, was, is []byte) (err error) {
		c := Change{Key: key, Number: number}
		if c.Old, err = storedRow(was); err == nil {
			c.New, err = storedRow(is)
		}
		changes = append(changes, c)
		return err
	})
	return changes, err
}

// eachChange calls f with the encoded rows of each change of an entry; those that are not there have no bytes.
func eachChange(index CommitIndex, b []byte, f func(number uint32, key, was, is []byte) error) error {
	number := uint32(0)
	for b = b[entryHeadBytes:]; len(b) > 0; number++ {
		c, err := cutChange(index, b)
		if err != nil {
			return err
		}
		b = b[c.bytes:]
		if len(c.key) == 0 { // of a row that another group has
			continue
		}
		was := c.middle
		if c.start+c.end > 0 {
			was = slices.Concat(c.row[:c.start], c.middle, c.row[len(c.row)-c.end:])
		}
		if err := f(number, c.key, was, c.row); err != nil {
			return err
		}
	}
	return nil
}

// A storedChange is a change as it is in an entry.
type storedChange struct {
	key, row, middle []byte
	start, end       int // of row, which the old row has as well
	bytes            int
}

// cutChange takes apart the change that b begins with.
func cutChange(index CommitIndex, b []byte) (c storedChange, err error) {
	early := fmt.Errorf("%w: that of commit %d ends early", ErrCorruptHistory, index)
	if len(b) < changeHeadBytes {
		return c, early
	}
	var n [5]uint64
	for i := range n {
		n[i] = uint64(binary.BigEndian.Uint32(b[4*i:]))
	}
	key, row, start, mid, end := n[0], n[1], n[2], n[3], n[4]
	if b = b[changeHeadBytes:]; key+row+mid > uint64(len(b)) || start+end > row {
		return c, early
	}
	return storedChange{key: b[:key:key], row: b[key : key+row], middle: b[key+row:][:mid], start: int(start), end: int(end), bytes: changeHeadBytes + int(key+row+mid)}, nil
}

func storedRow(b []byte) (datum.Value, error) {
	if len(b) == 0 {
		return datum.Value{}, nil
	}
	return decode(b)
}
