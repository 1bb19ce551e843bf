package storage

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

func rowKey(i int) []byte {
	return fmt.Appendf(AppendPrefix(nil, 1, KindRow), "%06d", i)
}

func openMem(t testing.TB, cacheBytes int64) *Store {
	s, err := Open("data", Options{Mem: NewMemFS(), CacheBytes: cacheBytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func setRow(t testing.TB, s *Store, key, value []byte) {
	b := s.NewBatch()
	defer b.Close()
	b.Set(key, value)
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
}

func wantRow(t testing.TB, s *Store, key []byte, want string) {
	t.Helper()
	v, found, err := s.GetRow(key)
	if err != nil || found != (want != "") || string(v) != want {
		t.Fatalf("row %q: got %q, %v, %v; want %q", key, v, found, err, want)
	}
}

func TestRowCacheFollowsChanges(t *testing.T) {
	s := openMem(t, 64<<20)
	k := rowKey(1)
	wantRow(t, s, k, "")
	setRow(t, s, k, []byte("a"))
	wantRow(t, s, k, "a")
	wantRow(t, s, k, "a")
	if _, hit, _ := s.rows.get(k, s.rows.now()); !hit {
		t.Error("a row that was read twice is not cached")
	}
	setRow(t, s, k, []byte("b"))
	wantRow(t, s, k, "b")

	b := s.NewBatch()
	defer b.Close()
	b.Delete(k)
	if err := s.Commit(context.Background(), b, false); err != nil {
		t.Fatal(err)
	}
	wantRow(t, s, k, "")

	setRow(t, s, k, []byte("c"))
	wantRow(t, s, k, "c")
	b.Reset()
	b.DeleteGroup(1)
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	wantRow(t, s, k, "")
}

func TestRowCacheRefusesWhatMayBeOld(t *testing.T) {
	c := newRowCache(1 << 20)
	k := []byte("key")
	_, _, before := c.get(k, c.now())
	h := []uint64{c.hash(k)}
	c.beginChanges(h)
	_, _, during := c.get(k, c.now())
	c.put(before, []byte("keyold"), 3)
	c.put(during, []byte("keyold"), 3)
	c.endChanges(h)
	c.put(before, []byte("keyold"), 3)
	c.put(during, []byte("keyold"), 3)
	if v, hit, _ := c.get(k, c.now()); hit {
		t.Fatalf("cached %q, read before or during a change", v)
	}
	_, _, after := c.get(k, c.now())
	c.put(after, []byte("keynew"), 3)
	if v, hit, _ := c.get(k, c.now()); !hit || string(v) != "new" {
		t.Fatalf("got %q, %v", v, hit)
	}
}

func TestRowCacheKeepsASingleRowThatIsReplaced(t *testing.T) {
	s := openMem(t, 64<<20)
	k, other := rowKey(1), rowKey(2)
	for _, c := range []struct {
		name  string
		write func(b *Batch)
		want  string // in the cache afterwards
	}{
		{"a new row", func(b *Batch) { b.Set(k, []byte("a")) }, ""},
		{"a row that is replaced", func(b *Batch) { b.Replace(k, []byte("b")) }, "b"},
		{"once more", func(b *Batch) { b.Replace(k, []byte("c")) }, "c"},
		{"two rows", func(b *Batch) { b.Replace(k, []byte("d")); b.Replace(other, []byte("e")) }, ""},
		{"replaced and removed", func(b *Batch) { b.Replace(k, []byte("f")); b.Delete(k) }, ""},
		{"replaced twice", func(b *Batch) { b.Replace(k, []byte("g")); b.Replace(k, []byte("h")) }, ""},
	} {
		b := s.NewBatch()
		c.write(b)
		if err := s.Apply(b); err != nil {
			t.Fatal(err)
		}
		b.Close()
		if v, _, _ := s.rows.get(k, s.rows.now()); string(v) != c.want {
			t.Errorf("%s: %q is cached, want %q", c.name, v, c.want)
		}
	}
}

// Two writers whose rows are in one part cannot know which of them was first.
func TestRowCacheRefusesWritersThatMeet(t *testing.T) {
	c := newRowCache(1 << 20)
	k := []byte("key")
	h := []uint64{c.hash(k)}
	first := c.beginChanges(h)
	second := c.beginChanges(h)
	at := c.endChanges(h)
	c.putWritten(ticket{h[0], at}, second, []byte("keytwo"), 3)
	at = c.endChanges(h)
	c.putWritten(ticket{h[0], at}, first, []byte("keyone"), 3)
	c.putWritten(ticket{h[0], at}, second, []byte("keytwo"), 3)
	if v, hit, _ := c.get(k, c.now()); hit {
		t.Fatalf("cached %q", v)
	}
	third := c.beginChanges(h)
	before := c.now()
	at = c.endChanges(h)
	c.putWritten(ticket{h[0], at}, third, []byte("keythree"), 3)
	if v, hit, _ := c.get(k, c.now()); !hit || string(v) != "three" {
		t.Fatalf("got %q, %v", v, hit)
	}
	if v, hit, _ := c.get(k, before); hit {
		t.Fatalf("a reader of a state before the change got %q", v)
	}
}

func TestRowCacheStaysInItsBudget(t *testing.T) {
	const budget = 4 << 20
	c := newRowCache(budget)
	for i := range 20_000 {
		k := rowKey(i)
		_, _, tk := c.get(k, c.now())
		c.put(tk, append(k[:len(k):len(k)], make([]byte, rand.IntN(2000))...), len(k))
		if i%100 == 0 && c.size() > budget {
			t.Fatalf("%d bytes after %d rows, more than %d", c.size(), i, budget)
		}
	}
	if c.size() < budget/2 {
		t.Errorf("only %d of %d bytes are used", c.size(), budget)
	}
	if _, _, tk := c.get([]byte("big"), c.now()); true {
		c.put(tk, make([]byte, 1<<20), 3)
	}
	if _, hit, _ := c.get([]byte("big"), c.now()); hit {
		t.Error("a row larger than its part allows is cached")
	}
}

// TestRowCacheNeverGoesBack has writers that count rows up and readers that must see at least what was applied before
// their read began.
func TestRowCacheNeverGoesBack(t *testing.T) {
	s := openMem(t, 64<<20)
	const rows, writers, readers, rounds = 8, 2, 3, 3000
	var applied [rows]atomic.Uint64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			b := s.NewBatch()
			defer b.Close()
			for n := uint64(1); n <= rounds; n++ {
				for i := w; i < rows; i += writers { // each row has one writer
					b.Reset()
					b.Replace(rowKey(i), binary.BigEndian.AppendUint64(nil, n))
					if err := s.Apply(b); err != nil {
						t.Error(err)
						return
					}
					applied[i].Store(n)
				}
			}
		})
	}
	for range readers {
		wg.Go(func() {
			for range rounds * rows {
				i := rand.IntN(rows)
				least := applied[i].Load()
				v, found, err := s.GetRow(rowKey(i))
				if err != nil {
					t.Error(err)
					return
				}
				var got uint64
				if found {
					got = binary.BigEndian.Uint64(v)
				}
				if got < least {
					t.Errorf("row %d: read %d after %d was applied", i, got, least)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkUpdateRow(b *testing.B) {
	s := open(b, b.TempDir(), Options{CacheBytes: 256 << 20})
	defer closeStore(b, s)
	const rows = 20_000
	keys, value := make([][]byte, rows), make([]byte, 1000)
	for i := range keys {
		keys[i] = rowKey(i)
		setRow(b, s, keys[i], value)
	}
	batch := s.NewBatch()
	defer batch.Close()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		key := keys[i*7919%rows]
		if _, found, err := s.PeekRow(key); err != nil || !found {
			b.Fatal(found, err)
		}
		batch.Reset()
		batch.Replace(key, value)
		if err := s.Apply(batch); err != nil {
			b.Fatal(err)
		}
	}
}
func BenchmarkGetRow(b *testing.B) {
	s := openMem(b, 256<<20)
	const rows = 20_000
	for i := range rows {
		setRow(b, s, rowKey(i), make([]byte, 1000))
	}
	keys := make([][]byte, rows)
	for i := range keys {
		keys[i] = rowKey(i)
	}
	for name, read := range map[string]func(key []byte) ([]byte, bool, error){"cached": s.GetRow, "engine": s.Get} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, found, err := read(keys[i*7919%rows]); err != nil || !found {
					b.Fatal(found, err)
				}
			}
		})
	}
}
