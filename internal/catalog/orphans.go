package catalog

import (
	"context"
	"slices"
	"time"

	"rethinkdb/internal/metadata"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// An orphan is a group that the store has when it is opened, and that no table is known to have: what a crash has left of a table whose creation, or whose end, it
// has interrupted.
//
// A server alone removes orphans before it opens its tables. One that shares its metadata may not know of everything yet: the table may have been created, and this server,
// which had made its groups and was to tell the others of them, has the only replica. So it first makes a change of the metadata that changes nothing. All changes
// that were decided on before are known here when that is made, or are refused from then on; what is an orphan then will always be one.

// sweep removes groups.
func (c *Catalog) sweep(ctx context.Context, orphans []storage.GroupID) error {
	if len(orphans) == 0 {
		return nil
	}
	if err := table.Sweep(ctx, c.store, orphans); err != nil {
		return err
	}
	c.log.Info("Removed the rows of tables whose creation or end was interrupted.", "groups", len(orphans))
	return nil
}

// sweepShared removes groups in the background, as soon as this server knows that no table has them.
func (c *Catalog) sweepShared(orphans []storage.GroupID) {
	for c.fence() != nil {
		select {
		case <-time.After(sweepPause): // there may be no majority yet
		case <-c.background.Done():
			return
		}
	}
	orphans = slices.DeleteFunc(orphans, c.current.Load().hasGroup)
	if err := c.sweep(c.background, orphans); err != nil && c.background.Err() == nil {
		c.log.Error("The rows of tables whose creation or end was interrupted could not be removed. This is tried again when the server starts.", "error", err)
	}
}

// sweepPause is how long sweepShared waits before it tries again.
const sweepPause = time.Second

// fence makes a change that changes nothing, on everything that was changed before.
func (c *Catalog) fence() error {
	return c.change(c.background, func(s *Snapshot) ([]metadata.Change, error) {
		return []metadata.Change{set(keyNextGroup, encodeNextGroup(s.nextGroup))}, nil
	})
}

// hasGroup tells whether a table has a group.
func (s *Snapshot) hasGroup(g storage.GroupID) bool {
	for _, t := range s.tables {
		if slices.Contains(t.Config.groups(), g) {
			return true
		}
	}
	return false
}

// groups are all that a table has, those included that its rows are being copied into.
func (c *TableConfig) groups() []storage.GroupID {
	present := c.Present()
	return slices.Concat(present.Groups, c.Groups)
}
