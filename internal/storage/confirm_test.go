package storage

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// What was confirmed survives a crash, with everything that was applied before it; and everything is confirmed, in the end.
func TestConfirmedSurvivesCrash(t *testing.T) {
	mem := NewMemFS()
	s := open(t, "data", Options{Mem: mem})
	const writers, each = 4, 100
	var confirmed sync.WaitGroup
	confirmed.Add(writers * each)
	var wg sync.WaitGroup
	crashed := make(chan *MemFS, writers*each)
	for w := range writers {
		var done atomic.Int64 // numbers of this writer up to here
		wg.Go(func() {
			for i := range each {
				b := s.NewBatch()
				key := fmt.Sprintf("%d-%03d", w, i)
				if i%5 > 0 { // otherwise it says only that what comes before it is there
					b.SetMeta(key, []byte("x"))
				} else {
					apply(t, s, key, "x")
				}
				if err := s.ApplyAndSync(b); err != nil {
					t.Error(err)
					return
				}
				s.WhenSynced(b, func(err error) {
					if err != nil {
						t.Error(err)
					}
					done.Store(int64(i))
					if i == each-1 || i%40 == w {
						crashed <- mem.Crash()
					}
					confirmed.Done()
				})
			}
			s.WhenSynced(nil, func(error) {
				if n := done.Load(); n != each-1 {
					t.Errorf("writer %d: a confirmation without a batch came after number %d of %d", w, n, each-1)
				}
			})
		})
	}
	wg.Wait()
	confirmed.Wait()
	closeStore(t, s)
	close(crashed)
	last := 0
	for fs := range crashed {
		c := open(t, "data", Options{Mem: fs})
		n := 0
		if err := c.MetaScan("", func(string, []byte) error { n++; return nil }); err != nil {
			t.Error(err)
		}
		last = max(last, n)
		closeStore(t, c)
	}
	if last != writers*each {
		t.Errorf("%d of %d survived", last, writers*each)
	}
}

// A sync that fails is told, and the store takes nothing any more.
func TestFailedSyncIsTold(t *testing.T) {
	var broken atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
			return errors.New("the disk is broken")
		}
		return nil
	}))
	s := open(t, "data", Options{fs: fs})
	broken.Store(true)
	b := s.NewBatch()
	b.SetMeta("a", nil)
	if err := s.ApplyAndSync(b); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	s.WhenSynced(b, func(err error) { told <- err })
	if err := <-told; !errors.Is(err, ErrFailed) {
		t.Errorf("%v, want %v", err, ErrFailed)
	}
	if err := s.Err(); !errors.Is(err, ErrFailed) {
		t.Errorf("the store says %v, want %v", err, ErrFailed)
	}
	broken.Store(false)
	_ = s.Close()
}

// A batch that others were added to does what they would have done one after the other.
func TestAppendedBatches(t *testing.T) {
	s := open(t, "data", Options{Mem: NewMemFS()})
	defer closeStore(t, s)
	row := func(key string) []byte { return append(AppendPrefix(nil, 1, KindRow), key...) }
	all := s.NewBatch()
	defer all.Close()
	for _, fill := range []func(b *Batch){
		func(b *Batch) { b.Replace(row("a"), []byte("1")) },
		func(b *Batch) { b.Set(row("b"), []byte("2")); b.Set(row("c"), []byte("2")) },
		func(b *Batch) { b.DeleteRange(row("b"), row("c")); b.Set(row("a"), []byte("3")) },
	} {
		b := s.NewBatch()
		fill(b)
		all.Append(b)
		b.Close()
	}
	if err := s.Apply(all); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"a": "3", "b": "", "c": "2"} {
		for range 2 { // the second time from the cache
			if v, _, err := s.GetRow(row(key)); err != nil || string(v) != want {
				t.Errorf("%s: %q, %v, want %q", key, v, err, want)
			}
		}
	}
}
