package wire

import (
	"net"
	"sync"
	"sync/atomic"
)

// queueBytes is how much may wait to be written while a write is under way. Who wants to add more waits for the client
// to read.
const queueBytes = 64 << 10

// writer lets the goroutines of one connection write whole frames. Whoever comes while nobody writes does the writing,
// and before it leaves writes what others have queued meanwhile, so that many small answers become one system call. A
// client that does not read therefore blocks one goroutine in a write, the queue fills to queueBytes, and everybody
// else of this connection waits in send; among them is the reading goroutine, so that no more requests are read.
type writer struct {
	conn net.Conn

	mu    sync.Mutex // guards what follows; not held while writing
	moved sync.Cond  // the queue got shorter, or writing ended
	busy  bool       // somebody writes
	queue *[]byte    // frames that the one who writes will write next; nil or from the pool
	err   error      // of the first write that failed; after it nothing is written

	// held is the number of bytes in the hands of goroutines that wait in send. Changed under mu; read without it.
	held atomic.Int64
}

// heldBytes is how many bytes of answers may wait in send before no further query of the connection begins. Without it
// a client that does not read could make the server hold session.DefaultParallel full batches.
const heldBytes = 2 << 20

// pace waits while too many answers wait to be written.
func (w *writer) pace() {
	if w.held.Load() <= heldBytes {
		return
	}
	w.mu.Lock()
	for w.held.Load() > heldBytes && w.err == nil {
		w.moved.Wait()
	}
	w.mu.Unlock()
}

func (w *writer) init(conn net.Conn) {
	w.conn = conn
	w.moved.L = &w.mu
}

// send writes b, or leaves a copy to the goroutine that is writing.
func (w *writer) send(b []byte) error {
	w.mu.Lock()
	for w.busy && w.err == nil && w.queue != nil && len(*w.queue)+len(b) > queueBytes {
		w.held.Add(int64(len(b)))
		w.moved.Wait()
		w.held.Add(-int64(len(b)))
	}
	if w.err != nil {
		defer w.mu.Unlock()
		return w.err
	}
	if w.busy {
		if w.queue == nil {
			w.queue = takeOut()
		}
		*w.queue = append(*w.queue, b...)
		w.mu.Unlock()
		return nil
	}
	w.busy = true
	w.mu.Unlock()
	_, err := w.conn.Write(b)
	w.mu.Lock()
	for err == nil && w.queue != nil {
		q := w.queue
		w.queue = nil
		w.moved.Broadcast()
		w.mu.Unlock()
		_, err = w.conn.Write(*q)
		giveOut(q)
		w.mu.Lock()
	}
	w.busy, w.err, w.queue = false, err, nil
	w.moved.Broadcast()
	w.mu.Unlock()
	return err
}

// outs are buffers for outgoing frames. A connection has one only while it is answering: see blocks.
var outs = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// maxOutBytes keeps buffers that a large answer has grown from staying.
const maxOutBytes = 1 << 20

func takeOut() *[]byte { return outs.Get().(*[]byte) }

func giveOut(b *[]byte) {
	if cap(*b) <= maxOutBytes {
		*b = (*b)[:0]
		outs.Put(b)
	}
}
