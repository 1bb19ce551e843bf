package catalog

import (
	"context"

	"rethinkdb/internal/metadata"
)

// CreateDatabase makes an empty database. An empty id is replaced by a random one.
func (c *Catalog) CreateDatabase(ctx context.Context, id DatabaseID, name string) (*Database, error) {
	if id == "" {
		id = DatabaseID(NewUUID())
	}
	err := c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		if _, taken := s.byName[name]; taken || name == SystemDatabase {
			return nil, DatabaseExists(name)
		}
		return []metadata.Change{set(keyDatabase+string(id), encodeDatabase(name))}, nil
	})
	if err != nil {
		return nil, err
	}
	if d, ok := c.current.Load().databases[id]; ok {
		return d, nil
	}
	return &Database{ID: id, Name: name}, nil // somebody has dropped it already
}

// RenameDatabase gives a database another name.
func (c *Catalog) RenameDatabase(ctx context.Context, id DatabaseID, name string) error {
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		d, ok := s.databases[id]
		if !ok {
			return nil, databaseAlreadyDeleted()
		}
		if d.Name == name {
			return nil, nil
		}
		if _, taken := s.byName[name]; taken || name == SystemDatabase {
			return nil, databaseRenameTaken(d.Name, name)
		}
		return []metadata.Change{set(keyDatabase+string(id), encodeDatabase(name))}, nil
	})
}

// DropDatabase drops a database and its tables, and returns how many tables there were.
func (c *Catalog) DropDatabase(ctx context.Context, id DatabaseID) (tablesDropped int, err error) {
	var gone []*Table
	err = c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		d, ok := s.databases[id]
		if !ok {
			return nil, databaseAlreadyDeleted()
		}
		gone = d.Tables()
		var changes []metadata.Change
		for _, t := range gone {
			changes = append(changes, remove(keyTable+t.ID()))
		}
		return append(changes, remove(keyDatabase+string(id))), nil
	})
	if err != nil {
		return 0, err
	}
	for _, t := range gone {
		c.waitFor(t.ended)
	}
	return len(gone), nil
}

// applyDatabase makes a change of a database's record to an unpublished snapshot.
func (s *Snapshot) applyDatabase(id DatabaseID, value []byte) error {
	if value == nil {
		s.deleteDatabase(id)
		return nil
	}
	name, err := decodeDatabase(keyDatabase+string(id), value)
	if err != nil {
		return err
	}
	s.putDatabase(id, name)
	return nil
}
