package selfcheck

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"rethinkdb/internal/access"
	"rethinkdb/internal/certificate/authority"
)

func noPassword(f *Facts) []Finding {
	if f.admin().Password {
		return nil
	}
	found := Finding{
		Kind: "no_password", Severity: Warning,
		Text:     "The user admin has no password: every user and every program of this machine can read and change everything.",
		Remedy:   "Set one; it is asked for. It is the authentication key of drivers, too.",
		Commands: []string{f.adminCommand("set", "auth", "-")},
	}
	var open []string
	for _, which := range []access.Port{access.Driver, access.Web} {
		if p := f.port(which); p != nil && f.openTo(p) {
			open = append(open, which.String())
		}
	}
	if open != nil {
		whom := "everybody in its private networks"
		found.Severity = Serious
		if f.Mode == access.Off {
			whom, found.Severity = "everybody who can reach this machine", Critical
		}
		found.Text = fmt.Sprintf("The user admin has no password: %s can read and change everything through the %s port.", whom, strings.Join(open, " port and the "))
	}
	return []Finding{found}
}

func protectedModeOff(f *Facts) []Finding {
	if f.Mode != access.Off {
		return nil
	}
	found := Finding{
		Kind: "protected_mode_off", Severity: Warning,
		Text:     "Protected mode is off: without a password, strangers would be served.",
		Remedy:   "Start the server without this option.",
		Commands: []string{f.startCommand([]string{"--protected-mode"}, "--protected-mode", access.Private.String())}, Restart: true,
	}
	if f.exposed() && !f.admin().Password {
		found.Severity = Serious
		found.Text = "Protected mode is off and there is no password: strangers are served."
	}
	return []Finding{found}
}

// CertsDirectory is where the certificates of a data directory are made: beside it, because the server does not need the key of the
// authority.
func CertsDirectory(data string) string { return filepath.Clean(data) + "_certs" }

func noTLS(f *Facts) []Finding {
	var found []Finding
	for i := range f.Ports {
		p := &f.Ports[i]
		if p.encrypted() || !p.beyond() {
			continue
		}
		one := Finding{
			Kind: "no_tls", Subject: portKey(p.Port), Port: portKey(p.Port), Severity: Warning, Restart: true,
			Text:   fmt.Sprintf("The %s port is open to other machines without TLS: whoever is on the way can read and change what is sent.", p.Port),
			Remedy: "Give the port a certificate. Clients then have to know the authority that signed it.", Commands: f.tlsCommands(p),
		}
		if p.public() || p.Port == access.Web { // the page's log-in and HTTP Basic send the password itself
			one.Severity = Serious
		}
		found = append(found, one)
	}
	return found
}

// tlsCommands make certificates if there are none, and start the server with them on one more port.
func (f *Facts) tlsCommands(p *Port) []string {
	var commands []string
	directory := CertsDirectory(f.Directory)
	key, cert := filepath.Join(directory, authority.KeyFile(authority.Server)), filepath.Join(directory, authority.CertFile(authority.Server))
	others := false
	for _, other := range f.Ports {
		if other.TLS.Key != "" && other.Port != access.Cluster {
			key, cert, others = other.TLS.Key, other.TLS.Cert, true
		}
	}
	if !others && !slices.Contains(f.Authorities, directory) {
		commands = append(commands, Shell([]string{"rethinkdb", "create-certs", "--directory", directory}))
	}
	prefix := "--" + portKey(p.Port) + "-tls-"
	return append(commands, f.startCommand(nil, prefix+"key", key, prefix+"cert", cert))
}

func oldTLS(f *Facts) []Finding {
	used := false
	for _, p := range f.Ports {
		used = used || p.TLS.Key != "" && p.Port != access.Cluster // where 1.3 is the oldest
	}
	if !used || f.MinTLS == 0 || f.MinTLS >= tls.VersionTLS12 {
		return nil
	}
	return []Finding{{
		Kind: "old_tls", Severity: Warning,
		Text:     "TLS versions before 1.2 are accepted, which are broken.",
		Remedy:   "Start the server without this option.",
		Commands: []string{f.startCommand(nil, "--tls-min-protocol", "TLSv1.2")}, Restart: true,
	}}
}

// ownNetworks are the private networks that the machine is in.
func (f *Facts) ownNetworks() []netip.Prefix {
	if len(f.Networks) == 0 {
		return privateNetworks
	}
	return f.Networks
}

// privateNetworks are those of RFC 1918 and RFC 4193, for a machine that is in none of them itself.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
}

func noAllowList(f *Facts) []Finding {
	var found []Finding
	networks := networkTexts(f.ownNetworks())
	for i, text := range networks {
		networks[i] = script(text)
	}
	for i := range f.Ports {
		p := &f.Ports[i]
		if p.Listed || !p.beyond() {
			continue
		}
		found = append(found, Finding{
			Kind: "no_allow_list", Subject: portKey(p.Port), Port: portKey(p.Port), Severity: Note,
			Text:     fmt.Sprintf("The %s port answers from every network. An allow-list keeps strangers from trying at all.", p.Port),
			Remedy:   "Name the networks of your clients; those of this machine are proposed here. It holds at once.",
			Commands: []string{fmt.Sprintf("r.db('rethinkdb').table('access_config').get('%s').update({allow: [%s]})", portKey(p.Port), strings.Join(networks, ", "))},
		})
	}
	return found
}

func noAuditLog(f *Facts) []Finding {
	if f.AuditLog {
		return nil
	}
	severity := Note
	if f.exposed() {
		severity = Warning
	}
	return []Finding{{
		Kind: "no_audit_log", Severity: severity,
		Text:     "No audit log is kept: nobody will know who logged in, who was refused, and who changed rights.",
		Remedy:   "Start the server with one.",
		Commands: []string{f.startCommand(nil, "--audit-log", filepath.Join(f.Directory, "audit_log"))}, Restart: true,
	}}
}
