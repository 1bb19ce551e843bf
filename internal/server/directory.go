package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"rethinkdb/internal/storage"
)

// Directory is a locked data directory.
//
// The lock is taken before the log is opened, which is in the directory, and outlives the store. While the lock is held and MarkInitialized was not called, the directory holds nothing worth
// keeping, and Close removes what was made.
type Directory struct {
	Path string // absolute
	New  bool   // was missing or empty: there is nothing to load

	lock        *os.File
	made        bool // this process made the directory, not only its contents
	initialized bool
}

// AcquireDirectory opens and locks the data directory. With create it makes a missing one and also takes an empty one as new.
func AcquireDirectory(path string, create bool) (_ *Directory, err error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("Could not open directory '%s': %w", path, err)
	}
	d := &Directory{Path: absolute}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return nil, fmt.Errorf("The directory '%s' does not exist, run 'rethinkdb create -d \"%s\"' and try again.", path, path)
	case errors.Is(err, fs.ErrNotExist):
		if err := os.Mkdir(path, 0o700); err != nil {
			return nil, fmt.Errorf("Could not create directory '%s': %s. Check that its parent exists and that this user may write there, or choose another with --directory.", path, reason(err))
		}
		d.made, d.New = true, true
	case err != nil:
		return nil, cannotOpen(path, err)
	case !info.IsDir():
		return nil, fmt.Errorf("Could not open directory '%s': it is a file. Choose another path with --directory.", path)
	}
	d.lock, err = storage.LockDirectory(path)
	if errors.Is(err, storage.ErrLocked) {
		return nil, fmt.Errorf("Directory '%s' is already in use, perhaps another instance of rethinkdb is using it. Stop that one, or choose another directory with --directory.", path)
	}
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	if err := checkSpace(path); err != nil {
		return nil, d.abandon(err)
	}
	// Only the holder of the lock may judge whether the directory is empty.
	if !d.New && create {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, d.abandon(cannotOpen(path, err))
		}
		d.New = !holdsFiles(entries)
	}
	return d, nil
}

// abandon closes d for the reason err.
func (d *Directory) abandon(err error) error { return errors.Join(err, d.Close()) }

// holdsFiles tells whether there is anything in a directory besides what mkfs leaves in the root of a fresh file system, and
// what a start leaves that was killed before it had written any data.
func holdsFiles(entries []fs.DirEntry) bool {
	for _, e := range entries {
		switch e.Name() {
		case "lost+found", LogFileName, temporaryName:
		default:
			if !storage.Leftover(e.Name()) {
				return true
			}
		}
	}
	return false
}

func cannotOpen(path string, err error) error {
	return fmt.Errorf("Could not open directory '%s': %s. Check its owner and its permissions, or choose another with --directory.", path, reason(err))
}

// reason is the system's part of an error, without our own operation and path in front.
func reason(err error) string {
	if no, ok := errors.AsType[unix.Errno](err); ok {
		return no.Error()
	}
	return err.Error()
}

// Chown gives the directory to a user and a group; -1 leaves one of them as it is.
func (d *Directory) Chown(uid, gid int) error { return d.lock.Chown(uid, gid) }

// MarkInitialized says that the directory now holds a database.
func (d *Directory) MarkInitialized() { d.initialized = true }

// Close removes a half-made directory, and gives up the lock.
func (d *Directory) Close() error {
	var err error
	if d.New && !d.initialized {
		err = d.remove()
	}
	return errors.Join(err, d.lock.Close())
}

func (d *Directory) remove() error {
	if d.made {
		return os.RemoveAll(d.Path)
	}
	// An empty directory that was there before may be a mount point, and is the operator's in any case.
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if e.Name() != "lost+found" && e.Name() != LogFileName {
			errs = append(errs, os.RemoveAll(filepath.Join(d.Path, e.Name())))
		}
	}
	return errors.Join(errs...)
}
