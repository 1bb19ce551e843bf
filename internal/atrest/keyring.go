package atrest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors of keyrings.
var (
	ErrWrongKey = errors.New("the data directory is encrypted with another key")
	ErrDamaged  = errors.New("the keyring is damaged")
	ErrTooMany  = errors.New("the data directory has files of too many generations of keys: stop the server and run 'rethinkdb reencrypt'")
)

const (
	keyringMagic = "RDBKEYS1"
	keyringSalt  = 32
	keyringHead  = len(keyringMagic) + len(keyID{}) + keyringSalt
	keyringTag   = 16

	dataKeyBytes  = 32
	dataKeyRecord = len(dataKeyID{}) + 8 + dataKeyBytes

	// maxDataKeys bounds the keyring. Each rotation adds a key, and each start drops those that no file needs any more.
	maxDataKeys = 256

	// MaxKeyringBytes is the size of the largest keyring.
	MaxKeyringBytes = keyringHead + maxDataKeys*dataKeyRecord + keyringTag
)

// dataKeyID names a data key in the headers of the files that it encrypts.
type dataKeyID [16]byte

// dataKey encrypts files; see newFile.
type dataKey struct {
	id     dataKeyID
	made   int64 // seconds since 1970, for people
	secret [dataKeyBytes]byte
}

// A Keyring has the data keys of a directory: the first encrypts new files, the others are of files that were written before a
// rotation. It is constant once files are opened with it.
type Keyring struct {
	keys []dataKey // at least one, at most maxDataKeys
}

// NewKeyring makes a keyring with one new data key.
func NewKeyring() *Keyring {
	r := &Keyring{}
	r.push()
	return r
}

// push makes a data key, which is for new files from now on. rand.Read does not fail: it would end the program.
func (r *Keyring) push() {
	k := dataKey{made: time.Now().Unix()}
	rand.Read(k.id[:])
	rand.Read(k.secret[:])
	r.keys = slices.Insert(r.keys, 0, k)
}

// Rotate makes a new data key for new files.
func (r *Keyring) Rotate() error {
	if len(r.keys) == maxDataKeys {
		return ErrTooMany
	}
	r.push()
	return nil
}

// Len is the number of data keys.
func (r *Keyring) Len() int { return len(r.keys) }

// Made is when the data key for new files was made.
func (r *Keyring) Made() time.Time { return time.Unix(r.keys[0].made, 0) }

// Retain drops all data keys but the one for new files and those that the headers name.
func (r *Keyring) Retain(headers [][]byte) {
	r.keys = slices.DeleteFunc(r.keys, func(k dataKey) bool {
		return k.id != r.keys[0].id && !slices.ContainsFunc(headers, func(h []byte) bool { return headerID(h) == k.id })
	})
}

// Seal encrypts the keyring for the disk. Its form is in DESIGN.md.
func (r *Keyring) Seal(k *Key) ([]byte, error) {
	out := append([]byte(keyringMagic), k.id[:]...)
	out = append(out, make([]byte, keyringSalt)...)
	rand.Read(out[keyringHead-keyringSalt:])
	aead, err := keyringCipher(k, out)
	if err != nil {
		return nil, err
	}
	var plain []byte
	for _, d := range r.keys {
		plain = append(plain, d.id[:]...)
		plain = binary.BigEndian.AppendUint64(plain, uint64(d.made))
		plain = append(plain, d.secret[:]...)
	}
	// The salt makes a key that encrypts nothing else, so the nonce may be constant.
	sealed := aead.Seal(nil, make([]byte, aead.NonceSize()), plain, out)
	clear(plain)
	return append(out, sealed...), nil
}

// OpenKeyring decrypts what Seal has made. With another key the error is ErrWrongKey, which names both.
func OpenKeyring(sealed []byte, k *Key) (*Keyring, error) {
	id, err := sealedBy(sealed)
	if err != nil {
		return nil, err
	}
	if id != k.id {
		return nil, fmt.Errorf("%w: it needs the key with the id %s, and the id of this one is %s", ErrWrongKey, id, k.id)
	}
	aead, err := keyringCipher(k, sealed[:keyringHead])
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed[keyringHead:], sealed[:keyringHead])
	if err != nil {
		return nil, ErrDamaged
	}
	defer clear(plain)
	r := &Keyring{}
	for ; len(plain) > 0; plain = plain[dataKeyRecord:] {
		var d dataKey
		n := copy(d.id[:], plain)
		d.made = int64(binary.BigEndian.Uint64(plain[n:]))
		copy(d.secret[:], plain[n+8:])
		r.keys = append(r.keys, d)
	}
	return r, nil
}

// KeyIDOf is the id of the key that a sealed keyring needs.
func KeyIDOf(sealed []byte) (string, error) {
	id, err := sealedBy(sealed)
	return id.String(), err
}

// sealedBy checks the form of a keyring.
func sealedBy(sealed []byte) (id keyID, err error) {
	body := len(sealed) - keyringHead - keyringTag
	if body < dataKeyRecord || body%dataKeyRecord != 0 || len(sealed) > MaxKeyringBytes || !bytes.HasPrefix(sealed, []byte(keyringMagic)) {
		return id, ErrDamaged
	}
	copy(id[:], sealed[len(keyringMagic):])
	return id, nil
}

func keyringCipher(k *Key, head []byte) (cipher.AEAD, error) {
	secret, err := k.seal(head[keyringHead-keyringSalt:])
	if err != nil {
		return nil, fmt.Errorf("derive the key of the keyring: %w", err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
