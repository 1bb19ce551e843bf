// Package peer is how two servers come to trust each other on the intracluster port: the key that each has made for itself, TLS,
// and the handshake in which both prove that they belong together, by certificates, by the secret of the cluster, or by a token
// that lets one server join. DESIGN.md has the protocol.
//
// It deliberately opens no port, and knows nothing of what servers that trust each other then say.
package peer
