package cli

import (
	"net/netip"
	"slices"

	"rethinkdb/internal/server"
)

// chooseAddresses turns the --bind options of one port into addresses. own are those of the port itself, which replace the
// general ones; local are the addresses of this machine. Loopback is always among them unless noDefault.
func chooseAddresses(own, general []string, noDefault bool, local []netip.Addr) (server.Addresses, error) {
	words := own
	if len(words) == 0 {
		words = general
	}
	var a server.Addresses
	var wanted []netip.Addr
	for _, word := range words {
		if word == "all" {
			a.All = true
			continue
		}
		addr, err := netip.ParseAddr(word)
		if err != nil {
			return a, refusef("bind ip address '%s' could not be parsed: Could not parse IP address from string: '%s'", word, word).
				hint("Name an address of this machine, or all.")
		}
		if addr = addr.Unmap(); addr.IsUnspecified() {
			a.All = true
			continue
		}
		wanted = append(wanted, addr)
	}
	for _, addr := range wanted {
		if !isLocal(addr, local) {
			text := refusef("Could not find bind ip address '%s'", addr)
			if addr.Is6() && addr.IsLinkLocalUnicast() && addr.Zone() == "" {
				text += ", this is an IPv6 link-local address, make sure the scope is correct"
			}
			return a, text.hint("Name an address of this machine (`ip address` lists them), or all.")
		}
	}
	if a.All {
		a.List = local
		return a, nil
	}
	a.List = wanted
	if !noDefault {
		for _, addr := range local {
			if addr.IsLoopback() {
				a.List = append(a.List, addr)
			}
		}
	}
	if len(a.List) == 0 {
		return a, refusef("No local addresses found to bind to.").hint("Name one with --bind, or leave out --no-default-bind.")
	}
	slices.SortFunc(a.List, netip.Addr.Compare)
	a.List = slices.Compact(a.List)
	return a, nil
}

func isLocal(addr netip.Addr, local []netip.Addr) bool {
	// The whole of 127.0.0.0/8 is this machine, although no interface lists it.
	return addr.Is4() && addr.IsLoopback() || slices.Contains(local, addr.WithZone(""))
}

// ports reads where the three ports are to be open.
func (s settings) ports(c *server.Config) error {
	local, err := server.LocalAddresses()
	if err != nil {
		return err
	}
	general, err := chooseAddresses(nil, s.all("--bind"), s.has("--no-default-bind"), local)
	if err != nil {
		return err
	}
	c.BindAll = general.All
	for _, p := range []struct {
		port       *server.Port
		name, bind string
	}{
		{&c.Cluster, "--cluster-port", "--bind-cluster"},
		{&c.Driver, "--driver-port", "--bind-driver"},
		{&c.Web, "--http-port", "--bind-http"},
	} {
		number, err := s.offsetPort(p.name)
		if err != nil {
			return err
		}
		addresses, err := chooseAddresses(s.all(p.bind), s.all("--bind"), s.has("--no-default-bind"), local)
		if err != nil {
			return err
		}
		*p.port = server.Port{Number: number, Addresses: addresses}
	}
	if _, err := s.integer("--client-port"); err != nil {
		return err
	}
	return nil
}

// offsetPort is the number of a port, with the offset that all ports but free ones get.
func (s settings) offsetPort(name string) (int, error) {
	number, err := s.integer(name)
	if err != nil {
		return 0, err
	}
	offset, err := s.integer("--port-offset")
	if err != nil {
		return 0, err
	}
	if number != 0 {
		number += offset
	}
	if number < 0 || number > 65535 {
		return 0, refusef("The port %d (%s with --port-offset %d) does not exist.", number, name, offset).hint("Ports are numbers from 1 to 65535, or 0 for a free one.")
	}
	return number, nil
}
