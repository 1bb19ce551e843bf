package remotepart

import (
	"crypto/sha256"

	"rethinkdb/internal/datum"
)

// digest stands for a row: that of a row which somebody has read tells whether it is still the same, without sending it back. Two rows that differ
// never have the same one: a write on the ground of a row that is not there any more would be lost. Hence a cryptographic hash of 128 bits.
type digest [16]byte

// digestOf gives the digest of a row; zero for an absent one.
func digestOf(row datum.Value, scratch []byte) (digest, []byte) {
	if row.IsAbsent() {
		return digest{}, scratch
	}
	scratch = datum.AppendEncoded(scratch[:0], row)
	sum := sha256.Sum256(scratch)
	return digest(sum[:]), scratch
}
