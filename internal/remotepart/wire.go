package remotepart

import (
	"encoding/binary"
	"errors"
	"fmt"

	"rethinkdb/internal/datum"
)

// errMalformed is the error of what cannot be read.
var errMalformed = errors.New("what another server has sent cannot be read")

// appendBytes appends bytes with their length.
func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// appendRow appends the storage encoding of a row with its length, which is 0 for an absent one.
func appendRow(dst []byte, row datum.Value) []byte {
	if row.IsAbsent() {
		return append(dst, 0)
	}
	start := len(dst)
	dst = datum.AppendEncoded(append(dst, make([]byte, rowLengthBytes)...), row)
	n := len(dst) - start - rowLengthBytes
	for i := range rowLengthBytes - 1 { // a length of constant size, so that the row need not be moved
		dst[start+i] = byte(n) | 0x80
		n >>= 7
	}
	dst[start+rowLengthBytes-1] = byte(n)
	return dst
}

// rowLengthBytes is room for the length of any row.
const rowLengthBytes = 5

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// reader takes a message apart. After an error everything is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errMalformed
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) bool() bool { return r.byte() != 0 }

func (r *reader) uvarint() uint64 {
	n, w := binary.Uvarint(r.b)
	if w <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[w:]
	return n
}

// uint64 reads a number of eight bytes.
func (r *reader) uint64() uint64 {
	if len(r.b) < 8 {
		r.fail()
		return 0
	}
	n := binary.BigEndian.Uint64(r.b)
	r.b = r.b[8:]
	return n
}

// count reads how many things follow, each of which takes at least a byte.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

// int reads a number that fits into 31 bits.
func (r *reader) int() int {
	n := r.uvarint()
	if n > 1<<31-1 {
		r.fail()
		return 0
	}
	return int(n)
}

// bytes reads bytes, which are part of the message.
func (r *reader) bytes() []byte {
	n := r.count()
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// optional is bytes, with nil for none.
func (r *reader) optional() []byte {
	if !r.bool() {
		return nil
	}
	return r.bytes()
}

func appendOptional(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 0)
	}
	return appendBytes(append(dst, 1), b)
}

// value reads a row, or any other value, which is a view of the message.
func (r *reader) value() datum.Value {
	b := r.bytes()
	if len(b) == 0 {
		return datum.Value{}
	}
	if err := datum.Check(b); err != nil {
		r.fail()
		r.err = fmt.Errorf("%w: %w", errMalformed, err)
		return datum.Value{}
	}
	return datum.View(b)
}

// end is the error of the message, which is to have been read to its end.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	return r.err
}
