package replication

import (
	"encoding/binary"
	"fmt"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// The data of a log entry: a byte for its kind, and then
//
//	commands  replica, number (varints), and for each command: rows (a varint) | guard | batch | record, each after its length (a varint)
//	cut       the log index up to which nobody needs the log any more (a varint)
//	firm      a log index that the leader had applied (a varint); see roster.Firm
//
// Replica and number name what was proposed, so that whoever waits for it recognizes it: among the entries of one term they are unique. A command with a guard
// has an entry of its own. An entry without data is the one with which a term begins. Entries are stored and sent: what changes in the format needs another
// kind. (1 was a single command, before the first release.)
const (
	kindCut      byte = 2
	kindFirm     byte = 3
	kindCommands byte = 4
)

// command is one of those that an entry has. Its parts belong to the entry.
type command struct {
	rows   int64
	guard  []byte
	repr   []byte // of the batch
	record []byte // of the history; empty for nothing
}

// appendCommands encodes the head of an entry with commands, which follow.
func appendCommands(dst []byte, replica, number uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(append(dst, kindCommands), replica), number)
}

// appendCommand encodes a command.
func appendCommand(dst []byte, cmd *Command, record []byte) []byte {
	dst = binary.AppendVarint(dst, cmd.Rows)
	for _, part := range [][]byte{cmd.Guard, cmd.Batch.Repr(), record} {
		dst = append(binary.AppendUvarint(dst, uint64(len(part))), part...)
	}
	return dst
}

// commandBytes is about how much appendCommand appends, and not less.
func commandBytes(cmd *Command, record []byte) int {
	return 4*binary.MaxVarintLen64 + len(cmd.Guard) + cmd.Batch.Len() + len(record)
}

// proposer reads who has proposed an entry with commands, which follow.
func (d *decoder) proposer() (replica, number uint64) { return d.uvarint(), d.uvarint() }

// command reads the next command of an entry.
func (d *decoder) command() (c command) {
	c.rows = d.varint()
	c.guard, c.repr, c.record = d.bytes(), d.bytes(), d.bytes()
	return c
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
