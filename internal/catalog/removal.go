package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/metadata"
)

// A server that will not come back is taken out of the cluster: it counts for the majority of the metadata as long as it is a member. What is
// kept of it is its identifier, so that it is told so when it comes back after all.

// Errors of RemoveMember.
var (
	ErrNoMember  = errors.New("the cluster has no such server")
	ErrConnected = errors.New("the server is connected")
)

// InUseError is the error of removing a server that is to have replicas of tables.
type InUseError struct{ Tables []string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("the server has replicas of %d tables", len(e.Tables))
}

// RemoveMember takes a server that is not connected out of the cluster for good.
func (c *Catalog) RemoveMember(ctx context.Context, id ServerID) error {
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		server, ok := s.members[id]
		switch {
		case !ok:
			return nil, ErrNoMember
		case s.Connected(id):
			return nil, ErrConnected
		}
		if tables := s.TablesOn(id); len(tables) > 0 {
			return nil, &InUseError{tables}
		}
		return []metadata.Change{remove(keyMember + string(id)), set(keyRemoved+string(id), encodeRemoved(server.Name))}, nil
	})
}

// TablesOn are the tables of which a server is to have replicas, by their full names, sorted.
func (s *Snapshot) TablesOn(id ServerID) []string {
	var names []string
	for _, t := range s.tables {
		if t.Config.uses(id) {
			names = append(names, t.DatabaseName+"."+t.Config.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Voters are the servers that decide on the metadata, as far as this one knows.
func (c *Catalog) Voters() []ServerID {
	raft := c.metadata.Raft()
	if raft == nil {
		return []ServerID{c.current.Load().server.ID}
	}
	var ids []ServerID
	for _, m := range raft.Status().Members {
		if m.Voter {
			ids = append(ids, ServerID(m.Server))
		}
	}
	return ids
}

// RemovedError is the error of a server that joins although it was taken out of the cluster.
type RemovedError struct{ Name string }

func (e *RemovedError) Error() string {
	return fmt.Sprintf("The server %q has been removed from this cluster. Start it with an empty data directory.", e.Name)
}

// Removed are the identifiers of the servers that were taken out of the cluster.
func (s *Snapshot) Removed() []ServerID { return slices.Collect(maps.Keys(s.removed)) }

func encodeRemoved(name string) []byte {
	return encodeRecord(datum.Field{Key: "name", Val: datum.String(name)})
}

// applyRemoved makes a change of the record of a server that was removed to an unpublished snapshot.
func (s *Snapshot) applyRemoved(id ServerID, value []byte) error {
	if value == nil {
		delete(s.removed, id)
		return nil
	}
	r := openRecord(keyRemoved+string(id), value)
	name := r.string("name")
	if r.err == nil {
		s.removed[id] = name
	}
	return r.err
}
