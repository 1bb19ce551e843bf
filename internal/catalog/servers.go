package catalog

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"rethinkdb/internal/access"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/storage"
)

// Self returns the identity of a server, which is in its own part of the store. A new store gets one.
func Self(ctx context.Context, store *storage.Store, fresh Server) (Server, error) {
	b, found, err := store.MetaGet(keyServer)
	if err != nil {
		return Server{}, fmt.Errorf("read catalog record %s: %w", keyServer, err)
	}
	if found {
		return decodeServer(keyServer, b)
	}
	if fresh.ID == "" {
		fresh.ID = ServerID(NewUUID())
	}
	if !ValidName(fresh.Name) {
		return Server{}, fmt.Errorf("the server name %q is invalid (%s)", fresh.Name, ValidNameHint)
	}
	fresh.Tags = normalTags(fresh.Tags)
	if err := store.MetaSet(context.WithoutCancel(ctx), keyServer, encodeServer(fresh)); err != nil {
		return Server{}, fmt.Errorf("write catalog record %s: %w", keyServer, err)
	}
	return fresh, nil
}

// introduce makes this server a member of a metadata that does not know it: a new one, or one of a program that had no clusters.
func (c *Catalog) introduce(ctx context.Context) error {
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		var changes []metadata.Change
		if _, known := s.members[s.server.ID]; !known {
			changes = append(changes, set(keyMember+string(s.server.ID), encodeServer(s.server)))
		}
		if s.clusterID == "" {
			changes = append(changes, set(keyClusterID, []byte(NewUUID())))
		}
		if s.nextGroup == 0 {
			next, err := c.firstGroup(ctx)
			if err != nil {
				return nil, err
			}
			changes = append(changes, set(keyNextGroup, encodeNextGroup(next)))
		}
		return changes, nil
	})
}

// firstGroup is the number of the first group whose number comes from the metadata.
func (c *Catalog) firstGroup(ctx context.Context) (storage.GroupID, error) {
	return c.store.AllocateGroup(ctx)
}

// applyMember makes a change of a server's record to an unpublished snapshot.
func (s *Snapshot) applyMember(id ServerID, value []byte) error {
	if value == nil {
		delete(s.members, id)
		return nil
	}
	server, err := decodeServer(keyMember+string(id), value)
	if err != nil {
		return err
	}
	s.members[id] = server
	if id == s.server.ID {
		s.server = server
	}
	return nil
}

// SetServer changes this server's name, tags and cache size.
func (c *Catalog) SetServer(ctx context.Context, server Server) error {
	server.Tags = normalTags(server.Tags)
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		server.ID = s.server.ID
		if s.nameTaken(server) {
			return nil, &NameTakenError{server.Name}
		}
		if server.equal(s.server) {
			return nil, nil
		}
		return []metadata.Change{set(keyMember+string(server.ID), encodeServer(server))}, nil
	})
}

// nameTaken tells whether another server has the name.
func (s *Snapshot) nameTaken(server Server) bool {
	for id, other := range s.members {
		if other.Name == server.Name && id != server.ID {
			return true
		}
	}
	return false
}

// AddMember makes a server a member of the cluster, or replaces its record. A server whose name another one has is refused, and one that was removed.
func (c *Catalog) AddMember(ctx context.Context, server Server) error {
	server.Tags = normalTags(server.Tags)
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		if name, gone := s.removed[server.ID]; gone {
			return nil, &RemovedError{name}
		}
		if known := max(server.Level, firstLevel); known < s.Level() {
			return nil, &TooOldError{s.Level(), known}
		}
		if s.nameTaken(server) {
			return nil, &NameTakenError{server.Name}
		}
		if s.members[server.ID].equal(server) {
			return nil, nil
		}
		return []metadata.Change{set(keyMember+string(server.ID), encodeServer(server))}, nil
	})
}

// Heard takes note of what a member says of itself. One that was removed meanwhile stays removed.
func (c *Catalog) Heard(ctx context.Context, id ServerID, p Presence) error {
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		server, ok := s.members[id]
		if !ok || server.Presence.equal(p) {
			return nil, nil
		}
		server.Presence = p
		return []metadata.Change{set(keyMember+string(id), encodeServer(server))}, nil
	})
}

// NameTakenError is the error of a server that has the name of another one.
type NameTakenError struct{ Name string }

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("There is a server %q in the cluster already. Start this one with another --server-name, or rename one of the two first.", e.Name)
}

// SetConnected says which other servers are connected.
func (c *Catalog) SetConnected(ids []ServerID) {
	connected := make(map[ServerID]bool, len(ids))
	for _, id := range ids {
		connected[id] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := *c.current.Load()
	if maps.Equal(n.connected, connected) {
		return
	}
	n.connected = connected
	c.publish(&n)
}

// SetCluster changes the settings of the cluster.
func (c *Catalog) SetCluster(ctx context.Context, cluster Cluster) error {
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		if cluster == s.cluster {
			return nil, nil
		}
		return []metadata.Change{set(keyCluster, encodeCluster(cluster))}, nil
	})
}

// SetAccess changes the allow-list of a port.
func (c *Catalog) SetAccess(ctx context.Context, port access.Port, networks []netip.Prefix) error {
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		if slices.Equal(networks, s.access[port]) {
			return nil, nil
		}
		lists := s.access
		lists[port] = slices.Clone(networks)
		return []metadata.Change{set(keyAccess, encodeAccess(lists))}, nil
	})
}
