package access

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"rethinkdb/internal/audit"
)

// Port is one of the three ports of a server.
type Port uint8

// The ports.
const (
	Driver Port = iota
	Web
	Cluster
	portCount
)

var portNames = [portCount]string{"driver", "web", "intracluster"}

// allowOptions are the options that set the allow-lists.
var allowOptions = [portCount]string{"--driver-allow", "--http-allow", "--cluster-allow"}

func (p Port) String() string { return portNames[p] }

// AllowOption is the option of the command line that sets the port's allow-list.
func (p Port) AllowOption() string { return allowOptions[p] }

// Mode says whom a server serves as long as nobody needs a password.
type Mode uint8

// The modes of --protected-mode.
const (
	Private Mode = iota // this machine and private networks
	Strict              // this machine
	Off                 // everybody
)

var modeNames = [...]string{Private: "private", Strict: "strict", Off: "off"}

func (m Mode) String() string { return modeNames[m] }

// ParseMode reads a mode.
func ParseMode(text string) (Mode, error) {
	if i := slices.Index(modeNames[:], text); i >= 0 {
		return Mode(i), nil
	}
	return Private, fmt.Errorf("'%s' is none of %s", text, strings.Join(modeNames[:], ", "))
}

// ParseNetwork reads a network in CIDR notation, or one address.
func ParseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("'%s' is neither a network such as 10.1.0.0/16 nor an address", text)
	}
	return p.Masked(), nil
}

// FormatNetwork writes a network as ParseNetwork reads it: a single address without the length of its prefix.
func FormatNetwork(n netip.Prefix) string {
	if n.IsSingleIP() {
		return n.Addr().String()
	}
	return n.String()
}

// Lists are the networks that each port serves, besides this machine; none means all.
type Lists [portCount][]netip.Prefix

// Policy is what an operator has said about who may come in.
type Policy struct {
	Mode  Mode
	Allow Lists // of the command line
}

// A Gate admits peers to ports. Its methods may be called at the same time.
type Gate struct {
	// Set by NewGate, Narrow and Audit, then constant.
	policy      Policy
	narrowed    func() Lists
	credentials func(Port) bool
	log         *slog.Logger
	audit       *audit.Log

	mu      sync.Mutex // guards what follows
	ports   []func() (ended int)
	refused [portCount]struct {
		told  time.Time // when the log last said so
		since int       // refusals since then
	}
}

// NewGate makes a gate. credentials tells whether strangers need a password or a certificate at a port; it is asked for every
// peer.
func NewGate(p Policy, credentials func(Port) bool, log *slog.Logger) *Gate {
	return &Gate{policy: p, narrowed: func() Lists { return Lists{} }, credentials: credentials, log: log}
}

// Narrow adds lists that may change while the server runs. Both these and the policy's must let a peer in: who may write to the
// database cannot open a port further than whoever starts the server. It is called before the first peer.
func (g *Gate) Narrow(lists func() Lists) { g.narrowed = lists }

// Audit has refusals written into the audit log. It is called before the first peer.
func (g *Gate) Audit(log *audit.Log) { g.audit = log }

// Attach adds a port, by what ends those of its connections that are no longer admitted and tells how many these were. It may call
// Admit, and waits for nobody.
func (g *Gate) Attach(enforce func() (ended int)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ports = append(g.ports, enforce)
}

// Enforce ends the connections that are no longer admitted. It is called after each change of what the gate goes by; whoever
// connects meanwhile is judged by the new rules already.
func (g *Gate) Enforce() {
	g.mu.Lock()
	ports := g.ports
	g.mu.Unlock()
	ended := 0
	for _, enforce := range ports {
		ended += enforce()
	}
	if ended > 0 {
		g.log.Info("Closed connections from addresses that are no longer served.", "connections", ended)
	}
}

// A Refusal is why a peer is not served, in sentences for whoever runs it.
type Refusal struct{ text string }

func (r *Refusal) Error() string { return r.text }

// Admit tells whether the peer may go on to log in; the refusal is nil if it may. A nil gate admits everybody.
func (g *Gate) Admit(port Port, peer netip.Addr) *Refusal {
	if g == nil {
		return nil
	}
	return g.admit(port, peer, g.credentials(port))
}

// AdmitUnproven is Admit for who has come to a port, but will be asked there for nothing that proves who it is.
func (g *Gate) AdmitUnproven(port Port, peer netip.Addr) *Refusal { return g.admit(port, peer, false) }

// Trusts tells whether a server at an address may act without having proved anything, as far as the address goes. Strict mode
// trusts no server, not even on this machine, whose users may have servers of their own.
func (g *Gate) Trusts(peer netip.Addr) bool {
	peer = peer.Unmap()
	return g.policy.Mode == Off || g.policy.Mode == Private && (peer.IsLoopback() || isPrivate(peer))
}

func (g *Gate) admit(port Port, peer netip.Addr, credentials bool) *Refusal {
	peer = peer.Unmap().WithZone("")
	if peer.IsLoopback() {
		return nil
	}
	text, reason := "", ""
	const outside = "The %s port of this server is open to some networks only, and %s is in none of them. They are set %s."
	switch {
	case !Contains(g.policy.Allow[port], peer):
		text, reason = fmt.Sprintf(outside, port, peer, "with "+port.AllowOption()), "not in "+port.AllowOption()
	case !Contains(g.narrowed()[port], peer):
		text, reason = fmt.Sprintf(outside, port, peer, "in the table `rethinkdb.access_config`"), "not in rethinkdb.access_config"
	case g.policy.Mode == Off || credentials:
	case g.policy.Mode == Private && isPrivate(peer):
	default:
		text, reason = g.protected(port, peer), "protected mode"
	}
	if text == "" {
		return nil
	}
	g.report(port, peer)
	g.audit.Record(audit.Event{Kind: audit.PeerRefused, Peer: netip.AddrPortFrom(peer, 0), Port: port.String(), Reason: reason})
	return &Refusal{text}
}

// Contains tells whether a list lets an address in, which is none of this machine's own.
func Contains(list []netip.Prefix, peer netip.Addr) bool {
	peer = peer.Unmap().WithZone("")
	return len(list) == 0 || slices.ContainsFunc(list, func(n netip.Prefix) bool { return n.Contains(peer) })
}

// protected is the refusal of protected mode.
func (g *Gate) protected(port Port, peer netip.Addr) string {
	served := "its own machine and private networks"
	if g.policy.Mode == Strict {
		served = "its own machine"
	}
	if port == Cluster {
		return fmt.Sprintf("The intracluster port of this server serves %s only, and not %s. To open it to those who belong to this cluster, start the server with "+
			"--cluster-secret-file, or with --cluster-tls-key, --cluster-tls-cert and --cluster-tls-ca, or make a join token (rethinkdb admin make join-token). Or connect through an ssh tunnel.", served, peer)
	}
	return fmt.Sprintf("This server has no password yet, so it serves %s only, and not %s. To use it from here, set a password first "+
		"(on the server's machine: rethinkdb admin set auth KEY) and connect with it, "+
		"or connect through an ssh tunnel. Only on a network that nobody else can reach, start the server with --protected-mode off.", served, peer)
}

// isPrivate tells whether an address is one of those that no router of the Internet forwards.
func isPrivate(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() }

// reportInterval is how often the log tells of refusals on one port: it must not grow with the persistence of strangers.
const reportInterval = time.Minute

func (g *Gate) report(port Port, peer netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := &g.refused[port]
	r.since++
	if now := time.Now(); now.Sub(r.told) >= reportInterval {
		g.log.Warn("Refused to serve an address.", "port", port.String(), "address", peer.String(), "refusals", r.since)
		r.told, r.since = now, 0
	}
}

// Open tells whether the port serves peers beyond this machine that need no password and no certificate, if it listens on an
// address that they can reach.
func (g *Gate) Open(port Port) bool { return g.policy.Mode != Strict && !g.credentials(port) }

// Mode is the mode of the policy.
func (g *Gate) Mode() Mode { return g.policy.Mode }
