package authority

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Names of files in the directory.
const (
	CACert  = "ca.pem"
	CAKey   = "ca-key.pem"
	Server  = "server" // the certificate is server.pem, its key server-key.pem
	keyEnd  = "-key.pem"
	certEnd = ".pem"
)

// maxNameBytes is the bound of X.509 for the name of a subject.
const maxNameBytes = 64

// CertFile is the name of the file with the certificate of a client, or of Server.
func CertFile(name string) string { return name + certEnd }

// KeyFile is the name of the file with its key.
func KeyFile(name string) string { return name + keyEnd }

// CheckClient refuses a name that no file should have.
func CheckClient(name string) error {
	plain := strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.' || r == '@')
	}) < 0
	switch {
	case !plain || name == "" || name[0] == '.' || name[0] == '-' || len(name) > maxNameBytes:
		return fmt.Errorf("'%s' cannot be the name of a client: use up to %d letters, digits and any of _ - . @", name, maxNameBytes)
	case name == "ca" || name == Server || strings.HasSuffix(name, "-key"):
		return fmt.Errorf("'%s' cannot be the name of a client: its files would have the names of others", name)
	}
	return nil
}

// CheckHost refuses what is neither a host's name nor an address.
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	for _, label := range strings.Split(strings.TrimPrefix(host, "*."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("'%s' is neither the name of a host nor an address", host)
		}
	}
	return nil
}

// splitHosts tells addresses from names, as certificates do.
func splitHosts(hosts []string) (names []string, addresses []net.IP) {
	for _, h := range hosts {
		if addr, err := netip.ParseAddr(h); err == nil {
			addresses = append(addresses, addr.WithZone("").AsSlice())
		} else {
			names = append(names, h)
		}
	}
	return names, addresses
}
