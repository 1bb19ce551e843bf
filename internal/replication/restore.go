package replication

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"

	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"rethinkdb/internal/storage"
)

// received is a snapshot that has come, put aside.
type received struct {
	index   uint64
	state   stored
	members *roster
	keys    keySink
}

func (s *received) discard(h *Host) {
	if s == nil {
		return
	}
	if err := s.keys.discard(); err != nil {
		h.log.Warn("What is left of a snapshot cannot be removed. The next start does that.", "error", err)
	}
}

// keySink puts keys aside, and replaces with them what the store has.
type keySink interface {
	add(key, value []byte) error
	// replace adds the keys of the last batch and makes all of them what the store has in their ranges, in one step.
	replace(ctx context.Context, last *storage.Batch) error
	discard() error
}

// Limits of what a stream may contain; more is no snapshot of ours.
const (
	maxKeyBytes    = 1 << 20
	maxValueBytes  = 1 << 30
	maxRangerBytes = 256 << 20 // of all keys of a Ranger
	sortedRunBytes = 64 << 20
	streamBuffer   = 256 << 10
)

var errNotWanted = errors.New("there is no use for it")

// ReceiveSnapshot takes a snapshot that another server has opened a stream for. It returns when that is taken, or of no use; then the caller closes the stream, of which there may
// be more to read.
func (h *Host) ReceiveSnapshot(ctx context.Context, from ServerID, header []byte, stream io.ReadWriter) error {
	taken, err := h.receiveSnapshot(ctx, from, header, stream)
	answer := []byte{answerWasted}
	if taken {
		answer[0] = answerTaken
	}
	if err != nil {
		return fmt.Errorf("receive a snapshot from server %s: %w", from, err)
	}
	_, err = stream.Write(answer)
	return err
}

func (h *Host) receiveSnapshot(ctx context.Context, from ServerID, header []byte, stream io.Reader) (taken bool, err error) {
	d := decoder{rest: header}
	id := d.uvarint()
	message, state, members := d.bytes(), d.bytes(), d.bytes()
	if d.err != nil || id > 1<<32-1 {
		return false, errors.Join(ErrCorrupt, d.err)
	}
	m := &pb.Message{}
	if err := proto.Unmarshal(message, m); err != nil {
		return false, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	s := &received{index: m.GetSnapshot().GetMetadata().GetIndex()}
	if s.state, err = decodeState(state); err != nil {
		return false, err
	}
	if s.members, err = decodeRoster(members); err != nil {
		return false, err
	}
	if s.state.log != (position{s.index, m.GetSnapshot().GetMetadata().GetTerm()}) || m.GetType() != pb.MsgSnap || s.index == 0 {
		return false, fmt.Errorf("%w: its header contradicts itself", ErrCorrupt)
	}
	r := h.Group(storage.GroupID(id))
	if r == nil || !r.beginReceiving(from, m) {
		return false, errNotWanted // the sender tries again, if it still wants to
	}
	defer r.endReceiving()
	if _, ok := r.machine.(Ranger); ok {
		s.keys = &batchSink{r: r, b: r.store.NewBatch()}
	} else {
		s.keys = &runSink{r: r}
	}
	if err := r.readKeys(ctx, bufio.NewReaderSize(stream, streamBuffer), s.keys); err != nil {
		return false, errors.Join(err, s.keys.discard())
	}
	return r.take(from, m, s), nil
}

// beginReceiving tells whether the replica wants a snapshot. Then endReceiving follows.
func (r *Raft) beginReceiving(from ServerID, m *pb.Message) bool {
	if !r.takesFor(m.GetTo(), from, m) {
		return false
	}
	r.do(func() {
		if m.GetSnapshot().GetMetadata().GetIndex() <= r.log.position().index {
			r.step(from, m) // the library ignores it, and tells the sender what this replica has
		}
	})
	r.host.out.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil || r.node == nil || r.incoming || m.GetSnapshot().GetMetadata().GetIndex() <= r.log.position().index {
		return false
	}
	r.incoming = true
	return true
}

func (r *Raft) endReceiving() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.incoming = false
}

// readKeys reads the keys of a stream.
func (r *Raft) readKeys(ctx context.Context, stream *bufio.Reader, sink keySink) error {
	ranges := r.ranges()
	var key, value []byte
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var err error
		if key, err = readString(stream, key, maxKeyBytes); err != nil {
			return err
		}
		if len(key) == 0 {
			return nil
		}
		if value, err = readString(stream, value, maxValueBytes); err != nil {
			return err
		}
		if !inRanges(key, ranges) || !travels(key, r.id) {
			return fmt.Errorf("%w: it has a key that is not the group's", ErrCorrupt)
		}
		if err := sink.add(key, value); err != nil {
			return err
		}
	}
}

// readString reads a string after its length, into memory that is used again.
func readString(stream *bufio.Reader, b []byte, limit uint64) ([]byte, error) {
	n, err := binary.ReadUvarint(stream)
	if err != nil {
		return nil, noEOF(err)
	}
	if n > limit {
		return nil, fmt.Errorf("%w: it has a string of %d bytes", ErrCorrupt, n)
	}
	b = b[:0]
	for read := uint64(0); read < n; { // what is announced is only believed as it comes
		step := min(n-read, streamBuffer)
		b = append(b, make([]byte, step)...)
		if _, err := io.ReadFull(stream, b[read:]); err != nil {
			return nil, noEOF(err)
		}
		read += step
	}
	return b, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// take offers a snapshot to the library, and tells whether it wants it.
func (r *Raft) take(from ServerID, m *pb.Message, s *received) (taken bool) {
	r.do(func() {
		if r.receiving != nil { // the library has taken one, and it is about to replace everything
			return
		}
		r.receiving = s
		r.routes[m.GetFrom()] = from
		r.step(from, m)
		r.pump()
		for _, l := range r.local {
			taken = taken || l.GetSnapshot().GetMetadata().GetIndex() == s.index
		}
		if !taken {
			r.receiving = nil
		}
	})
	r.host.out.flush()
	if !taken {
		s.discard(r.host)
	}
	return taken
}

// errKeysLost says that there was no room on the disk for the keys of a snapshot, and they are gone, although the library takes it for restored.
var errKeysLost = errors.New("there is no room for it")

// noRoom tells whether the disk was full.
func (r *Raft) noRoom(err error) bool {
	return errors.Is(err, storage.ErrDiskFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(r.store.Err(), storage.ErrDiskFull)
}

// restore replaces everything with the snapshot that has been taken.
func (r *Raft) restore(m *pb.Message) error {
	r.mu.Lock()
	s := r.receiving
	r.mu.Unlock()
	if s == nil || s.index != m.GetSnapshot().GetMetadata().GetIndex() {
		return fmt.Errorf("%w: it is to restore a snapshot that it has not got", ErrCorrupt)
	}
	ballot := r.log.voted()
	if m.GetTerm() != 0 {
		ballot.term, ballot.vote = m.GetTerm(), m.GetVote()
	}
	b := r.store.NewBatch()
	defer b.Close()
	b.Set(r.key, s.state.encode(nil))
	b.Set(recordKey(r.id, recordVote), encodePair(ballot.term, ballot.vote))
	b.Set(recordKey(r.id, recordIdentity), binary.BigEndian.AppendUint64(nil, r.identity()))
	b.Set(recordKey(r.id, recordCut), encodePair(s.state.log.index, s.state.log.term))
	b.Set(recordKey(r.id, recordRoster), s.members.encode())
	if err := s.keys.replace(r.host.ctx, b); err != nil {
		r.mu.Lock()
		r.receiving = nil
		r.mu.Unlock()
		if r.noRoom(err) {
			return fmt.Errorf("restore group %d: %w: %v", r.id, errKeysLost, err) //nolint:errorlint // it must not count as a full disk, after which the same is tried again
		}
		return fmt.Errorf("restore group %d: %w", r.id, err)
	}
	r.unsynced = true
	r.log.replaced(s.state.log, s.members)
	r.log.vote(ballot)
	r.applied.Store(uint64(s.state.Applied))
	r.rows.Store(s.state.Rows)
	r.settled = max(r.settled, s.state.log.term)
	r.mu.Lock()
	r.receiving = nil
	r.abandon(ErrUnknownOutcome)
	r.readsApplied()
	r.notify()
	r.mu.Unlock()
	r.machine.Restored()
	m.Snapshot = nil // if the disk is full now, only the rest is to be tried again
	return r.append([]*pb.Message{m})
}
