package wire

import (
	"cmp"
	"crypto/tls"
	"errors"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
)

// claim is what is known of a log-in before it has succeeded.
type claim struct {
	method        audit.Method // empty until the client has begun a handshake
	user          string
	reason        string // of the refusal, if its text is not it
	refusedByGate bool   // which has written that down itself
}

// audit writes the outcome of the log-in into the audit log: a success, or a refusal that the client is told of. A client that
// goes away, or says nothing, has tried nothing.
func (c *conn) audit(in login, err error) {
	e := audit.Event{Kind: audit.LogIn, User: in.user, Peer: c.peer, Port: c.port.String(), Method: c.claim.method, Certificate: c.certificate()}
	if c.port == access.Cluster && e.Method != "" {
		e.Method = audit.AdminCommand
	}
	var old *refusal
	var v1 *auth.Error
	if err != nil {
		e.Kind, e.User, e.Reason = audit.LogInRefused, c.claim.user, cmp.Or(c.claim.reason, auth.Reason(err))
		switch {
		case c.claim.refusedByGate || isOrdinary(err):
			return
		case e.Method == "": // not even a handshake
			e.Kind = audit.PeerRefused
		case !errors.As(err, &old) && !errors.As(err, &v1):
			return // trouble of our own, which the log has
		}
	}
	c.srv.opt.Audit.Record(e)
}

// certificate is the subject of the certificate that the client has shown and that an authority of ours has signed.
func (c *conn) certificate() string {
	t, ok := c.nc.(*tls.Conn)
	if !ok {
		return ""
	}
	if chains := t.ConnectionState().VerifiedChains; len(chains) > 0 {
		return chains[0][0].Subject.String()
	}
	return ""
}
