package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rethinkdb/internal/certificate/authority"
	"rethinkdb/internal/selfcheck"
	"rethinkdb/internal/server"
)

// maxCertificateDays is a bound for --days: what is longer is a mistake, or is meant to be forgotten.
const maxCertificateDays = 3650

// runCreateCerts makes certificates, and says how to use them.
func runCreateCerts(s settings, stdout io.Writer) error {
	r, err := s.certificates()
	if err != nil {
		return err
	}
	id, err := s.identity()
	if err != nil {
		return err
	}
	if id.given() {
		r.Own = func(f *os.File) error { return f.Chown(id.uid, id.gid) }
	}
	result, err := authority.Make(r)
	switch {
	case errors.Is(err, authority.ErrExists):
		return refusef("%v", err).hint("Replace what is there with --renew, or add a client with --client NAME.")
	case err != nil:
		return refusef("Could not make certificates in '%s': %v", r.Directory, err)
	}
	// Help that nobody can read has nobody to complain to either.
	_, _ = io.WriteString(stdout, describeCertificates(r.Directory, result))
	return nil
}

// certificates reads what is to be made.
func (s settings) certificates() (r authority.Request, err error) {
	r = authority.Request{Hosts: s.all("--host"), Clients: s.all("--client"), Renew: s.has("--renew"), Now: time.Now()}
	if r.Directory, err = filepath.Abs(s.one("--directory")); err != nil {
		return r, err
	}
	days, err := s.integer("--days")
	if err != nil {
		return r, err
	}
	if days < 1 || days > maxCertificateDays {
		return r, refusef("ERROR: days must be between 1 and %d", maxCertificateDays)
	}
	r.Lifetime = time.Duration(days) * 24 * time.Hour
	for _, host := range r.Hosts {
		if err := authority.CheckHost(host); err != nil {
			return r, refusef("Option '--host' is not valid: %v.", err)
		}
	}
	for _, name := range r.Clients {
		if err := authority.CheckClient(name); err != nil {
			return r, refusef("Option '--client' is not valid: %v.", err)
		}
	}
	r.DefaultHosts, err = thisMachine()
	return r, err
}

// thisMachine are the names and addresses by which this machine may be reached.
func thisMachine() ([]string, error) {
	hosts := []string{"localhost"}
	if name, err := os.Hostname(); err == nil && authority.CheckHost(name) == nil && name != "localhost" {
		hosts = append(hosts, name)
	}
	addresses, err := server.LocalAddresses()
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if !a.IsLinkLocalUnicast() { // such an address is only valid together with an interface
			hosts = append(hosts, a.String())
		}
	}
	return hosts, nil
}

// describeCertificates says what there is now and how to use it.
func describeCertificates(directory string, result authority.Result) string {
	var b strings.Builder
	file := func(name string) string { return filepath.Join(directory, name) }
	fmt.Fprintf(&b, "In %s:\n", directory)
	if result.NewAuthority {
		fmt.Fprintf(&b, "  %s: the authority, which clients have to know\n", authority.CACert)
		fmt.Fprintf(&b, "  %s: its key. Whoever has it can make certificates: keep it where no server runs, and bring it back to renew\n", authority.CAKey)
	}
	client := ""
	for _, m := range result.Made {
		what := "for the client " + m.Name
		if m.Name == authority.Server {
			what = "for the server " + strings.Join(m.Hosts, ", ")
		} else if client == "" {
			client = m.Name
		}
		fmt.Fprintf(&b, "  %s, %s: %s, until %s\n", authority.CertFile(m.Name), authority.KeyFile(m.Name), what, m.Until.Format(time.DateOnly))
	}
	if slices.ContainsFunc(result.Made, func(m authority.Made) bool { return m.Name == authority.Server }) {
		fmt.Fprintf(&b, "\nStart the server with these options, and it serves only drivers with a certificate; without --driver-tls-ca, all drivers:\n  %s\n",
			selfcheck.Shell(tlsOptions(directory)))
		fmt.Fprintf(&b, "\nWith these, the intracluster port serves only servers and `rethinkdb admin` with a certificate:\n  %s\n",
			selfcheck.Shell(clusterOptions(directory)))
	}
	if client != "" {
		fmt.Fprintf(&b, `
Connect from JavaScript with
  r.connect({host: 'HOST', ssl: {ca: fs.readFileSync('%s'),
    cert: fs.readFileSync('%s'), key: fs.readFileSync('%s')}})
`, file(authority.CACert), file(authority.CertFile(client)), file(authority.KeyFile(client)))
	}
	return b.String()
}

// clusterOptions are the options of a server whose intracluster port uses the certificates in a directory.
func clusterOptions(directory string) []string {
	key, cert, ca := serverFiles(directory)
	return []string{"--cluster-tls-key", key, "--cluster-tls-cert", cert, "--cluster-tls-ca", ca}
}

// serverFiles are the files of a server.
func serverFiles(directory string) (key, cert, ca string) {
	return filepath.Join(directory, authority.KeyFile(authority.Server)), filepath.Join(directory, authority.CertFile(authority.Server)),
		filepath.Join(directory, authority.CACert)
}

// tlsOptions are the options of a server that uses the certificates in a directory for drivers and browsers.
func tlsOptions(directory string) []string {
	key, cert, ca := serverFiles(directory)
	return []string{"--driver-tls-key", key, "--driver-tls-cert", cert, "--driver-tls-ca", ca, "--http-tls-key", key, "--http-tls-cert", cert}
}
