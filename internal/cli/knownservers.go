package cli

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"rethinkdb/internal/admin"
	"rethinkdb/internal/certificate"
	"rethinkdb/internal/peer"
)

// trust is how `rethinkdb admin` knows that it talks to the right server.
//
// With a password both sides find out: the log-in is bound to the connection. Before there is one, `set auth KEY` would give the
// key to whoever is between the two. So servers on other machines are known by their keys, as with ssh: --fingerprint says which
// one it must be, or an authority vouches for it, or it is the one that was there the last time. Servers on this machine come and
// go, and nobody is on the way to them.
type trust struct {
	fingerprint *peer.Fingerprint   // of --fingerprint; nil without
	own         *certificate.Source // of --cluster-tls-key and so on; nil without
	file        string              // known servers, a line each: address and fingerprint; empty: there is no place for one
}

func (s settings) trust() (trust, error) {
	var t trust
	if text := s.one("--fingerprint"); text != "" {
		f, err := peer.ParseFingerprint(text)
		if err != nil {
			return t, refusef("Option '--fingerprint' is not valid: %s.", err)
		}
		t.fingerprint = &f
	}
	files, err := s.clusterTLS()
	if err != nil {
		return t, err
	}
	if files.Key != "" {
		if t.own, err = certificate.Open(certificate.Options{Files: files}, slog.New(slog.DiscardHandler)); err != nil {
			return t, refusef("Could not use the certificate: %v", err).hint("Check the files of --cluster-tls-key, --cluster-tls-cert and --cluster-tls-ca.")
		}
	}
	if directory, err := os.UserConfigDir(); err == nil {
		t.file = filepath.Join(directory, "rethinkdb", "known_servers")
	}
	return t, nil
}

// options are those of a connection to an address.
func (t trust) options(address, password string) admin.Options {
	o := admin.Options{Password: password}
	o.Server.Check = func(found peer.Fingerprint) error { return t.check(address, found) }
	if t.own != nil {
		var pair *tls.Certificate
		pair, o.Server.Authority = t.own.Newest()
		o.Certificate = pair
	}
	return o
}

// pinned tells whether servers at an address are known by the file.
func (t trust) pinned(address string) bool {
	return t.fingerprint == nil && t.own == nil && t.file != "" && !onThisMachine(address)
}

func onThisMachine(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == defaultJoin
}

// check judges the key that a server has shown.
func (t trust) check(address string, found peer.Fingerprint) error {
	if t.fingerprint != nil && *t.fingerprint != found {
		return fmt.Errorf("the server has the key %s, and not the one of --fingerprint", found)
	}
	if !t.pinned(address) {
		return nil
	}
	known, err := t.find(address)
	if err != nil || known == "" || known == found.String() {
		return err
	}
	return fmt.Errorf("the server has the key %s, and the last time it had %s. Either somebody is between this machine and the server, or the server "+
		"was set up anew: then remove the line of %s from %s. The server prints the fingerprint of its key when it starts", found, known, address, t.file)
}

// find gives the fingerprint of a server, empty if it is not known.
func (t trust) find(address string) (string, error) {
	file, err := os.Open(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the known servers: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, fingerprint, ok := strings.Cut(lines.Text(), " "); ok && name == address {
			return strings.TrimSpace(fingerprint), nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("read the known servers: %w", err)
	}
	return "", nil
}

// remember adds a server that is new to the file, and says so. What cannot be remembered is no reason not to work.
func (t trust) remember(address string, key peer.Fingerprint, stderr io.Writer) {
	if !t.pinned(address) {
		return
	}
	if known, err := t.find(address); err != nil || known != "" {
		return
	}
	if err := t.add(address, key); err != nil {
		fmt.Fprintf(stderr, "The key of the server at %s is %s; it could not be remembered: %v\n", address, key, cause(err))
		return
	}
	fmt.Fprintf(stderr, "The server at %s is new here. Its key, %s, is remembered in %s.\n", address, key, t.file)
}

func (t trust) add(address string, key peer.Fingerprint) error {
	if err := os.MkdirAll(filepath.Dir(t.file), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(t.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s %s\n", address, key)
	return errors.Join(err, file.Close())
}
