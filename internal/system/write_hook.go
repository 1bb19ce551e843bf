package system

import (
	"context"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

// WriteHook is get_write_hook.
func (s *System) WriteHook(c *exec.Client, db exec.DB, tableName string) (datum.Value, error) {
	if db.ID == DatabaseID {
		return datum.Value{}, nil
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return datum.Value{}, err
	}
	return t.Config.WriteHook, nil
}

// SetWriteHook is set_write_hook.
func (s *System) SetWriteHook(ctx context.Context, c *exec.Client, db exec.DB, tableName string, hook datum.Value) (err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "set_write_hook", db.Name+"."+tableName, hookDetail(hook), &err)
	if db.ID == DatabaseID {
		return special("you can't set a write hook on the tables in it.")
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return err
	}
	_, _, err = s.catalog.UpdateTable(ctx, t.Config.ID, func(_ *catalog.Snapshot, cfg *catalog.TableConfig) error {
		cfg.WriteHook = hook
		return nil
	})
	return tableGone(err, db, tableName)
}

// hookDetail says of a hook only whether there is one.
func hookDetail(hook datum.Value) string {
	if hook.IsAbsent() || hook.Kind() == datum.KindNull {
		return "removed"
	}
	return "set"
}
