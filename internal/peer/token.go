package peer

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"slices"
	"strings"
)

// TokenID names a token; it is no secret.
type TokenID [8]byte

func (id TokenID) String() string { return hex.EncodeToString(id[:]) }

// ParseTokenID reads what String writes.
func ParseTokenID(text string) (TokenID, bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(TokenID{}) || strings.ToLower(text) != text {
		return TokenID{}, false
	}
	return TokenID(b), true
}

// Token is what somebody carries to a new server so that it can join: where to, which key to find there, and a key to prove with
// that it may. The server that it leads to keeps the public half of that key only, so that what it keeps lets nobody join.
type Token struct {
	ID        TokenID
	Server    Fingerprint // of the server that it leads to
	Addresses []string    // host:port of that server, the best one first

	key ed25519.PrivateKey
}

const (
	tokenPrefix = "rdbjoin1_"
	// The text has after the prefix, in base64: the name, the fingerprint, the seed of the key, the addresses each with its length,
	// and a sum that finds what was copied badly.
	tokenFixedBytes = len(TokenID{}) + len(Fingerprint{}) + ed25519.SeedSize + crc32.Size

	// maxTokenAddresses are more than a server has networks.
	maxTokenAddresses = 8
	maxAddressBytes   = 255
	// MaxTokenBytes is the length of the longest text of a token.
	MaxTokenBytes = 4096
)

var errToken = errors.New("it is no join token, or not the whole of it; make one with: rethinkdb admin make join-token")

// NewToken makes a token that leads to a server. Of more addresses than a token carries the first ones stay.
func NewToken(server Fingerprint, addresses []string) (Token, error) {
	t := Token{Server: server}
	for _, a := range addresses {
		if a != "" && len(a) <= maxAddressBytes && len(t.Addresses) < maxTokenAddresses {
			t.Addresses = append(t.Addresses, a)
		}
	}
	if _, err := rand.Read(t.ID[:]); err != nil {
		return t, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	t.key = key
	return t, err
}

// String names the token without giving it away.
func (t Token) String() string { return "join token " + t.ID.String() }

// Reveal writes the token itself, with its secret.
func (t Token) Reveal() string {
	b := slices.Concat(t.ID[:], t.Server[:], t.key.Seed())
	for _, a := range t.Addresses {
		b = append(append(b, byte(len(a))), a...)
	}
	sum := crc32.ChecksumIEEE(b)
	b = append(b, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// IsToken tells whether a text is meant to be a token.
func IsToken(text string) bool { return strings.HasPrefix(text, tokenPrefix) }

// ParseToken reads what Reveal writes. Its error does not repeat the text.
func ParseToken(text string) (Token, error) {
	encoded, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok || len(text) > MaxTokenBytes {
		return Token{}, errToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(b) < tokenFixedBytes {
		return Token{}, errToken
	}
	b, tail := b[:len(b)-crc32.Size], b[len(b)-crc32.Size:]
	if sum := crc32.ChecksumIEEE(b); [4]byte(tail) != [4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)} {
		return Token{}, errToken
	}
	var t Token
	b = b[copy(t.ID[:], b):]
	b = b[copy(t.Server[:], b):]
	t.key, b = ed25519.NewKeyFromSeed(b[:ed25519.SeedSize]), b[ed25519.SeedSize:]
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 || n >= len(b) || len(t.Addresses) == maxTokenAddresses {
			return Token{}, errToken
		}
		t.Addresses = append(t.Addresses, string(b[1:1+n]))
		b = b[1+n:]
	}
	return t, nil
}

// PublicKey is what the server that the token leads to keeps of it.
func (t Token) PublicKey() ed25519.PublicKey { return t.key.Public().(ed25519.PublicKey) }

// prove makes the proof that the dialer has the token, good for one channel.
func (t Token) prove(binding []byte) []byte {
	return ed25519.Sign(t.key, statement(byToken, dialing, binding))
}
