package server

import (
	"context"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/session"
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
func (r router) Locate(db, table string, outdated bool) (server string, here bool, err error) {
	s := r.c.node.data.catalog.Snapshot()
	d, ok := s.Database(db)
	if !ok {
		return "", true, nil
	}
	t, ok := d.Table(table)
	if !ok || outdated && t.Readable() {
		return "", true, nil
	}
	id, here, ok := t.Primary(s)
	if !ok || !here && !s.Connected(id) {
		return "", false, exec.ErrNotReached
	}
	return string(id), here, nil
}

// Primary implements exec.Router.
func (r router) Primary(table string, _ uint32) (server string, here bool, err error) {
	s := r.c.node.data.catalog.Snapshot()
	t, ok := s.TableByID(catalog.TableID(table))
	if !ok {
		return "", false, exec.ErrNoTable
	}
	id, here, ok := t.Primary(s)
	if !ok || !here && !s.Connected(id) {
		return "", false, exec.ErrNotReached
	}
	return string(id), here, nil
}

// Start implements exec.Router.
func (r router) Start(ctx context.Context, server string, c *session.Client, query []byte) ([]byte, exec.RemoteCursor, error) {
	return r.c.pool.Start(ctx, server, c, query)
}
