package peer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// IdentityFile is the file of the data directory with the key that a server has made for itself, and its certificate, in PEM.
const IdentityFile = "cluster_identity.pem"

// Certificates are what a server shows on the intracluster port, and accepts from others. There are two: its own key with the
// certificate that it has made, and files from an authority that an operator keeps.
type Certificates interface {
	// Newest returns the certificate to show, and the authority that must have signed those of others; nil accepts all, and
	// leaves it to the handshake to find out who is there.
	Newest() (*tls.Certificate, *x509.CertPool)
}

// Identity is the key that a server has made for itself.
type Identity struct{ certificate tls.Certificate }

// Newest implements Certificates.
func (i *Identity) Newest() (*tls.Certificate, *x509.CertPool) { return &i.certificate, nil }

// A Keeper keeps the text of an identity from one start to the next.
type Keeper interface {
	Load() ([]byte, error) // fs.ErrNotExist when there is none
	Save(text []byte) error
	String() string // where, for error texts
}

// File is a Keeper in the file with that name, which only its owner can read.
type File string

// Load implements Keeper.
func (f File) Load() ([]byte, error) { return os.ReadFile(string(f)) }

// Save implements Keeper.
func (f File) Save(text []byte) error { return writeSecretly(string(f), text) }

func (f File) String() string { return string(f) }

// OpenIdentity reads the identity that k keeps, and makes one where there is none. made tells that it did.
func OpenIdentity(k Keeper) (_ *Identity, made bool, err error) {
	text, err := k.Load()
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = newIdentity(); err == nil {
			made, err = true, k.Save(text)
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("the key of the intracluster port: %w", err)
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, false, fmt.Errorf("the key of the intracluster port in %s: %w. Restore the file from a backup, or remove it to have a new key made: "+
			"whoever knows this server by the old one must then be told", k, err)
	}
	return &Identity{pair}, made, nil
}

// newIdentity makes a key, and a certificate for it that is good for as long as the key: who trusts the server knows its
// fingerprint, and the rest of the certificate says nothing.
func newIdentity() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "rethinkdb"},
		NotBefore:    time.Unix(0, 0), // clocks differ
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	for _, block := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: keyDER}, {Type: "CERTIFICATE", Bytes: der}} {
		if err := pem.Encode(&text, block); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

// writeSecretly writes a file that only its owner can read, whole or not at all.
func writeSecretly(path string, text []byte) error {
	draft := path + ".new"
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	if err := os.Rename(draft, path); err != nil {
		return err
	}
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
