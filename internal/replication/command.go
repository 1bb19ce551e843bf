package replication

import (
	"encoding/binary"
	"fmt"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// The data of a log entry: a byte for its kind, and then
//
//	command   replica, number, rows (varints) | guard | batch | record, each but the last after its length (a varint)
//	cut       the log index up to which nobody needs the log any more (a varint)
//	firm      a log index that the leader had applied (a varint); see roster.Firm
//
// Replica and number name the proposal, so that whoever waits for it recognizes it: among those of one term they are unique. An entry without data is the
// one with which a term begins. Entries are stored and sent: what changes in the format needs another kind.
const (
	kindCommand byte = 1
	kindCut     byte = 2
	kindFirm    byte = 3
)

// command is a decoded entry. Its parts belong to the entry.
type command struct {
	replica, number uint64
	rows            int64
	guard           []byte
	repr            []byte // of the batch
	record          []byte // of the history; empty for nothing
}

// appendCommand encodes a command up to the record, which is known only when it gets its place.
func appendCommand(dst []byte, replica, number uint64, cmd *Command) []byte {
	repr := cmd.Batch.Repr()
	if dst == nil {
		dst = make([]byte, 0, 1+5*binary.MaxVarintLen64+len(cmd.Guard)+len(repr))
	}
	dst = append(dst, kindCommand)
	dst = binary.AppendUvarint(dst, replica)
	dst = binary.AppendUvarint(dst, number)
	dst = binary.AppendVarint(dst, cmd.Rows)
	dst = binary.AppendUvarint(dst, uint64(len(cmd.Guard)))
	dst = append(dst, cmd.Guard...)
	dst = binary.AppendUvarint(dst, uint64(len(repr)))
	return append(dst, repr...)
}

// decodeCommand decodes the data of an entry after its kind.
func decodeCommand(data []byte) (c command, err error) {
	d := decoder{rest: data}
	c.replica, c.number, c.rows = d.uvarint(), d.uvarint(), d.varint()
	c.guard = d.bytes()
	c.repr = d.bytes()
	c.record = d.rest
	return c, d.err
}

// appendIndex encodes a cut or a firm.
func appendIndex(dst []byte, kind byte, index uint64) []byte {
	return binary.AppendUvarint(append(dst, kind), index)
}

// proves returns a log index that the proposer of an entry had applied: so whoever has the entry knows that everything up to there was committed, even if the entry
// itself was not. It is 0 if the entry says nothing of the kind.
func proves(kind pb.EntryType, data []byte) uint64 {
	switch {
	case kind == pb.EntryConfChangeV2:
		cc := &pb.ConfChangeV2{}
		if proto.Unmarshal(data, cc) != nil {
			return 0 // whoever applies it will complain
		}
		c, err := decodeChangeContext(cc.GetContext())
		if err != nil {
			return 0
		}
		return c.After
	case kind == pb.EntryNormal && len(data) > 0 && (data[0] == kindCut || data[0] == kindFirm):
		d := decoder{rest: data[1:]}
		return d.uvarint()
	default:
		return 0
	}
}

// decoder reads numbers and strings until something does not fit; then err is set, and everything else is zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail() {
	d.err = fmt.Errorf("%w: an entry or a message is cut off", ErrCorrupt)
	d.rest = nil
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}
