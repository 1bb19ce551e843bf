package storage

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// formatVersion is the layout of the data directory: keys, encodings and engine. A change that an older server would misread
// gets a new number, and Open learns to convert the old one.
const formatVersion = "1"

// formatFile holds the version as text, so that a person can read it.
const formatFile = "FORMAT"

// checkFormat refuses a directory whose data this program would misread, and marks a new one.
func checkFormat(fs vfs.FS, dir, storePath string) error {
	name := filepath.Join(dir, formatFile)
	f, err := fs.Open(name)
	if err == nil {
		text, err := io.ReadAll(io.LimitReader(f, 64))
		if err := firstError(err, f.Close()); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if v := strings.TrimSpace(string(text)); v != formatVersion {
			return fmt.Errorf("%w: %s says version %q, this program reads version %q: use the version of the program that created it",
				ErrFormat, name, v, formatVersion)
		}
		return nil
	}
	if _, statErr := fs.Stat(name); statErr == nil {
		return err // it is there but cannot be opened
	}
	if _, err := fs.Stat(storePath); err == nil {
		return fmt.Errorf("%w: %s is there but %s is missing", ErrFormat, storePath, name)
	}
	return writeFormat(fs, dir, name)
}

// writeFormat creates the file so that after a crash it is either complete or absent.
func writeFormat(fs vfs.FS, dir, name string) error {
	temporary := name + ".new"
	f, err := fs.Create(temporary, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(formatVersion + "\n"))
	if err == nil {
		err = f.Sync()
	}
	if err := firstError(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", temporary, err)
	}
	if err := fs.Rename(temporary, name); err != nil {
		return err
	}
	return syncDirectory(fs, dir)
}

// makeDirectory makes sure that dir is there, also after a crash of the machine. It syncs the parents down from the first
// that was there, and at least the last one: somebody else may have created dir a moment ago.
func makeDirectory(fs vfs.FS, dir string) error {
	dir = filepath.Clean(dir)
	missing := []string{filepath.Dir(dir)}
	for parent := missing[0]; ; parent = filepath.Dir(parent) {
		if _, err := fs.Stat(parent); err == nil || parent == filepath.Dir(parent) {
			break
		}
		missing = append(missing, filepath.Dir(parent))
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, parent := range missing {
		// A directory that may not be read cannot be opened for syncing. Then dir was not made here.
		if err := syncDirectory(fs, parent); err != nil && !errors.Is(err, iofs.ErrPermission) {
			return err
		}
	}
	return nil
}

func syncDirectory(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return firstError(d.Sync(), d.Close())
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// Exists tells whether there is a store in dir.
func Exists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, formatFile))
	if errors.Is(err, iofs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
