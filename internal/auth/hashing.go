package auth

import (
	"net/netip"
	"runtime"
	"sync"
)

// hashing bounds what strangers can have the server compute who send passwords themselves: with HTTP Basic, or with the handshakes
// from before 2.3. Each costs a hash that is slow on purpose, also for names that nobody has, so that the pauses of guesses do not
// help. (SCRAM has the client compute it.)
//
// Half of the processors hash at a time, and one password from each address, so that neither queries nor other addresses wait
// behind somebody who sends many. How many wait is bounded by the connections that have not logged in.
type hashing struct {
	slots chan struct{} // holds one element for each hash under way

	mu    sync.Mutex // guards lines
	lines map[netip.Prefix]*line
}

// line are the passwords from one address.
type line struct {
	turn    sync.Mutex // held by the first; taken before a slot
	members int        // who has the turn or waits for it; guarded by hashing.mu
}

func newHashing() *hashing {
	return &hashing{slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), lines: map[netip.Prefix]*line{}}
}

// begin waits until a password from an address may be hashed. The caller calls done afterwards.
func (h *hashing) begin(from netip.Prefix) (done func()) {
	h.mu.Lock()
	l := h.lines[from]
	if l == nil {
		l = &line{}
		h.lines[from] = l
	}
	l.members++
	h.mu.Unlock()
	l.turn.Lock()
	h.slots <- struct{}{}
	return func() {
		<-h.slots
		l.turn.Unlock()
		h.mu.Lock()
		defer h.mu.Unlock()
		if l.members--; l.members == 0 {
			delete(h.lines, from)
		}
	}
}
