package web

import (
	"net/netip"
	"testing"
)

func TestUntrustedProxy(t *testing.T) {
	f := start(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")} })
	f.expectVisit(visit{from: "192.168.1.2"}, 200, "srv")
	f.expectVisit(visit{from: "10.0.0.1", forwarded: "203.0.113.7"}, 200, "srv")
	if p, ok := f.UntrustedProxy(); ok {
		t.Errorf("a proxy at %v", p.Peer)
	}
	f.expectVisit(visit{from: "192.168.1.2", forwarded: "203.0.113.7"}, 200, "srv")
	if p, ok := f.UntrustedProxy(); !ok || p.Peer.String() != "192.168.1.2" || p.At.IsZero() {
		t.Errorf("%+v, %v", p, ok)
	}
}
