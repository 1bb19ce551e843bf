package peer

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
)

// Fingerprint is the SHA-256 of a server's public key, which is who the server is. It outlives a certificate that is renewed
// with the same key.
type Fingerprint [sha256.Size]byte

// fingerprintPrefix is how OpenSSH marks fingerprints of this kind.
const fingerprintPrefix = "SHA256:"

// FingerprintOf gives the fingerprint of the key in a certificate.
func FingerprintOf(c *x509.Certificate) Fingerprint { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

func (f Fingerprint) String() string {
	return fingerprintPrefix + base64.RawStdEncoding.EncodeToString(f[:])
}

// MarshalText implements encoding.TextMarshaler: a fingerprint is a text in JSON, too.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Fingerprint) UnmarshalText(text []byte) (err error) {
	*f, err = ParseFingerprint(string(text))
	return err
}

// ParseFingerprint reads what String writes.
func ParseFingerprint(text string) (Fingerprint, error) {
	var f Fingerprint
	encoded, ok := strings.CutPrefix(text, fingerprintPrefix)
	sum, err := base64.RawStdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(sum) != len(f) {
		return f, fmt.Errorf("'%s' is no fingerprint, which is %s and 43 characters", text, fingerprintPrefix)
	}
	return Fingerprint(sum), nil
}
