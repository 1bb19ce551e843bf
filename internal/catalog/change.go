package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rethinkdb/internal/metadata"
)

// change has decide say what becomes different in a snapshot, and returns when that is so: durable, and part of the current snapshot.
// When another change was faster, decide is called again. The client that asked for it may go away meanwhile; that does not stop
// the change.
func (c *Catalog) change(ctx context.Context, decide func(s *Snapshot) ([]metadata.Change, error)) error {
	for {
		if c.background.Err() != nil {
			return errCatalogClosed
		}
		base := c.metadata.Version() // before the snapshot, which has that version or a newer one
		changes, err := decide(c.current.Load())
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := c.metadata.Change(ctx, base, changes...); !errors.Is(err, metadata.ErrStale) {
			return ChangeError(err)
		}
		c.metadata.AwaitNewer(ctx, base)
	}
}

// set and remove are the two kinds of changes.
func set(key string, value []byte) metadata.Change { return metadata.Change{Key: key, Value: value} }
func remove(key string) metadata.Change            { return metadata.Change{Key: key} }

// MetadataChanged implements metadata.Watcher: it publishes the snapshot that has the changes, which may be this server's or another's.
func (c *Catalog) MetadataChanged(changes []metadata.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var next *Snapshot
	for _, change := range changes {
		if !strings.HasPrefix(change.Key, keyPrefix) {
			continue
		}
		if next == nil {
			next = c.current.Load().edit()
		}
		if err := c.apply(next, change); err != nil {
			c.log.Error("A change of the catalog cannot be followed. The server has the state before it.", "error", err)
		}
	}
	if next != nil {
		c.publish(next)
	}
}

// apply makes one change to an unpublished snapshot.
func (c *Catalog) apply(s *Snapshot, change metadata.Change) (err error) {
	switch key, value := change.Key, change.Value; {
	case key == keyCluster:
		s.cluster, err = decodeCluster(value)
	case key == keyAccess:
		s.access, err = decodeAccess(value)
	case key == keyNextGroup:
		s.nextGroup, err = decodeNextGroup(value)
	case key == keyClusterID:
		s.clusterID = string(value)
	case key == keyLevel:
		return s.applyLevel(value)
	case strings.HasPrefix(key, keyMember):
		return s.applyMember(ServerID(strings.TrimPrefix(key, keyMember)), value)
	case strings.HasPrefix(key, keyRemoved):
		return s.applyRemoved(ServerID(strings.TrimPrefix(key, keyRemoved)), value)
	case strings.HasPrefix(key, keyDatabase):
		return s.applyDatabase(DatabaseID(strings.TrimPrefix(key, keyDatabase)), value)
	case strings.HasPrefix(key, keyTable):
		return c.applyTable(s, TableID(strings.TrimPrefix(key, keyTable)), value)
	default:
		return fmt.Errorf("the catalog record %s is of an unknown kind", key)
	}
	return err
}
