package access

import (
	"net/netip"
	"testing"
)

func TestStrangers(t *testing.T) {
	var s Strangers
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}) }
	here := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.9.9.9"), netip.MustParseAddr("::1"), netip.MustParseAddr("::ffff:127.0.0.1")}
	fill := func(peer netip.Addr, n int, want bool) {
		t.Helper()
		for i := range n {
			if got := s.Add(peer); got != want {
				t.Fatalf("%s, number %d: room %v, want %v", peer, i+1, got, want)
			}
		}
	}
	fill(address(1), 200, true)
	fill(address(1), 1, false)
	s.Remove(address(1))
	for i := range 9 {
		fill(address(2+i), 200, true)
	}
	fill(address(100), 1, false) // 2,000 are there
	// This machine has its places all the same, and no more by having many addresses.
	for _, a := range here {
		fill(a, 50, true)
	}
	fill(here[1], 1, false)
	s.Remove(here[2])
	s.Remove(here[0])
	fill(here[0], 1, true)
	// Whoever has gone makes room.
	s.Remove(address(100))
	s.Remove(address(1))
	fill(address(100), 1, true)
	fill(address(100), 1, false)
	s.Remove(address(100))
	for a, n := range s.of {
		for range n {
			s.Remove(a)
		}
	}
	if s.all != 0 || len(s.of) != 0 {
		t.Errorf("%d are left, of %v", s.all, s.of)
	}
}
