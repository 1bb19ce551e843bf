package authority

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	keyMode  = 0o600
	certMode = 0o644
)

// keyPair is a certificate with its key.
type keyPair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// encode gives both in PEM.
func (p keyPair) encode() (cert, key []byte, err error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// directory is where the files are.
type directory struct {
	path string
	own  func(*os.File) error // gives a new file to its owner
}

// open makes the directory if it is not there.
func (d directory) open() error {
	err := os.Mkdir(d.path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(d.own(f), f.Close())
}

func (d directory) has(name string) (bool, error) {
	_, err := os.Lstat(filepath.Join(d.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// read reads the certificate and the key of a name.
func (d directory) read(name string) (keyPair, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(d.path, CertFile(name)), filepath.Join(d.path, KeyFile(name)))
	if err != nil {
		return keyPair{}, fmt.Errorf("%s with %s: %w", CertFile(name), KeyFile(name), err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return keyPair{}, fmt.Errorf("%s: this kind of key cannot sign", KeyFile(name))
	}
	return keyPair{pair.Leaf, key}, nil
}

// clients are the names of all clients that have a certificate here.
func (d directory) clients() ([]string, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), certEnd); ok && CheckClient(name) == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// write writes both files of a name. A server that looks at them at the same time sees old or new ones, each whole. Without replace it
// fails where one exists.
func (d directory) write(name string, p keyPair, replace bool) error {
	cert, key, err := p.encode()
	if err != nil {
		return err
	}
	if err := d.writeFile(KeyFile(name), key, keyMode, replace); err != nil {
		return err
	}
	return d.writeFile(CertFile(name), cert, certMode, replace)
}

func (d directory) writeFile(name string, data []byte, mode fs.FileMode, replace bool) (err error) {
	file, err := os.CreateTemp(d.path, "."+name+"-") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(data)
	if err = errors.Join(err, file.Chmod(mode), d.own(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	path := filepath.Join(d.path, name)
	if replace {
		return os.Rename(file.Name(), path)
	}
	// Unlike a rename, a link fails when the name is taken.
	if err := os.Link(file.Name(), path); err != nil {
		return err
	}
	return os.Remove(file.Name())
}
