package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrInUse is a file that another server writes to.
var ErrInUse = errors.New("another server writes to this file")

// file is the end of the log that lines are written to. Bytes that are in it are never changed: it is only appended to, and in the
// end renamed. The goroutine of the Log owns it.
type file struct {
	path     string
	maxBytes int64 // from which on another one is begun
	keep     int   // how many are kept beside it

	f       *os.File
	size    int64
	torn    []byte // after the last whole line, as a crash has left it
	pending []byte // of lines that are not in the file yet; the first of them may be so in part
	end     Link   // of the last line in pending
	written Link   // of the last line in the file, as far as this process knows
	dirty   bool   // was written to since the last sync
}

// openFile opens or creates a file, which only its owner can read, and takes it for this process.
func openFile(path string, maxBytes int64, keep int) (*file, error) {
	w := &file{path: path, maxBytes: maxBytes, keep: keep}
	return w, w.open()
}

func (w *file) open() (err error) {
	f, err := os.OpenFile(w.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", w.path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return err
		}
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return ErrInUse
		}
		return err
	}
	if err := syncDirectory(w.path); err != nil {
		return err
	}
	w.f, w.size = f, info.Size()
	return nil
}

// syncDirectory makes the names in the directory of a file durable.
func syncDirectory(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// disturbed tells whether somebody else has moved the file away, or has cut it.
func (w *file) disturbed() (moved, cut bool, err error) {
	mine, err := w.f.Stat()
	if err != nil {
		return false, false, err
	}
	named, err := os.Stat(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, false, nil
	}
	if err != nil {
		return false, false, err
	}
	cut = mine.Size() < w.size
	w.size = mine.Size()
	return !os.SameFile(mine, named), cut, nil
}

// reopen goes on in the file that has the name now, or in a new one.
func (w *file) reopen() error {
	old := w.f
	if err := w.open(); err != nil {
		return err
	}
	return errors.Join(w.readEnd(w.f, 0), old.Close())
}

// write writes what is pending. After an error it goes on at the next call where it has stopped, in the middle of a line if need be.
func (w *file) write() error {
	if len(w.pending) == 0 {
		return nil
	}
	n, err := w.f.Write(w.pending)
	w.size += int64(n)
	w.dirty = w.dirty || n > 0
	w.pending = w.pending[n:]
	if err != nil {
		return err
	}
	w.pending, w.written = nil, w.end
	return nil
}

// sync brings what was written to the disk.
func (w *file) sync() error {
	if !w.dirty {
		return nil
	}
	if err := w.f.Sync(); err != nil {
		return err
	}
	w.dirty = false
	return nil
}

// full tells whether it is time for another file.
func (w *file) full() bool { return w.size >= w.maxBytes && len(w.pending) == 0 && w.written.Seq != 0 }

// rotate gives the file the name that it keeps, which ends with the number of its last entry, and begins another one. It returns
// that name, and those of the oldest files, which it has removed.
func (w *file) rotate() (kept string, removed []string, err error) {
	kept = w.keptName(w.written)
	if _, err := os.Lstat(kept); !errors.Is(err, fs.ErrNotExist) {
		return "", nil, errors.Join(fmt.Errorf("%s is there already", kept), err)
	}
	if err := os.Rename(w.path, kept); err != nil {
		return "", nil, err
	}
	old := w.f
	if err := w.open(); err != nil {
		// Lines still go into the old file, which gets its name back.
		return "", nil, errors.Join(err, os.Rename(kept, w.path))
	}
	removed, err = w.removeOldest()
	return filepath.Base(kept), removed, errors.Join(err, old.Close())
}

// keptName is the name that a file keeps whose last entry is at a place.
func (w *file) keptName(last Link) string { return fmt.Sprintf("%s.%012d", w.path, last.Seq) }

// hasKept tells whether such a file is there.
func (w *file) hasKept(last Link) bool {
	_, err := os.Lstat(w.keptName(last))
	return err == nil
}

// Rotated lists the files that the one at path was continued from, the oldest first.
func Rotated(path string) ([]string, error) {
	names, err := filepath.Glob(escapePattern(path) + ".*")
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		number := strings.TrimPrefix(name, path+".")
		return len(number) < 12 || strings.Trim(number, "0123456789") != ""
	})
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return names, nil
}

// escapePattern makes a path that filepath.Glob takes literally.
func escapePattern(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func (w *file) removeOldest() (removed []string, err error) {
	names, err := Rotated(w.path)
	if err != nil {
		return nil, err
	}
	for len(names) > w.keep {
		if err := os.Remove(names[0]); err != nil {
			return removed, err
		}
		removed = append(removed, filepath.Base(names[0]))
		names = names[1:]
	}
	return removed, nil
}
