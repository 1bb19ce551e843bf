package access

import "net/netip"

const (
	// maxStrangers is how many connections to one port may be without a log-in at the same time, and maxStrangersOfOne how
	// many of them may come from one address.
	maxStrangers      = 2000
	maxStrangersOfOne = 200
)

// Strangers counts the connections to one port that have not logged in, by address. It is guarded by its owner's lock.
//
// This machine counts as one address, and has its share of places however many others there are: whoever sees to a server that is
// being flooded must be able to log in.
type Strangers struct {
	all int // without this machine
	of  map[netip.Addr]int
}

// thisMachine stands for all addresses of loopback.
var thisMachine = netip.IPv6Loopback()

func origin(peer netip.Addr) netip.Addr {
	if peer = peer.Unmap(); peer.IsLoopback() {
		return thisMachine
	}
	return peer
}

// Add counts one more, and tells whether there is still room for it.
func (s *Strangers) Add(peer netip.Addr) (room bool) {
	if s.of == nil {
		s.of = map[netip.Addr]int{}
	}
	peer = origin(peer)
	s.of[peer]++
	if peer == thisMachine {
		return s.of[peer] <= maxStrangersOfOne
	}
	s.all++
	return s.all <= maxStrangers && s.of[peer] <= maxStrangersOfOne
}

// Remove counts one less.
func (s *Strangers) Remove(peer netip.Addr) {
	peer = origin(peer)
	if peer != thisMachine {
		s.all--
	}
	if s.of[peer]--; s.of[peer] <= 0 {
		delete(s.of, peer)
	}
}
