package selfcheck

import (
	"fmt"
	"net/netip"
	"time"

	"rethinkdb/internal/access"
)

// recent is how long something that was seen counts as in use.
const recent = 7 * 24 * time.Hour

func oldHandshakes(f *Facts) []Finding {
	var found []Finding
	for _, h := range f.OldHandshakes {
		if f.Now.Sub(h.At) > recent {
			continue
		}
		found = append(found, Finding{
			Kind: "old_handshake", Subject: h.Version, Port: portKey(access.Driver), Severity: Warning,
			Text: fmt.Sprintf("A driver at %s connected with the handshake %s on %s (%d since the start), which sends the authentication key as it is.",
				h.Peer, h.Version, h.At.UTC().Format("2006-01-02 15:04 MST"), h.Count),
			Remedy:   "Update the driver: those from RethinkDB 2.3 on prove that they know the password and do not send it. Then refuse the old handshakes.",
			Commands: []string{f.startCommand(nil, "--no-old-handshakes")}, Restart: true,
		})
	}
	return found
}

// untrustedProxies are about proxies in front of the web port: what counts is their own address, so they let in whomever they serve.
func untrustedProxies(f *Facts) []Finding {
	var found []Finding
	for _, p := range f.Proxies {
		if f.Now.Sub(p.At) > recent {
			continue
		}
		one := Finding{Kind: "untrusted_proxy", Subject: p.Peer.String(), Port: portKey(access.Web), Severity: Warning}
		web := f.port(access.Web)
		switch {
		case web != nil && !web.Credentials:
			one.Kind, one.Severity = "proxy_without_password", Serious
			one.Text = fmt.Sprintf("A proxy at %s hands requests on to the web port, which has no password: whoever the proxy serves may do everything.", p.Peer)
			one.Remedy = "Set a password; it is asked for."
			one.Commands = []string{f.adminCommand("set", "auth", "-")}
		default:
			one.Text = fmt.Sprintf("A proxy at %s hands requests on to the web port: allow-lists and the audit log see its address, not those of its clients.", p.Peer)
			one.Remedy = "Start the server so that it believes what this proxy says about its clients."
			words := []string{}
			for _, n := range f.TrustedProxies {
				words = append(words, "--trusted-proxy", access.FormatNetwork(n))
			}
			one.Commands = []string{f.startCommand(nil, append(words, "--trusted-proxy", p.Peer.String())...)}
			one.Restart = true
		}
		found = append(found, one)
	}
	return found
}

// wideBits is how many addresses a network may have that is trusted to be all proxies, as the number of its fixed bits.
func wideBits(n netip.Prefix) int {
	if n.Addr().Is4() {
		return 16
	}
	return 48
}

func trustedProxies(f *Facts) []Finding {
	wide, words := "", []string{}
	for _, n := range f.TrustedProxies {
		if n.Bits() < wideBits(n) && !n.Addr().IsLoopback() {
			wide = access.FormatNetwork(n)
			continue
		}
		words = append(words, "--trusted-proxy", access.FormatNetwork(n))
	}
	if wide == "" {
		return nil
	}
	return []Finding{{
		Kind: "trusted_proxies", Port: portKey(access.Web), Severity: Serious,
		Text:     fmt.Sprintf("All of %s is trusted to be proxies: whoever is there can claim to be on this machine.", wide),
		Remedy:   "Start the server with the addresses of your proxies only.",
		Commands: []string{f.startCommand([]string{"--trusted-proxy"}, words...)}, Restart: true,
	}}
}

func httpClient(f *Facts) []Finding {
	inner, words := "", []string{}
	for _, n := range f.HTTPAllow {
		if n.Overlaps(loopback4) || n.Overlaps(loopback6) || n.Overlaps(metadata) {
			inner = access.FormatNetwork(n)
			continue
		}
		words = append(words, "--http-client-allow", access.FormatNetwork(n))
	}
	if inner == "" {
		return nil
	}
	return []Finding{{
		Kind: "http_client", Severity: Warning,
		Text:     fmt.Sprintf("r.http may reach %s: users with the right connect can talk to services that serve this machine only.", inner),
		Remedy:   "Start the server without this network.",
		Commands: []string{f.startCommand([]string{"--http-client-allow"}, words...)}, Restart: true,
	}}
}

var (
	loopback4 = netip.MustParsePrefix("127.0.0.0/8")
	loopback6 = netip.MustParsePrefix("::1/128")
	// metadata is where clouds give a machine its secrets.
	metadata = netip.MustParsePrefix("169.254.169.254/32")
)
