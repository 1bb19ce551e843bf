package certificate

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// Settings are what all ports share. The zero Settings are Go's own choice from TLS 1.2 on.
type Settings struct {
	MinVersion uint16
	Ciphers    []uint16 // of TLS 1.2 and before; nil is Go's choice
	Curves     []tls.CurveID
}

var versions = map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}

// SetMinVersion reads a version as OpenSSL writes it; empty is TLS 1.2.
func (s *Settings) SetMinVersion(name string) error {
	if name == "" {
		s.MinVersion = tls.VersionTLS12
		return nil
	}
	v, ok := versions[name]
	if !ok {
		return fmt.Errorf("Unrecognized TLS protocol version '%s'.", name)
	}
	s.MinVersion = v
	return nil
}

// openSSLNames are the names of the cipher suites of Go in OpenSSL, where they differ from the standard's.
var openSSLNames = map[string]uint16{
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// SetCiphers reads a list of cipher suites of TLS 1.2, by the names of OpenSSL or of the standard, with colons or commas
// between them. EECDH+AESGCM is RethinkDB's default.
func (s *Settings) SetCiphers(list string) error {
	s.Ciphers = nil
	if list == "" {
		return nil
	}
	secure := tls.CipherSuites()
	for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		if name == "EECDH+AESGCM" || name == "ECDHE+AESGCM" {
			for n, id := range openSSLNames {
				if strings.Contains(n, "GCM") {
					s.Ciphers = append(s.Ciphers, id)
				}
			}
			continue
		}
		id, ok := openSSLNames[name]
		if i := slices.IndexFunc(secure, func(c *tls.CipherSuite) bool { return c.Name == name }); i >= 0 {
			id, ok = secure[i].ID, true
		}
		if !ok {
			return fmt.Errorf("The TLS cipher suite '%s' is not known, or is not secure.", name)
		}
		s.Ciphers = append(s.Ciphers, id)
	}
	if len(s.Ciphers) == 0 {
		return fmt.Errorf("No secure cipher suites available.")
	}
	return nil
}

var curves = map[string]tls.CurveID{
	"prime256v1": tls.CurveP256, "P-256": tls.CurveP256, "secp384r1": tls.CurveP384, "P-384": tls.CurveP384,
	"secp521r1": tls.CurveP521, "P-521": tls.CurveP521, "X25519": tls.X25519, "x25519": tls.X25519,
}

// SetCurve reads the one curve of the key exchange; empty is Go's choice, which has post-quantum ones.
func (s *Settings) SetCurve(name string) error {
	s.Curves = nil
	if name == "" {
		return nil
	}
	c, ok := curves[name]
	if !ok {
		return fmt.Errorf("No elliptic curve found corresponding to name '%s'.", name)
	}
	s.Curves = []tls.CurveID{c}
	return nil
}
