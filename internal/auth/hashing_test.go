package auth

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/auth/authtest"
)

// However many passwords come from one address, one is hashed at a time, and another address gets its turn between them.
func TestHashesOfOneAddress(t *testing.T) {
	h := newHashing()
	h.slots = make(chan struct{}, 2)
	one, other := netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("203.0.113.8/32")
	var inside, most atomic.Int32
	first := h.begin(one)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			done := h.begin(one)
			most.Store(max(most.Load(), inside.Add(1)))
			inside.Add(-1)
			done()
		})
	}
	h.begin(other)() // does not wait for the 101 before
	first()
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d passwords of one address were hashed at the same time", most.Load())
	}
	if len(h.lines) != 0 || len(h.slots) != 0 {
		t.Errorf("%d addresses and %d hashes are left", len(h.lines), len(h.slots))
	}
}

// Passwords that come at the same time cost no more hashes than those that come one after the other: who has waited behind wrong
// ones is in their pause, and nothing is computed.
func TestParallelGuessesAreNotHashed(t *testing.T) {
	u, err := OpenUsers(&authtest.Store{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	peer := netip.MustParseAddr("203.0.113.7")
	done := u.hashing.begin(u.guesses.guesser(Admin, peer).addr)
	var all sync.WaitGroup
	var slowed atomic.Int32
	for range 50 {
		all.Go(func() {
			if _, err := u.Check(peer, Admin, "wrong"); !errors.Is(err, errPassword) {
				slowed.Add(1)
			}
		})
	}
	done()
	all.Wait()
	if slowed.Load() < 40 { // a machine that stands still for a second has more tries
		t.Errorf("only %d of 50 guesses were slowed down", slowed.Load())
	}
}
