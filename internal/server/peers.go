package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/peer"
)

// noClusters is what a server hears that has proved that it belongs to this one.
const noClusters = "The server has let this one in, but clusters of several servers are not available in this version. Start it without --join."

// openClusterKey opens what the server shows and proves on the intracluster port.
func (n *node) openClusterKey(d *Directory) error {
	if path := n.config.ClusterSecretFile; path != "" {
		var err error
		if n.secret, err = peer.OpenSecret(path, n.log); err != nil {
			return fmt.Errorf("Could not use the cluster secret: %w. Check the file of --cluster-secret-file.", err)
		}
	}
	if n.clusterTLS != nil {
		n.clusterKey = n.clusterTLS
		return nil
	}
	keeper := clusterIdentity{n.data.store, peer.File(filepath.Join(d.Path, peer.IdentityFile))}
	identity, made, err := peer.OpenIdentity(keeper)
	if err != nil {
		return fmt.Errorf("Could not use %w", err)
	}
	if made {
		n.log.Info("Made a key for the intracluster port.", "in", keeper.String())
	}
	n.clusterKey = identity
	return nil
}

// peerOptions are this server's part of a handshake with another one.
func (n *node) peerOptions() peer.Options {
	return peer.Options{Self: n.self, Secret: n.secret, NeedsProof: n.needsProof}
}

func (n *node) self() peer.Server {
	s := n.data.catalog.Snapshot().Server()
	return peer.Server{ID: string(s.ID), Name: s.Name, Program: Version()}
}

// needsProof tells whether a server at an address must prove itself. It must wherever it is once admin has a password, which
// would protect nothing if anybody could join.
func (n *node) needsProof(addr netip.Addr) bool {
	return n.data.users.HasPassword(auth.Admin) || !n.gate.Trusts(addr)
}

func (n *node) startClusterPort() *clusterPort {
	return startClusterPort(clusterOptions{
		listeners: n.clusterPort,
		gate:      n.gate,
		tls:       peer.ServerConfig(n.clusterKey, n.config.TLS.Curves),
		peers: peer.Listener{
			Options: n.peerOptions(),
			Tokens:  n.data.tokens,
			Admit: func(_ context.Context, p peer.Peer) *peer.Refusal {
				n.log.Warn("A server wanted to join. It may, but clusters are not available in this version.",
					"server", p.Name, "address", p.Address.String(), "key", p.Fingerprint.String(), "proof", p.Proof)
				return &peer.Refusal{Kind: peer.Unavailable, Text: noClusters}
			},
		},
		driver:   n.driver,
		password: func() bool { return n.data.users.HasPassword(auth.Admin) },
		audit:    n.audit,
		log:      n.log,
	})
}

// join does the handshake with the servers that --join names, one after the other, until one answers. It returns why this server
// cannot be part of their cluster.
func (n *node) join(ctx context.Context) error {
	dialer := peer.Dialer{Options: n.peerOptions(), Certificates: n.clusterKey, Token: n.config.JoinToken}
	var failures []error
	for _, address := range n.config.Join {
		conn, p, err := dialer.Connect(ctx, address)
		if err == nil {
			return errors.Join(fmt.Errorf("Could not join the cluster at %s: the server %s lets this one in, but this version forms no clusters.", address, p.Name), conn.Close())
		}
		failures = append(failures, fmt.Errorf("Could not join the cluster at %s: %w", address, err))
		if _, answered := errors.AsType[*peer.Refusal](err); answered {
			break
		}
	}
	return errors.Join(failures...)
}
