package extsort

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"rethinkdb/internal/atrest"
)

// Errors that users can do something about.
var (
	ErrDiskFull     = errors.New("no space left for temporary files")
	ErrTooManyFiles = errors.New("too many temporary files")
	ErrTooLarge     = errors.New("temporary files are too large")
)

// maxFiles is how many temporary files there may be at the same time: each is a file descriptor.
const maxFiles = 256

// A Directory makes temporary files. It is safe for concurrent use.
type Directory struct {
	path     string
	keepFree int64 // bytes of the file system that are not for temporary files
	maxBytes int64 // of all files together
	encrypt  bool
	open     atomic.Int32
	bytes    atomic.Int64
}

// NewDirectory returns the directory at path, which must exist. Temporary files have maxBytes together, and leave keepFree bytes
// of its file system to others.
func NewDirectory(path string, keepFree, maxBytes int64) *Directory {
	return &Directory{path: path, keepFree: keepFree, maxBytes: maxBytes}
}

// Encrypt makes the directory encrypt what is written from now on, with keys that are never written down. Call it before
// the directory is used.
func (d *Directory) Encrypt() { d.encrypt = true }

// cipher returns what encrypts a run: nil when nothing does.
func (d *Directory) cipher() (*atrest.FileCipher, error) {
	if !d.encrypt {
		return nil, nil
	}
	return atrest.NewCipher()
}

// Open returns the number of files that are open.
func (d *Directory) Open() int { return int(d.open.Load()) }

// create makes a file. It has no name any more, so that it is gone with the process however that ends.
func (d *Directory) create() (*os.File, error) {
	if d.open.Add(1) > maxFiles {
		d.open.Add(-1)
		return nil, ErrTooManyFiles
	}
	f, err := os.CreateTemp(d.path, "sort-*") // with the mode 0600
	if err == nil {
		if err = os.Remove(f.Name()); err != nil {
			err = errors.Join(err, f.Close())
		}
	}
	if err != nil {
		d.open.Add(-1)
		return nil, fmt.Errorf("make a temporary file: %w", diskFull(err))
	}
	return f, nil
}

// close closes a file that n bytes were taken for.
func (d *Directory) close(f *os.File, n int64) {
	_ = f.Close() // what is in it is of no use any more
	d.open.Add(-1)
	d.give(n)
}

// take counts n bytes that are about to be written.
func (d *Directory) take(n int64) error {
	if d.bytes.Add(n) > d.maxBytes {
		d.give(n)
		return ErrTooLarge
	}
	return nil
}

func (d *Directory) give(n int64) { d.bytes.Add(-n) }

// check is the error of writing n bytes more.
func (d *Directory) check(n int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(d.path, &st); err != nil {
		return fmt.Errorf("read the free space of %s: %w", d.path, err)
	}
	if int64(st.Bavail)*st.Bsize < d.keepFree+n {
		return ErrDiskFull
	}
	return nil
}

func diskFull(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return ErrDiskFull
	}
	return err
}
