package certificate

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// State is what an operator should know of a file with a certificate.
type State struct {
	File                string // absolute
	NotBefore, NotAfter time.Time
	Weakness            string // why it should not be trusted; empty if there is no reason
}

// States are those of the port's certificate, and of the authority of clients.
func (f Files) States() ([]State, error) {
	var states []State
	for _, path := range []string{f.Cert, f.CA} {
		if path == "" {
			continue
		}
		s, err := stateOf(path)
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	return states, nil
}

// stateOf judges the first certificate of a file: those behind it belong to others.
func stateOf(path string) (State, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return State{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return State{}, fmt.Errorf("%s: %w", path, errNoCertificate)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return State{}, fmt.Errorf("%s: %w", path, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return State{}, err
	}
	return State{File: path, NotBefore: c.NotBefore, NotAfter: c.NotAfter, Weakness: weakness(c)}, nil
}

// Bounds of keys, in bits (NIST SP 800-57: 112 bits of security).
const (
	minRSABits   = 2048
	minCurveBits = 224
)

// weakness says why a certificate is weak; empty if it is not.
func weakness(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return fmt.Sprintf("its RSA key has %d bits, %d is the least", bits, minRSABits)
		}
	case *ecdsa.PublicKey:
		if bits := key.Curve.Params().BitSize; bits < minCurveBits {
			return fmt.Sprintf("its key has %d bits, %d is the least", bits, minCurveBits)
		}
	}
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return "it is signed with " + c.SignatureAlgorithm.String()
	}
	return ""
}
