package replication

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"rethinkdb/internal/pace"
	"rethinkdb/internal/storage"
)

// A snapshot goes to a member that lacks more than the log has. It is a stream:
//
//	header   group (varint) | message | state | roster, each of the three after its length (a varint). The message is the library's, with the position of the state
//	keys     length of the key, the key, length of the value, the value, …, in ascending order; then a length of 0
//	answer   one byte: 1 if the receiver has taken it
//
// The keys are all that the group owns but the log, the state, and what is the sender's own. The state is that of the moment when the stream
// begins, which the sender reads from a snapshot of the store. The receiver puts the keys aside, and they replace what it has in one step, when the library agrees.
const (
	snapshotStreams     = 2 // that a Host sends at a time
	snapshotBufferBytes = 256 << 10

	answerTaken  = 1
	answerWasted = 0
)

// snapshotQueue is the snapshots that wait to be sent. There is at most one for each member of each group: the library waits for it.
type snapshotQueue struct {
	mu     sync.Mutex // guards what follows; nothing is taken below it
	cond   *sync.Cond
	jobs   []snapshotJob
	closed bool
}

type snapshotJob struct {
	r       *Raft
	to      ServerID
	message *pb.Message
}

func (q *snapshotQueue) init() { q.cond = sync.NewCond(&q.mu) }

func (q *snapshotQueue) add(j snapshotJob) {
	q.mu.Lock()
	q.jobs = append(q.jobs, j)
	q.mu.Unlock()
	q.cond.Signal()
}

// next takes the next job, and waits for one if it is to. Without one it is false.
func (q *snapshotQueue) next(wait bool) (j snapshotJob, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for wait && len(q.jobs) == 0 && !q.closed {
		q.cond.Wait()
	}
	if q.closed || len(q.jobs) == 0 {
		return j, false
	}
	j = q.jobs[0]
	q.jobs = q.jobs[1:]
	return j, true
}

func (q *snapshotQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cond.Broadcast()
}

// snapshotSender sends snapshots until Close.
func (h *Host) snapshotSender() {
	for h.sendSnapshot(true) {
	}
}

// sendSnapshot sends the next snapshot. It tells whether there was one.
func (h *Host) sendSnapshot(wait bool) bool {
	j, ok := h.snaps.next(wait)
	if !ok {
		return false
	}
	r, to := j.r, j.message.GetTo()
	progress := &Progress{Began: time.Now()}
	r.mu.Lock()
	r.sending[to] = progress
	r.mu.Unlock()
	h.sending.Add(1)
	err := j.send(h.ctx, progress)
	h.sending.Add(-1)
	if err != nil && h.ctx.Err() == nil {
		h.log.Warn("Sending a replica has failed. It is tried again.", "group", r.id, "server", j.to, "error", err)
	}
	r.mu.Lock()
	delete(r.sending, to)
	r.mu.Unlock()
	r.do(func() {
		status := raft.SnapshotFinish
		if err != nil {
			status = raft.SnapshotFailure
		}
		r.node.ReportSnapshot(to, status)
	})
	h.out.flush()
	return true
}

// queueSnapshot has a snapshot sent. The caller holds mu.
func (r *Raft) queueSnapshot(m *pb.Message) {
	if s := r.server(m.GetTo()); s != "" {
		r.host.snaps.add(snapshotJob{r, s, m})
	}
}

func (j snapshotJob) send(ctx context.Context, progress *Progress) (err error) {
	r := j.r
	at := r.store.Snapshot()
	defer func() { err = errors.Join(err, at.Close()) }()
	header, err := j.header(at)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.host.o.Transport.OpenSnapshot(ctx, j.to, header)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	w := &keyWriter{r: r, stream: stream, progress: progress}
	if !r.host.o.driven {
		w.pace = pace.New(r.clients)
	}
	for _, bounds := range r.ranges() {
		size, err := r.store.ApproximateSize(bounds[0], bounds[1])
		if err != nil {
			return err
		}
		r.mu.Lock()
		progress.All += size
		r.mu.Unlock()
	}
	for _, bounds := range r.ranges() {
		if err := w.copy(ctx, at, bounds); err != nil {
			return err
		}
	}
	if err := w.end(); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := stream.Read(answer[:]); err != nil {
		return fmt.Errorf("wait for the answer: %w", err)
	}
	if answer[0] != answerTaken {
		return errors.New("the other side had no use for it")
	}
	return nil
}

// header encodes what comes before the keys.
func (j snapshotJob) header(at storage.Reader) ([]byte, error) {
	r := j.r
	state, found, err := readState(at, r.id)
	switch {
	case err != nil:
	case !found:
		err = ErrDropped
	case state.log.index == 0: // since it was asked for
		err = ErrReplaced
	}
	if err != nil {
		return nil, err
	}
	members, found, err := readRoster(at, r.id)
	if err == nil && !found {
		err = fmt.Errorf("%w: it has no roster", ErrCorrupt)
	}
	if err != nil {
		return nil, err
	}
	j.message.Snapshot = &pb.Snapshot{Metadata: &pb.SnapshotMetadata{Index: &state.log.index, Term: &state.log.term, ConfState: members.Conf}}
	message, err := proto.Marshal(j.message)
	if err != nil {
		return nil, err
	}
	header := binary.AppendUvarint(nil, uint64(r.id))
	for _, part := range [][]byte{message, state.encode(nil), members.encode()} {
		header = append(binary.AppendUvarint(header, uint64(len(part))), part...)
	}
	return header, nil
}

// ranges returns the ranges of keys that a snapshot has, in ascending order.
func (r *Raft) ranges() [][2][]byte {
	if m, ok := r.machine.(Ranger); ok {
		return m.Ranges()
	}
	lower, upper := storage.GroupRange(r.id)
	return [][2][]byte{{lower, upper}}
}

// travels tells whether a key of the group's own range is the same on all replicas, and not in the header.
func travels(key []byte, id storage.GroupID) bool {
	for _, k := range []storage.Kind{storage.KindLog, storage.KindState, storage.KindRaft} {
		if storage.HasPrefix(key, id, k) {
			return false
		}
	}
	return true
}

// clients is how much they have done here: commands of all groups that were applied, and rows of this one that were read.
func (r *Raft) clients() int64 {
	n := int64(r.host.commands.Load())
	if m, ok := r.machine.(Reader); ok {
		n += m.RowsRead()
	}
	return n
}

// keyWriter writes keys to a stream.
type keyWriter struct {
	r        *Raft
	stream   interface{ Write(p []byte) (int, error) }
	progress *Progress
	buf      []byte
	pace     *pace.Pace // nil: as fast as possible
}

func (w *keyWriter) copy(ctx context.Context, at storage.Reader, bounds [2][]byte) error {
	it, err := at.Iter(bounds[0], bounds[1])
	if err != nil {
		return err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if !travels(it.Key(), w.r.id) {
			continue
		}
		v, bad := it.Value()
		if bad != nil {
			err = bad
			break
		}
		w.buf = append(binary.AppendUvarint(w.buf, uint64(len(it.Key()))), it.Key()...)
		w.buf = append(binary.AppendUvarint(w.buf, uint64(len(v))), v...)
		if len(w.buf) >= snapshotBufferBytes {
			err = w.flush(ctx)
		}
	}
	return errors.Join(err, it.Err(), it.Close())
}

func (w *keyWriter) flush(ctx context.Context) error {
	if _, err := w.stream.Write(w.buf); err != nil {
		return err
	}
	w.r.mu.Lock()
	w.progress.Done += int64(len(w.buf))
	w.r.mu.Unlock()
	w.buf = w.buf[:0]
	if w.pace == nil || !w.pace.Due() {
		return nil
	}
	return w.pace.Rest(ctx, pace.Budget/float64(max(1, w.r.host.sending.Load())))
}

func (w *keyWriter) end() error {
	_, err := w.stream.Write(append(w.buf, 0))
	return err
}
