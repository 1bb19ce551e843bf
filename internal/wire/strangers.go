package wire

import "net/netip"

// strangers counts connections that have not logged in, by address.
type strangers struct {
	all int
	of  map[netip.Addr]int
}

// add counts one more, and tells whether there is still room for it.
func (s *strangers) add(peer netip.Addr) (room bool) {
	s.all++
	s.of[peer]++
	return s.all <= maxStrangers && s.of[peer] <= maxStrangersOfOne
}

func (s *strangers) remove(peer netip.Addr) {
	s.all--
	if s.of[peer]--; s.of[peer] <= 0 {
		delete(s.of, peer)
	}
}
