package system

import (
	"fmt"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
)

// Whatever a client may or may not do is decided here, on what package auth knows of its user at that moment.

// require checks that c's user has a right on a table, on a database (table is "") or globally (both are ""). The server
// itself, for which c is nil, may do everything.
func (s *System) require(c *exec.Client, perm auth.Permission, database, table string) error {
	if c == nil || s.users.Allowed(c.User, perm, database, table) {
		return nil
	}
	return denied(c, perm)
}

func denied(c *exec.Client, perm auth.Permission) error {
	return reql.Errorf(reql.Permission, "User `%s` does not have the required `%s` permission.", c.User, perm)
}

// RequireConnect checks that c may connect to other servers with r.http.
func (s *System) RequireConnect(c *exec.Client) error { return s.require(c, auth.Connect, "", "") }

// Authorize checks that c has a right to a table that Table, ConfigRow or StatusRow has returned for c. System tables check
// their writes themselves, which begin with a read. Nobody has any to the tables of a server that was removed from its cluster: what it has of them is of the past.
func (s *System) Authorize(c *exec.Client, r exec.Right, t exec.Table) error {
	if own, ok := t.(*catalog.Table); ok && s.outcast() {
		return opFailed("This server has been removed from its cluster, so what it has of the table `%s.%s` is out of date. Ask another server, and stop this one.", own.DB(), own.Name())
	}
	if c == nil || c.User == auth.Admin {
		return nil
	}
	var database string
	switch t := t.(type) {
	case *catalog.Table:
		database = s.databaseOf(t)
	case *use:
		if r == exec.ReadRows {
			return t.mayReadRow()
		}
		if r != exec.Configure {
			return nil
		}
		database = DatabaseID
	default:
		panic(fmt.Sprintf("no table of ours: %T", t))
	}
	switch r {
	case exec.ReadRows:
		return s.require(c, auth.Read, database, t.ID())
	case exec.WriteRows:
		if !s.users.Allowed(c.User, auth.Read, database, t.ID()) {
			return denied(c, auth.Write) // as the reference says it: there is no right to write without one to read
		}
		return s.require(c, auth.Write, database, t.ID())
	default:
		return s.require(c, auth.Config, database, t.ID())
	}
}

// databaseOf is the identifier of a table's database. The table may have been moved since a query named it.
func (s *System) databaseOf(t *catalog.Table) string {
	if now, ok := s.catalog.Snapshot().TableByID(t.Config.ID); ok {
		t = now
	}
	return string(t.Config.Database)
}

// requireAll checks the right to configure a database and all of its tables.
func (s *System) requireAll(c *exec.Client, d *catalog.Database) error {
	if err := s.require(c, auth.Config, string(d.ID), ""); err != nil {
		return err
	}
	for _, t := range d.Tables() {
		if err := s.require(c, auth.Config, string(d.ID), t.ID()); err != nil {
			return err
		}
	}
	return nil
}
