package authority

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func request(t *testing.T) Request {
	t.Helper()
	return Request{
		Directory: filepath.Join(t.TempDir(), "certs"), Lifetime: 365 * 24 * time.Hour, Now: start,
		DefaultHosts: []string{"localhost", "db1.example.com", "127.0.0.1", "::1"},
	}
}

func mustMake(t *testing.T, r Request) Result {
	t.Helper()
	result, err := Make(r)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (r Request) read(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	p, err := directory{path: r.Directory}.read(name)
	if err != nil {
		t.Fatal(err)
	}
	return p.cert
}

func TestMake(t *testing.T) {
	r := request(t)
	result := mustMake(t, r)
	if !result.NewAuthority || len(result.Made) != 2 || result.Made[0].Name != Server || result.Made[1].Name != defaultClient {
		t.Fatalf("made %+v", result)
	}
	pool := x509.NewCertPool()
	ca := r.read(t, "ca")
	pool.AddCert(ca)
	server := r.read(t, Server)
	for _, host := range r.DefaultHosts {
		if _, err := server.Verify(x509.VerifyOptions{DNSName: host, Roots: pool, CurrentTime: start}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := server.Verify(x509.VerifyOptions{DNSName: "example.com", Roots: pool, CurrentTime: start}); err == nil {
		t.Error("the server may call itself example.com")
	}
	client := r.read(t, defaultClient)
	for _, c := range []struct {
		name  string
		cert  *x509.Certificate
		usage x509.ExtKeyUsage
		ok    bool
	}{
		{"the client as a client", client, x509.ExtKeyUsageClientAuth, true},
		{"the client as a server", client, x509.ExtKeyUsageServerAuth, false},
		{"the server as a client of another one", server, x509.ExtKeyUsageClientAuth, true},
	} {
		_, err := c.cert.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: start, KeyUsages: []x509.ExtKeyUsage{c.usage}})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if !server.NotAfter.Equal(start.Add(r.Lifetime)) || !ca.NotAfter.Equal(start.Add(caLifetime)) {
		t.Errorf("the server's is good until %v, the authority's until %v", server.NotAfter, ca.NotAfter)
	}
}

func TestModes(t *testing.T) {
	r := request(t)
	mustMake(t, r)
	want := map[string]fs.FileMode{
		".": 0o700, CACert: 0o644, CAKey: 0o600, "server.pem": 0o644, "server-key.pem": 0o600, "client.pem": 0o644, "client-key.pem": 0o600,
	}
	entries, err := os.ReadDir(r.Directory)
	if err != nil || len(entries) != len(want)-1 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
	for name, mode := range want {
		if info, err := os.Stat(filepath.Join(r.Directory, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want %o", name, info, err, mode)
		}
	}
}

func TestFilesAreNotOverwritten(t *testing.T) {
	r := request(t)
	mustMake(t, r)
	ca, server, client := r.read(t, "ca"), r.read(t, Server), r.read(t, defaultClient)
	for name, change := range map[string]func(*Request){
		"the same again": func(r *Request) {},
		"other hosts":    func(r *Request) { r.Hosts = []string{"other"} },
		"the client":     func(r *Request) { r.Clients = []string{"new", defaultClient} },
	} {
		again := r
		change(&again)
		if _, err := Make(again); !errors.Is(err, ErrExists) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again, err := os.ReadFile(filepath.Join(r.Directory, "new.pem")); err == nil {
		t.Errorf("one of two clients was made: %s", again)
	}
	if !r.read(t, "ca").Equal(ca) || !r.read(t, Server).Equal(server) || !r.read(t, defaultClient).Equal(client) {
		t.Error("a certificate has changed")
	}
}

func TestMoreClients(t *testing.T) {
	r := request(t)
	r.Clients = []string{"alice"}
	mustMake(t, r)
	r.Clients = []string{"bob", "carol", "bob"}
	result := mustMake(t, r)
	if result.NewAuthority || len(result.Made) != 2 || result.Made[0].Name != "bob" {
		t.Errorf("made %+v", result)
	}
	if err := r.read(t, "bob").CheckSignatureFrom(r.read(t, "ca")); err != nil {
		t.Error(err)
	}
}

// Renewed certificates are signed by the same authority, and for the same hosts unless others are given.
func TestRenewal(t *testing.T) {
	r := request(t)
	r.Clients = []string{"alice", "bob"}
	mustMake(t, r)
	ca, old := r.read(t, "ca"), r.read(t, Server)

	r.Clients, r.DefaultHosts, r.Renew, r.Now = nil, []string{"another"}, true, start.Add(300*24*time.Hour)
	result := mustMake(t, r)
	if result.NewAuthority || len(result.Made) != 3 || !r.read(t, "ca").Equal(ca) {
		t.Fatalf("made %+v", result)
	}
	renewed := r.read(t, Server)
	if !renewed.NotAfter.Equal(r.Now.Add(r.Lifetime)) || renewed.SerialNumber.Cmp(old.SerialNumber) == 0 {
		t.Errorf("renewed until %v", renewed.NotAfter)
	}
	if !slices.Equal(hostsOf(renewed), hostsOf(old)) {
		t.Errorf("renewed for %v, before for %v", hostsOf(renewed), hostsOf(old))
	}
	r.Hosts = []string{"db2"}
	mustMake(t, r)
	if got := hostsOf(r.read(t, Server)); !slices.Equal(got, r.Hosts) {
		t.Errorf("for %v", got)
	}
	// No certificate outlives its authority.
	r.Now = ca.NotAfter.Add(-time.Hour)
	if made := mustMake(t, r).Made[0]; !made.Until.Equal(ca.NotAfter) {
		t.Errorf("good until %v, its authority until %v", made.Until, ca.NotAfter)
	}
	r.Now = ca.NotAfter.Add(time.Hour)
	if _, err := Make(r); err == nil || !strings.Contains(err.Error(), "expired on 2039-12-30") {
		t.Errorf("by an expired authority: %v", err)
	}
}

// The authority's key may be kept elsewhere between the times that it is needed.
func TestAuthorityWithoutKey(t *testing.T) {
	r := request(t)
	mustMake(t, r)
	if err := os.Remove(filepath.Join(r.Directory, CAKey)); err != nil {
		t.Fatal(err)
	}
	r.Clients = []string{"bob"}
	if _, err := Make(r); err == nil || !strings.Contains(err.Error(), "bring the other one back") {
		t.Errorf("without the key: %v", err)
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"alice": true, "Bob_2.x": true, "app@example.com": true, "": false, "ca": false, "server": false, "x-key": false, "../x": false,
		".x": false, "-x": false, "ä": false, strings.Repeat("x", 65): false, "a/b": false,
	} {
		if err := CheckClient(name); (err == nil) != ok {
			t.Errorf("client %q: %v", name, err)
		}
	}
	for host, ok := range map[string]bool{
		"localhost": true, "db1.example.com": true, "*.example.com": true, "10.0.0.1": true, "fd00::1": true,
		"": false, "a b": false, "x..y": false, "http://x": false, "x:8080": false, "*": false,
	} {
		if err := CheckHost(host); (err == nil) != ok {
			t.Errorf("host %q: %v", host, err)
		}
	}
}
