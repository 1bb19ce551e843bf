package httpfetch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Whoever may send a query could use the server to reach what only the server can reach: services on loopback, machines of
// the private network, the metadata service of a cloud. Looking at the host of a URL does not help, because a name can resolve
// to anything, and to something else the next time. So the guard looks at the address that is about to be connected to, after
// resolution, on every connection: of each attempt, each redirect and each page.

// guarded are the networks that are refused unless the operator has allowed them. Beside those that are not public they hold
// the ones that are translated into others (6to4, Teredo), for such an address can lead back to a private one.
var guarded = prefixes(
	"0.0.0.0/8",      // this host
	"10.0.0.0/8",     // private
	"100.64.0.0/10",  // shared by customers of a provider
	"127.0.0.0/8",    // loopback
	"169.254.0.0/16", // link-local, with the metadata services of clouds
	"172.16.0.0/12",  // private
	"192.0.0.0/24",   // protocol assignments
	"192.168.0.0/16", // private
	"198.18.0.0/15",  // benchmarks
	"224.0.0.0/4",    // multicast
	"240.0.0.0/4",    // reserved, and broadcast
	"::/96",          // unspecified, loopback, IPv4-compatible
	"64:ff9b:1::/48", // private translation to IPv4
	"100::/64",       // discard
	"2001::/32",      // Teredo
	"2002::/16",      // 6to4
	"fc00::/7",       // unique local
	"fe80::/10",      // link-local
	"fec0::/10",      // site-local
	"ff00::/8",       // multicast
)

// translated is the network whose addresses hold a public IPv4 address in their last four bytes.
var translated = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// permitted tells whether addr may be connected to.
func (c *Client) permitted(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if contains(c.allow, addr) {
		return true
	}
	if contains(guarded, addr) {
		return false
	}
	if translated.Contains(addr) {
		b := addr.As16()
		return c.permitted(netip.AddrFrom4([4]byte(b[12:])))
	}
	return true
}

func contains(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// errRefused reads to a client like a server that is down: who must not reach the internal network need not learn what there
// is in it either. The reason is in the log.
var errRefused = errors.New("could not connect to server")

// refusalInterval is how often the log tells of a refusal, since any client with the permission connect can cause them.
const refusalInterval = time.Minute

func (c *Client) logRefusal(to netip.AddrPort) {
	now, last := time.Now().UnixNano(), c.refusalLogged.Load()
	if last != 0 && now-last < int64(refusalInterval) || !c.refusalLogged.CompareAndSwap(last, now) {
		return
	}
	c.log.Warn("r.http did not connect to an address that is not public; --http-client-allow allows it, and such a message comes once a minute at most.", "address", to)
}

// dialer connects to permitted addresses only.
func (c *Client) dialer() *net.Dialer {
	return &net.Dialer{
		// Between the addresses of a name; the time of the whole request is limited by its context.
		FallbackDelay: 300 * time.Millisecond,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !c.permitted(to.Addr()) {
				c.logRefusal(to)
				return errRefused
			}
			return nil
		},
	}
}
