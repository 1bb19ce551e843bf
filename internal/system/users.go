package system

import (
	"context"
	"errors"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// usersTable is the table users, whose rows package auth makes and reads.
type usersTable struct{ users *auth.Users }

func (t usersTable) list(context.Context, view) ([]datum.Value, error) {
	return t.users.UserRows(), nil
}

func (t usersTable) get(_ context.Context, _ view, key datum.Value) (datum.Value, error) {
	row, err := t.users.UserRow(key)
	return row, authError(err)
}

func (t usersTable) write(_ context.Context, _ view, w rowWrite) (datum.Value, error) {
	return w.new, authError(t.users.WriteUser(w.key, w.generated, w.new))
}

// told is the row as it reads from now on, whatever was written into it.
func (t usersTable) told(row datum.Value) datum.Value {
	key, _ := row.Get(primaryKey) // of no row it is absent, too, and so is the answer
	now, err := t.users.UserRow(key)
	if err != nil {
		return datum.Value{} // it is no name, so nothing was written
	}
	return now
}

// permissionsTable is the table permissions, likewise.
type permissionsTable struct{ s *System }

func (t permissionsTable) list(_ context.Context, v view) ([]datum.Value, error) {
	return t.s.users.PermissionRows(t.s.names(), authFormat(v.format)), nil
}

func (t permissionsTable) get(_ context.Context, v view, key datum.Value) (datum.Value, error) {
	return t.s.users.PermissionRow(key, t.s.names(), authFormat(v.format)), nil
}

func (t permissionsTable) write(_ context.Context, v view, w rowWrite) (datum.Value, error) {
	names := t.s.names()
	gone, err := t.s.users.WritePermission(w.key, w.generated, w.new, names, authFormat(v.format))
	if err != nil {
		return datum.Value{}, authError(err)
	}
	if gone {
		return datum.Value{}, nil
	}
	return w.new, nil
}

func authFormat(f Format) auth.IdentifierFormat {
	if f == UUIDs {
		return auth.ByID
	}
	return auth.ByName
}

// authError gives an error of package auth the class that it has in an answer.
func authError(err error) error {
	var row *auth.RowError
	var name *auth.Error
	switch {
	case errors.As(err, &row):
		return opFailed("%s", row.Msg)
	case errors.As(err, &name):
		// A key that cannot be a user's name ends the query the way an unforeseen error does in the reference.
		return reql.Errorf(reql.Internal, "Unexpected exception: %s", name.Msg)
	}
	return catalog.ChangeError(err)
}

// authNames is the catalog as package auth needs it.
type authNames struct {
	s    *System
	snap *catalog.Snapshot
}

func (s *System) names() authNames { return authNames{s, s.catalog.Snapshot()} }

func (n authNames) DatabaseName(id string) (string, bool) {
	if id == DatabaseID {
		return catalog.SystemDatabase, true
	}
	d, ok := n.snap.DatabaseByID(catalog.DatabaseID(id))
	if !ok {
		return "", false
	}
	return d.Name, true
}

func (n authNames) Table(id string) (name, database string, ok bool) {
	if t, ok := n.snap.TableByID(catalog.TableID(id)); ok {
		return t.Config.Name, string(t.Config.Database), true
	}
	if t, ok := n.s.tableByID(id); ok {
		return t, DatabaseID, true
	}
	return "", "", false
}
