package system

import (
	"context"
	"errors"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// Clients use an index of a small table as soon as index_create has answered, although they should call index_wait: the
// reference has always built it by then. So the answer waits until the build is over, unless the build waits for others: nothing happens for buildPatience then.
const (
	smallTableRows = 1000
	buildPatience  = 100 * time.Millisecond
)

// awaitBuild waits for a new index of a small table.
func (s *System) awaitBuild(ctx context.Context, id catalog.TableID, name string) {
	t, ok := s.catalog.Snapshot().TableByID(id)
	if !ok {
		return // dropped meanwhile
	}
	if rows, err := t.Count(ctx, table.ReadOptions{Mode: table.ReadOutdated}); err != nil || rows > smallTableRows {
		return // the index is there in any case, and will be built
	}
	x, ok := t.Index(name)
	if !ok {
		return
	}
	patience := time.NewTimer(buildPatience)
	defer patience.Stop()
	for {
		changed := s.catalog.Changed()
		select {
		case <-x.Built:
			return
		case <-patience.C:
			return
		case <-ctx.Done(): // the index is there all the same
			return
		case <-changed:
		}
		now, ok := s.catalog.Snapshot().TableByID(id)
		if !ok {
			return
		}
		if now != t { // it is built in another part
			t = now
			patience.Reset(buildPatience)
		}
	}
}

// IndexCreate is index_create.
func (s *System) IndexCreate(ctx context.Context, c *exec.Client, db exec.DB, tableName string, o exec.IndexOptions) (err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "index_create", db.Name+"."+tableName, "index "+o.Name, &err)
	if db.ID == DatabaseID {
		return special("you can't create secondary indexes on the tables in it.")
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return err
	}
	err = s.catalog.CreateIndex(ctx, t.Config.ID, catalog.Index{Name: o.Name, Multi: o.Multi, Geo: o.Geo, Unique: o.Unique, Definition: o.Definition})
	if errors.Is(err, catalog.ErrIndexExists) {
		return opFailed("Index `%s` already exists on table `%s.%s`.", o.Name, db.Name, tableName)
	}
	if err != nil {
		return tableGone(err, db, tableName)
	}
	s.awaitBuild(ctx, t.Config.ID, o.Name)
	return nil
}

func noIndex(db exec.DB, tableName, name string) error {
	return opFailed("Index `%s` does not exist on table `%s.%s`.", name, db.Name, tableName)
}

// IndexDrop is index_drop.
func (s *System) IndexDrop(ctx context.Context, c *exec.Client, db exec.DB, tableName, name string) (err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "index_drop", db.Name+"."+tableName, "index "+name, &err)
	if db.ID == DatabaseID {
		return noIndex(db, tableName, name)
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return err
	}
	err = s.catalog.DropIndex(ctx, t.Config.ID, name)
	var inUse *catalog.IndexInUseError
	switch {
	case errors.Is(err, catalog.ErrNoIndex):
		return noIndex(db, tableName, name)
	case errors.As(err, &inUse):
		return indexInUse(inUse, db, tableName)
	}
	return tableGone(err, db, tableName)
}

// IndexRename is index_rename.
func (s *System) IndexRename(ctx context.Context, c *exec.Client, db exec.DB, tableName, old, name string, overwrite bool) (err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "index_rename", db.Name+"."+tableName, "index "+old+" to "+name, &err)
	if db.ID == DatabaseID {
		return noIndex(db, tableName, old)
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return err
	}
	err = s.catalog.RenameIndex(ctx, t.Config.ID, old, name, overwrite)
	var inUse *catalog.IndexInUseError
	switch {
	case errors.As(err, &inUse):
		return indexInUse(inUse, db, tableName)
	case !errors.Is(err, catalog.ErrNoIndex) && !errors.Is(err, catalog.ErrIndexExists):
		return tableGone(err, db, tableName)
	case overwrite:
		return noIndex(db, tableName, old)
	}
	return reql.Errorf(reql.OpFailed, "Index `%s` does not exist or index `%s` already exists on table `%s.%s`.", old, name, db.Name, tableName)
}
