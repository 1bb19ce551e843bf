package replication

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"rethinkdb/internal/storage"
)

// nowhere is a Transport that loses everything.
type nowhere struct{}

func (nowhere) Send(ServerID, []byte) {}

func (nowhere) SendBeats(ServerID, []byte) {}

func (nowhere) OpenSnapshot(context.Context, ServerID, []byte) (io.ReadWriteCloser, error) {
	return nil, errors.New("no connection")
}

// fuzzHost is a Host with a group of one replica, 1, and one that has no identity yet, 2.
func fuzzHost(t *testing.T) *Host {
	store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS(), SyncOnDemand: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h := NewHost(HostOptions{Self: "s", Store: store, Transport: nowhere{}, driven: true})
	t.Cleanup(h.Close)
	if _, err := h.Create(t.Context(), 1, &silent{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Replica(t.Context(), 2, &silent{}); err != nil {
		t.Fatal(err)
	}
	return h
}

// settle does all the work that there is.
func (h *Host) settle() {
	for range 4 {
		for _, r := range h.all() {
			r.work()
		}
		h.o.Store.Confirm()
		h.tick()
	}
}

func envelopeOf(kind byte, group storage.GroupID, to uint64, body []byte) []byte {
	b := binary.AppendUvarint([]byte{kind}, uint64(group))
	b = binary.AppendUvarint(b, to)
	return append(binary.AppendUvarint(b, uint64(len(body))), body...)
}

// Whatever another server sends, nothing panics and nothing hangs: at worst a group stops.
func FuzzReceive(f *testing.F) {
	message := func(m *pb.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	one, two, ten := uint64(1), uint64(2), uint64(10)
	f.Add(envelopeOf(envelopeRaft, 1, 1, message(&pb.Message{Type: pb.MsgPreVote.Enum(), From: &two, To: &one, Term: &ten, Index: &ten, LogTerm: &ten})))
	f.Add(envelopeOf(envelopeRaft, 1, 1, message(&pb.Message{Type: pb.MsgApp.Enum(), From: &two, To: &one, Term: &ten, Index: &two, LogTerm: &one, Commit: &ten,
		Entries: []*pb.Entry{{Term: &ten, Index: new(uint64(3)), Data: []byte{kindCommands, 1, 1}}}})))
	f.Add(envelopeOf(envelopeRaft, 2, 5, message(&pb.Message{Type: pb.MsgHeartbeat.Enum(), From: &two, To: new(uint64(5)), Term: &ten, Commit: &ten})))
	f.Add(envelopeOf(envelopeGone, 1, 1, nil))
	f.Add(envelopeOf(envelopeAsk, 1, 9, nil))
	f.Add(envelopeOf(envelopeCommitted, 1, 1, []byte{2, 1, 1}))
	f.Add(append(envelopeOf(envelopeAsk, 3, 9, nil), envelopeOf(77, 1, 1, []byte("x"))...))
	f.Fuzz(func(t *testing.T, m []byte) {
		h := fuzzHost(t)
		h.Receive("other", m)
		h.settle()
		h.Receive("other", m)
		h.settle()
	})
}

// Likewise for beats.
func FuzzReceiveBeats(f *testing.F) {
	for _, kind := range []byte{beatsOfLeaders, beatsOfFollowers, 9} {
		f.Add(beat{group: 1, to: 1, from: 2, term: 1, index: 1}.append([]byte{kind}))
		f.Add(beat{group: 1, to: 1, from: 2, term: 9, index: 1 << 40}.append([]byte{kind}))
		f.Add(beat{group: 2, to: 5, from: 2, term: 1, index: 1}.append(beat{group: 3}.append([]byte{kind})))
	}
	f.Fuzz(func(t *testing.T, m []byte) {
		h := fuzzHost(t)
		for range 2 {
			h.ReceiveBeats("other", m)
			h.settle()
		}
	})
}

// Likewise for snapshots.
func FuzzReceiveSnapshot(f *testing.F) {
	header := func(m *pb.Message, state stored, members *roster) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		h := binary.AppendUvarint(nil, 2)
		for _, part := range [][]byte{b, state.encode(nil), members.encode()} {
			h = append(binary.AppendUvarint(h, uint64(len(part))), part...)
		}
		return h
	}
	key := rowKey(2, "a")
	keys := append(binary.AppendUvarint(nil, uint64(len(key))), key...)
	keys = append(keys, 1, 'x', 0)
	conf := &pb.ConfState{Voters: []uint64{1}, Learners: []uint64{5}}
	m := &pb.Message{Type: pb.MsgSnap.Enum(), From: new(uint64(1)), To: new(uint64(5)), Term: new(uint64(2)),
		Snapshot: &pb.Snapshot{Metadata: &pb.SnapshotMetadata{Index: new(uint64(9)), Term: new(uint64(2)), ConfState: conf}}}
	f.Add(header(m, stored{State{4, 1}, position{9, 2}}, &roster{Servers: map[uint64]ServerID{1: "other", 5: "s"}, Next: 6, Conf: conf}), keys)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, header, keys []byte) {
		h := fuzzHost(t)
		for range 2 { // the first one gives the replica its identity
			stream := struct {
				io.Reader
				io.Writer
			}{bytes.NewReader(keys), io.Discard}
			_ = h.ReceiveSnapshot(t.Context(), "other", header, stream)
			h.settle()
		}
	})
}
