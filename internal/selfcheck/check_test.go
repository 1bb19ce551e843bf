package selfcheck

import (
	"crypto/tls"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/certificate"
)

var now = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// closed is a server that others use over TLS, and of which there is nothing to say.
func closed() *Facts {
	addresses := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("203.0.113.1")}
	lan := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	cert := certificate.Files{Key: "/certs/key.pem", Cert: "/certs/cert.pem"}
	port := func(p access.Port, number int) Port {
		return Port{Port: p, Number: number, Addresses: addresses, TLS: cert, Listed: true, Allowed: lan, Credentials: true}
	}
	return &Facts{
		Now: now, Directory: "/data", Command: strings.Fields("rethinkdb serve -d /data --bind 203.0.113.1 --audit-log /data/audit"),
		Ports:  []Port{port(access.Driver, 28015), port(access.Web, 8080), port(access.Cluster, 29015)},
		Users:  []User{{Name: "admin", Admin: true, Password: true, Iterations: 4096, Rights: []string{"read", "write"}}},
		MinTLS: tls.VersionTLS12, AuditLog: true, Networks: lan,
		Files:        []File{{"/data", fs.ModeDir | 0o700, DataDirectory}, {"/certs/key.pem", 0o600, KeyFile}},
		Certificates: []certificate.State{{File: "/certs/cert.pem", NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour)}},
	}
}

func TestNothingToClose(t *testing.T) {
	if r := Check(*closed()); len(r.Findings) != 0 || !strings.HasSuffix(r.String(), "\nThere is nothing to close.\n") {
		t.Errorf("found\n%s", r)
	}
}

const start = "rethinkdb serve -d /data --bind 203.0.113.1 --audit-log /data/audit"

// TestFindings opens one thing at a time on the server that is closed.
func TestFindings(t *testing.T) {
	for _, c := range []struct {
		name     string
		open     func(*Facts)
		id       string
		severity Severity
		commands string // with | between them
	}{
		{"no password, private networks", func(f *Facts) { f.noPassword() }, "no_password", Serious, "rethinkdb admin set auth -"},
		{"no password, loopback", func(f *Facts) { f.noPassword(); f.loopback() }, "no_password", Warning, "rethinkdb admin set auth -"},
		{"no password, strict", func(f *Facts) { f.noPassword(); f.Mode = access.Strict }, "no_password", Warning, "rethinkdb admin set auth -"},
		{"no password, another intracluster port", func(f *Facts) { f.noPassword(); f.Ports[2].Number = 29016 }, "no_password", Serious,
			"rethinkdb admin --join localhost:29016 set auth -"},
		{"no password, no loopback", func(f *Facts) { f.noPassword(); f.Ports[2].Addresses = f.Ports[2].Addresses[1:] }, "no_password", Serious,
			"rethinkdb admin --join 203.0.113.1:29015 set auth -"},
		{"no password, certificates on the intracluster port", func(f *Facts) { f.noPassword(); f.Ports[2].TLS.CA = "/certs/ca.pem" }, "no_password", Serious,
			"rethinkdb admin --cluster-tls-key /certs/key.pem --cluster-tls-cert /certs/cert.pem --cluster-tls-ca /certs/ca.pem set auth -"},
		{"protected mode off", func(f *Facts) { f.Mode = access.Off }, "protected_mode_off", Warning, start + " --protected-mode private"},
		{"no TLS for drivers", func(f *Facts) { f.Ports[0].TLS = certificate.Files{} }, "no_tls/driver", Serious,
			start + " --driver-tls-key /certs/key.pem --driver-tls-cert /certs/cert.pem"},
		{"no TLS for drivers, private addresses", func(f *Facts) {
			f.Ports[0].TLS = certificate.Files{}
			f.Ports[0].Addresses = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
		}, "no_tls/driver", Warning, start + " --driver-tls-key /certs/key.pem --driver-tls-cert /certs/cert.pem"},
		{"TLS 1.0", func(f *Facts) { f.MinTLS = tls.VersionTLS10 }, "old_tls", Warning, start + " --tls-min-protocol TLSv1.2"},
		{"no allow-list", func(f *Facts) { f.Ports[1].Listed, f.Ports[1].Allowed = false, nil }, "no_allow_list/http", Note,
			"r.db('rethinkdb').table('access_config').get('http').update({allow: ['203.0.113.0/24']})"},
		{"no audit log", func(f *Facts) { f.AuditLog = false }, "no_audit_log", Warning,
			"rethinkdb serve -d /data --bind 203.0.113.1 --audit-log /data/audit_log"},
		{"no audit log, loopback", func(f *Facts) { f.AuditLog = false; f.loopback() }, "no_audit_log", Note,
			"rethinkdb serve -d /data --bind 203.0.113.1 --audit-log /data/audit_log"},
		{"old handshake", func(f *Facts) {
			f.OldHandshakes = []OldHandshake{{"V0_4", netip.MustParseAddr("203.0.113.9"), now.Add(-time.Hour), 3}}
		}, "old_handshake/V0_4", Warning, start + " --no-old-handshakes"},
		{"a proxy", func(f *Facts) { f.Proxies = []Proxy{{netip.MustParseAddr("127.0.0.1"), now}} }, "untrusted_proxy/127.0.0.1", Warning,
			start + " --trusted-proxy 127.0.0.1"},
		{"too many trusted proxies", func(f *Facts) {
			f.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("10.0.0.9/32")}
			f.Command = append(f.Command, "--trusted-proxy", "0.0.0.0/0", "--trusted-proxy", "10.0.0.9")
		}, "trusted_proxies", Serious, start + " --trusted-proxy 10.0.0.9"},
		{"r.http to loopback", func(f *Facts) { f.HTTPAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }, "http_client", Warning, start},
		{"expired", func(f *Facts) { f.Certificates[0].NotAfter = now.Add(-time.Second) }, "certificate_expired//certs/cert.pem", Serious, ""},
		{"not valid yet", func(f *Facts) { f.Certificates[0].NotBefore = now.Add(time.Hour) }, "certificate_not_valid_yet//certs/cert.pem", Serious, ""},
		{"expires", func(f *Facts) { f.Certificates[0].NotAfter = now.Add(29 * 24 * time.Hour) }, "certificate_expires//certs/cert.pem", Warning, ""},
		{"expires, made by create-certs", func(f *Facts) {
			f.Certificates[0].NotAfter = now.Add(24 * time.Hour)
			f.Authorities = []string{"/certs"}
		}, "certificate_expires//certs/cert.pem", Warning, "rethinkdb create-certs --directory /certs --renew"},
		{"weak key", func(f *Facts) { f.Certificates[0].Weakness = "its RSA key has 512 bits" }, "certificate_weak//certs/cert.pem", Serious, ""},
		{"directory open to all", func(f *Facts) { f.Files[0].Mode = fs.ModeDir | 0o755 }, "wide_mode//data", Serious, "chmod 700 /data"},
		{"directory open to its group", func(f *Facts) { f.Files[0].Mode = fs.ModeDir | 0o750 }, "wide_mode//data", Warning, "chmod 700 /data"},
		{"key open to all", func(f *Facts) { f.Files[1].Mode = 0o644 }, "wide_mode//certs/key.pem", Serious, "chmod 600 /certs/key.pem"},
		{"configuration file open to all", func(f *Facts) { f.Files = append(f.Files, File{"/etc/my conf", 0o644, ConfigurationFile}) },
			"wide_mode//etc/my conf", Serious, "chmod 600 '/etc/my conf'"},
		{"invented password", func(f *Facts) { f.Files = append(f.Files, File{"/data/initial_password", 0o600, PasswordFile}) },
			"password_file", Warning, "rm /data/initial_password"},
		{"weak password", func(f *Facts) { f.Users[0].Weak = true }, "weak_password/admin", Serious, "rethinkdb admin set auth -"},
		{"weak password, loopback", func(f *Facts) { f.Users[0].Weak = true; f.loopback() }, "weak_password/admin", Warning, "rethinkdb admin set auth -"},
		{"weak password of a user", func(f *Facts) { f.user(User{Name: "bob's", Password: true, Weak: true, Iterations: 4096}) }, "weak_password/bob's", Serious,
			`rethinkdb admin set password 'bob'\''s'`},
		{"few iterations", func(f *Facts) { f.user(User{Name: "bob", Password: true, Iterations: 1}) }, "few_iterations/bob", Warning, "rethinkdb admin set password bob"},
		{"a user without a password", func(f *Facts) { f.user(User{Name: "bob"}) }, "user_without_password/bob", Serious, "rethinkdb admin set password bob"},
		{"a token without an end", func(f *Facts) { f.EndlessTokens = []Token{{"id", "bob", "metrics"}} }, "endless_token/id", Note, "rethinkdb admin rm bearer-token id"},
		{"JavaScript for all", func(f *Facts) { f.ScriptsForAll = true; f.user(User{Name: "bob", Password: true, Iterations: 4096}) }, "javascript", Note,
			start + " --javascript admin"},
		{"a user with global rights", func(f *Facts) {
			f.user(User{Name: "bob's", Password: true, Iterations: 4096, Rights: []string{"write", "config"}})
		}, "global_rights/bob's", Note, `r.grant('bob\'s', {write: null, config: null})`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := closed()
			c.open(f)
			r := Check(*f)
			if len(r.Findings) != 1 {
				t.Fatalf("found\n%s", r)
			}
			got := r.Findings[0]
			if commands := strings.Join(got.Commands, "|"); got.ID() != c.id || got.Severity != c.severity || commands != c.commands {
				t.Errorf("%s, %s: %s\nwant %s, %s: %s", got.ID(), got.Severity, commands, c.id, c.severity, c.commands)
			}
			if got.Text == "" || got.Remedy == "" || got.Restart != (got.Commands != nil && strings.HasPrefix(got.Commands[len(got.Commands)-1], "rethinkdb serve")) {
				t.Errorf("incomplete: %+v", got)
			}
		})
	}
}

// noPassword takes the password and so the credentials away.
func (f *Facts) noPassword() {
	f.Users[0].Password = false
	for i := range f.Ports {
		f.Ports[i].Credentials = false
	}
}

func (f *Facts) loopback() {
	for i := range f.Ports {
		f.Ports[i].Addresses = f.Ports[i].Addresses[:1]
	}
}

func (f *Facts) user(u User) { f.Users = append(f.Users, u) }

// What belongs together is found together.
func TestWideOpen(t *testing.T) {
	f := closed()
	f.noPassword()
	f.Mode = access.Off
	f.Command = strings.Fields("rethinkdb --bind all --initial-password (hidden) --protected-mode off -d /data")
	for i := range f.Ports {
		p := &f.Ports[i]
		p.TLS, p.All, p.Listed, p.Allowed = certificate.Files{}, true, false, nil
	}
	f.Proxies = []Proxy{{netip.MustParseAddr("127.0.0.1"), now}}
	r := Check(*f)
	var ids []string
	for _, finding := range r.Findings {
		ids = append(ids, finding.ID())
	}
	want := []string{"no_password", "protected_mode_off", "no_tls/driver", "no_tls/http", "proxy_without_password/127.0.0.1",
		"no_allow_list/driver", "no_allow_list/http", "no_allow_list/cluster"}
	if !slices.Equal(ids, want) {
		t.Errorf("found %q, want %q", ids, want)
	}
	if s := r.Findings[0].Severity; s != Critical {
		t.Errorf("no password is %s", s)
	}
	if got, want := r.Findings[1].Commands[0], "rethinkdb --bind all -d /data --protected-mode private"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := r.Findings[2].Commands, []string{"rethinkdb create-certs --directory /data_certs",
		"rethinkdb --bind all --protected-mode off -d /data --driver-tls-key /data_certs/server-key.pem --driver-tls-cert /data_certs/server.pem"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if text := r.String(); !strings.HasSuffix(text, "\nFindings: 1 critical, 4 serious, 3 notes.\n") {
		t.Errorf("the report ends with %s", text[len(text)-60:])
	}
}

// What was seen a week ago is no longer in use.
func TestWhatWasSeenIsForgotten(t *testing.T) {
	f := closed()
	f.OldHandshakes = []OldHandshake{{"V0_4", netip.MustParseAddr("203.0.113.9"), now.Add(-recent - time.Second), 3}}
	f.Proxies = []Proxy{{netip.MustParseAddr("127.0.0.1"), now.Add(-recent - time.Second)}}
	if r := Check(*f); len(r.Findings) != 0 {
		t.Errorf("found\n%s", r)
	}
}

func TestWhoMayComeIn(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string
	}{
		{"closed", func(*Facts) {}, "Driver port 28015: serves this machine and 203.0.113.0/24; they need a password. What is sent is encrypted."},
		{"certificates too", func(f *Facts) { f.Ports[0].TLS.CA = "ca" },
			"Driver port 28015: serves this machine and 203.0.113.0/24; they need a certificate and a password. What is sent is encrypted."},
		{"certificates alone", func(f *Facts) { f.Ports[0].TLS.CA = "ca"; f.Users[0].Password = false },
			"Driver port 28015: serves this machine and 203.0.113.0/24; they need a certificate and no password. What is sent is encrypted."},
		{"no list", func(f *Facts) { f.Ports[0].Listed, f.Ports[0].Allowed = false, nil },
			"Driver port 28015: serves everybody who can reach this machine; they need a password. What is sent is encrypted."},
		{"lists without a network in common", func(f *Facts) { f.Ports[0].Allowed = nil },
			"Driver port 28015: serves programs on this machine only; they need a password. What is sent is encrypted."},
		{"new", func(f *Facts) { f.noPassword(); f.loopback(); f.Ports[0].TLS = certificate.Files{} },
			"Driver port 28015: serves programs on this machine only; they need no password and may do everything. Nothing leaves this machine."},
		{"private networks", func(f *Facts) { f.noPassword(); f.Ports[0] = Port{Port: access.Driver, Number: 1, All: true} },
			"Driver port 1: serves this machine and private networks; they need no password and may do everything. What is sent can be read on the way."},
		{"private networks in a list", func(f *Facts) { f.noPassword() },
			"Driver port 28015: serves this machine and private addresses in 203.0.113.0/24; they need no password and may do everything. What is sent is encrypted."},
		{"strict", func(f *Facts) { f.noPassword(); f.Mode = access.Strict },
			"Driver port 28015: serves programs on this machine only; they need no password and may do everything. What is sent is encrypted."},
		{"not open", func(f *Facts) { f.Ports = f.Ports[1:] }, "Driver port: not open."},
	} {
		f := closed()
		c.change(f)
		if got := f.report(access.Driver).Who; got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}
