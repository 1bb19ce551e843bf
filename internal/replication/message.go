package replication

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"rethinkdb/internal/storage"
)

// What Hosts send each other is a sequence of envelopes:
//
//	kind (1 byte) | group, replica that it is for (varints) | length (varint) | body
const (
	envelopeRaft byte = 1 // body: a raftpb.Message
	envelopeGone byte = 2 // no body: the replica that it is for is no member any more
	envelopeAsk  byte = 3 // no body, and for a server: is the sender's replica, which stands in the place of the receiver's, still a member?
)

// Of envelopeSuperseded the body is an era (a varint), in which the group goes on without the replica that it is for.
const envelopeSuperseded byte = 5

// Of envelopeCommitted the body is the number of the sender's replica, and index and term of an entry that is committed (varints).
const envelopeCommitted byte = 4

// maxMessageBytes is from when on a message to a server is sent before more is added. A single envelope may be larger.
const maxMessageBytes = 1 << 20

type envelope struct {
	kind  byte
	group storage.GroupID
	to    uint64
	body  []byte
}

func (d *decoder) envelope() (e envelope) {
	e.kind = d.rest[0]
	d.rest = d.rest[1:]
	group := d.uvarint()
	if group > 1<<32-1 {
		d.err = fmt.Errorf("%w: %d is no group", ErrCorrupt, group)
	}
	e.group = storage.GroupID(group)
	e.to = d.uvarint()
	e.body = d.bytes()
	return e
}

// outbox collects what goes to other servers, so that the messages of many groups go together.
type outbox struct {
	transport Transport

	mu    sync.Mutex // guards what follows; nothing is taken below it
	peers []*outgoing
	bytes int // of all
}

type outgoing struct {
	to      ServerID
	message []byte
	full    [][]byte
	beats   [2][]byte // of each kind
	rounds  [][]byte  // of beats, full or ready
	room    int       // that the last ones have taken
}

// raft adds a message of a group. It is encoded at once: the library changes it later.
func (o *outbox) raft(to ServerID, group storage.GroupID, m *pb.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peer(to)
	size := proto.Size(m)
	p.begin(envelopeRaft, group, m.GetTo(), size)
	var err error
	if p.message, err = (proto.MarshalOptions{UseCachedSize: true}).MarshalAppend(p.message, m); err != nil {
		panic(fmt.Sprintf("replication: encode a message: %v", err)) // there is nothing in it that could not be
	}
	o.bytes += size + 1
}

func (o *outbox) gone(to ServerID, group storage.GroupID, replica uint64) {
	o.short(to, envelopeGone, group, replica)
}

func (o *outbox) ask(to ServerID, group storage.GroupID, replica uint64) {
	o.short(to, envelopeAsk, group, replica)
}

func (o *outbox) committed(to ServerID, group storage.GroupID, replica, sender uint64, at position) {
	body := binary.AppendUvarint(nil, sender)
	body = binary.AppendUvarint(binary.AppendUvarint(body, at.index), at.term)
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peer(to)
	p.begin(envelopeCommitted, group, replica, len(body))
	p.message = append(p.message, body...)
	o.bytes++
}

func (o *outbox) superseded(to ServerID, group storage.GroupID, replica uint64, by Era) {
	body := binary.AppendUvarint(nil, uint64(by))
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peer(to)
	p.begin(envelopeSuperseded, group, replica, len(body))
	p.message = append(p.message, body...)
	o.bytes++
}

// short adds an envelope without a body.
func (o *outbox) short(to ServerID, kind byte, group storage.GroupID, replica uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.peer(to).begin(kind, group, replica, 0)
	o.bytes++
}

func (o *outbox) beat(to ServerID, kind byte, b beat) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peer(to)
	m := &p.beats[kind-beatsOfLeaders]
	if len(*m) > maxMessageBytes {
		p.rounds, *m = append(p.rounds, *m), nil
	}
	if len(*m) == 0 {
		*m = append(make([]byte, 0, p.room), kind)
	}
	*m = b.append(*m)
	o.bytes++
}

func (o *outbox) peer(to ServerID) *outgoing {
	for _, p := range o.peers {
		if p.to == to {
			return p
		}
	}
	p := &outgoing{to: to}
	o.peers = append(o.peers, p)
	slices.SortFunc(o.peers, func(a, b *outgoing) int { return cmp.Compare(a.to, b.to) })
	return p
}

func (p *outgoing) begin(kind byte, group storage.GroupID, to uint64, bodyBytes int) {
	if len(p.message)+bodyBytes > maxMessageBytes && len(p.message) > 0 {
		p.full, p.message = append(p.full, p.message), nil
	}
	p.message = append(p.message, kind)
	p.message = binary.AppendUvarint(p.message, uint64(group))
	p.message = binary.AppendUvarint(p.message, to)
	p.message = binary.AppendUvarint(p.message, uint64(bodyBytes))
}

// flush gives the messages to the transport. No lock of the package is held.
func (o *outbox) flush() {
	o.mu.Lock()
	if o.bytes == 0 {
		o.mu.Unlock()
		return
	}
	o.bytes = 0
	var ready []outgoing
	for _, p := range o.peers {
		if len(p.message) > 0 {
			p.full = append(p.full, p.message)
		}
		for i, m := range p.beats {
			if len(m) > 0 {
				p.rounds, p.room, p.beats[i] = append(p.rounds, m), len(m), nil
			}
		}
		if len(p.full)+len(p.rounds) > 0 {
			ready = append(ready, outgoing{to: p.to, full: p.full, rounds: p.rounds})
		}
		p.full, p.message, p.rounds = nil, nil, nil
	}
	o.mu.Unlock()
	for _, p := range ready {
		for _, m := range p.full {
			o.transport.Send(p.to, m)
		}
		for _, m := range p.rounds {
			o.transport.SendBeats(p.to, m)
		}
	}
}
