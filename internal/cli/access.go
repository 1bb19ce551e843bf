package cli

import (
	"net/netip"
	"strings"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/server"
)

// access reads who may come in.
func (s settings) access(c *server.Config) (err error) {
	if c.Access.Mode, err = access.ParseMode(s.one("--protected-mode")); err != nil {
		return refusef("Option '--protected-mode' is not valid: %s.", err)
	}
	for _, port := range []access.Port{access.Driver, access.Web, access.Cluster} {
		if c.Access.Allow[port], err = s.networks(port.AllowOption()); err != nil {
			return err
		}
	}
	if c.TrustedProxies, err = s.networks("--trusted-proxy"); err != nil {
		return err
	}
	for _, name := range s.all("--http-host") {
		c.Hosts = append(c.Hosts, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	c.WebSessionTimeout, err = s.duration("--web-session-timeout", time.Minute)
	return err
}

// networks reads the networks of an option.
func (s settings) networks(long string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range s.all(long) {
		n, err := access.ParseNetwork(text)
		if err != nil {
			return nil, refusef("Option '%s' is not valid: %s.", long, err).hint("For example %s 127.0.0.0/8 for this machine.", long)
		}
		out = append(out, n)
	}
	return out, nil
}
