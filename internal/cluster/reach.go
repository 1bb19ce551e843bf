package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"rethinkdb/internal/peer"
)

// stagger is how long an address of a server may take until the next one is tried beside it. A server has addresses in networks
// that others do not reach, where packets just vanish.
const stagger = 250 * time.Millisecond

// reach connects to a server at the first of its addresses where somebody answers that is the right one.
func reach(ctx context.Context, d peer.Dialer, addresses []string, right func(peer.Peer) error) (*tls.Conn, peer.Peer, string, error) {
	type attempt struct {
		conn    *tls.Conn
		peer    peer.Peer
		address string
		err     error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	attempts := make(chan attempt, len(addresses))
	try := func(address string) {
		a := attempt{address: address}
		a.conn, a.peer, a.err = d.Connect(ctx, address)
		if a.err == nil {
			if a.err = right(a.peer); a.err != nil {
				cut(a.conn)
			}
		}
		attempts <- a
	}
	var failures []error
	for next, pending := 0, 0; next < len(addresses) || pending > 0; {
		var rest <-chan time.Time
		if next < len(addresses) {
			go try(addresses[next])
			next, pending = next+1, pending+1
			rest = time.After(stagger)
		}
		select {
		case <-rest:
			continue
		case a := <-attempts:
			pending--
			if a.err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", a.address, a.err))
				continue
			}
			cancel()
			for range pending { // they end now; the channel has room, but their connections must be closed
				if late := <-attempts; late.err == nil {
					cut(late.conn)
				}
			}
			return a.conn, a.peer, a.address, nil
		}
	}
	if len(failures) == 0 {
		return nil, peer.Peer{}, "", errors.New("no address of it is known")
	}
	return nil, peer.Peer{}, "", errors.Join(failures...)
}
