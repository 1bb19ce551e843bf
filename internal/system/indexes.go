package system

import (
	"context"
	"errors"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
)

// IndexCreate is index_create.
func (s *System) IndexCreate(ctx context.Context, c *exec.Client, db exec.DB, tableName string, o exec.IndexOptions) error {
	if db.ID == DatabaseID {
		return special("you can't create secondary indexes on the tables in it.")
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return err
	}
	err = s.catalog.CreateIndex(ctx, t.Config.ID, catalog.Index{Name: o.Name, Multi: o.Multi, Geo: o.Geo, Definition: o.Definition})
	if errors.Is(err, catalog.ErrIndexExists) {
		return opFailed("Index `%s` already exists on table `%s.%s`.", o.Name, db.Name, tableName)
	}
	return tableGone(err, db, tableName)
}

func noIndex(db exec.DB, tableName, name string) error {
	return opFailed("Index `%s` does not exist on table `%s.%s`.", name, db.Name, tableName)
}

// IndexDrop is index_drop.
func (s *System) IndexDrop(ctx context.Context, c *exec.Client, db exec.DB, tableName, name string) error {
	if db.ID == DatabaseID {
		return noIndex(db, tableName, name)
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return err
	}
	err = s.catalog.DropIndex(ctx, t.Config.ID, name)
	if errors.Is(err, catalog.ErrNoIndex) {
		return noIndex(db, tableName, name)
	}
	return tableGone(err, db, tableName)
}

// IndexRename is index_rename.
func (s *System) IndexRename(ctx context.Context, c *exec.Client, db exec.DB, tableName, old, name string, overwrite bool) error {
	if db.ID == DatabaseID {
		return noIndex(db, tableName, old)
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return err
	}
	err = s.catalog.RenameIndex(ctx, t.Config.ID, old, name, overwrite)
	switch {
	case !errors.Is(err, catalog.ErrNoIndex) && !errors.Is(err, catalog.ErrIndexExists):
		return tableGone(err, db, tableName)
	case overwrite:
		return noIndex(db, tableName, old)
	}
	return reql.Errorf(reql.OpFailed, "Index `%s` does not exist or index `%s` already exists on table `%s.%s`.", old, name, db.Name, tableName)
}
