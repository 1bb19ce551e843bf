package session

// noreplies are the noreply queries that run, and the NOREPLY_WAITs that wait for them. A NOREPLY_WAIT waits for those
// that arrived before it and for no others.
type noreplies struct {
	next    uint64   // the sequence number of the next noreply query
	running []uint64 // ascending
	waiting []noreplyWaiter
}

type noreplyWaiter struct {
	token   int64
	before  uint64 // waits for queries with smaller sequence numbers
	request request
}

func (n *noreplies) begin() uint64 {
	seq := n.next
	n.next++
	n.running = append(n.running, seq)
	return seq
}

// wait adds a waiter, unless there is nothing to wait for.
func (n *noreplies) wait(token int64, r request) bool {
	if len(n.running) == 0 {
		return false
	}
	n.waiting = append(n.waiting, noreplyWaiter{token, n.next, r})
	return true
}

// end removes a query and gives the waiters that it was the last for.
func (n *noreplies) end(seq uint64) (released []noreplyWaiter) {
	for i, s := range n.running {
		if s == seq {
			n.running = append(n.running[:i], n.running[i+1:]...)
			break
		}
	}
	kept := n.waiting[:0]
	for _, w := range n.waiting {
		if len(n.running) == 0 || n.running[0] >= w.before {
			released = append(released, w)
		} else {
			kept = append(kept, w)
		}
	}
	clear(n.waiting[len(kept):])
	n.waiting = kept
	return released
}
