package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/logfile"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// LogFileName is the log in the data directory.
const LogFileName = "log_file"

// temporaryName is the part of the data directory that is emptied at each start.
const temporaryName = "tmp"

// minFreeBytes is the space that a start needs: the storage engine's log and one flush. With less the engine would open and
// then hang with its first write.
const minFreeBytes = 32 * megabyte

// keepFreeBytes is the space that temporary files leave to the store: with less it may have to refuse writes.
const keepFreeBytes = 256 * megabyte

// temporaryCaches is how many times the size of the cache temporary files may have together: enough to sort a table that is a few
// times larger than the cache, and not the whole disk for one query.
const temporaryCaches = 8

// data is what the data directory holds, opened.
type data struct {
	store    *storage.Store
	metadata *metadata.Store
	groups   *groups           // carries what replicas say to each other
	host     *replication.Host // runs the replicas
	users    *auth.Users
	tokens   *peer.Tokens
	catalog  *catalog.Catalog

	passwordSet bool // admin has got the initial password just now
}

// checkSpace refuses a directory on a full disk.
func checkSpace(path string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return fmt.Errorf("Could not read the free space of directory '%s': %s. Choose another with --directory.", path, reason(err))
	}
	if free := int64(st.Bavail) * st.Bsize; free < minFreeBytes {
		return fmt.Errorf("The disk of directory '%s' has only %d MB left, and the server needs %d MB to start. Free some space there, or choose another directory with --directory.",
			path, free/megabyte, minFreeBytes/megabyte)
	}
	if st.Files > 0 && st.Ffree == 0 {
		return fmt.Errorf("The disk of directory '%s' cannot hold more files. Remove some there, or choose another directory with --directory.", path)
	}
	return nil
}

// checkContents refuses a directory that is not ours to write into.
func (d *Directory) checkContents() error {
	if d.New {
		return nil
	}
	ours, err := storage.Exists(d.Path)
	if err != nil {
		return cannotOpen(d.Path, err)
	}
	if ours {
		return nil
	}
	if _, err := os.Stat(filepath.Join(d.Path, "metadata")); err == nil {
		return fmt.Errorf("The directory '%s' was written by the original RethinkDB, whose files this server cannot read. Dump it with the original (rethinkdb dump), start this server on another directory and restore the dump there (rethinkdb restore).", d.Path)
	}
	return fmt.Errorf("The directory '%s' holds no data of this server. Run 'rethinkdb create -d \"%s\"' if it is empty, or choose another with --directory.", d.Path, d.Path)
}

// temporary is the directory for temporary files.
func (d *Directory) temporary() string { return filepath.Join(d.Path, temporaryName) }

// recreateTemporary empties the directory for temporary files.
func (d *Directory) recreateTemporary(log *slog.Logger) error {
	path := d.temporary()
	logfile.Notice(log, "Recursively removing directory %s", path)
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("Could not empty directory '%s': %s. Check its owner and its permissions.", path, reason(err))
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return fmt.Errorf("Could not create directory '%s': %s. Check the permissions of its parent.", path, reason(err))
	}
	return nil
}

// protect makes a new directory private, and says when an old one is not.
func (d *Directory) protect(log *slog.Logger) error {
	info, err := d.lock.Stat()
	if err != nil {
		return cannotOpen(d.Path, err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if d.New {
		// An empty directory of somebody else's, such as a mount point, may refuse; the warning then says so.
		err := d.lock.Chmod(0o700)
		if err == nil || !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	log.Warn(fmt.Sprintf("Other users of this machine can look into the data directory; run 'chmod 700 %s'.", d.Path))
	return nil
}

// openData opens the store with what is in it, and puts into a new directory what a server begins with.
func openData(ctx context.Context, d *Directory, c Config, cacheBytes int64, log *slog.Logger, fatal func(error)) (_ *data, err error) {
	if err := d.checkContents(); err != nil {
		return nil, err
	}
	data := &data{}
	data.store, err = storage.Open(d.Path, storage.Options{
		CacheBytes: cacheBytes, MaxCacheBytes: totalMemory(), Logger: log, Fatal: fatal, Locked: true, Encryption: storage.Encryption(c.Keys),
	})
	if err != nil {
		return nil, storeError(d.Path, err)
	}
	announceEncryption(data.store, log)
	defer data.closeAfter(&err)
	configured := catalog.Server{Name: c.ServerName, Tags: c.ServerTags, CacheBytes: catalog.AutoCache}
	if c.CacheBytes > 0 {
		configured.CacheBytes = c.CacheBytes
	}
	if data.metadata, err = metadata.Open(ctx, data.store); err != nil {
		return nil, err
	}
	self, err := catalog.Self(ctx, data.store, configured)
	if err != nil {
		return nil, err
	}
	data.groups = &groups{}
	data.host = replication.NewHost(replication.HostOptions{Self: replication.ServerID(self.ID), Store: data.store, Transport: data.groups, Logger: log})
	if err := data.metadata.Resume(ctx, data.host, data.groups.forward); err != nil {
		return nil, err
	}
	data.users, err = auth.OpenUsers(data.metadata)
	if err != nil {
		return nil, err
	}
	data.metadata.Watch(userWatcher{data.users, log})
	if data.tokens, err = peer.OpenTokens(data.store, time.Now); err != nil {
		return nil, err
	}
	if data.passwordSet, err = setInitialPassword(data.users, d, c, log); err != nil {
		return nil, err
	}
	data.catalog, err = catalog.Open(ctx, catalog.Options{Store: data.store, Metadata: data.metadata, Host: data.host, Remote: farParts{data}.remote(), Leads: data.groups.tellLead, Log: log, NewServer: configured, Compile: exec.CompileIndex, Cells: exec.IndexCells,
		History: catalog.HistoryLimits{Bytes: c.HistoryBytes, Age: c.HistoryAge}})
	if _, tooNew := errors.AsType[*catalog.TooNewError](err); tooNew {
		return nil, fmt.Errorf("Could not use the data in directory '%s': %w.", d.Path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("Could not read the catalog in directory '%s': %w. If the files are damaged, restore them from a backup.", d.Path, err)
	}
	// The size of the cache is what the command line says, at every start: without --cache-size it is auto again.
	stored := data.catalog.Snapshot().Server()
	stored.CacheBytes = configured.CacheBytes
	if data.metadata.Raft() == nil { // otherwise nobody may be there yet to agree
		if err := data.catalog.SetServer(ctx, stored); err != nil {
			return nil, err
		}
	}
	if d.New && c.TestDB {
		log.Info(fmt.Sprintf("Creating a default database for your convenience. (This is because you ran 'rethinkdb' without 'create', 'serve', or '--join', and the directory '%s' did not already exist or is empty.)", d.Path))
		if _, err := data.catalog.CreateDatabase(ctx, "", "test"); err != nil {
			return nil, fmt.Errorf("create the database test: %w", err)
		}
	}
	return data, nil
}

// closeAfter closes what was opened before an error.
func (d *data) closeAfter(err *error) {
	if *err == nil {
		return
	}
	if d.catalog != nil {
		d.catalog.Close()
	}
	d.closeGroups()
	*err = errors.Join(*err, d.store.Close())
}

// Close closes everything in the reverse order of openData.
func (d *data) Close() error {
	d.catalog.Close()
	d.closeGroups()
	return d.store.Close()
}

// closeGroups ends what goes on without anybody asking for it.
func (d *data) closeGroups() {
	if d.host != nil {
		d.host.Close()
	}
	if d.metadata != nil {
		d.metadata.Close()
	}
}

// storeError says what to do about a store that does not open.
func storeError(path string, err error) error {
	if err := keyError(path, err); err != nil {
		return err
	}
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return fmt.Errorf("Could not write to directory '%s': %s. Free some space there, or choose another with --directory.", path, reason(err))
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EROFS):
		return cannotOpen(path, err)
	case errors.Is(err, storage.ErrFormat):
		return err // says what to do
	default:
		return fmt.Errorf("Could not open the data in directory '%s': %w. If the files are damaged, restore them from a backup.", path, err)
	}
}

// Create puts an empty database into a new directory.
func Create(d *Directory, c Config, log *slog.Logger) error {
	if err := d.protect(log); err != nil {
		return err
	}
	if err := d.recreateTemporary(log); err != nil {
		return err
	}
	// Creating needs no cache worth the name.
	data, err := openData(context.Background(), d, c, minAutoCacheBytes, log, fatalExit(log))
	if err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return storeError(d.Path, err)
	}
	d.MarkInitialized()
	log.Info(fmt.Sprintf("Created directory '%s' and a metadata file inside it.", d.Path))
	return nil
}

// fatalExit is for a storage engine that cannot go on in a process that has nothing else to stop. What was acknowledged is in
// the engine's log, as after any other crash.
func fatalExit(log *slog.Logger) func(error) {
	return func(err error) {
		log.Error(err.Error())
		os.Exit(1)
	}
}
