package server

import (
	"context"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/session"
	"rethinkdb/internal/table"
)

// router is nil as long as there are no other servers, so that a server alone does not look where tables are.
func (c *clustering) router() exec.Router {
	if c.node.data.metadata.Raft() == nil && !c.node.config.Proxy {
		return nil
	}
	return router{c}
}

// router tells the executor where tables are.
type router struct{ c *clustering }

// Locate implements exec.Router.
func (r router) Locate(db, name string, outdated bool) (server string, here bool, err error) {
	s := r.c.node.data.catalog.Snapshot()
	t, ok := named(s, db, name)
	if !ok || outdated && t.Readable() {
		return "", true, nil
	}
	parts := t.Parts()
	server, here, err = r.place(s, t, parts[0])
	for _, p := range parts[1:] {
		if other, h, e := r.place(s, t, p); err != nil || e != nil || h != here || other != server {
			return "", false, exec.ErrSpread
		}
	}
	return server, here, err
}

// LocateKey implements exec.Router. A key that is none is for this server to complain of.
func (r router) LocateKey(db, name string, key datum.Value) (server string, here bool, err error) {
	s := r.c.node.data.catalog.Snapshot()
	t, ok := named(s, db, name)
	if !ok {
		return "", true, nil
	}
	k, err := table.AppendPrimaryKey(nil, key)
	if err != nil {
		return "", true, nil //nolint:nilerr // whoever evaluates the query complains of the key
	}
	parts, i := t.Parts(), t.PartOf(k)
	if i >= len(parts) { // it has just been divided anew
		return "", false, exec.ErrNotReached
	}
	return r.place(s, t, parts[i])
}

// named finds a table by its name and that of its database.
func named(s *catalog.Snapshot, db, name string) (*catalog.Table, bool) {
	d, ok := s.Database(db)
	if !ok {
		return nil, false
	}
	return d.Table(name)
}

// Primary implements exec.Router.
func (r router) Primary(id string, group uint32) (server string, here bool, err error) {
	s := r.c.node.data.catalog.Snapshot()
	t, ok := s.TableByID(catalog.TableID(id))
	if !ok {
		return "", false, exec.ErrNoTable
	}
	for _, p := range t.Parts() {
		if uint32(p.Number()) == group {
			return r.place(s, t, p)
		}
	}
	return "", false, exec.ErrNotReached // it has moved, or will
}

// place tells where the primary replica of a part is.
func (r router) place(s *catalog.Snapshot, t *catalog.Table, p *table.Part) (server string, here bool, err error) {
	id, here, ok := t.PrimaryOf(s, p)
	if g, shared := p.Group().(*replication.Raft); !ok && shared && g.Status().Deposed {
		return "", false, exec.ErrAlone
	}
	if !ok || !here && !s.Connected(id) {
		return "", false, exec.ErrNotReached
	}
	return string(id), here, nil
}

// Start implements exec.Router.
func (r router) Start(ctx context.Context, server string, c *session.Client, query []byte) ([]byte, exec.RemoteCursor, error) {
	return r.c.pool.Start(ctx, server, c, query)
}
