package login

import (
	"net/netip"
	"strings"
	"unicode"
)

// maxAgentBytes is longer than what browsers say of themselves.
const maxAgentBytes = 300

// Browser is what a session is bound to.
//
// That is the name that the browser gives itself, and how far away it is: on this machine, in a private network, or elsewhere. A secret
// that leaks from a laptop's disk, or from an office's network, is of no use to somebody on the Internet. The address itself would shut out those who
// use the page: it changes when a laptop changes networks, with the privacy extensions of IPv6, and between the IPv4 and the
// IPv6 address of the same host; and to a server behind a proxy that it does not trust all are the same.
type Browser struct {
	Addr  netip.Addr
	Agent string // as it names itself, without control characters
}

// NewBrowser describes the browser that sends a request.
func NewBrowser(addr netip.Addr, agent string) Browser {
	agent = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(agent, ""))
	if len(agent) > maxAgentBytes {
		agent = strings.ToValidUTF8(agent[:maxAgentBytes], "")
	}
	return Browser{addr.Unmap().WithZone(""), agent}
}

func (b Browser) same(other Browser) bool {
	return b.Agent == other.Agent && distanceOf(b.Addr) == distanceOf(other.Addr)
}

// distance is how far away an address is.
type distance uint8

const (
	onThisMachine distance = iota
	inPrivateNetworks
	elsewhere
)

func distanceOf(a netip.Addr) distance {
	switch {
	case a.IsLoopback():
		return onThisMachine
	case a.IsPrivate() || a.IsLinkLocalUnicast():
		return inPrivateNetworks
	default:
		return elsewhere
	}
}
