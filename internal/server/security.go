package server

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/certificate"
	"rethinkdb/internal/certificate/authority"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/selfcheck"
	"rethinkdb/internal/system"
)

// security judges how well the running server is closed.
func (n *node) security() selfcheck.Report {
	f := n.config.facts(n.directory, n.data)
	for i := range f.Ports {
		p := &f.Ports[i]
		p.Number = map[access.Port]*listeners{access.Driver: n.driverPort, access.Web: n.webPort, access.Cluster: n.clusterPort}[p.Port].port
	}
	for _, h := range n.driver.OldHandshakes() {
		f.OldHandshakes = append(f.OldHandshakes, selfcheck.OldHandshake{Version: h.Version, Peer: h.Peer, At: h.At, Count: h.Count})
	}
	if n.web != nil {
		if p, ok := n.web.UntrustedProxy(); ok {
			f.Proxies = []selfcheck.Proxy{{Peer: p.Peer, At: p.At}}
		}
	}
	return selfcheck.Check(f)
}

// facts are what can be said of a server without running it.
func (c Config) facts(directory string, data *data) selfcheck.Facts {
	f := selfcheck.Facts{
		Now: time.Now(), Directory: directory, Command: c.Argv, Mode: c.Access.Mode, MinTLS: c.TLS.MinVersion,
		TrustedProxies: c.TrustedProxies, HTTPAllow: c.HTTPAllow, ScriptsForAll: c.Scripts == system.ScriptsOfAll, Networks: ownNetworks(), AuditLog: c.AuditLog != "",
		Encrypted: c.Keys.Key != nil,
	}
	for _, r := range data.users.Reviews() {
		u := selfcheck.User{
			Name: r.Name, Admin: r.Name == auth.Admin, Password: r.Password, Weak: r.WeakPassword, Iterations: r.Iterations,
		}
		for _, right := range r.Rights {
			u.Rights = append(u.Rights, right.String())
		}
		f.Users = append(f.Users, u)
	}
	for _, t := range data.users.Tokens() {
		if t.Expires.IsZero() {
			f.EndlessTokens = append(f.EndlessTokens, selfcheck.Token{ID: t.ID, User: t.User, Description: t.Description})
		}
	}
	lists := data.catalog.Snapshot().Access()
	for _, p := range []struct {
		port access.Port
		Port
		tls     certificate.Files
		serving bool
	}{
		{access.Driver, c.Driver, c.DriverTLS, true}, {access.Web, c.Web, c.WebTLS, !c.NoWeb}, {access.Cluster, c.Cluster, c.ClusterTLS, true},
	} {
		if p.serving {
			f.Ports = append(f.Ports, selfcheck.Port{
				Port: p.port, Number: p.Number, All: p.Addresses.All, Addresses: p.Addresses.List, TLS: p.tls,
				Listed: len(c.Access.Allow[p.port])+len(lists[p.port]) > 0, Allowed: inBoth(c.Access.Allow[p.port], lists[p.port]),
				Credentials: c.credentials(p.port, data),
			})
		}
	}
	c.lookAtFiles(&f)
	return f
}

// inBoth are the networks that two allow-lists let in; a list without networks lets in all.
func inBoth(a, b []netip.Prefix) []netip.Prefix {
	if len(a) == 0 || len(b) == 0 {
		return slices.Concat(a, b)
	}
	var both []netip.Prefix
	for _, x := range a {
		for _, y := range b {
			switch {
			case !x.Overlaps(y):
			case x.Bits() < y.Bits(): // y is in x
				both = append(both, y)
			default:
				both = append(both, x)
			}
		}
	}
	return both
}

// ownNetworks are the private networks that this machine is in.
func ownNetworks() []netip.Prefix {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil // they are a proposal; there are others
	}
	var networks []netip.Prefix
	for _, a := range list {
		if n, err := netip.ParsePrefix(a.String()); err == nil && n.Addr().Unmap().IsPrivate() {
			networks = append(networks, n.Masked())
		}
	}
	slices.SortFunc(networks, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return slices.Compact(networks)
}

// lookAtFiles reads the modes of files and the certificates. What cannot be read says nothing: the server is running all the same, and
// tells in its log when it needs the file.
func (c Config) lookAtFiles(f *selfcheck.Facts) {
	look := func(path string, kind selfcheck.FileKind) {
		if path == "" || slices.ContainsFunc(f.Files, func(known selfcheck.File) bool { return known.Path == path }) {
			return
		}
		if info, err := os.Stat(path); err == nil {
			f.Files = append(f.Files, selfcheck.File{Path: path, Mode: info.Mode(), Kind: kind})
		}
	}
	look(f.Directory, selfcheck.DataDirectory)
	look(filepath.Join(f.Directory, PasswordFileName), selfcheck.PasswordFile)
	look(c.SecretFile, selfcheck.ConfigurationFile)
	look(c.ClusterSecretFile, selfcheck.ClusterSecret)
	look(filepath.Join(f.Directory, peer.IdentityFile), selfcheck.KeyFile)
	directories := []string{selfcheck.CertsDirectory(f.Directory)}
	for _, files := range []certificate.Files{c.DriverTLS, c.WebTLS, c.ClusterTLS} {
		if files.Key == "" {
			continue
		}
		look(files.Key, selfcheck.KeyFile)
		directories = append(directories, filepath.Dir(files.Cert))
		states, err := files.States()
		if err != nil {
			continue
		}
		for _, s := range states {
			if !slices.Contains(f.Certificates, s) {
				f.Certificates = append(f.Certificates, s)
			}
		}
	}
	for _, d := range directories {
		if _, err := os.Stat(filepath.Join(d, authority.CACert)); !errors.Is(err, fs.ErrNotExist) {
			f.Authorities = append(f.Authorities, d)
		}
	}
}
