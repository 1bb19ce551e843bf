package atrest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of files.
var (
	ErrNotEncrypted = errors.New("the file is not encrypted")
	ErrNoDataKey    = errors.New("the keyring has no key for the file")
	ErrHeader       = errors.New("the header of the file is damaged")
)

// HeaderBytes is the length of the header of an encrypted file:
//
//	magic   8 bytes
//	data key's id  16 bytes
//	salt    24 bytes
//	check   16 bytes
const (
	HeaderBytes = 64

	fileMagic = "\xf1RDBENC1"
	saltBytes = 24
	saltAt    = len(fileMagic) + len(dataKeyID{})
	checkAt   = saltAt + saltBytes

	cipherKeyBytes = 32
	checkBytes     = HeaderBytes - checkAt
)

// A FileCipher encrypts and decrypts one file. It is safe for concurrent use.
type FileCipher struct{ block cipher.Block }

// NewFile returns the header of a new file, and its cipher. No other file has the same key, so that what is written to this one,
// each place once, is never encrypted like anything else.
func (r *Keyring) NewFile() (header []byte, _ *FileCipher, err error) {
	k := &r.keys[0]
	header = make([]byte, HeaderBytes)
	copy(header, fileMagic)
	copy(header[len(fileMagic):], k.id[:])
	rand.Read(header[saltAt:checkAt])
	c, check, err := k.file(header[saltAt:checkAt])
	copy(header[checkAt:], check)
	return header, c, err
}

// OpenFile returns the cipher of a file with that header.
func (r *Keyring) OpenFile(header []byte) (*FileCipher, error) {
	if !Encrypted(header) {
		return nil, ErrNotEncrypted
	}
	id := headerID(header)
	for i := range r.keys {
		k := &r.keys[i]
		if k.id != id {
			continue
		}
		c, check, err := k.file(header[saltAt:checkAt])
		if err != nil {
			return nil, err
		}
		if subtle.ConstantTimeCompare(check, header[checkAt:]) != 1 {
			return nil, ErrHeader
		}
		return c, nil
	}
	return nil, fmt.Errorf("%w: it is encrypted with the data key %x", ErrNoDataKey, id)
}

// Current tells whether a file with that header is encrypted with the data key for new files.
func (r *Keyring) Current(header []byte) bool {
	return Encrypted(header) && headerID(header) == r.keys[0].id
}

// Encrypted tells whether a file that begins like that is an encrypted one.
func Encrypted(header []byte) bool {
	return len(header) == HeaderBytes && bytes.HasPrefix(header, []byte(fileMagic))
}

func headerID(header []byte) (id dataKeyID) {
	copy(id[:], header[len(fileMagic):])
	return id
}

// file derives the cipher of a file with that salt, and what stands in the header to tell that both are right.
func (k *dataKey) file(salt []byte) (_ *FileCipher, check []byte, err error) {
	derived, err := hkdf.Key(sha256.New, k.secret[:], salt, "rethinkdb file 1", cipherKeyBytes+checkBytes)
	if err != nil {
		return nil, nil, fmt.Errorf("derive the key of a file: %w", err)
	}
	block, err := aes.NewCipher(derived[:cipherKeyBytes])
	if err != nil {
		return nil, nil, err
	}
	return &FileCipher{block}, derived[cipherKeyBytes:], nil
}

// NewCipher returns a cipher with a key that nobody else knows, for what the process reads again itself or not at all.
func NewCipher() (*FileCipher, error) {
	key := make([]byte, cipherKeyBytes)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &FileCipher{block}, nil
}

// XOR encrypts or decrypts p, which is at the given place after the header: AES in counter mode, where the counter is the number
// of the block of 16 bytes.
func (c *FileCipher) XOR(p []byte, offset int64) {
	if len(p) == 0 {
		return
	}
	var counter, skipped [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(offset)/aes.BlockSize)
	stream := cipher.NewCTR(c.block, counter[:])
	if skip := offset % aes.BlockSize; skip > 0 {
		stream.XORKeyStream(skipped[:skip], skipped[:skip])
	}
	stream.XORKeyStream(p, p)
}
