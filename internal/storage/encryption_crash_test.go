package storage

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// crashes has the states in which a crash may leave a file system.
type crashes struct {
	mem *vfs.MemFS
	rng *rand.Rand // nil for crashes that take nothing or all of what was not synced

	mu     sync.Mutex
	states []*vfs.MemFS
	stop   bool
}

// watch returns the file system itself, with crashes before each change of a name and each sync: one that takes all that was not synced, one that takes
// nothing, and with rng one that takes a random half. The engine does not survive the last kind, with encryption or without: it
// relies on directory entries reaching the disk in order.
func watch(mem *vfs.MemFS, rng *rand.Rand) (vfs.FS, *crashes) {
	c := &crashes{mem: mem, rng: rng}
	return errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpCreate, errorfs.OpRename, errorfs.OpReuseForWrite, errorfs.OpLink, errorfs.OpRemove, errorfs.OpRemoveAll,
			errorfs.OpFileSync, errorfs.OpFileSyncData:
			c.crash()
		}
		return nil
	})), c
}

func (c *crashes) crash() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop {
		return
	}
	all := vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))}
	c.states = append(c.states, c.mem.CrashClone(vfs.CrashCloneCfg{}), c.mem.CrashClone(all))
	if c.rng != nil {
		c.states = append(c.states, c.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: c.rng}))
	}
}

// end returns the states, also the one of a crash now.
func (c *crashes) end() []*vfs.MemFS {
	c.crash()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stop = true
	return c.states
}

// filledStore is a file system with a store that fill has written to.
func filledStore(t *testing.T, e Encryption) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	s := open(t, "data", Options{fs: mem, Encryption: e})
	fill(t, s, 0)
	closeStore(t, s)
	return mem
}

// TestCrashWhileADirectoryIsMade: it is a new one afterwards, or one that the key opens.
func TestCrashWhileADirectoryIsMade(t *testing.T) {
	e := Encryption{Key: newKey(t)}
	fs, c := watch(vfs.NewCrashableMem(), nil)
	s := open(t, "data", Options{fs: fs, Encryption: e})
	states := c.end()
	closeStore(t, s)
	for _, state := range states {
		s := open(t, "data", Options{fs: state, Encryption: e})
		fill(t, s, 0)
		check(t, s, 0)
		closeStore(t, s)
	}
	t.Logf("%d crashes", len(states))
}

// TestCrashDuringARotation: whenever it happens, the same command opens the directory.
func TestCrashDuringARotation(t *testing.T) {
	first, second := newKey(t), newKey(t)
	mem := filledStore(t, Encryption{Key: first})
	rotate := Encryption{Key: second, Old: first}
	fs, c := watch(mem, nil)
	s := open(t, "data", Options{fs: fs, Encryption: rotate})
	fill(t, s, 1)
	states := c.end()
	closeStore(t, s)
	for i, state := range states {
		s := open(t, "data", Options{fs: state, Encryption: rotate})
		check(t, s, 0)
		closeStore(t, s)
		if err := func() error { // the old key is not needed any more
			s, err := Open("data", Options{fs: state, Encryption: Encryption{Key: second}})
			if err != nil {
				return err
			}
			return s.Close()
		}(); err != nil {
			t.Fatalf("crash %d: %v", i, err)
		}
	}
	t.Logf("%d crashes", len(states))
}

// TestCrashDuringReencrypt: it goes on, or can be taken back, and until then no server opens what is half converted.
func TestCrashDuringReencrypt(t *testing.T) {
	first, second := newKey(t), newKey(t)
	for name, step := range map[string]struct {
		from Encryption
		c    Conversion
	}{
		"encrypt":      {Encryption{}, Conversion{Encryption: Encryption{Key: first}}},
		"new key":      {Encryption{Key: first}, Conversion{Encryption: Encryption{Key: second, Old: first}}},
		"same key":     {Encryption{Key: first}, Conversion{Encryption: Encryption{Key: first}}},
		"not any more": {Encryption{Key: first}, Conversion{Encryption: Encryption{Key: first}, Plain: true}},
	} {
		t.Run(name, func(t *testing.T) {
			fs, c := watch(filledStore(t, step.from), rand.New(rand.NewPCG(1, 2)))
			step.c.fs = fs
			if err := Reencrypt("data", step.c); err != nil {
				t.Fatal(err)
			}
			states := c.end()
			for i, state := range states {
				if err := goOn(state, step.c); err != nil {
					t.Fatalf("crash %d of %d: %v", i, len(states), err)
				}
				then := step.c.Encryption
				if step.c.Plain {
					then = Encryption{}
				}
				s := open(t, "data", Options{fs: state, Encryption: then})
				check(t, s, 0)
				closeStore(t, s)
			}
			t.Logf("%d crashes", len(states))
		})
	}
}

// goOn calls Reencrypt after a crash as its user would: unless the directory is as it should be already.
func goOn(state *vfs.MemFS, c Conversion) error {
	c.fs = state
	format, err := readFormat(state, "data", "data/"+storeDirectory)
	if err != nil {
		return fmt.Errorf("read the format: %w", err)
	}
	if c.Plain && format == formatPlain {
		return nil
	}
	return Reencrypt("data", c)
}
