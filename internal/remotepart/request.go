package remotepart

import (
	"encoding/binary"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// operation is what a request asks for.
type operation uint8

const (
	opGetMany operation = iota + 1
	opCount
	opCountIndex
	opSync
	opWrite
	opScan
	opCopy // a write of rows that come from other groups
	opInherit
	opLoad // of rows that come from other groups, which follow
)

// request is what a server asks of a part. The fields after Mode are of some operations only.
type request struct {
	Op   operation
	Part table.Address
	Mode table.ReadMode

	Keys    [][]byte // opGetMany
	Rows    []change // opWrite, opCopy
	Durable bool

	Index      uint32             // opCountIndex, opScan
	Ranges     []shard.IndexRange // of the index
	Bounds     shard.Bounds       // opScan, without index
	Distinct   bool
	Descending bool
	Values     bool

	Entries []shard.Inherited // opInherit
}

// change is a row that is to be written.
type change struct {
	Key   []byte
	Fresh bool        // there is certainly none
	Old   digest      // of the old row, if there is one; see digestOf
	Row   datum.Value // absent to delete it
}

// appendRequest appends a request.
func appendRequest(dst []byte, q *request) []byte {
	dst = append(dst, byte(q.Op), byte(q.Mode))
	dst = appendBytes(dst, []byte(q.Part.Table))
	dst = binary.AppendUvarint(dst, uint64(q.Part.Group))
	switch q.Op {
	case opGetMany:
		dst = binary.AppendUvarint(dst, uint64(len(q.Keys)))
		for _, k := range q.Keys {
			dst = appendBytes(dst, k)
		}
	case opCountIndex:
		dst = appendRanges(binary.AppendUvarint(dst, uint64(q.Index)), q.Ranges)
	case opWrite, opCopy:
		dst = binary.AppendUvarint(appendBool(dst, q.Durable), uint64(len(q.Rows)))
		for i := range q.Rows {
			c := &q.Rows[i]
			dst = appendBool(appendBytes(dst, c.Key), c.Fresh)
			dst = append(dst, c.Old[:]...)
			dst = appendRow(dst, c.Row)
		}
	case opScan:
		dst = binary.AppendUvarint(dst, uint64(q.Index))
		dst = appendRanges(dst, q.Ranges)
		dst = appendOptional(appendOptional(dst, q.Bounds.Low), q.Bounds.High)
		dst = appendBool(appendBool(appendBool(dst, q.Distinct), q.Descending), q.Values)
	case opInherit:
		dst = binary.AppendUvarint(dst, uint64(len(q.Entries)))
		for _, e := range q.Entries {
			dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(e.Of)), uint64(e.Index))
			dst = appendBytes(dst, e.Entry)
		}
	}
	return dst
}

func appendRanges(dst []byte, ranges []shard.IndexRange) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ranges)))
	for _, r := range ranges {
		dst = appendOptional(appendOptional(dst, r.Low), r.High)
		dst = binary.AppendUvarint(dst, uint64(r.Copies))
	}
	return dst
}

// readRequest reads a request, which keeps the bytes.
func readRequest(b []byte) (*request, error) {
	r := &reader{b: b}
	q := &request{Op: operation(r.byte()), Mode: table.ReadMode(r.byte())}
	q.Part = table.Address{Table: string(r.bytes()), Group: storage.GroupID(r.int())}
	switch q.Op {
	case opGetMany:
		for range r.count() {
			q.Keys = append(q.Keys, r.bytes())
		}
	case opCount, opSync, opLoad:
	case opCountIndex:
		q.Index, q.Ranges = uint32(r.int()), readRanges(r)
	case opWrite, opCopy:
		q.Durable = r.bool()
		for range r.count() {
			c := change{Key: r.bytes(), Fresh: r.bool()}
			for i := range c.Old {
				c.Old[i] = r.byte()
			}
			c.Row = r.value()
			q.Rows = append(q.Rows, c)
		}
	case opScan:
		q.Index, q.Ranges = uint32(r.int()), readRanges(r)
		q.Bounds = shard.Bounds{Low: r.optional(), High: r.optional()}
		q.Distinct, q.Descending, q.Values = r.bool(), r.bool(), r.bool()
	case opInherit:
		for range r.count() {
			e := shard.Inherited{Of: storage.GroupID(r.int()), Index: shard.CommitIndex(r.uvarint()), Entry: r.bytes()}
			if err := e.Check(); r.err == nil && err != nil {
				return nil, fmt.Errorf("%w: %w", errMalformed, err)
			}
			q.Entries = append(q.Entries, e)
		}
	default:
		r.fail()
	}
	return q, r.end()
}

func readRanges(r *reader) []shard.IndexRange {
	var list []shard.IndexRange
	for range r.count() {
		list = append(list, shard.IndexRange{Low: r.optional(), High: r.optional(), Copies: r.int()})
	}
	return list
}
