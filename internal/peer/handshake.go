package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
)

// Peer is a server at the other end of a connection that has proved itself as far as it had to.
type Peer struct {
	Server
	Address     netip.AddrPort
	Fingerprint Fingerprint // of its key
	Proof       string      // how it has proved itself: token, member, secret, certificate or none
	Token       *TokenID    // with which it has done that; nil: another way
	Version     int         // of the protocol that both speak
	Features    []string    // that both have
}

// Options are what a server brings to a handshake, whichever side it is.
type Options struct {
	Self   func() Server
	Secret *Secret // nil: there is none
	// NeedsProof tells whether somebody at an address must prove itself although there is neither a secret nor an authority.
	NeedsProof func(netip.Addr) bool
	// Member finds the server of the own cluster that has a key. TLS has shown that who is there has it, so that nothing else
	// needs to be proved. nil: this server is alone.
	Member func(Fingerprint) (serverID string, ok bool)
}

// member is Member for any Options.
func (o Options) member(f Fingerprint) (serverID string, ok bool) {
	if o.Member == nil {
		return "", false
	}
	return o.Member(f)
}

// Vouched tells whether the peer has shown what an operator gave to it, which is worth more than what this server knew of it.
func (p Peer) Vouched() bool {
	return slices.Contains([]method{byToken, bySecret, byCertificate}, method(p.Proof))
}

// channel is a TLS connection as the handshake needs it.
type channel struct {
	stream      io.ReadWriter
	binding     []byte
	address     netip.AddrPort // of the other side
	fingerprint Fingerprint    // of the other side's key
	certified   bool           // an authority has signed the other side's certificate
	forClients  bool           // that certificate is for clients, such as `rethinkdb admin`, and for no server
}

func newChannel(conn *tls.Conn, certified bool) (channel, error) {
	ch := channel{stream: conn, certified: certified}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		ap := a.AddrPort()
		ch.address = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	state := conn.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		return ch, errors.New("the other side has shown no certificate")
	}
	leaf := state.PeerCertificates[0]
	ch.fingerprint = FingerprintOf(leaf)
	// A certificate that restricts its use to nothing may be used for everything.
	ch.forClients = certified && len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny)
	var err error
	ch.binding, err = bindingOf(state)
	return ch, err
}

// peer makes what is known of the other side.
func (ch channel) peer(s Server, c choice) Peer {
	return Peer{Server: s, Address: ch.address, Fingerprint: ch.fingerprint, Proof: string(c.Method), Version: c.Version, Features: c.Features}
}
