package cluster

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rethinkdb/internal/peer"
)

// An address where packets vanish costs a moment, not a time-out, and one where somebody else is costs nothing.
func TestReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, c := newServer(t, n, "a"), newServer(t, n, "b"), newServer(t, n, "c")
		d := a.mesh.o.Dialer
		d.Network = func(ctx context.Context, to string) (net.Conn, error) {
			if strings.HasPrefix(to, "nowhere") {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return n.dial("a", to)
		}
		right := func(p peer.Peer) error {
			if p.Name != "b" {
				return errors.New(p.Name + " is there")
			}
			return nil
		}
		for _, k := range []struct {
			addresses []string
			within    time.Duration
			want      string // part of the error
		}{
			{[]string{"b"}, 0, ""},
			{[]string{"nowhere", "nowhere 2", "b"}, 2 * stagger, ""},
			{[]string{"c", "gone", "b"}, 0, ""},
			{[]string{"c", "gone"}, 0, "c: c is there"},
			{[]string{"nowhere"}, peer.HandshakeTime, "nowhere: context deadline exceeded"},
			{nil, 0, "no address of it is known"},
		} {
			start := time.Now()
			conn, p, address, err := reach(t.Context(), d, k.addresses, right)
			if time.Since(start) != k.within {
				t.Errorf("%v took %v", k.addresses, time.Since(start))
			}
			if k.want != "" {
				if err == nil || !strings.Contains(err.Error(), k.want) {
					t.Errorf("%v: %v", k.addresses, err)
				}
				continue
			}
			if err != nil || p.Name != "b" || address != "b" {
				t.Errorf("%v reached %s at %s: %v", k.addresses, p.Name, address, err)
				continue
			}
			cut(conn)
		}
		_, _ = b, c
	})
}
