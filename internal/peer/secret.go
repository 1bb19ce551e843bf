package peer

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"

	"rethinkdb/internal/reload"
)

const (
	// minSecretBytes is enough for 95 bits, if the characters are random letters and digits.
	minSecretBytes = 16
	maxSecretBytes = 1024
	// maxSecrets are the present one, the next, the one before, and one more for an accident.
	maxSecrets = 4
	// secretIterations make guessing dear for who has listened in on a handshake as one of its ends, at 30 ms for each start.
	secretIterations = 200_000
	secretSalt       = "rethinkdb cluster secret 1"
)

// secretKey is made of a secret and used in its place.
type secretKey [sha256.Size]byte

// Secret is the file of the secret that the servers of a cluster have in common. It has one in a line: the first is the one that
// this server proves to know, and all are accepted, so that a secret can be replaced while the servers run.
type Secret struct {
	keys *reload.Value[[]secretKey]
}

// OpenSecret reads the file, which is read again when it changes.
func OpenSecret(path string, log *slog.Logger) (*Secret, error) {
	keys, err := reload.Open([]string{path}, func() ([]secretKey, error) { return readSecrets(path) }, func(err error) {
		if err != nil {
			log.Warn("The cluster secret has changed and cannot be used; the old one stays in use.", "error", err)
			return
		}
		log.Info("The cluster secret was read again.", "file", path)
	})
	if err != nil {
		return nil, err
	}
	return &Secret{keys}, nil
}

// Refresh reads the file again if it has changed.
func (s *Secret) Refresh() { s.keys.Refresh() }

func readSecrets(path string) ([]secretKey, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	const most = maxSecrets * (maxSecretBytes + 2)
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, err
	}
	if len(text) > most {
		return nil, fmt.Errorf("%s is larger than a secret", path)
	}
	return parseSecrets(text)
}

func parseSecrets(text []byte) ([]secretKey, error) {
	var keys []secretKey
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			continue
		case len(line) < minSecretBytes || len(line) > maxSecretBytes:
			return nil, fmt.Errorf("a secret has %d to %d bytes, in one line; make one with: openssl rand -base64 32", minSecretBytes, maxSecretBytes)
		case len(keys) == maxSecrets:
			return nil, fmt.Errorf("there are more than %d secrets in the file", maxSecrets)
		}
		key, err := pbkdf2.Key(sha256.New, string(line), []byte(secretSalt), secretIterations, sha256.Size)
		if err != nil {
			return nil, err
		}
		keys = append(keys, secretKey(key))
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("there is no secret in the file; make one with: openssl rand -base64 32")
	}
	return keys, nil
}

// side is one of the two ends of a handshake. Their proofs differ, so that none can be sent back to who made it.
type side string

const (
	dialing   side = "dialer"
	listening side = "listener"
)

// statement is what a proof of version 1 of the protocol is about.
func statement(m method, s side, binding []byte) []byte {
	return append([]byte("rethinkdb peer 1 "+string(m)+" "+string(s)+"\x00"), binding...)
}

// prove makes the proof that one side knows the secret, good for one channel.
func (k secretKey) prove(s side, binding []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write(statement(bySecret, s, binding))
	return h.Sum(nil)
}

// proven finds the key that the proof of one side was made with, in a time that does not tell how much of it was right.
func proven(keys []secretKey, proof []byte, s side, binding []byte) (key secretKey, ok bool) {
	for _, k := range keys {
		if hmac.Equal(k.prove(s, binding), proof) {
			key, ok = k, true
		}
	}
	return key, ok
}
