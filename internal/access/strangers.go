package access

import "net/netip"

const (
	// maxStrangers is how many connections to one port may be without a log-in at the same time, and maxStrangersOfOne how
	// many of them may come from one address.
	maxStrangers      = 2000
	maxStrangersOfOne = 200
)

// Strangers counts the connections to one port that have not logged in, by address. It is guarded by its owner's lock.
type Strangers struct {
	all int
	of  map[netip.Addr]int
}

// Add counts one more, and tells whether there is still room for it.
func (s *Strangers) Add(peer netip.Addr) (room bool) {
	if s.of == nil {
		s.of = map[netip.Addr]int{}
	}
	s.all++
	s.of[peer]++
	return s.all <= maxStrangers && s.of[peer] <= maxStrangersOfOne
}

// Remove counts one less.
func (s *Strangers) Remove(peer netip.Addr) {
	s.all--
	if s.of[peer]--; s.of[peer] <= 0 {
		delete(s.of, peer)
	}
}
