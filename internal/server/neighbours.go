package server

import (
	"context"
	"errors"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/system"
)

// callSystem is what system tables ask other servers; package system knows what is in it.
const callSystem = "system"

// neighbours are the other servers for the system tables, as soon as there is a mesh.
type neighbours struct{ groups *groups }

// Links implements system.Peers.
func (n neighbours) Links() []system.Link {
	mesh := n.groups.mesh.Load()
	if mesh == nil {
		return nil
	}
	var links []system.Link
	for _, l := range mesh.Connected() {
		links = append(links, system.Link{ID: catalog.ServerID(l.ID), Name: l.Name, Proxy: l.Proxy, Since: l.Since})
	}
	return links
}

// Ask implements system.Peers.
func (n neighbours) Ask(ctx context.Context, to catalog.ServerID, request []byte) ([]byte, error) {
	mesh := n.groups.mesh.Load()
	if mesh == nil {
		return nil, system.ErrNotSent
	}
	answer, err := mesh.Call(ctx, cluster.ServerID(to), callSystem, request)
	if errors.Is(err, cluster.ErrNotConnected) || errors.Is(err, cluster.ErrCrowded) || errors.Is(err, cluster.ErrTooLong) {
		err = errors.Join(system.ErrNotSent, err)
	}
	return answer, err
}
