package storage

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

func openIter(t testing.TB, s *Store) *Iterator {
	t.Helper()
	it, err := s.Iter(KindRange(1, KindRow))
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func closeAll(t testing.TB, closers ...interface{ Close() error }) {
	t.Helper()
	for _, c := range closers {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func wantLookup(t testing.TB, l *Lookup, key []byte, want string) {
	t.Helper()
	v, found, err := l.GetRow(key)
	if err != nil || found != (want != "") || string(v) != want {
		t.Fatalf("GetRow %q: got %q, %v, %v; want %q", key, v, found, err, want)
	}
	v, _, found, err = l.PeekRow(key)
	if err != nil || found != (want != "") || string(v) != want {
		t.Fatalf("PeekRow %q: got %q, %v, %v; want %q", key, v, found, err, want)
	}
}

func TestLookupStaysInItsState(t *testing.T) {
	s := openMem(t, 64<<20)
	k := rowKey(1)
	setRow(t, s, k, []byte("old"))
	wantRow(t, s, k, "old") // and is in the cache now

	it := openIter(t, s)
	l := it.Lookup()
	wantLookup(t, l, k, "old")
	if l.pi != nil {
		t.Error("the engine was asked for a row that is in the cache")
	}
	setRow(t, s, k, []byte("new"))
	wantLookup(t, l, k, "old")
	wantRow(t, s, k, "new")
	wantLookup(t, l, k, "old")
	wantRow(t, s, k, "new")

	b := s.NewBatch()
	defer b.Close()
	b.Delete(k)
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	wantLookup(t, l, k, "old")
	wantRow(t, s, k, "")
	closeAll(t, l, it)
}

func TestLookupFillsTheCache(t *testing.T) {
	s := openMem(t, 64<<20)
	k := rowKey(1)
	setRow(t, s, k, []byte("a"))
	it := openIter(t, s)
	l := it.Lookup()
	wantLookup(t, l, k, "a")
	if _, hit, _ := s.rows.get(k, s.rows.now()); !hit {
		t.Error("a row that was looked up is not cached")
	}
	closeAll(t, l, it)

	setRow(t, s, k, []byte("b"))
	l, err := s.Lookup()
	if err != nil {
		t.Fatal(err)
	}
	other := 2
	for s.rows.part(s.rows.hash(rowKey(other))) == s.rows.part(s.rows.hash(k)) {
		other++
	}
	setRow(t, s, rowKey(other), []byte("c")) // moves the clock, but changes another part of the cache
	wantLookup(t, l, k, "b")
	if v, hit, _ := s.rows.get(k, s.rows.now()); !hit || string(v) != "b" {
		t.Errorf("got %q, %v", v, hit)
	}
	closeAll(t, l)
}

// TestLookupSeesOneState has writers that set pairs of rows to equal numbers, and readers that must see pairs, whether they
// come out of the cache or not, and the same as their iterator.
func TestLookupSeesOneState(t *testing.T) {
	s := openMem(t, 64<<20)
	const pairs, writers, readers, rounds = 4, 2, 3, 3000
	var wg sync.WaitGroup
	var writing atomic.Int32
	writing.Store(writers)
	for w := range writers {
		wg.Go(func() {
			defer writing.Add(-1)
			b := s.NewBatch()
			defer b.Close()
			for n := uint64(1); n <= rounds; n++ {
				for i := w; i < pairs; i += writers { // each pair has one writer
					b.Reset()
					b.Set(rowKey(2*i), binary.BigEndian.AppendUint64(nil, n))
					b.Set(rowKey(2*i+1), binary.BigEndian.AppendUint64(nil, n))
					if err := s.Apply(b); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for range readers {
		wg.Go(func() {
			for writing.Load() > 0 && !t.Failed() {
				readPair(t, s, rand.IntN(pairs))
			}
		})
	}
	wg.Wait()
}

func readPair(t *testing.T, s *Store, i int) {
	it := openIter(t, s)
	l := it.Lookup()
	defer closeAll(t, l, it)
	var got [2]string
	for j := range got {
		v, _, err := l.GetRow(rowKey(2*i + j))
		if err != nil {
			t.Error(err)
			return
		}
		got[j] = string(v)
	}
	own := ""
	if it.SeekGE(rowKey(2*i)) && string(it.Key()) == string(rowKey(2*i)) {
		v, err := it.Value()
		if err != nil {
			t.Error(err)
			return
		}
		own = string(v)
	}
	if got[0] != got[1] || got[0] != own {
		t.Errorf("pair %d: looked up %x and %x, the iterator sees %x", i, got[0], got[1], own)
	}
}

func BenchmarkLookupRow(b *testing.B) {
	s := openMem(b, 256<<20)
	const rows = 20_000
	keys := make([][]byte, rows)
	for i := range keys {
		keys[i] = rowKey(i)
		setRow(b, s, keys[i], make([]byte, 1000))
	}
	for _, c := range []struct {
		name string
		read func(l *Lookup, key []byte) (found bool, err error)
	}{
		{"cached", func(l *Lookup, key []byte) (bool, error) { _, found, err := l.GetRow(key); return found, err }},
		{"engine", func(l *Lookup, key []byte) (bool, error) { _, found, err := l.Get(key); return found, err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			it := openIter(b, s)
			l := it.Lookup()
			defer closeAll(b, l, it)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if found, err := c.read(l, keys[i*7919%rows]); err != nil || !found {
					b.Fatal(found, err)
				}
			}
		})
	}
}
