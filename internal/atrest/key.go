package atrest

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// A Key is the operator's key. It encrypts the keyring only, so that it can be replaced without touching the data.
type Key struct {
	secret []byte
	id     keyID
}

// keyID tells keys apart. It is derived from the key and tells nothing else about it.
type keyID [8]byte

func (id keyID) String() string { return hex.EncodeToString(id[:]) }

// Errors of keys.
var (
	errKeyForm = errors.New("not a key: expected 32 random bytes (or 24, or 16), as they are, in hexadecimal or in Base64; make one with 'openssl rand -hex 32'")
	errWeakKey = errors.New("not a random key: it would be guessed; make one with 'openssl rand -hex 32'")
)

// maxKeyText is more than any form of a key has, with room for white space.
const maxKeyText = 1 << 10

// ParseKey reads a key of 16, 24 or 32 bytes, in hexadecimal, in Base64 or as it is. White space around text is ignored. What no
// random number generator would make is refused: a key that can be guessed protects nothing, because the keyring tells at once
// whether a guess is right.
func ParseKey(text []byte) (*Key, error) {
	secret := decodeKey(text)
	if secret == nil {
		return nil, errKeyForm
	}
	if weak(secret) {
		return nil, errWeakKey
	}
	k := &Key{secret: secret}
	id, err := hkdf.Key(sha256.New, secret, nil, "rethinkdb key id 1", len(k.id))
	if err != nil {
		return nil, fmt.Errorf("derive the id of a key: %w", err)
	}
	copy(k.id[:], id)
	return k, nil
}

// decodeKey returns nil for what is no key. A text that could be read in several ways is taken for the first of hexadecimal,
// Base64 and bytes: random bytes do not look like text.
func decodeKey(text []byte) []byte {
	if len(text) > maxKeyText {
		return nil
	}
	word := bytes.TrimSpace(text)
	if b, err := hex.DecodeString(string(word)); err == nil && keyLength(len(b)) {
		return b
	}
	unpadded := string(bytes.TrimRight(word, "="))
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := encoding.DecodeString(unpadded); err == nil && keyLength(len(b)) && mixed(unpadded) {
			return b
		}
	}
	if keyLength(len(text)) {
		return bytes.Clone(text)
	}
	return nil
}

// mixed tells Base64 from a passphrase of the same length, in which all letters are small. Of random keys of 16 bytes it takes one
// in fifty thousand for a passphrase.
func mixed(text string) bool { return strings.ToLower(text) != text && strings.ToUpper(text) != text }

func keyLength(n int) bool { return n == 16 || n == 24 || n == 32 }

// weak finds passwords, and bytes that somebody has made up. Of random keys it refuses fewer than one in a million.
func weak(secret []byte) bool {
	printable, steady := true, true
	seen := map[byte]bool{}
	for i, b := range secret {
		seen[b] = true
		printable = printable && b >= ' ' && b <= '~'
		steady = steady && (i < 2 || b-secret[i-1] == secret[1]-secret[0])
	}
	return printable || steady || len(seen) < len(secret)/2
}

// ID names the key in logs and errors. Nobody can tell the key from it.
func (k *Key) ID() string { return k.id.String() }

// String keeps the secret out of whatever prints a key.
func (k *Key) String() string { return "key " + k.ID() }

// GoString does the same for %#v.
func (k *Key) GoString() string { return k.String() }

// seal returns the secret that encrypts one version of the keyring.
func (k *Key) seal(salt []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret, salt, "rethinkdb keyring 1", 32)
}
