package cluster

import "sync"

// queue is one of those in which frames of a connection wait, in the order of their precedence.
type queue int

const (
	// urgent are heartbeats, windows and the like: small, and each the consequence of something that is bounded itself.
	urgent queue = iota
	messages
	calls
	chunks // of streams, each of which waits when it has too much here
	queues
)

// queueBytes is how much may wait in a queue, for a server that reads slowly or not at all, until its connection is given up.
var queueBytes = [queues]int{messages: 32 << 20, calls: 64 << 20}

// batchBytes bounds what is taken at a time, and so for how long what is of higher precedence waits behind it.
const batchBytes = 512 << 10

// outbox is what waits to be sent on one connection. It never blocks who puts something in.
type outbox struct {
	wake chan struct{} // capacity 1: there is something

	mu     sync.Mutex // guards what follows
	queues [queues]fifo
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// put queues a frame, whose body must not change any more. It returns false, and has done nothing, if too much waits already.
func (o *outbox) put(q queue, f frame) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	in := &o.queues[q]
	if most := queueBytes[q]; most > 0 && in.bytes+f.bytes() > most && in.bytes > 0 {
		return false
	}
	in.push(f)
	select {
	case o.wake <- struct{}{}:
	default: // who sends has not looked since the last time
	}
	return true
}

// take appends to batch what is to be sent next: of each queue something, so that none starves behind another one.
func (o *outbox) take(batch []frame) []frame {
	o.mu.Lock()
	defer o.mu.Unlock()
	size := 0
	for q := range o.queues {
		in := &o.queues[q]
		for first := true; in.len() > 0 && (first || size < batchBytes); first = false {
			f := in.pop()
			size += f.bytes()
			batch = append(batch, f)
		}
	}
	return batch
}

// fifo is a queue of frames.
type fifo struct {
	frames []frame // the first head are gone
	head   int
	bytes  int // of the rest
}

func (q *fifo) len() int { return len(q.frames) - q.head }

func (q *fifo) push(f frame) {
	if q.head > 64 && q.head > len(q.frames)/2 {
		n := copy(q.frames, q.frames[q.head:])
		clear(q.frames[n:])
		q.frames, q.head = q.frames[:n], 0
	}
	q.frames = append(q.frames, f)
	q.bytes += f.bytes()
}

func (q *fifo) pop() frame {
	f := q.frames[q.head]
	q.frames[q.head] = frame{} // let go of the body
	q.head++
	q.bytes -= f.bytes()
	if q.len() == 0 {
		q.frames, q.head = q.frames[:0], 0
	}
	return f
}
