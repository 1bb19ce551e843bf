package selfcheck

import (
	"fmt"
	"net/netip"
	"strings"

	"rethinkdb/internal/access"
)

// PortReport says who may come in at a port.
type PortReport struct {
	Port      string // driver, http or cluster
	Number    int    // 0 if it is not open
	Addresses []string
	TLS       bool
	Who       string // a sentence or two
}

// portKeys are the names of the ports in access_config and in options.
var portKeys = [...]string{access.Driver: "driver", access.Web: "http", access.Cluster: "cluster"}

func portKey(p access.Port) string { return portKeys[p] }

// titles are what a person calls the ports.
var titles = [...]string{access.Driver: "Driver port", access.Web: "Web port", access.Cluster: "Intracluster port"}

// report says who may come in at one port.
func (f *Facts) report(which access.Port) PortReport {
	p := f.port(which)
	if p == nil {
		return PortReport{Port: portKey(which), Who: titles[which] + ": not open."}
	}
	r := PortReport{Port: portKey(which), Number: p.Number, TLS: p.encrypted()}
	for _, a := range p.Addresses {
		r.Addresses = append(r.Addresses, a.String())
	}
	r.Who = fmt.Sprintf("%s %d: serves %s; %s. %s.", titles[which], p.Number, f.whom(p), f.needs(p), f.path(p))
	return r
}

// whom says which peers get as far as a log-in.
func (f *Facts) whom(p *Port) string {
	if !p.beyond() {
		return "programs on this machine only"
	}
	modes := f.Mode
	if p.Credentials {
		modes = access.Off // who logs in may come from anywhere
	}
	switch {
	case modes == access.Strict || p.Listed && len(p.Allowed) == 0:
		return "programs on this machine only"
	case p.Listed && modes == access.Private:
		return "this machine and private addresses in " + list(p.Allowed)
	case p.Listed:
		return "this machine and " + list(p.Allowed)
	case modes == access.Private:
		return "this machine and private networks"
	}
	return "everybody who can reach this machine"
}

// needs says what they need to come in.
func (f *Facts) needs(p *Port) string {
	password := f.admin().Password
	switch {
	case p.TLS.CA != "" && password:
		return "they need a certificate and a password"
	case p.TLS.CA != "":
		return "they need a certificate and no password"
	case password:
		return "they need a password"
	}
	return "they need no password and may do everything"
}

// path says who may listen on the way.
func (f *Facts) path(p *Port) string {
	switch {
	case p.encrypted():
		return "What is sent is encrypted"
	case p.beyond():
		return "What is sent can be read on the way"
	}
	return "Nothing leaves this machine"
}

func list(networks []netip.Prefix) string {
	texts := make([]string, len(networks))
	for i, n := range networks {
		texts[i] = access.FormatNetwork(n)
	}
	return strings.Join(texts, ", ")
}
