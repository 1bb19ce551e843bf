package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// HandshakeTime is how long it may take both sides from the connection to the verdict.
const HandshakeTime = 10 * time.Second

// Dialer is the side of the handshake that connects.
type Dialer struct {
	Options
	Certificates Certificates
	Token        *Token // to join with; nil: there is none
	// Network opens connections; nil is TCP.
	Network func(ctx context.Context, address string) (net.Conn, error)
}

// Connect connects to the server at an address and does the handshake. The connection is the caller's. A *Refusal is what that
// server said; with the kind Unavailable it has proved itself before.
func (d Dialer) Connect(ctx context.Context, address string) (*tls.Conn, Peer, error) {
	ctx, cancel := context.WithTimeout(ctx, HandshakeTime)
	defer cancel()
	certificate, authority := d.Certificates.Newest()
	expected := Expected{Authority: authority}
	if d.Token != nil {
		expected.Check = d.Token.leadsTo
	}
	network := d.Network
	if network == nil {
		network = tcp
	}
	conn, err := open(ctx, network, address, ClientConfig(PeerProtocol, certificate, expected))
	if err != nil {
		return nil, Peer{}, err
	}
	p, err := d.shake(ctx, conn, authority != nil)
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.NetConn().Close() // there is nothing more to say, and nobody may be there to hear it
		return nil, p, Explain(err)
	}
	return conn, p, nil
}

// Open connects to an intracluster port. Its errors are words for whoever runs this end.
func Open(ctx context.Context, address string, config *tls.Config) (*tls.Conn, error) {
	return open(ctx, tcp, address, config)
}

func tcp(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

func open(ctx context.Context, network func(context.Context, string) (net.Conn, error), address string, config *tls.Config) (*tls.Conn, error) {
	raw, err := network(ctx, address)
	if err != nil {
		return nil, err
	}
	heard := &hearing{Conn: raw}
	conn := tls.Client(heard, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
			err = heard.sentence()
		}
		_ = raw.Close() // nothing is on its way
		return nil, Explain(err)
	}
	return conn, nil
}

// leadsTo judges the key of the server that the token should lead to.
func (t *Token) leadsTo(found Fingerprint) error {
	if found != t.Server {
		return fmt.Errorf("the server has the key %s, and the join token leads to %s. Either somebody is between the two, or the token is from another server", found, t.Server)
	}
	return nil
}

func (d Dialer) shake(ctx context.Context, conn *tls.Conn, certified bool) (Peer, error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return Peer{}, err
		}
	}
	stop := context.AfterFunc(ctx, func() { conn.NetConn().Close() })
	defer stop()
	ch, err := newChannel(conn, certified)
	if err != nil {
		return Peer{}, err
	}
	p, err := d.dial(ch)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return p, err
}

// methods are the proofs that the dialer offers. It is content with no other: only by one that it has itself it learns that the
// listener is the right one, from the key that the token names, the listener's proof that it knows the secret, or its certificate.
func (d Dialer) methods(ch channel) []method {
	if d.Token != nil { // which names the listener's key
		return []method{byToken, byMember}
	}
	var list []method
	if d.isMember(ch) {
		list = append(list, byMember)
	}
	if d.Secret != nil {
		list = append(list, bySecret)
	}
	if ch.certified {
		list = append(list, byCertificate)
	}
	return list
}

func (d Dialer) dial(ch channel) (Peer, error) {
	h := hello{MinVersion: minVersion, MaxVersion: maxVersion, Features: features, Methods: d.methods(ch)}
	if d.Token != nil {
		h.Token = d.Token.ID.String()
	}
	if err := Send(ch.stream, h); err != nil {
		return Peer{}, err
	}
	var c choice
	if err := receive(ch.stream, &c); err != nil {
		return Peer{}, err
	}
	if c.Refusal != nil {
		return Peer{}, c.Refusal.unproven()
	}
	if err := d.consent(ch, h, c); err != nil {
		return Peer{}, err
	}
	e := evidence{Server: d.Self()}
	var key secretKey
	switch c.Method {
	case byToken:
		e.Proof = d.Token.prove(ch.binding)
	case bySecret:
		key = d.Secret.keys.Newest()[0]
		e.Proof = key.prove(dialing, ch.binding)
	}
	if err := Send(ch.stream, e); err != nil {
		return Peer{}, err
	}
	var v verdict
	if err := receive(ch.stream, &v); err != nil {
		return Peer{}, err
	}
	if refused := v.Server.check(); refused != nil {
		return Peer{}, refused
	}
	p := ch.peer(v.Server, c)
	_, proved := proven([]secretKey{key}, v.Proof, listening, ch.binding)
	switch proved = proved || c.Method != bySecret; {
	case v.Refusal != nil && !proved:
		return p, v.Refusal.unproven()
	case v.Refusal != nil:
		return p, v.Refusal.Readable()
	case !proved:
		return p, errors.New("the server could not prove that it knows the cluster secret")
	}
	if id, known := d.member(ch.fingerprint); known && id != p.ID {
		return p, errors.New("the server has the key of another one of this cluster")
	}
	return p, nil
}

// consent judges the listener's choice.
func (d Dialer) consent(ch channel, h hello, c choice) error {
	switch {
	case c.Version < h.MinVersion || c.Version > h.MaxVersion:
		return fmt.Errorf("the server chose version %d of the protocol between servers, which this one does not speak", c.Version)
	case slices.Contains(h.Methods, c.Method):
		return nil
	case c.Method == byNothing && (d.isMember(ch) || len(h.Methods) == 0 && !d.NeedsProof(ch.address.Addr())):
		return nil // a listener that does not know this server any more says so later
	case c.Method == byNothing && len(h.Methods) == 0:
		return errors.New("the server can prove nothing to this one. Start both with the same --cluster-secret-file, or use a join token")
	case c.Method == byNothing:
		return errors.New("this server has a cluster secret or an authority, and the other one asks for neither: it may be anybody's. Start it with --cluster-secret-file, too")
	}
	return fmt.Errorf("the server asks for a proof that this one cannot give (%.20q)", c.Method)
}

// unproven is a refusal by somebody who has not proved to be the right server.
func (r *Refusal) unproven() *Refusal {
	u := r.Readable()
	if u.Kind == Unavailable {
		u.Kind = BadMessage
	}
	return u
}

// isHangup tells whether the other side has ended the connection.
func isHangup(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
