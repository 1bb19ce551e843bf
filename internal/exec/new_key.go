package exec

import (
	"encoding/hex"
	"math/rand/v2"
)

// uuidBytes is the length of a UUID as text.
const uuidBytes = 36

// appendUUID appends a random UUID (version 4) as text. The runtime's generator is cryptographically strong, seeded by the
// operating system, and takes no lock and no system call for a key.
func appendUUID(dst []byte) []byte {
	hi, lo := rand.Uint64(), rand.Uint64()
	var id [16]byte
	for i := range 8 {
		id[i], id[8+i] = byte(hi>>(8*i)), byte(lo>>(8*i))
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [uuidBytes]byte
	at := 0
	for i, n := range [...]int{4, 6, 8, 10, 16} {
		from := [...]int{0, 4, 6, 8, 10}[i]
		if i > 0 {
			text[at] = '-'
			at++
		}
		at += hex.Encode(text[at:], id[from:n])
	}
	return append(dst, text[:]...)
}

// keyMaker makes primary keys for new rows.
type keyMaker struct {
	text string // of the next keys
}

// maxKeysAtOnce is how many keys are made with one allocation. They live as long as one of them does.
const maxKeysAtOnce = 64

// next gives a key. expected is how many more will be asked for soon.
func (k *keyMaker) next(expected int) string {
	if k.text == "" {
		n := min(expected+1, maxKeysAtOnce)
		if n <= 1 {
			var buf [uuidBytes]byte
			return string(appendUUID(buf[:0]))
		}
		var buf [maxKeysAtOnce * uuidBytes]byte
		b := buf[:0]
		for range n {
			b = appendUUID(b)
		}
		k.text = string(b)
	}
	key := k.text[:uuidBytes]
	k.text = k.text[uuidBytes:]
	return key
}
