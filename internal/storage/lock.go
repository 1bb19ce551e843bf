package storage

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// LockDirectory takes the lock of the data directory: an exclusive flock on the directory itself, as RethinkDB does, so that
// there is no lock file to go stale. The kernel releases it when the process ends, however it ends.
func LockDirectory(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close() // the lock's error is the one to report
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock the directory: %w", err)
	}
	return f, nil
}

// MemFS is a file system in memory that can simulate a crash of the machine.
type MemFS struct {
	fs    *vfs.MemFS
	store atomic.Pointer[Store] // that was opened last
}

// NewMemFS returns an empty file system.
func NewMemFS() *MemFS { return &MemFS{fs: vfs.NewCrashableMem()} }

// SetFull has the store that was opened last on this file system refuse writes for lack of space, or no longer.
func (m *MemFS) SetFull(full bool) {
	s := m.store.Load()
	if s == nil {
		return
	}
	s.full.Store(full)
	if full {
		s.sync.abandon(s.Err())
	}
}

// Crash returns the file system as it would be found after a crash at this moment: with nothing that was not synced. The
// original goes on unchanged.
func (m *MemFS) Crash() *MemFS {
	return &MemFS{fs: m.fs.CrashClone(vfs.CrashCloneCfg{})}
}
