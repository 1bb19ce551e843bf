package storage

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// The caches give back what they are not to have any more, and fill up again when they may.
func TestResizeCache(t *testing.T) {
	s := open(t, "data", Options{Mem: NewMemFS(), CacheBytes: 32 << 20, MaxCacheBytes: 64 << 20})
	defer closeStore(t, s)
	const rows = 15_000
	value := bytes.Repeat([]byte("some text. "), 100)
	for from := 0; from < rows; from += 1000 {
		b := s.NewBatch()
		for i := range 1000 {
			b.Set(resizeKey(from+i), value)
		}
		if err := s.Apply(b); err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	read := func() int64 {
		t.Helper()
		for i := range rows {
			if got, found, err := s.Get(resizeKey(i)); err != nil || !found || !bytes.Equal(got, value) {
				t.Fatalf("row %d: %v, %v", i, found, err)
			}
		}
		return s.Metrics().CacheBytes
	}
	full := read()
	for _, step := range []struct{ ask, get int64 }{{1 << 20, minCacheBytes}, {24 << 20, 24 << 20}, {1 << 40, 64 << 20}, {32 << 20, 32 << 20}} {
		if got := s.ResizeCache(step.ask); got != step.get || s.Metrics().CacheCapacityBytes != step.get {
			t.Errorf("after asking for %d bytes there are %d, %d", step.ask, got, s.Metrics().CacheCapacityBytes)
		}
		if used := s.Metrics().CacheBytes; used > step.get {
			t.Errorf("%d bytes are in a cache of %d", used, step.get)
		}
		used := read()
		if used > step.get || step.get >= 32<<20 && used < full/2 {
			t.Errorf("%d bytes are in a cache of %d, and were %d in one of %d", used, step.get, full, 32<<20)
		}
	}
}

func resizeKey(i int) []byte { return fmt.Appendf(AppendPrefix(nil, 1, KindRow), "%08d", i) }

// Rows are put while the cache changes its size.
func TestResizeRowCache(t *testing.T) {
	c := newRowCache(16 << 20)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 20_000 {
				key := fmt.Appendf(nil, "%d", i*(w+1))
				_, _, ticket := c.get(key, c.now())
				c.putCopy(ticket, key, make([]byte, 100))
			}
		})
	}
	for i := range 200 {
		c.resize(int64(i%3) << 20)
	}
	wg.Wait()
	c.resize(1 << 20)
	if c.size() > 1<<20 {
		t.Errorf("%d bytes are in a cache of %d", c.size(), 1<<20)
	}
}
