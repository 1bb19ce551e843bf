package selfcheck

import (
	"fmt"
	"net/netip"
	"strings"

	"rethinkdb/internal/access"
)

// PortReport says who may come in at a port. The last fields say in single words what Who says in a sentence, for programs.
type PortReport struct {
	Port      string // driver, http or cluster
	Number    int    // 0 if it is not open
	Addresses []string
	TLS       bool
	Who       string // a sentence or two

	Reach    string   // one of the words below; empty if the port is not open
	Networks []string // the allow-list, if there is one
	Needs    string
	Sent     string
}

// Reach says whom a port serves as far as a log-in.
const (
	ReachMachine       = "machine"        // programs on this machine
	ReachPrivate       = "private"        // and private networks
	ReachPrivateListed = "private_listed" // and private addresses in the allow-list
	ReachListed        = "listed"         // and all of the allow-list
	ReachEverybody     = "everybody"
)

// Needs says what those need to come in.
const (
	NeedsNothing                = "nothing"
	NeedsPassword               = "password"
	NeedsCertificate            = "certificate"
	NeedsCertificateAndPassword = "certificate_and_password"
)

// Sent says who may read what is sent.
const (
	SentEncrypted = "encrypted"
	SentReadable  = "readable" // by whoever is on the way
	SentLocally   = "locally"  // it does not leave the machine
)

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
	r := PortReport{Port: portKey(which), Number: p.Number, TLS: p.encrypted(), Reach: f.reach(p), Needs: f.needs(p), Sent: p.sent()}
	for _, a := range p.Addresses {
		r.Addresses = append(r.Addresses, a.String())
	}
	if p.Listed {
		r.Networks = networkTexts(p.Allowed)
	}
	r.Who = fmt.Sprintf("%s %d: serves %s; %s. %s.", titles[which], p.Number, r.whom(), needsTexts[r.Needs], sentTexts[r.Sent])
	return r
}

// reach says which peers get as far as a log-in.
func (f *Facts) reach(p *Port) string {
	if !p.beyond() {
		return ReachMachine
	}
	mode := f.Mode
	if p.Credentials {
		mode = access.Off // who logs in may come from anywhere
	}
	switch {
	case mode == access.Strict || p.Listed && len(p.Allowed) == 0:
		return ReachMachine
	case p.Listed && mode == access.Private:
		return ReachPrivateListed
	case p.Listed:
		return ReachListed
	case mode == access.Private:
		return ReachPrivate
	}
	return ReachEverybody
}

func (r *PortReport) whom() string {
	networks := strings.Join(r.Networks, ", ")
	switch r.Reach {
	case ReachPrivateListed:
		return "this machine and private addresses in " + networks
	case ReachListed:
		return "this machine and " + networks
	case ReachPrivate:
		return "this machine and private networks"
	case ReachEverybody:
		return "everybody who can reach this machine"
	}
	return "programs on this machine only"
}

func (f *Facts) needs(p *Port) string {
	password := f.admin().Password
	switch {
	case p.TLS.CA != "" && password:
		return NeedsCertificateAndPassword
	case p.TLS.CA != "":
		return NeedsCertificate
	case password:
		return NeedsPassword
	}
	return NeedsNothing
}

var needsTexts = map[string]string{
	NeedsCertificateAndPassword: "they need a certificate and a password",
	NeedsCertificate:            "they need a certificate and no password",
	NeedsPassword:               "they need a password",
	NeedsNothing:                "they need no password and may do everything",
}

func (p *Port) sent() string {
	switch {
	case p.encrypted():
		return SentEncrypted
	case p.beyond():
		return SentReadable
	}
	return SentLocally
}

var sentTexts = map[string]string{
	SentEncrypted: "What is sent is encrypted",
	SentReadable:  "What is sent can be read on the way",
	SentLocally:   "Nothing leaves this machine",
}

func networkTexts(networks []netip.Prefix) []string {
	texts := make([]string, len(networks))
	for i, n := range networks {
		texts[i] = access.FormatNetwork(n)
	}
	return texts
}
