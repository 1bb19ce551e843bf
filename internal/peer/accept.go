package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
)

// Listener is the side of the handshake that is connected to.
type Listener struct {
	Options
	Tokens *Tokens // that lead to this server
	// Admit decides about a server that has proved itself; nil takes it.
	Admit func(context.Context, Peer) *Refusal
}

const (
	demand = "This server takes only servers that prove that they belong to it. Start the other one with a join token (--join-token; made here with: " +
		"rethinkdb admin make join-token), or with the cluster secret of this one (--cluster-secret-file)."
	clientsOnly = "The certificate of the other server is one for clients. Make one for a server."
	wrongSecret = "The cluster secrets of the two servers differ. Compare the files of --cluster-secret-file."
	wrongMember = "The key of this server is known here as that of another one. Remove cluster_identity.pem from its data directory, if that is a copy of another one's, and join again."
	wrongToken  = "The join token is not known here, has been used, or has expired. Make a new one with: rethinkdb admin make join-token"
)

// Accept does the handshake with a server that has connected, on a connection whose TLS handshake is over and whose deadline the
// caller has set. What it refuses is a *Refusal, which the other side has been told.
func (l Listener) Accept(ctx context.Context, conn *tls.Conn) (Peer, error) {
	state := conn.ConnectionState()
	ch, err := newChannel(conn, len(state.VerifiedChains) > 0)
	if err != nil {
		return Peer{}, err
	}
	return l.accept(ctx, ch)
}

func (l Listener) accept(ctx context.Context, ch channel) (Peer, error) {
	h, c, err := l.begin(ch)
	if err != nil {
		return Peer{}, tell(err, func(r *Refusal) error { return Send(ch.stream, choice{Refusal: r}) })
	}
	if err := Send(ch.stream, c); err != nil {
		return Peer{}, err
	}
	p, v, err := l.judge(ctx, ch, h, c)
	if err != nil {
		return p, tell(err, func(r *Refusal) error { v.Refusal = r; return Send(ch.stream, v) })
	}
	return p, Send(ch.stream, v)
}

// tell lets the other side hear of an error that is for it.
func tell(err error, send func(*Refusal) error) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return errors.Join(err, send(r))
	}
	return err
}

// begin reads what the dialer wants, and chooses the version and the way in which it has to prove itself.
func (l Listener) begin(ch channel) (h hello, c choice, err error) {
	if err := receive(ch.stream, &h); err != nil {
		return h, c, err
	}
	version, refused := h.negotiate()
	if refused != nil {
		return h, c, refused
	}
	m, refused := l.choose(ch, h)
	if refused != nil {
		return h, c, refused
	}
	return h, choice{Version: version, Features: intersect(h.Features), Method: m}, nil
}

// choose picks the most telling proof that both sides can do.
func (l Listener) choose(ch channel, h hello) (method, *Refusal) {
	switch {
	case ch.forClients:
		return "", &Refusal{NoProof, clientsOnly}
	case slices.Contains(h.Methods, byMember) && l.isMember(ch):
		return byMember, nil
	case slices.Contains(h.Methods, byToken) && l.Tokens != nil:
		return byToken, nil
	case slices.Contains(h.Methods, bySecret) && l.Secret != nil:
		return bySecret, nil
	case ch.certified:
		return byCertificate, nil
	case l.Secret != nil || l.NeedsProof(ch.address.Addr()):
		return "", &Refusal{NoProof, demand}
	}
	return byNothing, nil
}

// isMember tells whether the other side has the key of a server of the cluster.
func (o Options) isMember(ch channel) bool {
	_, ok := o.member(ch.fingerprint)
	return ok
}

// judge reads the dialer's proof. The verdict has the listener's own, as soon as the dialer may have it.
func (l Listener) judge(ctx context.Context, ch channel, h hello, c choice) (p Peer, v verdict, err error) {
	var e evidence
	if err := receive(ch.stream, &e); err != nil {
		return p, v, err
	}
	if refused := e.Server.check(); refused != nil {
		return p, v, refused
	}
	p = ch.peer(e.Server, c)
	switch c.Method {
	case byToken:
		id, _ := ParseTokenID(h.Token)
		ok, err := l.Tokens.redeem(ctx, id, e.Proof, ch)
		if err != nil {
			return p, v, err
		}
		if !ok {
			return p, v, &Refusal{BadProof, wrongToken}
		}
		p.Token = &id
	case byMember:
		if id, ok := l.member(ch.fingerprint); !ok || id != e.Server.ID {
			return p, v, &Refusal{BadProof, wrongMember}
		}
	case bySecret:
		key, ok := proven(l.Secret.keys.Newest(), e.Proof, dialing, ch.binding)
		if !ok {
			return p, v, &Refusal{BadProof, wrongSecret}
		}
		v.Proof = key.prove(listening, ch.binding)
	}
	v.Server = l.Self()
	if l.Admit != nil {
		if refused := l.Admit(ctx, p); refused != nil {
			return p, v, refused
		}
	}
	return p, v, nil
}
