package auth

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

const (
	saltBytes = 16

	// defaultIterations of PBKDF2 for a password that is set without saying how many.
	defaultIterations = 4096
	// initialIterations are those of the empty password that admin starts with: there is nothing to protect.
	initialIterations = 1
	// maxIterations bounds what one write to `users` or one old handshake can make the server compute: about ten
	// seconds for each spelling of the password.
	maxIterations = 50_000_000
)

// verifier is what is kept of a password: enough to check a proof and to prove to the client that we know it too, not
// enough to log in with (RFC 5802, section 3).
type verifier struct {
	salt       [saltBytes]byte
	iterations int
	// keys are those of the password as it was set, and as SASLprep spells it: some drivers prepare a password before they
	// hash it, others do not, and the server has the password itself only while it is set. Mostly both are the same.
	keys  [2]keyPair
	empty bool // the password is the empty string
	weak  bool // the password was easy to guess
}

// keyPair is what is kept of one spelling of a password.
type keyPair struct{ stored, server [sha256.Size]byte }

func newVerifier(password string, iterations int) (verifier, error) {
	v := verifier{iterations: iterations, empty: password == "", weak: isWeak(password)}
	if _, err := rand.Read(v.salt[:]); err != nil {
		return verifier{}, fmt.Errorf("make a salt: %w", err)
	}
	spellings := spellingsOf(password)
	for i := range v.keys {
		if i == len(spellings) {
			v.keys[i] = v.keys[i-1]
			continue
		}
		var err error
		if v.keys[i], err = v.derive(spellings[i]); err != nil {
			return verifier{}, err
		}
	}
	return v, nil
}

func (v *verifier) derive(password string) (keyPair, error) {
	salted, err := pbkdf2.Key(sha256.New, password, v.salt[:], v.iterations, sha256.Size)
	if err != nil {
		return keyPair{}, fmt.Errorf("derive keys of a password: %w", err)
	}
	k := keyPair{stored: sha256.Sum256(hmacSHA256(salted, "Client Key"))}
	copy(k.server[:], hmacSHA256(salted, "Server Key"))
	return k, nil
}

// matches tells whether v was made of password. How much it computes depends on v's iterations and on the password that is
// tried, never on the outcome.
func (v *verifier) matches(password string) (bool, error) {
	found := 0
	for _, spelling := range spellingsOf(password) {
		k, err := v.derive(spelling)
		if err != nil {
			return false, err
		}
		for i := range v.keys {
			found |= subtle.ConstantTimeCompare(k.stored[:], v.keys[i].stored[:])
		}
	}
	return found == 1, nil
}

// proves tells whether proof is the ClientProof for authMessage by someone who knows the password, and if so gives the
// signature that proves the same of us. It computes as much for a wrong proof as for a right one.
func (v *verifier) proves(proof []byte, authMessage string) (signature []byte, ok bool) {
	if len(proof) != sha256.Size {
		return nil, false
	}
	for i := range v.keys {
		k := &v.keys[i]
		clientKey := hmacSHA256(k.stored[:], authMessage)
		subtle.XORBytes(clientKey, clientKey, proof)
		stored := sha256.Sum256(clientKey)
		own := hmacSHA256(k.server[:], authMessage)
		if subtle.ConstantTimeCompare(stored[:], k.stored[:]) == 1 {
			signature = own
		}
	}
	return signature, signature != nil
}

func hmacSHA256(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}
