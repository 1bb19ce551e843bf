package access

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

const (
	loopback4 = "127.0.0.1"
	loopback6 = "::1"
	lan       = "192.168.7.9"
	lan6      = "fd00::9"
	linkLocal = "fe80::1%eth0"
	public    = "203.0.113.7"
	public6   = "2001:db8::7"
	mapped    = "::ffff:203.0.113.7"
)

// TestAdmit says for each mode, with and without a password, which addresses each port serves.
func TestAdmit(t *testing.T) {
	private := []string{lan, lan6, linkLocal}
	strangers := []string{public, public6, mapped, "100.64.0.1", "0.0.0.0"}
	for _, c := range []struct {
		mode              Mode
		password          bool
		port              Port
		private, stranger bool
	}{
		{Private, false, Driver, true, false},
		{Private, false, Web, true, false},
		{Private, false, Cluster, true, false},
		{Private, true, Driver, true, true},
		{Private, true, Web, true, true},
		{Private, true, Cluster, true, false},
		{Strict, false, Driver, false, false},
		{Strict, false, Web, false, false},
		{Strict, false, Cluster, false, false},
		{Strict, true, Driver, true, true},
		{Strict, true, Web, true, true},
		{Strict, true, Cluster, false, false},
		{Off, false, Driver, true, true},
		{Off, false, Web, true, true},
		{Off, false, Cluster, true, true},
		{Off, true, Driver, true, true},
	} {
		g := NewGate(Policy{Mode: c.mode}, func(p Port) bool { return c.password && p != Cluster }, slog.New(slog.DiscardHandler))
		check := func(addresses []string, want bool) {
			t.Helper()
			for _, a := range addresses {
				if r := g.Admit(c.port, netip.MustParseAddr(a)); (r == nil) != want {
					t.Errorf("%v, password %v: %v port, %s: %v", c.mode, c.password, c.port, a, r)
				}
			}
		}
		check([]string{loopback4, loopback6, "127.8.8.8", "::ffff:127.0.0.1"}, true)
		check(private, c.private)
		check(strangers, c.stranger)
	}
}

// TestUnproven is about who has come to the intracluster port because others can prove who they are there.
func TestUnproven(t *testing.T) {
	for _, c := range []struct {
		mode             Mode
		address          string
		admitted, trusts bool // as the command line without a password, and as a server that proves nothing
	}{
		{Private, loopback4, true, true},
		{Private, loopback6, true, true},
		{Private, lan, true, true},
		{Private, linkLocal, true, true},
		{Private, public, false, false},
		{Private, mapped, false, false},
		{Strict, loopback4, true, false},
		{Strict, lan, false, false},
		{Strict, public6, false, false},
		{Off, loopback4, true, true},
		{Off, lan6, true, true},
		{Off, public, true, true},
	} {
		g := NewGate(Policy{Mode: c.mode}, func(Port) bool { return true }, slog.New(slog.DiscardHandler))
		peer := netip.MustParseAddr(c.address)
		if r := g.Admit(Cluster, peer); r != nil {
			t.Errorf("%v, %s: %v", c.mode, c.address, r)
		}
		if r := g.AdmitUnproven(Cluster, peer); (r == nil) != c.admitted {
			t.Errorf("%v, %s: without a proof %v, want admitted: %v", c.mode, c.address, r, c.admitted)
		}
		if got := g.Trusts(peer); got != c.trusts {
			t.Errorf("%v, %s: trusted: %v, want %v", c.mode, c.address, got, c.trusts)
		}
	}
}

func TestAdmitOfAnAllowList(t *testing.T) {
	var p Policy
	p.Mode = Off
	for _, n := range []string{"203.0.113.0/24", "2001:db8::7"} {
		network, err := ParseNetwork(n)
		if err != nil {
			t.Fatal(err)
		}
		p.Allow[Driver] = append(p.Allow[Driver], network)
	}
	g := NewGate(p, func(Port) bool { return true }, slog.New(slog.DiscardHandler))
	for a, want := range map[string]bool{public: true, public6: true, mapped: true, "203.0.114.1": false, lan: false, loopback4: true} {
		if r := g.Admit(Driver, netip.MustParseAddr(a)); (r == nil) != want {
			t.Errorf("%s: %v", a, r)
		}
		if r := g.Admit(Web, netip.MustParseAddr(a)); r != nil {
			t.Errorf("%s on a port without a list: %v", a, r)
		}
	}
}

// The list of the command line and the one that changes while the server runs must both let an address in.
func TestNarrow(t *testing.T) {
	var p Policy
	p.Mode = Off
	p.Allow[Driver] = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("192.168.0.0/16")}
	var now Lists
	g := NewGate(p, func(Port) bool { return true }, slog.New(slog.DiscardHandler))
	g.Narrow(func() Lists { return now })
	for _, c := range []struct {
		list   string
		served map[string]bool
	}{
		{"", map[string]bool{public: true, lan: true, public6: false, loopback4: true}},
		{"203.0.113.7/32", map[string]bool{public: true, mapped: true, lan: false, public6: false, loopback6: true}},
		{"2001:db8::/32", map[string]bool{public: false, lan: false, public6: false, loopback4: true}},
	} {
		now[Driver] = nil
		if c.list != "" {
			now[Driver] = []netip.Prefix{netip.MustParsePrefix(c.list)}
		}
		for a, want := range c.served {
			r := g.Admit(Driver, netip.MustParseAddr(a))
			if (r == nil) != want {
				t.Errorf("narrowed to %q, %s: %v", c.list, a, r)
			}
			if r != nil && c.list == "203.0.113.7/32" && a == lan && !strings.Contains(r.Error(), "rethinkdb.access_config") {
				t.Errorf("the refusal does not say where the list is: %v", r)
			}
		}
	}
}

func TestEnforce(t *testing.T) {
	var log bytes.Buffer
	g := NewGate(Policy{}, func(Port) bool { return true }, slog.New(slog.NewTextHandler(&log, nil)))
	g.Enforce()
	g.Attach(func() int { return 2 })
	g.Attach(func() int { return 3 })
	g.Enforce()
	if n := strings.Count(log.String(), "connections=5"); n != 1 || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("the log says %s", log.String())
	}
}

// A list narrows; it does not stand for a password.
func TestAllowListWithoutPassword(t *testing.T) {
	var p Policy
	p.Allow[Driver] = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	g := NewGate(p, func(Port) bool { return false }, slog.New(slog.DiscardHandler))
	if g.Admit(Driver, netip.MustParseAddr(public)) == nil {
		t.Error("a public address in the list was served without a password")
	}
}

func TestRefusalNamesTheWayIn(t *testing.T) {
	g := NewGate(Policy{}, func(Port) bool { return false }, slog.New(slog.DiscardHandler))
	text := g.Admit(Driver, netip.MustParseAddr(public)).Error()
	for _, want := range []string{public, "rethinkdb admin set auth KEY", "ssh tunnel", "--protected-mode off"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
}

// The log tells of the first refusal and then once a minute.
func TestRefusalsDoNotFillTheLog(t *testing.T) {
	var log bytes.Buffer
	g := NewGate(Policy{}, func(Port) bool { return false }, slog.New(slog.NewTextHandler(&log, nil)))
	for range 1000 {
		if g.Admit(Driver, netip.MustParseAddr(public)) == nil {
			t.Fatal("admitted")
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"10.1.2.3/8": "10.0.0.0/8", "10.1.2.3": "10.1.2.3/32", "::1": "::1/128", "::ffff:1.2.3.4": "1.2.3.4/32", "fd00::/8": "fd00::/8",
		"localhost": "", "10.0.0.0/33": "", "": "", "fe80::1%eth0": "", "::ffff:10.0.0.0/104": "", "10.0.0": "",
	} {
		got, err := ParseNetwork(in)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: got %v, %v; want %q", in, got, err, want)
		}
	}
	for _, m := range []Mode{Private, Strict, Off} {
		if got, err := ParseMode(m.String()); err != nil || got != m {
			t.Errorf("ParseMode(%q) = %v, %v", m, got, err)
		}
	}
	if _, err := ParseMode("open"); err == nil {
		t.Error("ParseMode took a mode that is none")
	}
}

func TestNoGateAdmitsEverybody(t *testing.T) {
	if r := (*Gate)(nil).Admit(Driver, netip.MustParseAddr(public)); r != nil {
		t.Error(r)
	}
}
