package server

import (
	"context"
	"errors"
	"fmt"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/remotepart"
	"rethinkdb/internal/table"
)

// farParts takes what is asked of parts of tables on other servers over the mesh. See package remotepart.
type farParts struct{ data *data }

// Kinds of calls and streams.
const (
	callPart   = "part"
	streamPart = "part"
)

// Call implements remotepart.Transport.
func (p farParts) Call(ctx context.Context, server string, request []byte) ([]byte, error) {
	mesh := p.data.groups.mesh.Load()
	if mesh == nil {
		return nil, remotepart.ErrNotReached
	}
	answer, err := mesh.Call(ctx, cluster.ServerID(server), callPart, request)
	return answer, notSent(err)
}

// Open implements remotepart.Transport.
func (p farParts) Open(ctx context.Context, server string) (remotepart.Stream, error) {
	return p.open(ctx, server, (*cluster.Mesh).Open)
}

// OpenBulk implements remotepart.Transport.
func (p farParts) OpenBulk(ctx context.Context, server string) (remotepart.Stream, error) {
	return p.open(ctx, server, (*cluster.Mesh).OpenBulk)
}

func (p farParts) open(ctx context.Context, server string, open func(m *cluster.Mesh, to cluster.ServerID, kind string) (*cluster.Stream, error)) (remotepart.Stream, error) {
	mesh := p.data.groups.mesh.Load()
	if mesh == nil {
		return nil, remotepart.ErrNotReached
	}
	s, err := open(mesh, cluster.ServerID(server), streamPart)
	if err != nil {
		return nil, notSent(err)
	}
	s.EndWith(ctx)
	return s, nil
}

// notSent makes errors that say so wrap remotepart.ErrNotReached.
func notSent(err error) error {
	if err == nil {
		return nil
	}
	f, failed := errors.AsType[*cluster.Failure](err)
	if errors.Is(err, cluster.ErrNotConnected) || errors.Is(err, cluster.ErrCrowded) || errors.Is(err, cluster.ErrTooLong) ||
		failed && (f.Kind == cluster.FailedUnknown || f.Kind == cluster.FailedCrowded) {
		return fmt.Errorf("%w: %w", remotepart.ErrNotReached, err)
	}
	return err
}

// locate tells which other server has the primary replica of a part.
func (p farParts) locate(a table.Address) (server string, ok bool) {
	s := p.data.catalog.Snapshot()
	t, ok := s.TableByID(catalog.TableID(a.Table))
	if !ok {
		return "", false
	}
	part, ok := t.PartOfGroup(a.Group)
	if !ok {
		return "", false
	}
	id, here, ok := t.PrimaryOf(s, part)
	if !ok || here || !s.Connected(id) {
		return "", false
	}
	return string(id), true
}

// astray is called when another server turns out not to have the primary replica of a part.
func (p farParts) astray(a table.Address, server string) {
	p.data.catalog.NotAt(a.Group, catalog.ServerID(server))
}

// find gives what this server has of a part.
func (p farParts) find(a table.Address) (*table.Part, bool) {
	t, ok := p.data.catalog.Snapshot().TableByID(catalog.TableID(a.Table))
	if !ok {
		return nil, false
	}
	return t.PartOfGroup(a.Group)
}

// remote reaches the parts on other servers.
func (p farParts) remote() *remotepart.Client {
	return &remotepart.Client{Transport: p, Locate: p.locate, Astray: p.astray}
}

// handle answers other servers.
func (p farParts) handle(mesh *cluster.Mesh) {
	server := &remotepart.Server{Find: p.find}
	mesh.HandleCall(callPart, func(ctx context.Context, _ cluster.ServerID, request []byte) ([]byte, error) {
		return server.Answer(ctx, request)
	})
	mesh.HandleStream(streamPart, func(ctx context.Context, s *cluster.Stream) error { return server.Serve(ctx, s) })
}
