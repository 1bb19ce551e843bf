package selfcheck

import (
	"cmp"
	"slices"

	"rethinkdb/internal/access"
)

// Severity says how much a finding matters.
type Severity uint8

// The severities.
const (
	Note     Severity = iota // could be closed further
	Warning                  // a risk that one should know
	Serious                  // a way in, or a secret that others can read
	Critical                 // everybody can come in
)

var severityNames = [...]string{"note", "warning", "serious", "critical"}

func (s Severity) String() string { return severityNames[s] }

// Finding is one thing that could be closed, or closed better.
type Finding struct {
	Kind     string
	Subject  string // tells findings of one kind apart; may be empty
	Severity Severity
	Port     string // driver, http or cluster; empty if it is about no port alone
	Text     string // what is open, and what that means
	Remedy   string // what to do, in words
	// Commands close it, one after the other. They are for a shell, those that begin with `r.` for a driver or the data explorer.
	// The last one starts the server if Restart.
	Commands []string
	Restart  bool
}

// ID is the same as long as the finding lasts.
func (f Finding) ID() string {
	if f.Subject == "" {
		return f.Kind
	}
	return f.Kind + "/" + f.Subject
}

// Report is a judgement.
type Report struct {
	Server   ServerReport
	Ports    []PortReport
	Findings []Finding // the most severe first
}

// rules are all there is to find.
var rules = []func(*Facts) []Finding{
	noPassword, protectedModeOff, noTLS, oldTLS, noAllowList, noAuditLog, oldHandshakes,
	untrustedProxies, trustedProxies, httpClient,
	certificates, wideFiles, passwordFiles,
	weakPasswords, fewIterations, usersWithoutPassword, globalRights, endlessTokens, scripts,
}

// Check judges.
func Check(f Facts) Report {
	r := Report{Server: f.server()}
	for _, rule := range rules {
		r.Findings = append(r.Findings, rule(&f)...)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, p := range []access.Port{access.Driver, access.Web, access.Cluster} {
		r.Ports = append(r.Ports, f.report(p))
	}
	return r
}
