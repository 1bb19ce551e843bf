package server

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"rethinkdb/internal/access"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/logfile"
	"rethinkdb/internal/system"
)

// openGate makes the gate of all ports.
func (n *node) openGate() *access.Gate {
	users := n.data.users
	gate := access.NewGate(n.config.Access, func(port access.Port) bool { return n.config.credentials(port, n.data) }, n.log)
	gate.Audit(n.audit)
	gate.Narrow(func() access.Lists { return n.data.catalog.Snapshot().Access() })
	users.OnChange(gate.Enforce) // without the password of admin strangers may no longer be here
	return gate
}

// credentials tells whether strangers need a password or a certificate at a port.
func (c Config) credentials(port access.Port, data *data) bool {
	switch port {
	case access.Cluster: // where a password is not enough: it says nothing of other servers
		members := len(data.catalog.Snapshot().Members()) > 1 // which come by their keys, when the token is spent that they joined with
		return c.ClusterTLS.CA != "" || c.ClusterSecretFile != "" || data.tokens.Any() || members
	case access.Driver:
		return data.users.HasPassword(auth.Admin) || c.DriverTLS.CA != ""
	}
	return data.users.HasPassword(auth.Admin)
}

// exposed are the ports that serve peers beyond this machine without a password.
func (n *node) exposed() []string {
	var open []string
	for _, p := range []struct {
		port    access.Port
		of      Port
		serving bool
	}{{access.Driver, n.config.Driver, true}, {access.Web, n.config.Web, !n.config.NoWeb}} {
		if p.serving && p.of.Addresses.beyondLoopback() && n.gate.Open(p.port) {
			open = append(open, p.port.String())
		}
	}
	return open
}

func (a Addresses) beyondLoopback() bool {
	for _, addr := range a.List {
		if !addr.IsLoopback() {
			return true
		}
	}
	return a.All
}

// whom says who reaches an exposed port.
func (n *node) whom() string {
	if n.gate.Mode() == access.Off {
		return "everybody who can reach this machine"
	}
	return "everybody in its private networks"
}

const remedy = "Set a password: rethinkdb admin set auth KEY, or r.db('rethinkdb').table('users').get('admin').update({password: '...'})."

// warnOfExposure says at the start who can come in without a password.
func (n *node) warnOfExposure() {
	if open := n.exposed(); len(open) > 0 {
		n.log.Warn(fmt.Sprintf("No password is set, so %s can read and change everything (open: %s port). %s",
			n.whom(), strings.Join(open, " and "), remedy))
	}
	if n.gate.Mode() == access.Off {
		logfile.Notice(n.log, "Protected mode is off.")
	}
}

// issues are what an operator should see of the server itself.
func (n *node) issues() []system.Issue {
	var issues []system.Issue
	id, name := n.system.ServerInfo()
	if open := n.exposed(); len(open) > 0 {
		issues = append(issues, system.NoPassword(id, name, open, n.whom(), remedy))
	}
	if n.outcast() {
		issues = append(issues, system.ServerRemoved(id, name, removedText))
	}
	if n.swap.swapping.Load() {
		issues = append(issues, system.MemoryError(name))
	}
	for _, problem := range n.audit.Problems() {
		issues = append(issues, system.AuditLog(id, name, problem))
	}
	return issues
}

// hosts are the names under which browsers may ask for this server.
func (n *node) hosts() []string {
	hosts := slices.Clone(n.config.Hosts)
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, strings.ToLower(name))
	}
	return hosts
}
