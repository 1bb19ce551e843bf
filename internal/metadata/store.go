package metadata

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/watchdog"
)

// Group is the number of the group whose commands are changes of the metadata. Tables have greater ones.
const Group storage.GroupID = 0

var (
	// ErrStale is the error of a change that was decided on an old version. Nothing was changed; look again.
	ErrStale = errors.New("the metadata has changed meanwhile")
	// ErrNoMajority is the error of a change that found no majority of the servers that keep the metadata.
	ErrNoMajority = errors.New("a majority of the servers that keep the metadata of the cluster cannot be reached")
	// errLost says that the change may have been made.
	errLost   = fmt.Errorf("%w (the server that decides on the metadata was lost)", replication.ErrUnknownOutcome)
	errClosed = errors.New("the server is about to end")
)

// patience is how long a change waits for a majority of servers. The reference gives up after as much.
const patience = 10 * time.Second

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
	// MetadataChanged says that these keys have changed, all at once. Reads may show later changes already.
	MetadataChanged(changes []Change)
}

// Forward makes a change on another server, which has the primary replica of the metadata, and returns the version that it has made.
type Forward func(ctx context.Context, to replication.ServerID, base Version, changes []Change) (Version, error)

// Store is safe for concurrent use.
type Store struct {
	// Set by Open, then constant.
	store *storage.Store
	wg    sync.WaitGroup // the follower
	stop  chan struct{}  // closed by Close
	wake  chan struct{}  // capacity 1: there is something to follow

	version atomic.Uint64 // of what the watchers know

	changing sync.Mutex // held while a change of this server is decided and applied; taken first

	mu       sync.Mutex // guards what follows
	group    replication.Group
	raft     *replication.Raft // the group, if there are other servers
	forward  Forward
	mirror   bool    // this server takes no part in deciding; see Mirror
	applied  Version // of what the store has
	judged   *guard  // of the command that is being applied; nil if it was refused
	queue    []event // applied and not yet followed
	watchers []Watcher
	followed chan struct{} // closed when version grows
	told     uint64        // how many events the watchers were told
	recent   recent        // the last of these
	closed   bool

	mirrored chan struct{} // closed when a mirror has something to show

	known map[string]bool // the keys that watchers know of; owned by the follower
}

// event is something for the watchers: changed keys, or everything.
type event struct {
	version Version
	keys    []string
	all     bool
}

// Open opens the metadata of a server, which is empty in a new one. One that other servers share has to be Resumed. Close it before the store.
func Open(ctx context.Context, store *storage.Store) (*Store, error) {
	s := &Store{store: store, stop: make(chan struct{}), wake: make(chan struct{}, 1), followed: make(chan struct{}), mirrored: make(chan struct{}), known: map[string]bool{}}
	shared, err := replication.IsRaft(store, Group)
	if err == nil && !shared {
		s.group, err = openSingle(ctx, store)
	}
	if err != nil {
		return nil, fmt.Errorf("open the metadata: %w", err)
	}
	if s.applied, err = storedVersion(store); err != nil {
		return nil, err
	}
	err = s.eachShared(func(key string, _ []byte) error {
		s.known[key] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.version.Store(uint64(s.applied))
	s.wg.Go(s.follow)
	return s, nil
}

func storedVersion(store *storage.Store) (Version, error) {
	v, found, err := store.MetaGet(keyVersion)
	switch {
	case err != nil:
		return 0, fmt.Errorf("read the version of the metadata: %w", err)
	case !found:
		return 0, nil
	case len(v) != 8:
		return 0, fmt.Errorf("read the version of the metadata: it has %d bytes, not 8", len(v))
	}
	return Version(binary.BigEndian.Uint64(v)), nil
}

// openSingle opens the group of a server without others, or creates it in a store that has none: a new one, or one of a program that
// had no clusters.
func openSingle(ctx context.Context, store *storage.Store) (*replication.Single, error) {
	_, err := replication.AppliedIn(store, Group)
	if errors.Is(err, replication.ErrDropped) {
		return replication.Create(ctx, store, Group)
	}
	if err != nil {
		return nil, err
	}
	return replication.Open(store, Group)
}

// Close ends the notifications.
func (s *Store) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Version returns the version of what watchers know. Read it before what a change is decided on, not after.
func (s *Store) Version() Version { return Version(s.version.Load()) }

// Watch has w told of all changes from now on.
func (s *Store) Watch(w Watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, w)
}

// Change makes all of the changes, or none. When it returns nil a majority of the servers has them on disk, and all watchers of this
// server know them. ErrStale says that base is not the present version.
func (s *Store) Change(ctx context.Context, base Version, changes ...Change) error {
	v, err := s.Decide(ctx, base, changes)
	if err != nil {
		return err
	}
	return s.Await(ctx, v)
}

// Decide is Change for another server, which waits for its own watchers. It returns the version that the change has made.
func (s *Store) Decide(ctx context.Context, base Version, changes []Change) (Version, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		leader, elsewhere, changed := s.primary()
		switch {
		case s.isMirror():
			v, err := s.send(ctx, "", base, changes)
			if !errors.Is(err, replication.ErrNotPrimary) {
				return v, err
			}
		case !elsewhere:
			v, err := s.commit(ctx, base, changes)
			if !errors.Is(err, replication.ErrNotPrimary) && !errors.Is(err, replication.ErrReplaced) {
				return v, err
			}
		case leader != "":
			v, err := s.send(ctx, leader, base, changes)
			if !errors.Is(err, replication.ErrNotPrimary) {
				return v, err
			}
		}
		select {
		case <-changed:
		case <-time.After(retryPause):
		case <-deadline.C:
			return 0, ErrNoMajority
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-s.stop:
			return 0, errClosed
		}
	}
}

// retryPause is how often a change looks for a primary replica, besides when it hears of one.
const retryPause = 100 * time.Millisecond

func (s *Store) send(ctx context.Context, leader replication.ServerID, base Version, changes []Change) (Version, error) {
	s.mu.Lock()
	forward, raft := s.forward, s.raft
	s.mu.Unlock()
	if raft == nil {
		return forward(ctx, leader, base, changes)
	}
	ctx, stop := watchdog.Context(ctx, func() error {
		if now, known := raft.Leader(); known && now != leader {
			return errLost
		}
		return nil
	})
	defer stop()
	return forward(ctx, leader, base, changes)
}

// primary tells where the primary replica is, if not here; without one leader is empty.
func (s *Store) primary() (leader replication.ServerID, elsewhere bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raft == nil {
		return "", s.group == nil, nil
	}
	changed = s.raft.Changed()
	if _, err := s.raft.Epoch(); err == nil {
		return "", false, changed
	}
	leader, _ = s.raft.Leader()
	return leader, true, changed
}

// commit makes a change where the primary replica is. It does not stop when the client goes away.
func (s *Store) commit(ctx context.Context, base Version, changes []Change) (Version, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	group, applied := s.group, s.applied
	s.mu.Unlock()
	switch {
	case group == nil: // Follow has failed half way
		return 0, replication.ErrNotPrimary
	case applied != base:
		return 0, ErrStale
	}
	epoch, err := group.Epoch()
	if err != nil {
		return 0, err
	}
	b := s.store.NewBatch()
	defer b.Close()
	g := &guard{base: base}
	for _, c := range changes {
		if c.Value == nil {
			b.DeleteMeta(c.Key)
		} else {
			b.SetMeta(c.Key, c.Value)
		}
		g.keys = append(g.keys, c.Key)
	}
	b.SetMeta(keyVersion, binary.BigEndian.AppendUint64(nil, uint64(base)+1))
	ctx = context.WithoutCancel(ctx)
	index, err := group.Commit(ctx, &replication.Command{Batch: b, Epoch: epoch, Guard: g.encode(), Observer: &own{s, g}})
	if err != nil {
		if errors.Is(err, ErrStale) {
			return 0, ErrStale
		}
		return 0, fmt.Errorf("change the metadata: %w", err)
	}
	return base + 1, group.WaitDurable(ctx, index)
}

// AwaitNewer returns when the watchers know a newer version than base, which was stale, or after a moment: a newer one that was seen elsewhere
// may not have come here yet.
func (s *Store) AwaitNewer(ctx context.Context, base Version) {
	ctx, cancel := context.WithTimeout(ctx, retryPause)
	defer cancel()
	_ = s.Await(ctx, base+1) // whoever asks tries again in any case
}

// Await returns when the watchers know a version.
func (s *Store) Await(ctx context.Context, v Version) error {
	for {
		s.mu.Lock()
		followed := s.followed
		s.mu.Unlock()
		if s.Version() >= v {
			return nil
		}
		select {
		case <-followed:
		case <-s.stop:
			return errClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
