package cluster

import (
	"context"
	"errors"
	"io"
	"sync"
)

const (
	// A window is how much of a stream the receiver keeps until somebody reads it. It begins small, because there may be thousands of
	// streams, and grows while much comes, to as much as is on its way at 1 GB/s when the answer takes 1 ms.
	firstWindowBytes = 64 << 10
	maxWindowBytes   = 1 << 20
	// chunkBytes is the most that one frame of a stream carries, so that the streams of a link share it fairly.
	chunkBytes = 32 << 10
	// maxQueuedBytes is how much of a stream waits in the outbox, beyond which Write waits: enough to fill one batch while another is sent.
	maxQueuedBytes = 4 * chunkBytes
)

// Stream is one of many two-way streams of bytes between two servers. One goroutine may read while another writes. Unlike the end
// of a connection, io.EOF from Read is proof that the other side has written everything that it wanted: whatever else ends the
// stream is another error.
type Stream struct {
	// Set when it is opened, then constant.
	id   uint64
	kind string
	in   *streams
	from ServerID

	mu   sync.Mutex // guards what follows; streams.mu and outbox.mu come after it
	wake sync.Cond  // something of it has changed
	over func()     // called when neither side has to say anything more, or the other one has given the stream up; may be nil

	window   int      // bytes
	received [][]byte // and not read
	granted  int      // how much more the other side may send
	consumed int      // bytes that were read and not granted again
	readErr  error    // once everything is read

	credit   int   // how much more the other side takes
	queued   int   // bytes in the outbox
	writeErr error // of further writes
}

func newStream(in *streams, id uint64, kind string) *Stream {
	s := &Stream{id: id, kind: kind, in: in, from: in.peer, window: firstWindowBytes, granted: firstWindowBytes, credit: firstWindowBytes}
	s.wake.L = &s.mu
	return s
}

// Peer is the server at the other end.
func (s *Stream) Peer() ServerID { return s.from }

// Read implements io.Reader.
func (s *Stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.received) == 0 && s.readErr == nil {
		s.wake.Wait()
	}
	if len(s.received) == 0 {
		return 0, s.readErr
	}
	n := copy(p, s.received[0])
	s.received[0] = s.received[0][n:]
	if len(s.received[0]) == 0 {
		s.received[0] = nil // let go of it
		s.received = s.received[1:]
	}
	s.consumed += n
	if s.consumed >= s.window/2 && s.readErr == nil {
		more := s.consumed
		if s.window < maxWindowBytes && s.in.widen(s.window) {
			more += s.window
			s.window *= 2
		}
		s.granted += more
		s.in.grant(s.id, more)
		s.consumed = 0
	}
	return n, nil
}

// Write implements io.Writer. What it has taken is on its way, no more; and it waits while the other side does not read.
func (s *Stream) Write(p []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(p) > 0 {
		for s.writeErr == nil && (s.credit == 0 || s.queued >= maxQueuedBytes) {
			s.wake.Wait()
		}
		if s.writeErr != nil {
			return written, s.writeErr
		}
		n := min(len(p), chunkBytes, s.credit)
		s.credit -= n
		s.queued += n
		s.in.out.put(chunks, frame{kind: data, id: s.id, body: append([]byte(nil), p[:n]...), stream: s})
		p = p[n:]
		written += n
	}
	return written, nil
}

// sent is told when a frame has left the outbox.
func (s *Stream) sent(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued -= n
	s.wake.Broadcast()
}

// CloseWrite tells the other side that it has got everything.
func (s *Stream) CloseWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closeWrite()
}

// closeWrite is CloseWrite for who holds mu.
func (s *Stream) closeWrite() error {
	if s.writeErr != nil {
		if errors.Is(s.writeErr, errWriteClosed) {
			return nil
		}
		return s.writeErr
	}
	s.writeErr = errWriteClosed
	s.in.out.put(chunks, frame{kind: end, id: s.id})
	s.changed()
	return nil
}

// Close ends the stream: what was written still arrives, and what arrives is read no more. It never fails: that the other side has
// left, the last Write or Read has told.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.closeWrite()
	if s.readErr == nil {
		s.in.out.put(chunks, failed(reset, s.id, &Failure{FailedCanceled, "the other side reads no more"})) // after what was written
	}
	s.finish(errStreamClosed)
	return nil
}

// Abort ends the stream with an error, which the other side gets as a Failure.
func (s *Stream) Abort(err error) { s.abort(err, err) }

// abort is Abort with different errors for the two sides.
func (s *Stream) abort(here, there error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readErr == nil || s.writeErr == nil {
		// Behind what was written, because it must not overtake the frame that opens the stream.
		s.in.out.put(chunks, failed(reset, s.id, there))
	}
	s.finish(here)
}

var (
	errWriteClosed  = errors.New("the stream was closed for writing")
	errStreamClosed = errors.New("the stream was closed")
)

// finish ends both directions at once, and forgets what was not read. The caller holds mu.
func (s *Stream) finish(err error) {
	s.received, s.readErr = nil, err
	if s.writeErr == nil {
		s.writeErr = err
	}
	s.changed()
}

// fail ends what has not ended by itself. The caller holds mu.
func (s *Stream) fail(err error) {
	if s.readErr == nil {
		s.received, s.readErr = nil, err
	}
	if s.writeErr == nil {
		s.writeErr = err
	}
	if s.over != nil {
		s.over()
	}
	s.changed()
}

// changed wakes who waits for the stream, and forgets it when it is over. The caller holds mu.
func (s *Stream) changed() {
	if s.readErr != nil && s.writeErr != nil {
		s.in.forget(s.id, s.window)
		if s.over != nil {
			s.over()
		}
	}
	s.wake.Broadcast()
}

// deliver takes a frame of the other side.
func (s *Stream) deliver(f frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f.kind {
	case data:
		if s.readErr != nil {
			return nil // it has not yet heard of that
		}
		if s.granted -= len(f.body); s.granted < 0 {
			return errProtocol
		}
		if len(f.body) > 0 {
			s.received = append(s.received, f.body)
		}
	case window:
		n, err := windowOf(f)
		if err != nil {
			return err
		}
		s.credit += n
		if s.credit > maxWindowBytes {
			return errProtocol
		}
	case end:
		if s.readErr == nil {
			s.readErr = io.EOF
		}
	case reset:
		s.fail(failureOf(f))
	}
	s.changed()
	return nil
}

// EndWith aborts the stream when ctx ends, if it is not over by then.
func (s *Stream) EndWith(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		err := context.Cause(ctx)
		s.abort(err, &Failure{FailedCanceled, err.Error()})
	})
	before := s.over
	s.over = func() {
		stop()
		if before != nil {
			before()
		}
	}
	s.changed() // it may be over by now
}
