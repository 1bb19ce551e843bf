//go:build integration

package crash

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// rotateEvery is how many cycles a key lasts.
const rotateEvery = 3

// TestKilledEncryptedServerKeepsAcknowledgedWrites is the same in an encrypted directory, whose key is replaced now and then by the
// start after a kill.
func TestKilledEncryptedServerKeepsAcknowledgedWrites(t *testing.T) {
	keys := t.TempDir()
	file := func(n int) string { return filepath.Join(keys, strconv.Itoa(n)) }
	killAndCheck(t, *cycles/4, func(cycle int) []string {
		n := cycle / rotateEvery
		if cycle%rotateEvery == 0 {
			key := make([]byte, 32)
			rand.Read(key)
			if err := os.WriteFile(file(n), []byte(hex.EncodeToString(key)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		options := []string{"--encryption-key-file", file(n)}
		if n > 0 {
			options = append(options, "--old-encryption-key-file", file(n-1))
		}
		return options
	})
}
