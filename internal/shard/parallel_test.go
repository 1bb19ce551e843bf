package shard

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestMiddleLiesBetween(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	key := func() []byte {
		k := make([]byte, r.IntN(12))
		for i := range k {
			k[i] = []byte{0, 1, 'a', 0xfe, 0xff, byte(r.Uint32())}[r.IntN(6)]
		}
		return k
	}
	found := 0
	for range 100_000 {
		low, high := key(), key()
		if r.IntN(2) == 0 {
			high = append(append([]byte(nil), low...), high...)
		}
		m := middle(low, high)
		if m == nil {
			continue
		}
		found++
		if bytes.Compare(low, m) >= 0 || bytes.Compare(m, high) >= 0 {
			t.Fatalf("middle of %x and %x is %x", low, high, m)
		}
	}
	if found < 10_000 {
		t.Errorf("only %d middles were found", found)
	}
}

func TestMiddle(t *testing.T) {
	for _, c := range []struct{ low, high, want string }{
		{"a", "c", "b\x00\x00\x00\x00\x00\x00\x00"},
		{"user1", "user3", "user2\x00\x00\x00\x00\x00\x00\x00"},
		{"", "\x02", "\x01\x00\x00\x00\x00\x00\x00\x00"},
		{"a", "a", ""},
		{"b", "a", ""},
		{"a", "a\x00\x00\x00\x00\x00\x00\x00\x00\x01", ""},
	} {
		if got := middle([]byte(c.low), []byte(c.high)); string(got) != c.want {
			t.Errorf("middle of %q and %q is %q, want %q", c.low, c.high, got, c.want)
		}
	}
}
