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

// Formats of the data directory: keys, encodings and engine. A change that an older server would misread gets a new name, and Open
// learns to convert the old one. That the files are encrypted is such a change.
const (
	formatPlain      = "1"
	formatEncrypted  = "1-encrypted"
	formatConverting = "1-converting" // between the two; only Reencrypt reads it
)

// formatFile holds the format as text, so that a person can read it.
const formatFile = "FORMAT"

// unfinished is the end of the name of a file that is being written and will get its name when it is complete.
const unfinished = ".new"

// readFormat returns the format of a directory, and nothing for a new one.
func readFormat(fs vfs.FS, dir, storePath string) (string, error) {
	name := filepath.Join(dir, formatFile)
	text, err := readFile(fs, name, 64)
	if err == nil {
		format := strings.TrimSpace(string(text))
		switch format {
		case formatPlain, formatEncrypted, formatConverting:
			return format, nil
		}
		return "", fmt.Errorf("%w: %s says version %q, this program reads version %q: use the version of the program that created it",
			ErrFormat, name, format, formatPlain)
	}
	if _, statErr := fs.Stat(name); statErr == nil {
		return "", err // it is there but cannot be read
	}
	if _, err := fs.Stat(storePath); err == nil {
		return "", fmt.Errorf("%w: %s is there but %s is missing", ErrFormat, storePath, name)
	}
	return "", nil
}

func writeFormat(fs vfs.FS, dir, format string) error {
	return replaceFile(fs, dir, formatFile, []byte(format+"\n"))
}

// readFile reads a file of at most limit bytes.
func readFile(fs vfs.FS, name string, limit int) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err := firstError(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > limit {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrFormat, name, limit)
	}
	return data, nil
}

// replaceFile writes a file of the directory so that after a crash it is either the new or the old one, and the new one when
// replaceFile has returned.
func replaceFile(fs vfs.FS, dir, base string, data []byte) error {
	name := filepath.Join(dir, base)
	temporary := name + unfinished
	f, err := fs.Create(temporary, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
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

// Leftover tells whether a file is what Open leaves in a new directory when it is killed before the directory has a store.
func Leftover(name string) bool {
	return name == keyringFile || name == keyringFile+unfinished || name == formatFile+unfinished
}

// Exists tells whether there is a store in dir.
func Exists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, formatFile))
	if errors.Is(err, iofs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
