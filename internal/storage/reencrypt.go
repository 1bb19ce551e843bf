package storage

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"rethinkdb/internal/atrest"
)

// reencryptedFile is where a file is written anew before it takes the place of the old one.
const reencryptedFile = "REENCRYPTED"

// Conversion is what Reencrypt is to do.
type Conversion struct {
	Encryption // of the directory now, and with Key afterwards; with Plain either key may be what it is encrypted with

	// Plain is for a directory that shall no longer be encrypted.
	Plain bool

	// Progress is told after each file how many of all are done. It may be nil.
	Progress func(done, all int)

	fs vfs.FS // for tests of this package; nil for the disk
}

// Reencrypt writes all files of the store in dir anew: with a new data key, for the first time encrypted, or no longer. The caller
// holds the lock of the directory. It is done file by file, so that it needs only the space of the largest one, and goes on
// where it was when it is called again after a crash.
//
// A directory in which some files are encrypted and others are not has a format of its own, which no server opens.
func Reencrypt(dir string, c Conversion) error {
	if c.fs == nil {
		c.fs = vfs.Default
	}
	ring, err := c.begin(dir)
	if err != nil {
		return fmt.Errorf("reencrypt the store in %s: %w", dir, err)
	}
	if err := c.convert(dir, ring); err != nil {
		return fmt.Errorf("reencrypt the store in %s: %w", dir, err)
	}
	return c.end(dir, ring)
}

// begin makes the directory one that may have files of both kinds.
func (c Conversion) begin(dir string) (ring *atrest.Keyring, err error) {
	format, err := readFormat(c.fs, dir, filepath.Join(dir, storeDirectory))
	if err != nil {
		return nil, err
	}
	switch {
	case format == "":
		return nil, fmt.Errorf("%w: there is no store", ErrFormat)
	case c.Key == nil:
		return nil, ErrKeyNeeded
	case format == formatPlain && c.Plain:
		return nil, ErrNotEncrypted
	case format == formatPlain:
		ring = atrest.NewKeyring()
	default:
		if ring, _, err = readKeyring(c.fs, dir, c.Encryption); err != nil {
			return nil, err
		}
		if !c.Plain {
			err = c.newDataKey(dir, format, ring)
		}
	}
	if err != nil {
		return nil, err
	}
	if !c.Plain {
		if err := writeKeyring(c.fs, dir, ring, c.Key); err != nil {
			return nil, err
		}
	}
	if format == formatPlain || c.Plain {
		return ring, writeFormat(c.fs, dir, formatConverting)
	}
	return ring, nil
}

// newDataKey makes the data key that files are to have. A conversion that was interrupted goes on with the one that it has.
func (c Conversion) newDataKey(dir, format string, ring *atrest.Keyring) error {
	if err := dropDataKeys(c.fs, dir, ring); err != nil {
		return err
	}
	if format == formatConverting {
		return nil
	}
	return ring.Rotate()
}

// convert writes those files anew that are not yet as they should be.
func (c Conversion) convert(dir string, ring *atrest.Keyring) error {
	path := filepath.Join(dir, storeDirectory)
	names, err := c.fs.List(path)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for i, name := range names {
		if err := c.convertFile(dir, name, ring); err != nil {
			return err
		}
		if c.Progress != nil {
			c.Progress(i+1, len(names))
		}
	}
	return syncDirectory(c.fs, path)
}

func (c Conversion) convertFile(dir, base string, ring *atrest.Keyring) error {
	name := filepath.Join(dir, storeDirectory, base)
	info, err := c.fs.Stat(name)
	if err != nil {
		return err
	}
	header, err := readHeader(c.fs, name)
	if err != nil {
		return err
	}
	encrypted := atrest.Encrypted(header)
	switch {
	case info.IsDir(), info.Size() == 0:
		return nil
	case c.Plain && !encrypted, !c.Plain && ring.Current(header):
		return nil
	}
	from, to := c.fs, c.fs
	if encrypted {
		from = &encryptedFS{FS: c.fs, ring: ring}
	}
	if !c.Plain {
		to = &encryptedFS{FS: c.fs, ring: ring}
	}
	temporary := filepath.Join(dir, reencryptedFile)
	if err := copySynced(from, name, to, temporary); err != nil {
		return fmt.Errorf("write %s anew: %w", name, err)
	}
	return c.fs.Rename(temporary, name)
}

// end makes the directory one that servers open, and forgets the keys that are not needed any more.
func (c Conversion) end(dir string, ring *atrest.Keyring) error {
	if c.Plain {
		if err := writeFormat(c.fs, dir, formatPlain); err != nil {
			return err
		}
		return c.fs.Remove(filepath.Join(dir, keyringFile))
	}
	if err := writeFormat(c.fs, dir, formatEncrypted); err != nil {
		return err
	}
	if err := dropDataKeys(c.fs, dir, ring); err != nil {
		return err
	}
	return writeKeyring(c.fs, dir, ring, c.Key)
}

// copySynced copies a file and waits until the copy is on disk.
func copySynced(from vfs.FS, name string, to vfs.FS, copied string) error {
	if err := to.Remove(copied); err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return err
	}
	r, err := from.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := to.Create(copied, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, 1<<20))
	if err == nil {
		err = w.Sync()
	}
	return errors.Join(err, w.Close())
}
