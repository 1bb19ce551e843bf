package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// reprHeaderBytes are the sequence number, which means nothing outside of the engine, and the count of changes (4 bytes, little endian). The
// changes follow: a byte for the kind, the length of the key as a varint, the key, and then, unless it is a deletion, the value likewise.
const reprHeaderBytes = 12

// Repr is the batch as bytes, in the engine's own format, for AppendRepr. It is valid until the batch changes.
func (b *Batch) Repr() []byte { return b.pb.Repr() }

// AppendRepr adds the changes of another batch, of any store, given as bytes, which are copied. Bytes that come from outside may be anything: what is
// no batch of sets and deletions is ErrNotABatch, and some of it may then be in the batch.
func (b *Batch) AppendRepr(repr []byte) error {
	return eachChange(repr, func(kind pebble.InternalKeyKind, key, value []byte) error {
		switch kind {
		case pebble.InternalKeyKindSet:
			b.Set(key, value)
		case pebble.InternalKeyKindDelete:
			b.Delete(key)
		case pebble.InternalKeyKindRangeDelete:
			if bytes.Compare(key, value) < 0 {
				b.DeleteRange(key, value)
			}
		default:
			return fmt.Errorf("%w: it has a change of kind %d", ErrNotABatch, kind)
		}
		return nil
	})
}

// EachSet calls f with each key that the batch sets, in the order in which that was said, until f returns an error, which it returns.
func (b *Batch) EachSet(f func(key, value []byte) error) error {
	return eachChange(b.Repr(), func(kind pebble.InternalKeyKind, key, value []byte) error {
		if kind != pebble.InternalKeyKindSet {
			return nil
		}
		return f(key, value)
	})
}

// eachChange calls f with each change of a batch. (The engine's reader panics on bytes that are no batch.)
func eachChange(repr []byte, f func(kind pebble.InternalKeyKind, key, value []byte) error) error {
	if len(repr) < reprHeaderBytes {
		return fmt.Errorf("%w: it has %d bytes", ErrNotABatch, len(repr))
	}
	announced := binary.LittleEndian.Uint32(repr[8:])
	rest, n := repr[reprHeaderBytes:], uint32(0)
	for ; len(rest) > 0; n++ {
		kind := pebble.InternalKeyKind(rest[0])
		var value []byte
		key, more, ok := cutString(rest[1:])
		if ok && kind != pebble.InternalKeyKindDelete {
			value, more, ok = cutString(more)
		}
		if !ok {
			return fmt.Errorf("%w: change %d is cut off", ErrNotABatch, n)
		}
		rest = more
		if err := f(kind, key, value); err != nil {
			return err
		}
	}
	if n != announced {
		return fmt.Errorf("%w: it has %d changes and announces %d", ErrNotABatch, n, announced)
	}
	return nil
}

// cutString cuts a string that its length precedes off the beginning of b.
func cutString(b []byte) (s, rest []byte, ok bool) {
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return nil, nil, false
	}
	b = b[n:]
	return b[:length:length], b[length:], true
}
