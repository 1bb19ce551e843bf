package metadata

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// Group is the number of the group whose commands are changes of the metadata. Tables have greater ones.
const Group storage.GroupID = 0

// ErrStale is the error of a change that was decided on an old version. Nothing was changed; look again.
var ErrStale = errors.New("the metadata has changed meanwhile")

// A Version counts changes of the metadata.
type Version uint64

// keyVersion is where the version is kept. It is a part of the metadata, changed by every change.
const keyVersion = "metadata/version"

// A Change sets a key, or deletes it if Value is nil.
type Change struct {
	Key   string
	Value []byte
}

// A Watcher is told what becomes of the metadata, by one goroutine at a time and before the version of the store shows it.
// It must not change the metadata itself.
type Watcher interface {
	// MetadataChanged says that these keys have changed, all at once, to what reads see now.
	MetadataChanged(changes []Change)
}

// Store is safe for concurrent use.
type Store struct {
	// Set by Open, then constant.
	store *storage.Store
	group replication.Group

	version atomic.Uint64

	mu       sync.Mutex // held from the check of a version to the end of the notifications
	watchers []Watcher
}

// Open opens the metadata of a server, which is empty in a new one.
func Open(ctx context.Context, store *storage.Store) (*Store, error) {
	group, err := openGroup(ctx, store)
	if err != nil {
		return nil, fmt.Errorf("open the metadata: %w", err)
	}
	s := &Store{store: store, group: group}
	v, found, err := store.MetaGet(keyVersion)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the version of the metadata: %w", err)
	case found && len(v) != 8:
		return nil, fmt.Errorf("read the version of the metadata: it has %d bytes, not 8", len(v))
	case found:
		s.version.Store(binary.BigEndian.Uint64(v))
	}
	return s, nil
}

// openGroup opens the group, or creates it in a store that has none: a new one, or one of a program that had no clusters.
func openGroup(ctx context.Context, store *storage.Store) (*replication.Single, error) {
	_, err := replication.AppliedIn(store, Group)
	if errors.Is(err, replication.ErrDropped) {
		return replication.Create(ctx, store, Group)
	}
	if err != nil {
		return nil, err
	}
	return replication.Open(store, Group)
}

// Version returns the version of what watchers know. Read it before what a change is decided on, not after.
func (s *Store) Version() Version { return Version(s.version.Load()) }

// Watch has w told of all changes from now on.
func (s *Store) Watch(w Watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, w)
}

// Change makes all of the changes, or none. When it returns nil they are durable, and all watchers of this server know them.
// ErrStale says that base is not the present version. It does not stop when the client goes away: a change whose fate is
// unknown would have to be explained to its watchers.
func (s *Store) Change(ctx context.Context, base Version, changes ...Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Version() != base {
		return ErrStale
	}
	b := s.store.NewBatch()
	defer b.Close()
	for _, c := range changes {
		if c.Value == nil {
			b.DeleteMeta(c.Key)
		} else {
			b.SetMeta(c.Key, c.Value)
		}
	}
	b.SetMeta(keyVersion, binary.BigEndian.AppendUint64(nil, uint64(base)+1))
	ctx = context.WithoutCancel(ctx)
	index, err := s.group.Commit(ctx, &replication.Command{Batch: b})
	if err != nil {
		return fmt.Errorf("change the metadata: %w", err)
	}
	err = s.group.WaitDurable(ctx, index)
	for _, w := range s.watchers {
		w.MetadataChanged(changes)
	}
	s.version.Store(uint64(base) + 1)
	return err
}

// Set, Delete, Get and Scan are for who has keys of its own and decides nothing on others: the newest change of a key wins.

// MetaSet sets a key.
func (s *Store) MetaSet(ctx context.Context, key string, value []byte) error {
	return s.whatever(ctx, Change{key, append([]byte{}, value...)})
}

// MetaDelete deletes a key.
func (s *Store) MetaDelete(ctx context.Context, key string) error {
	return s.whatever(ctx, Change{Key: key})
}

func (s *Store) whatever(ctx context.Context, c Change) error {
	for {
		err := s.Change(ctx, s.Version(), c)
		if !errors.Is(err, ErrStale) {
			return err
		}
	}
}

// MetaGet returns the value of a key.
func (s *Store) MetaGet(key string) (value []byte, found bool, err error) {
	return s.store.MetaGet(key)
}

// MetaScan calls each with every key that begins with prefix, in order, until each returns an error, which it returns.
func (s *Store) MetaScan(prefix string, each func(key string, value []byte) error) error {
	return s.store.MetaScan(prefix, each)
}
