package authority

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// caLifetime is how long an authority is good for: changing it means new files on every client.
const caLifetime = 10 * 365 * 24 * time.Hour

// Request says what is to be in the directory.
type Request struct {
	Directory string
	Hosts     []string // of the server; nil leaves the choice to DefaultHosts, or to the certificate that is renewed
	Clients   []string // nil is one, or when renewing all that there are
	Lifetime  time.Duration
	Renew     bool                 // replace what is there already, but for the authority
	Own       func(*os.File) error // gives new files to their owner; nil leaves them
	Now       time.Time

	// DefaultHosts are the names and addresses of this machine.
	DefaultHosts []string
}

// Result is what was made.
type Result struct {
	NewAuthority bool
	Made         []Made
}

// Made is one certificate.
type Made struct {
	Name  string   // Server, or a client's
	Hosts []string // of the server
	Until time.Time
}

// defaultClient is the client of those who name none.
const defaultClient = "client"

// ErrExists is a file that Request.Renew would replace.
var ErrExists = errors.New("exists already")

// Make makes what is not there. Files that exist stay, unless they are to be renewed.
func Make(r Request) (Result, error) {
	d := directory{path: r.Directory, own: r.Own}
	if d.own == nil {
		d.own = func(*os.File) error { return nil }
	}
	if err := d.open(); err != nil {
		return Result{}, err
	}
	names, err := r.wanted(d)
	if err != nil {
		return Result{}, err
	}
	ca, made, err := d.authority(r.Now)
	if err != nil {
		return Result{}, err
	}
	result := Result{NewAuthority: made}
	until := r.Now.Add(r.Lifetime)
	if until.After(ca.cert.NotAfter) {
		until = ca.cert.NotAfter // one that lives longer than its authority would not be believed any more
	}
	for _, name := range names {
		var p keyPair
		if name == Server {
			p, err = r.server(d, ca, until)
		} else {
			p, err = newClient(ca, name, r.Now, until)
		}
		if err == nil {
			err = d.write(name, p, r.Renew)
		}
		if err != nil {
			return result, err
		}
		result.Made = append(result.Made, Made{name, hostsOf(p.cert), until})
	}
	return result, nil
}

// authority reads the authority of the directory, or makes one.
func (d directory) authority(now time.Time) (ca keyPair, made bool, err error) {
	cert, err := d.has(CACert)
	key, err2 := d.has(CAKey)
	switch err := errors.Join(err, err2); {
	case err != nil:
		return keyPair{}, false, err
	case cert != key:
		return keyPair{}, false, fmt.Errorf("only one of %s and %s is in %s: bring the other one back for the time of this command, or use another directory", CACert, CAKey, d.path)
	case !cert:
		ca, err := newAuthority(now, now.Add(caLifetime))
		if err != nil {
			return keyPair{}, false, err
		}
		return ca, true, d.write("ca", ca, false)
	}
	ca, err = d.read("ca")
	switch {
	case err != nil:
		return keyPair{}, false, err
	case !ca.cert.IsCA:
		return keyPair{}, false, fmt.Errorf("%s is no certificate of an authority", filepath.Join(d.path, CACert))
	case now.After(ca.cert.NotAfter):
		return keyPair{}, false, fmt.Errorf("the authority %s expired on %s: make a new one in another directory", filepath.Join(d.path, CACert), ca.cert.NotAfter.Format(time.DateOnly))
	}
	return ca, false, nil
}

// wanted are the names of the certificates to make. What was asked for and exists is not replaced by accident.
func (r Request) wanted(d directory) (names []string, err error) {
	exists, err := d.has(CertFile(Server))
	if err != nil {
		return nil, err
	}
	clients := slices.Compact(slices.Sorted(slices.Values(r.Clients)))
	switch {
	case clients != nil:
	case r.Renew:
		if clients, err = d.clients(); err != nil {
			return nil, err
		}
	case !exists || r.Hosts == nil:
		clients = []string{defaultClient}
	}
	if !exists || r.Renew || r.Hosts != nil || r.Clients == nil {
		names = append(names, Server)
	}
	names = append(names, clients...)
	if r.Renew {
		return names, nil
	}
	for _, name := range names {
		for _, file := range []string{CertFile(name), KeyFile(name)} {
			exists, err := d.has(file)
			if err != nil {
				return nil, err
			}
			if exists {
				return nil, fmt.Errorf("%s %w", filepath.Join(d.path, file), ErrExists)
			}
		}
	}
	return names, nil
}

// server makes the server's certificate, for the hosts of the one before unless it was told some.
func (r Request) server(d directory, ca keyPair, until time.Time) (keyPair, error) {
	hosts := r.Hosts
	if hosts == nil {
		exists, err := d.has(CertFile(Server))
		if err != nil {
			return keyPair{}, err
		}
		hosts = r.DefaultHosts
		if exists {
			old, err := d.read(Server)
			if err != nil {
				return keyPair{}, err
			}
			hosts = hostsOf(old.cert)
		}
	}
	return newServer(ca, hosts, r.Now, until)
}
