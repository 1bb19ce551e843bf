package metadata

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// A proxy has a mirror of the metadata: it is told of every change by one of the servers, and takes no part in deciding on any. So it
// can come and go without a change of the group, and whatever it does, or does not do, holds up nobody else.

// Update is what a mirror is told. Updates are sent in the order of their versions; each shows what has changed since the one before.
type Update struct {
	Version Version  `json:"version"`
	Whole   bool     `json:"whole,omitempty"` // the changes are all that there is
	Changes []Change `json:"changes"`
}

// Observe gives send the whole metadata, and then what becomes of it, until send fails or ctx ends. A slow send gets several changes in one.
func (s *Store) Observe(ctx context.Context, send func(Update) error) error {
	for sent, begun := uint64(0), false; ; begun = true {
		u, told, followed, err := s.since(sent, begun)
		if err != nil {
			return err
		}
		if told != sent || !begun {
			if err := send(u); err != nil {
				return err
			}
			sent = told
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

// since is what the watchers were told after so many events, or everything if that is too long ago to be known, or nothing was sent yet. told is
// how many events there are now, and followed is closed when there is one more. (Versions would not do: the metadata can go back to an
// older one, when its majority was lost for good.)
//
// The version is read before what is there: an update may show a later change already, which comes again with its own version, and never
// lacks one. So whoever decides on what a mirror has decides on its version or on something newer.
func (s *Store) since(sent uint64, begun bool) (u Update, told uint64, followed <-chan struct{}, err error) {
	s.mu.Lock()
	followed, told = s.followed, s.told
	u.Version = s.Version()
	keys, known := s.recent.keys(told - sent)
	s.mu.Unlock()
	u.Whole = !known || !begun
	if u.Whole {
		err = s.eachShared(func(key string, value []byte) error {
			u.Changes = append(u.Changes, Change{key, slices.Clone(value)})
			return nil
		})
		return u, told, followed, err
	}
	for key := range keys {
		value, found, err := s.store.MetaGet(key)
		if err != nil {
			return u, told, followed, err
		}
		c := Change{Key: key}
		if found {
			c.Value = append([]byte{}, value...)
		}
		u.Changes = append(u.Changes, c)
	}
	return u, told, followed, nil
}

// Mirror gives up the metadata of this store for that of others, which Take is told of. Changes are made by forward, which knows where.
func (s *Store) Mirror(ctx context.Context, forward Forward) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	single, alone := s.group.(*replication.Single)
	if alone {
		s.group = nil
	}
	s.mu.Unlock()
	if !alone {
		return ErrShared
	}
	if err := single.Drop(ctx); err != nil {
		return fmt.Errorf("give up the metadata: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mirror, s.forward = true, forward
	return nil
}

// Take makes a mirror what it is told, one call at a time.
func (s *Store) Take(ctx context.Context, u Update) error {
	b := s.store.NewBatch()
	defer b.Close()
	if u.Whole {
		if err := s.deleteOthers(b, u.Changes); err != nil {
			return err
		}
	}
	e := event{version: u.Version, all: u.Whole}
	for _, c := range u.Changes {
		if !isShared(c.Key) {
			return fmt.Errorf("mirror the metadata: the key %q does not belong to it", c.Key)
		}
		if c.Value == nil {
			b.DeleteMeta(c.Key)
		} else {
			b.SetMeta(c.Key, c.Value)
		}
		e.keys = append(e.keys, c.Key)
	}
	b.SetMeta(keyVersion, binary.BigEndian.AppendUint64(nil, uint64(u.Version)))
	if err := s.store.Commit(ctx, b, false); err != nil {
		return fmt.Errorf("mirror the metadata: %w", err)
	}
	s.mu.Lock()
	s.applied = u.Version
	s.queue = append(s.queue, e)
	s.mu.Unlock()
	s.poke()
	return nil
}

// deleteOthers removes all keys but those of the changes.
func (s *Store) deleteOthers(b *storage.Batch, keep []Change) error {
	kept := make(map[string]bool, len(keep))
	for _, c := range keep {
		kept[c.Key] = true
	}
	return s.eachShared(func(key string, _ []byte) error {
		if !kept[key] {
			b.DeleteMeta(key)
		}
		return nil
	})
}

// Mirrored is closed when this mirror has been told of the metadata for the first time, and the watchers know it.
func (s *Store) Mirrored() <-chan struct{} { return s.mirrored }

// showMirror closes mirrored, once. The caller holds mu.
func (s *Store) showMirror() {
	select {
	case <-s.mirrored:
	default:
		close(s.mirrored)
	}
}

func (s *Store) isMirror() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mirror
}

// recent has the last events that watchers were told of, oldest first.
type recent []event

// maxRecent is how many there are. Whoever is further behind gets everything.
const maxRecent = 64

func (r *recent) add(e event) {
	if len(*r) == maxRecent {
		*r = slices.Delete(*r, 0, 1)
	}
	*r = append(*r, e)
}

// keys are those of the last so many events; known is false if that cannot be told.
func (r recent) keys(events uint64) (keys map[string]bool, known bool) {
	if events > uint64(len(r)) {
		return nil, false
	}
	keys = map[string]bool{}
	for _, e := range r[len(r)-int(events):] {
		if e.all {
			return nil, false
		}
		for _, key := range e.keys {
			keys[key] = true
		}
	}
	return keys, true
}
