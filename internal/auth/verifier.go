package auth

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/xdg-go/stringprep"
)

const (
	saltBytes = 16

	// defaultIterations of PBKDF2 for a password that is set without saying how many.
	defaultIterations = 4096
	// initialIterations are those of the empty password that admin starts with: there is nothing to protect.
	initialIterations = 1
	// maxIterations bounds what one write to `users` or one old handshake can make the server compute: about ten
	// seconds.
	maxIterations = 50_000_000
)

// verifier is what is kept of a password: enough to check a proof and to prove to the client that we know it too, not
// enough to log in with (RFC 5802, section 3).
type verifier struct {
	salt       [saltBytes]byte
	iterations int
	storedKey  [sha256.Size]byte
	serverKey  [sha256.Size]byte
	empty      bool // the password is the empty string
}

func newVerifier(password string, iterations int) (verifier, error) {
	v := verifier{iterations: iterations, empty: password == ""}
	if _, err := rand.Read(v.salt[:]); err != nil {
		return verifier{}, fmt.Errorf("make a salt: %w", err)
	}
	var err error
	v.storedKey, v.serverKey, err = v.keys(password)
	return v, err
}

func (v *verifier) keys(password string) (stored, server [sha256.Size]byte, err error) {
	salted, err := pbkdf2.Key(sha256.New, password, v.salt[:], v.iterations, sha256.Size)
	if err != nil {
		return stored, server, fmt.Errorf("derive keys of a password: %w", err)
	}
	stored = sha256.Sum256(hmacSHA256(salted, "Client Key"))
	copy(server[:], hmacSHA256(salted, "Server Key"))
	return stored, server, nil
}

// matches tells whether password is the one that v was made of.
func (v *verifier) matches(password string) (bool, error) {
	stored, _, err := v.keys(password)
	return err == nil && subtle.ConstantTimeCompare(stored[:], v.storedKey[:]) == 1, err
}

// proves tells whether proof is the ClientProof for authMessage by someone who knows the password.
func (v *verifier) proves(proof []byte, authMessage string) bool {
	if len(proof) != sha256.Size {
		return false
	}
	clientKey := hmacSHA256(v.storedKey[:], authMessage)
	subtle.XORBytes(clientKey, clientKey, proof)
	stored := sha256.Sum256(clientKey)
	return subtle.ConstantTimeCompare(stored[:], v.storedKey[:]) == 1
}

func (v *verifier) serverSignature(authMessage string) []byte {
	return hmacSHA256(v.serverKey[:], authMessage)
}

func hmacSHA256(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// prepareUsername applies SASLprep, after which two spellings of one name are the same name.
func prepareUsername(name string) (string, error) {
	prepared, err := stringprep.SASLprep.Prepare(name)
	if err != nil {
		return "", errUsername
	}
	if prepared == "" {
		return "", errEmptyUsername
	}
	return prepared, nil
}
