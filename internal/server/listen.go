package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// listeners are the open sockets of one port, one for each address.
type listeners struct {
	port int
	list []net.Listener
}

// listen opens p on all its addresses, or on none.
func listen(p Port) (*listeners, error) {
	hosts := []string{""} // one socket for every address of both families
	if !p.Addresses.All {
		hosts = hosts[:0]
		for _, a := range p.Addresses.List {
			hosts = append(hosts, a.String())
		}
	}
	// A port that the system chose on the first address may be taken on the second; then another one is tried.
	const attempts = 20
	for attempt := 1; ; attempt++ {
		l, err := listenOnce(hosts, p.Number)
		if err == nil {
			return l, nil
		}
		if p.Number != 0 || attempt == attempts || !errors.Is(err, unix.EADDRINUSE) {
			return nil, err
		}
	}
}

func listenOnce(hosts []string, port int) (*listeners, error) {
	l := &listeners{port: port}
	for _, host := range hosts {
		socket, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(l.port)))
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.list = append(l.list, socket)
		l.port = socket.Addr().(*net.TCPAddr).Port
	}
	return l, nil
}

// Close closes all sockets. A socket that a serving loop has already closed is no error.
func (l *listeners) Close() error {
	var errs []error
	for _, socket := range l.list {
		if err := socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

const portRemedy = "Stop the program that uses it, or run this server on other ports with --port-offset N."

// portError is the text for a port that could not be opened; what is "RDB protocol" or "http", or empty for the cluster port.
func portError(what string, port int, err error) error {
	if !errors.Is(err, unix.EADDRINUSE) {
		remedy := "Check the port and the --bind options."
		if errors.Is(err, unix.EACCES) {
			remedy = "Ports below 1024 need root: choose another one."
		}
		return fmt.Errorf("Could not listen on port %d: %s. %s", port, reason(err), remedy)
	}
	if what == "" {
		return fmt.Errorf("TCP socket creation failed for port %d: Address already in use. %s", port, portRemedy)
	}
	return fmt.Errorf("Could not bind to %s port: The address at localhost:%d is reserved or already in use. %s", what, port, portRemedy)
}

// LocalAddresses are the addresses of this machine's network interfaces, sorted.
func LocalAddresses() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the local addresses: %w", err)
	}
	var addresses []netip.Addr
	for _, a := range list {
		if prefix, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(prefix.IP); ok {
				addresses = append(addresses, addr.Unmap())
			}
		}
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return slices.Compact(addresses), nil
}
