package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func apply(t testing.TB, s *Store, pairs ...string) {
	t.Helper()
	b := s.NewBatch()
	defer b.Close()
	for i := 0; i < len(pairs); i += 2 {
		b.SetMeta(pairs[i], []byte(pairs[i+1]))
	}
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
}

func meta(t testing.TB, s *Store, prefix string) string {
	t.Helper()
	var all []string
	err := s.MetaScan(prefix, func(key string, value []byte) error {
		all = append(all, key+"="+string(value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestSecondOpenIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %o, want 700", info.Mode().Perm())
	}
	closeStore(t, s)
	closeStore(t, open(t, dir, Options{}))
}

func TestUnknownFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	closeStore(t, open(t, dir, Options{}))
	name := filepath.Join(dir, formatFile)
	if err := os.WriteFile(name, []byte("99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, Options{})
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"99"`) {
		t.Errorf("version 99: %v", err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrFormat) {
		t.Errorf("no version: %v", err)
	}
}

func TestMeta(t *testing.T) {
	mem := NewMemFS()
	s := open(t, "data", Options{Mem: mem})
	defer closeStore(t, s)
	ctx := t.Context()
	for _, k := range []string{"db/b", "db/a", "dc", "d"} {
		if err := s.MetaSet(ctx, k, []byte("1")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.MetaSet(ctx, "db/a", []byte("2")); err != nil {
		t.Fatal(err)
	}
	if err := s.MetaDelete(ctx, "dc"); err != nil {
		t.Fatal(err)
	}
	const all = "d=1 db/a=2 db/b=1"
	if got := meta(t, s, ""); got != all {
		t.Errorf("all: %s, want %s", got, all)
	}
	if got := meta(t, s, "db/"); got != "db/a=2 db/b=1" {
		t.Errorf("db/: %s", got)
	}
	v, found, err := s.MetaGet("db/a")
	if err != nil || !found || string(v) != "2" {
		t.Errorf("get: %q %v %v", v, found, err)
	}
	if _, found, err := s.MetaGet("db"); err != nil || found {
		t.Errorf("get of a missing key: %v %v", found, err)
	}
	stop := errors.New("stop")
	if err := s.MetaScan("", func(string, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("scan: %v, want the callback's error", err)
	}
	crashed := open(t, "data", Options{Mem: mem.Crash()})
	defer closeStore(t, crashed)
	if got := meta(t, crashed, ""); got != all {
		t.Errorf("after a crash: %s, want %s", got, all)
	}
}

func TestGroups(t *testing.T) {
	mem := NewMemFS()
	s := open(t, "data", Options{Mem: mem})
	defer closeStore(t, s)
	ctx := t.Context()
	b := s.NewBatch()
	defer b.Close()
	for want := range GroupID(3) {
		g, err := s.AllocateGroup(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if g != want+1 {
			t.Errorf("group %d, want %d", g, want+1)
		}
		for _, k := range []Kind{KindRow, KindState, KindIndex} {
			b.Set(append(AppendPrefix(nil, g, k), 0xff, 0xff), []byte("x"))
		}
	}
	if err := s.Commit(ctx, b, true); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Groups(); err != nil || !slices.Equal(got, []GroupID{1, 2, 3}) {
		t.Errorf("groups %v %v", got, err)
	}
	b.Reset()
	b.DeleteGroup(2)
	if err := s.Commit(ctx, b, true); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Groups(); err != nil || !slices.Equal(got, []GroupID{1, 3}) {
		t.Errorf("groups after one was dropped: %v %v", got, err)
	}
	crashed := open(t, "data", Options{Mem: mem.Crash()})
	defer closeStore(t, crashed)
	if g, err := crashed.AllocateGroup(ctx); err != nil || g != 4 {
		t.Errorf("group after a crash: %d %v, want 4", g, err)
	}
}

func TestSnapshotAndIterator(t *testing.T) {
	s := open(t, "data", Options{Mem: NewMemFS()})
	defer closeStore(t, s)
	apply(t, s, "a", "1", "b", "2", "c", "3", "d", "4")
	snap := s.Snapshot()
	apply(t, s, "b", "new", "bb", "new")
	it, err := snap.Iter(metaKey("b"), metaKey("d"))
	if err != nil {
		t.Fatal(err)
	}
	if err := snap.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(it.Key()[1:])+"="+string(v))
	}
	if want := []string{"b=2", "c=3"}; !slices.Equal(got, want) {
		t.Errorf("snapshot has %v, want %v", got, want)
	}
	other, err := it.Clone(metaKey("a"), metaKey("c"))
	if err != nil {
		t.Fatal(err)
	}
	if !other.Last() || string(other.Key()[1:]) != "b" || !other.SeekLT(metaKey("b")) || string(other.Key()[1:]) != "a" {
		t.Error("the clone is not on the snapshot with its own bounds")
	}
	for _, i := range []*Iterator{it, other} {
		if err := errors.Join(i.Err(), i.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A writer that nobody waits for reaches the disk by itself.
func TestSoftWritesReachTheDiskWithinASecond(t *testing.T) {
	mem := NewMemFS()
	s := open(t, "data", Options{Mem: mem})
	defer closeStore(t, s)
	for round := range 2 { // the timer works more than once
		key := fmt.Sprint("soft", round)
		begin := time.Now()
		apply(t, s, key, "x")
		synced := s.sync.appliedBatches.Load()
		for s.sync.durableBatches.Load() < synced {
			if time.Since(begin) > 5*time.Second {
				t.Fatal("not on disk after 5 s")
			}
			s.sync.mu.Lock()
			r := s.sync.next
			s.sync.mu.Unlock()
			select {
			case <-r.done:
			case <-time.After(10 * time.Millisecond):
			}
		}
		if d := time.Since(begin); d > time.Second {
			t.Errorf("on disk after %v, want at most 1 s", d)
		}
		crashed := open(t, "data", Options{Mem: mem.Crash()})
		if _, found, err := crashed.MetaGet(key); err != nil || !found {
			t.Errorf("after a crash: found %v, %v", found, err)
		}
		closeStore(t, crashed)
	}
}

// What was waited for survives a crash, and so does all that was applied before it; batches survive whole, in order.
func TestCrashKeepsAPrefix(t *testing.T) { bothWays(t, testCrashKeepsAPrefix) }

func testCrashKeepsAPrefix(t *testing.T, e Encryption) {
	mem := NewMemFS()
	s := open(t, "data", Options{Mem: mem, Encryption: e})
	const writers, each = 8, 50
	var mu sync.Mutex // orders the batches
	var acked [writers]int
	order := 0
	var wg sync.WaitGroup
	crashes := make(chan *MemFS, writers*each)
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				mu.Lock()
				order++
				n := order
				b := s.NewBatch()
				b.SetMeta(fmt.Sprintf("n%06d", n), []byte("x"))
				b.SetMeta(fmt.Sprintf("m%06d", n), []byte("x"))
				err := s.Apply(b)
				b.Close()
				mu.Unlock()
				if err == nil && i%3 > 0 {
					err = s.WaitDurable(context.Background())
				}
				if err != nil {
					t.Error(err)
					return
				}
				if i%3 == 0 {
					continue
				}
				if i%10 == 0 {
					crashes <- mem.Crash()
				}
				acked[w] = max(acked[w], n) // only read after wg.Wait; the last crash is checked below
			}
		})
	}
	wg.Wait()
	last := mem.Crash()
	closeStore(t, s)
	close(crashes)
	check := func(fs *MemFS, atLeast int) {
		c := open(t, "data", Options{Mem: fs, Encryption: e})
		defer closeStore(t, c)
		n := strings.Fields(meta(t, c, "n"))
		m := strings.Fields(meta(t, c, "m"))
		if len(n) != len(m) {
			t.Errorf("half a batch survived: %d and %d keys", len(n), len(m))
		}
		for i, k := range n {
			if want := fmt.Sprintf("n%06d=x", i+1); k != want {
				t.Fatalf("a gap: %s where %s should be", k, want)
			}
		}
		if len(n) < atLeast {
			t.Errorf("%d batches survived, %d were acknowledged", len(n), atLeast)
		}
	}
	for fs := range crashes {
		check(fs, 0)
	}
	check(last, slices.Max(acked[:]))
}

func TestClosedStoreRefusesWrites(t *testing.T) {
	s := open(t, "data", Options{Mem: NewMemFS()})
	b := s.NewBatch()
	b.SetMeta("a", nil)
	closeStore(t, s)
	if err := s.Apply(b); !errors.Is(err, ErrClosed) {
		t.Errorf("Apply: %v, want ErrClosed", err)
	}
	if err := s.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("second Close: %v, want ErrClosed", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	s := open(t, "data", Options{Mem: NewMemFS()})
	defer closeStore(t, s)
	apply(t, s, "a", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WaitDurable(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := s.WaitDurable(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
}

func TestLargeBatch(t *testing.T) {
	mem := NewMemFS()
	s := open(t, "data", Options{Mem: mem, CacheBytes: minCacheBytes})
	defer closeStore(t, s)
	big := make([]byte, 3<<20) // more than half a memtable: Pebble takes another path
	b := s.NewBatch()
	for i := range 3 {
		b.SetMeta(fmt.Sprint("k", i), big)
	}
	if err := s.Commit(t.Context(), b, true); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	b.SetMeta("after", []byte("x"))
	if err := s.Commit(t.Context(), b, true); err != nil {
		t.Fatal(err)
	}
	b.Close()
	crashed := open(t, "data", Options{Mem: mem.Crash()})
	defer closeStore(t, crashed)
	for i := range 3 {
		if v, found, err := crashed.MetaGet(fmt.Sprint("k", i)); err != nil || !found || len(v) != len(big) {
			t.Errorf("k%d: %d bytes, found %v, %v", i, len(v), found, err)
		}
	}
	if _, found, err := crashed.MetaGet("after"); err != nil || !found {
		t.Errorf("the reused batch is lost: %v", err)
	}
}
