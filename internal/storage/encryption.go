package storage

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"rethinkdb/internal/atrest"
)

// Errors of encryption. atrest.ErrWrongKey is another one.
var (
	ErrKeyNeeded    = errors.New("the data directory is encrypted, and no key was given")
	ErrNotEncrypted = errors.New("a key was given, but the data directory is not encrypted")
	ErrConverting   = errors.New("the conversion of the data directory was interrupted")
)

// keyringFile holds the data keys of an encrypted directory. Without it, or without the key that it is encrypted with, the data is lost.
const keyringFile = "KEYRING"

// Encryption is what encrypts a data directory.
type Encryption struct {
	Key *atrest.Key // nil for a directory that is not encrypted
	Old *atrest.Key // the key before a rotation; Open replaces it by Key if need be
}

// EncryptionStatus tells how a directory is encrypted.
type EncryptionStatus struct {
	KeyID    string    // of the operator's key; empty when the directory is not encrypted
	Replaced bool      // it took the place of another key when the store was opened
	DataKeys int       // of the files that were there at the start, and of new ones
	Made     time.Time // when the data key for new files was made
}

// Encryption tells how the directory is encrypted.
func (s *Store) Encryption() EncryptionStatus { return s.encryption }

// directory is what a look at a data directory tells, without changing it.
type directory struct {
	format string          // empty for a new one
	ring   *atrest.Keyring // nil without encryption
	old    bool            // it was opened with the old key
}

// CheckKey tells whether Open would accept the keys, and changes nothing.
func CheckKey(dir string, e Encryption) error {
	_, err := inspect(vfs.Default, dir, e)
	return err
}

// inspect looks at a directory that is to be opened with these keys.
func inspect(fs vfs.FS, dir string, e Encryption) (d directory, err error) {
	d.format, err = readFormat(fs, dir, filepath.Join(dir, storeDirectory))
	switch {
	case err != nil:
		return d, err
	case d.format == formatConverting:
		return d, ErrConverting
	case d.format == formatPlain && e.Key != nil:
		return d, ErrNotEncrypted
	case d.format == formatEncrypted && e.Key == nil:
		return d, keyNeeded(fs, dir)
	case d.format == formatEncrypted:
		d.ring, d.old, err = readKeyring(fs, dir, e)
	}
	return d, err
}

// keyNeeded names the key, so that it can be found among several.
func keyNeeded(fs vfs.FS, dir string) error {
	sealed, err := readFile(fs, filepath.Join(dir, keyringFile), atrest.MaxKeyringBytes)
	if err != nil {
		return fmt.Errorf("%w; %w", ErrKeyNeeded, err)
	}
	id, err := atrest.KeyIDOf(sealed)
	if err != nil {
		return fmt.Errorf("%w; %w", ErrKeyNeeded, err)
	}
	return fmt.Errorf("%w: it needs the key with the id %s", ErrKeyNeeded, id)
}

// readKeyring opens the keyring with the key, or else with the old one.
func readKeyring(fs vfs.FS, dir string, e Encryption) (_ *atrest.Keyring, old bool, err error) {
	name := filepath.Join(dir, keyringFile)
	sealed, err := readFile(fs, name, atrest.MaxKeyringBytes)
	if err != nil {
		return nil, false, fmt.Errorf("%w: restore %s from a backup: without it the data cannot be decrypted (%w)", atrest.ErrDamaged, name, err)
	}
	ring, err := atrest.OpenKeyring(sealed, e.Key)
	if errors.Is(err, atrest.ErrWrongKey) && e.Old != nil {
		ring, oldErr := atrest.OpenKeyring(sealed, e.Old)
		if !errors.Is(oldErr, atrest.ErrWrongKey) {
			return ring, true, oldErr
		}
	}
	return ring, false, err
}

func writeKeyring(fs vfs.FS, dir string, ring *atrest.Keyring, key *atrest.Key) error {
	sealed, err := ring.Seal(key)
	if err != nil {
		return err
	}
	if err := replaceFile(fs, dir, keyringFile, sealed); err != nil {
		return fmt.Errorf("write the keyring: %w", err)
	}
	return nil
}

// openDirectory makes a directory a data directory if it is new, and returns the keyring if it is encrypted. That is where keys are
// rotated: with a new key in place of the old one, new files get a new data key, and data keys that no file needs any more are
// dropped. The files themselves stay as they are.
//
// A crash at any moment leaves a keyring that one of the two keys opens, and that has the data keys of all files.
func openDirectory(fs vfs.FS, dir string, e Encryption) (ring *atrest.Keyring, replaced bool, err error) {
	d, err := inspect(fs, dir, e)
	switch {
	case err != nil:
		return nil, false, err
	case d.format == "" && e.Key == nil:
		return nil, false, writeFormat(fs, dir, formatPlain)
	case d.format == "":
		ring := atrest.NewKeyring()
		if err := writeKeyring(fs, dir, ring, e.Key); err != nil {
			return nil, false, err
		}
		return ring, false, writeFormat(fs, dir, formatEncrypted)
	case d.ring == nil:
		return nil, false, nil
	}
	before := d.ring.Len()
	if err := dropDataKeys(fs, dir, d.ring); err != nil {
		return nil, false, err
	}
	if d.old {
		if err := d.ring.Rotate(); err != nil {
			return nil, false, err
		}
	}
	if d.old || d.ring.Len() != before {
		return d.ring, d.old, writeKeyring(fs, dir, d.ring, e.Key)
	}
	return d.ring, false, nil
}

// dropDataKeys drops the data keys that no file of the store needs.
func dropDataKeys(fs vfs.FS, dir string, ring *atrest.Keyring) error {
	if ring.Len() == 1 {
		return nil
	}
	path := filepath.Join(dir, storeDirectory)
	names, err := fs.List(path)
	if err != nil {
		return err
	}
	// What is not listed must not be back after a crash.
	if err := syncDirectory(fs, path); err != nil {
		return err
	}
	var headers [][]byte
	for _, name := range names {
		header, err := readHeader(fs, filepath.Join(path, name))
		if err != nil {
			return err
		}
		if atrest.Encrypted(header) {
			headers = append(headers, header)
		}
	}
	ring.Retain(headers)
	return nil
}

// readHeader returns what a file begins with: less than a header when it is shorter.
func readHeader(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	header := make([]byte, atrest.HeaderBytes)
	n, err := io.ReadFull(f, header)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return header[:n], firstError(err, f.Close())
}
