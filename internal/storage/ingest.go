package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ingestDirectory holds files on their way into the store. What is in it at a start is left over from a crash.
const ingestDirectory = "ingest"

// A SortedRun is a file of the storage engine that is written outside of it and becomes part of the store at once, with
// Ingest or Replace. For many keys that is several times cheaper than batches: nothing goes through the log and the memtables, which
// writers then have for themselves. It is not safe for concurrent use.
type SortedRun struct {
	store *Store
	path  string
	w     *sstable.Writer
	last  []byte
	n     int
	done  chan struct{} // not nil: the file is being completed, or, when it is closed, is complete
	err   error         // of that
}

var errUnsorted = errors.New("the keys of a sorted run must ascend")

// NewSortedRun begins a run. End it with Ingest or Abort.
func (s *Store) NewSortedRun() (*SortedRun, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	dir := s.fs.PathJoin(s.dir, ingestDirectory)
	if err := s.fs.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("begin a sorted run: %w", err)
	}
	path := s.fs.PathJoin(dir, fmt.Sprintf("%d.sst", s.runs.Add(1)))
	f, err := s.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("begin a sorted run: %w", err)
	}
	o := s.engineOptions()
	o.EnsureDefaults()
	f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: o.BytesPerSync}) // otherwise all of it would have to go to the disk in the end
	w := sstable.NewWriter(objstorageprovider.NewFileWritable(f), o.MakeWriterOptions(0, s.db.TableFormat()))
	return &SortedRun{store: s, path: path, w: w}, nil
}

// Set adds a key, which must be greater than all before.
func (r *SortedRun) Set(key, value []byte) error {
	if r.n > 0 && bytes.Compare(r.last, key) >= 0 {
		return errUnsorted
	}
	r.last = append(r.last[:0], key...)
	r.n++
	if err := r.w.Set(key, value); err != nil {
		return fmt.Errorf("write a sorted run: %w", err)
	}
	return nil
}

// Finish completes the file. What is left is to make it part of the store.
func (r *SortedRun) Finish() error {
	r.FinishSoon()
	<-r.done
	if r.err != nil {
		return fmt.Errorf("write a sorted run: %w", r.err)
	}
	return nil
}

// FinishSoon has the file completed while the caller does something else: it waits for the disk. Whatever ends the run waits for that.
func (r *SortedRun) FinishSoon() {
	if r.done != nil {
		return
	}
	r.done = make(chan struct{})
	go func() { // ends with Finish
		defer close(r.done)
		r.err = r.w.Close()
	}()
}

// Abort throws the run away.
func (r *SortedRun) Abort() error {
	return errors.Join(r.Finish(), r.store.fs.Remove(r.path))
}

// Ingest makes runs that do not overlap part of the store, all at once, and waits until they are on disk. Their keys are newer than everything that was written
// before the call. The runs are ended, whatever comes of it.
func (s *Store) Ingest(ctx context.Context, runs []*SortedRun) error {
	err := s.Err()
	var paths []string
	for _, r := range runs {
		if r.n == 0 {
			err = errors.Join(err, r.Abort())
			continue
		}
		err = errors.Join(err, r.Finish())
		paths = append(paths, r.path)
	}
	if err == nil && len(paths) > 0 {
		err = s.db.Ingest(ctx, paths)
	}
	if err != nil {
		for _, path := range paths {
			_ = s.fs.Remove(path) // the next start removes it, too
		}
		return fmt.Errorf("ingest %d sorted runs: %w", len(runs), err)
	}
	return nil
}

// Ingest makes the run part of the store by itself. See Store.Ingest.
func (r *SortedRun) Ingest(ctx context.Context) error { return r.store.Ingest(ctx, []*SortedRun{r}) }

// Replace makes the runs everything that the store has in [lower, upper), and waits until that is on disk. Readers, and a crash, find all of it or
// nothing. Snapshots and iterators that are open should not be used for the range any more. The runs are ended, whatever comes of it; they must not overlap,
// and all of their keys must be in the range.
func (s *Store) Replace(ctx context.Context, lower, upper []byte, runs []*SortedRun) error {
	err := s.Err()
	var paths []string
	for _, r := range runs {
		err = errors.Join(err, r.Finish())
		paths = append(paths, r.path)
	}
	if err == nil {
		s.rows.beginChangeOfAll()
		_, err = s.db.IngestAndExcise(ctx, paths, nil, nil, pebble.KeyRange{Start: lower, End: upper})
		s.rows.endChangeOfAll()
	}
	if err != nil {
		for _, path := range paths {
			_ = s.fs.Remove(path) // the next start removes it, too
		}
		return fmt.Errorf("replace a range by %d sorted runs: %w", len(runs), err)
	}
	return nil
}

// runs counts the sorted runs since the start.
type runs struct{ atomic.Uint64 }

// removeLeftovers removes what a crash has left behind: sorted runs, and what Reencrypt was about to finish.
func (s *Store) removeLeftovers() error {
	for _, name := range []string{ingestDirectory, reencryptedFile} {
		if err := s.fs.RemoveAll(s.fs.PathJoin(s.dir, name)); err != nil {
			return fmt.Errorf("remove what a crash has left: %w", err)
		}
	}
	return nil
}
