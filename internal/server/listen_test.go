package server

import (
	"net/netip"
	"strings"
	"testing"
)

func loopback(t *testing.T) Addresses {
	t.Helper()
	local, err := LocalAddresses()
	if err != nil {
		t.Fatal(err)
	}
	var a Addresses
	for _, addr := range local {
		if addr.IsLoopback() {
			a.List = append(a.List, addr)
		}
	}
	return a
}

func TestSystemChoosesOnePortForAllAddresses(t *testing.T) {
	l, err := listen(Port{Addresses: loopback(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, socket := range l.list {
		ap := netip.MustParseAddrPort(socket.Addr().String())
		if l.port == 0 || int(ap.Port()) != l.port {
			t.Errorf("the port is %d, a socket is %v", l.port, ap)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestPortIsOpenOnAllAddressesOrNone(t *testing.T) {
	addresses := loopback(t)
	last := addresses.List[len(addresses.List)-1]
	taken, err := listen(Port{Addresses: Addresses{List: []netip.Addr{last}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = listen(Port{Number: taken.port, Addresses: addresses})
	if err == nil {
		t.Fatal("a port was opened twice")
	}
	if text := portError("http", taken.port, err).Error(); !strings.Contains(text, "is reserved or already in use. Stop the program") {
		t.Errorf("the error is %s", text)
	}
	if err := taken.Close(); err != nil {
		t.Error(err)
	}
	again, err := listen(Port{Number: taken.port, Addresses: addresses})
	if err != nil {
		t.Fatalf("after the failure the port is not free: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestAllAddresses(t *testing.T) {
	l, err := listen(Port{Addresses: Addresses{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.list) != 1 {
		t.Errorf("%d sockets for all addresses, want 1", len(l.list))
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
