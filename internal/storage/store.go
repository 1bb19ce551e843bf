package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Errors of this package. Errors that carry a cause wrap one of these.
var (
	ErrLocked   = errors.New("the data directory is in use by another process")
	ErrFormat   = errors.New("the data directory has an unknown format")
	ErrClosed   = errors.New("the store is closed")
	ErrFailed   = errors.New("the store refuses writes since an earlier write to its log failed; restart the server to recover")
	ErrDiskFull = errors.New("no space left on device")

	ErrNotABatch = errors.New("the bytes are not a batch of changes")
)

// storeDirectory is the engine's part of the data directory.
const storeDirectory = "store"

// Options configure a Store. The zero value is usable.
type Options struct {
	// CacheBytes is the memory for cached blocks and for memtables together. Zero means 256 MB; the least is 16 MB.
	CacheBytes int64
	// MaxCacheBytes is how large ResizeCache may make it. Zero means CacheBytes.
	MaxCacheBytes int64

	// Logger gets the engine's messages. Nil discards them.
	Logger *slog.Logger

	// Fatal is called when the engine cannot go on, for example when its manifest cannot be written. It must not return.
	// Nil means panic.
	Fatal func(error)

	// Encryption has the key of a directory that is, or shall be, encrypted.
	Encryption Encryption

	// Locked says that the caller holds the lock of LockDirectory and keeps it until the store is closed: a server takes it
	// before it writes its log into the directory.
	Locked bool

	// Mem keeps the store in memory instead of the directory. For tests and simulations.
	Mem *MemFS

	// SyncOnDemand leaves on its way to the disk what nobody waits for, instead of pushing it out after half a second: for simulations, in
	// which real time must not decide what a crash takes.
	SyncOnDemand bool

	fs vfs.FS // for tests of this package; replaces all of the above
}

// A Store is one Pebble instance in a directory. All methods are safe for concurrent use, except that Close must be the last
// call.
type Store struct {
	// Set by Open, then constant.
	dir  string // what the user named
	path string // where Pebble lives
	fs   vfs.FS
	db   *pebble.DB
	log  *slog.Logger
	die  func(error)
	lock *os.File // holds the flock; nil in memory, and when the caller holds it

	encryption EncryptionStatus
	onDemand   bool // see Options.SyncOnDemand
	cache      *pebble.Cache
	rows       *rowCache
	budget     budget

	failed  atomic.Pointer[error] // first error of the log; sticky
	full    atomic.Bool           // the disk is full; see diskfull.go
	opened  atomic.Bool           // Open has succeeded
	closed  atomic.Bool
	closing chan struct{} // closed by Close

	sync      syncer
	confirmer confirmer
	runs      runs

	groupsMu sync.Mutex // guards the persisted number of the next group

	stallMu  sync.Mutex // guards the fields of the write stall that is going on
	stallAt  time.Time
	stalls   atomic.Int64
	corrupt  atomic.Int64
	bgErrors atomic.Int64
}

// Open opens the store in dir and creates it when there is none. The directory belongs to the store until Close: a second
// Open, also by another process, fails with ErrLocked.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{
		dir:      dir,
		path:     filepath.Join(dir, storeDirectory),
		log:      o.Logger,
		die:      o.Fatal,
		closing:  make(chan struct{}),
		onDemand: o.SyncOnDemand,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.die == nil {
		s.die = func(err error) { panic(err) }
	}
	switch {
	case o.fs != nil:
		s.fs = o.fs
	case o.Mem != nil:
		s.fs = o.Mem.fs
	default:
		s.fs = vfs.Default
	}
	if err := s.open(o); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	return s, nil
}

func (s *Store) open(o Options) (err error) {
	if err := makeDirectory(s.fs, s.dir); err != nil {
		return err
	}
	if o.Mem == nil && o.fs == nil && !o.Locked {
		if s.lock, err = LockDirectory(s.dir); err != nil {
			return err
		}
		defer func() {
			if err != nil {
				_ = s.lock.Close() // the error that matters is err
			}
		}()
	}
	ring, replaced, err := openDirectory(s.fs, s.dir, o.Encryption)
	if err != nil {
		return err
	}
	if err := s.checkSpace(); err != nil {
		return err
	}
	s.fs = vfs.OnDiskFull(s.fs, s.waitForSpace)
	if ring != nil {
		s.fs = &encryptedFS{FS: s.fs, ring: ring}
		s.encryption = EncryptionStatus{KeyID: o.Encryption.Key.ID(), Replaced: replaced, DataKeys: ring.Len(), Made: ring.Made()}
	}
	if err := s.removeLeftovers(); err != nil {
		return err
	}
	s.makeCaches(o)
	s.db, err = s.openEngine()
	if err != nil {
		s.cache.Unref()
		return err
	}
	s.sync.start(s)
	s.confirmer.start(s)
	s.opened.Store(true)
	if o.Mem != nil {
		o.Mem.store.Store(s)
	}
	return nil
}

// openEngine turns the fatal errors of a start into ordinary ones: nothing has happened yet that could not be done again.
func (s *Store) openEngine() (db *pebble.DB, err error) {
	type fatal struct{ error }
	defer func(die func(error)) {
		s.die = die
		if r := recover(); r != nil {
			f, ok := r.(fatal)
			if !ok {
				panic(r)
			}
			err = f.error
		}
	}(s.die)
	s.die = func(err error) { panic(fatal{err}) }
	return pebble.Open(s.path, s.engineOptions())
}

// Close syncs what is not yet on disk and releases the directory. No other call may be under way. With a full disk it gives
// up waiting for space: soft writes of the last second are then lost, and the error says so.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return ErrClosed
	}
	close(s.closing)
	s.sync.stop()
	s.confirmer.stop()
	err := s.closeEngine()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	if err != nil {
		return fmt.Errorf("close the store in %s: %w", s.dir, err)
	}
	return nil
}

func (s *Store) closeEngine() error {
	if s.full.Load() {
		// Pebble would wait for the writes that wait for space. Everything that was acknowledged as hard is on disk; the
		// process is about to end, so leaking the engine's goroutines is the lesser evil.
		return fmt.Errorf("the last soft writes were not written: %w", ErrDiskFull)
	}
	err := s.db.Close()
	s.cache.Unref()
	return err
}

// Dir returns the directory that was given to Open.
func (s *Store) Dir() string { return s.dir }

// Err returns the reason why the store refuses writes: nil, ErrClosed, ErrFailed or ErrDiskFull.
func (s *Store) Err() error {
	if e := s.failed.Load(); e != nil {
		return *e
	}
	if s.closed.Load() {
		return ErrClosed
	}
	if s.full.Load() {
		return fmt.Errorf("%w: less than %d MB are free on the file system of %s; writes resume by themselves when there is space",
			ErrDiskFull, enoughSpace>>20, s.dir)
	}
	return nil
}

// fail makes the store refuse all further writes. The first reason stays.
func (s *Store) fail(cause error) error {
	err := fmt.Errorf("%w (%w)", ErrFailed, cause)
	if s.failed.CompareAndSwap(nil, &err) {
		s.log.Error("Writing to the log failed. The server refuses writes until it is restarted.", "directory", s.dir, "error", cause)
	}
	return *s.failed.Load()
}

// Apply makes the batch visible to readers and writes it to the log without waiting for the disk. Batches become visible
// and get their place in the log in the same order. The batch can be reset and used again.
//
// On an error nothing of the batch was applied, except after ErrFailed, when its outcome is unknown until a restart.
func (s *Store) Apply(b *Batch) error {
	if b.pb.Empty() {
		return s.Err()
	}
	return s.apply(b, (*pebble.DB).Apply, pebble.NoSync)
}

// apply applies a batch with one of the engine's functions for that.
func (s *Store) apply(b *Batch, f func(*pebble.DB, *pebble.Batch, *pebble.WriteOptions) error, o *pebble.WriteOptions) (err error) {
	if err := s.Err(); err != nil {
		return err
	}
	// Pebble panics inside its commit pipeline when the log cannot be written, and leaves the pipeline locked. The query's
	// goroutine must not swallow that: everybody else would hang.
	panicking := true
	defer func() {
		if panicking {
			s.die(fmt.Errorf("write to the log of %s: %v", s.dir, recover()))
		}
	}()
	announced := s.rows.beginChanges(b.rows)
	if b.wholeRange {
		s.rows.beginChangeOfAll()
	}
	err = f(s.db, b.pb, o)
	panicking = false
	visible := s.rows.endChanges(b.rows)
	if b.wholeRange {
		s.rows.endChangeOfAll()
	}
	if err != nil {
		return fmt.Errorf("apply a batch of %d bytes: %w", b.pb.Len(), err)
	}
	if b.row != nil {
		s.rows.putWritten(ticket{hash: b.rows[0], at: visible}, announced, b.row, b.keyBytes)
		b.row = nil // it belongs to the cache
	}
	s.sync.applied()
	return nil
}

// Commit applies the batch and, if durable, waits until it is on disk.
func (s *Store) Commit(ctx context.Context, b *Batch, durable bool) error {
	if err := s.Apply(b); err != nil {
		return err
	}
	if !durable {
		return nil
	}
	return s.WaitDurable(ctx)
}

// WaitDurable returns when everything that was applied before the call is on disk. Concurrent callers share one sync. If ctx
// ends first, what the caller waits for may or may not survive a crash.
func (s *Store) WaitDurable(ctx context.Context) error {
	return s.sync.wait(ctx)
}
