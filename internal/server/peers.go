package server

import (
	"fmt"
	"net/netip"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/peer"
)

// openClusterKey opens what the server shows and proves on the intracluster port.
func (n *node) openClusterKey(keeper peer.Keeper) error {
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
	return peer.Options{Self: n.self, Secret: n.secret, NeedsProof: n.needsProof, Member: n.member}
}

// member finds the server of the own cluster that has a key.
func (n *node) member(f peer.Fingerprint) (serverID string, ok bool) {
	if n.clustering == nil {
		return "", false
	}
	return n.clustering.mesh.Member(f)
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
		},
		mesh:     n.clustering.mesh,
		driver:   n.driver,
		password: func() bool { return n.data.users.HasPassword(auth.Admin) },
		audit:    n.audit,
		log:      n.log,
	})
}
