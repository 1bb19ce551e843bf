package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"

	"rethinkdb/internal/atrest"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/storage"
)

// Keys encrypt a data directory.
type Keys struct {
	Key *atrest.Key // nil for a directory that is not encrypted
	Old *atrest.Key // the one before a rotation, or nil
}

// check refuses keys that do not fit the directory, before anything in it is touched.
func (k Keys) check(d *Directory) error {
	if err := storage.CheckKey(d.Path, storage.Encryption(k)); err != nil {
		return storeError(d.Path, err)
	}
	return nil
}

// asTheyAre are keys that open the directory without replacing the old one.
func (k Keys) asTheyAre(d *Directory) Keys {
	if old := (Keys{Key: k.Old}); k.Old != nil && old.check(d) == nil {
		return old
	}
	return Keys{Key: k.Key}
}

// clusterIdentity keeps the key of the intracluster port: in a file, or in the store of an encrypted directory, where a file could
// be read by those who must not.
type clusterIdentity struct {
	store *storage.Store
	file  peer.File
}

// identityKey is its place in the store.
const identityKey = "cluster_identity"

// Load implements peer.Keeper. A key from before the directory was encrypted, or decrypted, is found as well; a file moves into the
// store.
func (i clusterIdentity) Load() ([]byte, error) {
	text, found, err := i.store.MetaGet(identityKey)
	if found || err != nil {
		return text, err
	}
	text, err = i.file.Load()
	if err != nil || i.store.Encryption().KeyID == "" {
		return text, err
	}
	if err := i.Save(text); err != nil {
		return nil, err
	}
	return text, os.Remove(i.file.String())
}

// Save implements peer.Keeper.
func (i clusterIdentity) Save(text []byte) error {
	if i.store.Encryption().KeyID == "" {
		return i.file.Save(text)
	}
	return i.store.MetaSet(context.Background(), identityKey, text)
}

func (i clusterIdentity) String() string {
	if i.store.Encryption().KeyID != "" {
		return "the encrypted store"
	}
	return i.file.String()
}

// announceEncryption says which key protects the store.
func announceEncryption(store *storage.Store, log *slog.Logger) {
	e := store.Encryption()
	if e.KeyID == "" {
		return
	}
	log.Info(fmt.Sprintf("The data directory is encrypted. The id of its key is %s.", e.KeyID))
	if e.Replaced {
		log.Info("That key has just taken the place of the old one, which does not open the directory any more.")
	}
	if e.DataKeys > 1 {
		log.Info("Some files are as they were before the last rotation of keys. Compactions replace them with time; 'rethinkdb reencrypt' does so at once, while the server is stopped.")
	}
}

// keyError says what to do about a key that does not fit a directory; nil for any other error.
func keyError(path string, err error) error {
	switch {
	case errors.Is(err, storage.ErrKeyNeeded):
		return fmt.Errorf("Could not open the data in directory '%s': %w. Give the key with --encryption-key-file or --encryption-key-command.", path, err)
	case errors.Is(err, atrest.ErrWrongKey):
		return fmt.Errorf("Could not open the data in directory '%s': %w. If the key was replaced, give the new one with --encryption-key-file and the one before with --old-encryption-key-file.", path, err)
	case errors.Is(err, storage.ErrNotEncrypted):
		return fmt.Errorf("Could not open the data in directory '%s': %w. Encrypt it with 'rethinkdb reencrypt -d \"%s\"' and the same key, or start without a key.", path, err, path)
	case errors.Is(err, storage.ErrConverting):
		return fmt.Errorf("Could not open the data in directory '%s': %w. Run 'rethinkdb reencrypt' again, with the same options.", path, err)
	case errors.Is(err, atrest.ErrTooMany):
		return fmt.Errorf("Could not open the data in directory '%s': %w.", path, err)
	default:
		return nil
	}
}

// Reencrypt writes all files of an existing directory anew: encrypted with a new data key that k.Key protects, or with plain not
// encrypted any more. progress is told how many files of all are done.
func Reencrypt(d *Directory, k Keys, plain bool, progress func(done, all int)) error {
	if err := d.checkContents(); err != nil {
		return err
	}
	if err := d.checkOwner(); err != nil {
		return err
	}
	err := storage.Reencrypt(d.Path, storage.Conversion{Encryption: storage.Encryption(k), Plain: plain, Progress: progress})
	if err != nil {
		return storeError(d.Path, err)
	}
	return nil
}

// checkOwner refuses to write files that the server could not read afterwards.
func (d *Directory) checkOwner() error {
	var st unix.Stat_t
	if err := unix.Fstat(int(d.lock.Fd()), &st); err != nil {
		return cannotOpen(d.Path, err)
	}
	if int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("The directory '%s' belongs to the user with the id %d. Run this as that user, or with --runuser.", d.Path, st.Uid)
	}
	return nil
}
