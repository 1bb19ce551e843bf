package server

import (
	"testing"

	"rethinkdb/internal/catalog"
)

// FuzzLead reads anything, and again what it has read.
func FuzzLead(f *testing.F) {
	f.Add(appendLead(appendLead(nil, catalog.Lead{Group: 5, Epoch: 9}), catalog.Lead{Group: 1<<32 - 1, Epoch: 1<<64 - 1}))
	f.Add([]byte{0x80})
	f.Add([]byte{5, 0x80})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x1f, 1}) // is no number of a group
	f.Fuzz(func(t *testing.T, m []byte) {
		l, rest, ok := readLead(m)
		if !ok {
			return
		}
		if len(rest) >= len(m) {
			t.Fatalf("of %d bytes %d are left", len(m), len(rest))
		}
		again, _, ok := readLead(appendLead(nil, l))
		if !ok || again != l {
			t.Errorf("%v becomes %v", l, again)
		}
	})
}
