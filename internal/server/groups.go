package server

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"rethinkdb/internal/cluster"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/replication"
)

// groups carries messages of the replicas, as soon as there is a mesh.
type groups struct {
	mesh atomic.Pointer[cluster.Mesh]
}

// Send implements replication.Transport.
func (g *groups) Send(to replication.ServerID, m []byte) {
	if mesh := g.mesh.Load(); mesh != nil {
		_ = mesh.Send(cluster.ServerID(to), classRaft, m) // whoever needs it sends it again
	}
}

// SendBeats implements replication.Transport.
func (g *groups) SendBeats(to replication.ServerID, m []byte) {
	if mesh := g.mesh.Load(); mesh != nil {
		_ = mesh.Send(cluster.ServerID(to), classBeats, m) // the next ones come soon
	}
}

// OpenSnapshot implements replication.Transport.
func (g *groups) OpenSnapshot(ctx context.Context, to replication.ServerID, header []byte) (io.ReadWriteCloser, error) {
	mesh := g.mesh.Load()
	if mesh == nil {
		return nil, cluster.ErrNotConnected
	}
	s, err := mesh.OpenBulk(cluster.ServerID(to), streamSnapshot)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { s.Abort(context.Cause(ctx)) })
	_, err = s.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(header))), header...))
	return s, err
}

// changeRequest asks for a change of the metadata where its primary replica is.
type changeRequest struct {
	Base    metadata.Version  `json:"base"`
	Changes []metadata.Change `json:"changes"`
}

type changeAnswer struct {
	Version metadata.Version `json:"version"`
}

// Kinds of failures of callChange.
const (
	failedStale      = "stale"
	failedNotPrimary = "not primary"
	failedUnknown    = "unknown outcome"
)

// forward implements metadata.Forward.
func (g *groups) forward(ctx context.Context, to replication.ServerID, base metadata.Version, changes []metadata.Change) (metadata.Version, error) {
	mesh := g.mesh.Load()
	if mesh == nil {
		return 0, replication.ErrNotPrimary
	}
	return askChange(ctx, mesh, cluster.ServerID(to), callChange, changeRequest{base, changes})
}

// askChange has another server make a change.
func askChange(ctx context.Context, mesh *cluster.Mesh, to cluster.ServerID, kind string, r changeRequest) (metadata.Version, error) {
	a, err := cluster.Ask[changeAnswer](ctx, mesh, to, kind, r)
	failure, failed := errors.AsType[*cluster.Failure](err)
	switch {
	case err == nil:
		return a.Version, nil
	case failed && failure.Kind == failedStale:
		return 0, metadata.ErrStale
	case failed && failure.Kind == failedNotPrimary, errors.Is(err, cluster.ErrNotConnected), errors.Is(err, cluster.ErrCrowded):
		return 0, replication.ErrNotPrimary // nothing was changed: it is tried again where the primary replica is then
	case failed && failure.Kind == failedUnknown, errors.Is(err, cluster.ErrLost):
		return 0, fmt.Errorf("%w (%w)", replication.ErrUnknownOutcome, err)
	}
	return 0, err
}

// decide answers callChange.
func (c *clustering) decide(ctx context.Context, _ cluster.ServerID, r changeRequest) (changeAnswer, error) {
	raft := c.node.data.metadata.Raft()
	if raft == nil {
		return changeAnswer{}, &cluster.Failure{Kind: failedNotPrimary, Text: "this server does not share its metadata"}
	}
	if _, err := raft.Epoch(); err != nil {
		return changeAnswer{}, &cluster.Failure{Kind: failedNotPrimary, Text: err.Error()}
	}
	return answerChange(c.node.data.metadata.Decide(ctx, r.Base, r.Changes))
}

// answerChange tells another server what has become of its change.
func answerChange(v metadata.Version, err error) (changeAnswer, error) {
	switch {
	case errors.Is(err, metadata.ErrStale):
		err = &cluster.Failure{Kind: failedStale, Text: err.Error()}
	case errors.Is(err, metadata.ErrNoMajority): // nothing was changed
		err = &cluster.Failure{Kind: failedNotPrimary, Text: err.Error()}
	case errors.Is(err, replication.ErrUnknownOutcome):
		err = &cluster.Failure{Kind: failedUnknown, Text: err.Error()}
	}
	return changeAnswer{v}, err
}

// receiveSnapshot takes a snapshot of a group.
func (c *clustering) receiveSnapshot(ctx context.Context, s *cluster.Stream) error {
	var n [4]byte
	if _, err := io.ReadFull(s, n[:]); err != nil {
		return err
	}
	size := binary.LittleEndian.Uint32(n[:])
	if size > cluster.MaxMessageBytes {
		return fmt.Errorf("the header of a snapshot has %d bytes", size)
	}
	header := make([]byte, size)
	if _, err := io.ReadFull(s, header); err != nil {
		return err
	}
	return c.node.data.host.ReceiveSnapshot(ctx, replication.ServerID(s.Peer()), header, s)
}
