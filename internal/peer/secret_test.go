package peer

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rethinkdb/internal/reload"
)

func TestSecretFile(t *testing.T) {
	const good = "0123456789abcdef"
	for name, c := range map[string]struct {
		text string
		keys int
		want string // part of the error
	}{
		"one":            {good, 1, ""},
		"one in a line":  {good + "\n", 1, ""},
		"from Windows":   {good + "\r\n", 1, ""},
		"two":            {good + "\n\n" + good + "2\n", 2, ""},
		"four":           {strings.Repeat(good+"\n", 4), 4, ""},
		"five":           {strings.Repeat(good+"\n", 5), 0, "more than 4"},
		"none":           {"", 0, "no secret"},
		"empty lines":    {"\n\n\r\n", 0, "no secret"},
		"a short one":    {good[1:] + "\n", 0, "16 to 1024"},
		"a long one":     {strings.Repeat("x", 1025), 0, "16 to 1024"},
		"something else": {strings.Repeat(good+"\n", 1000), 0, "larger than a secret"},
	} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := readSecrets(path)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "0123") {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
			continue
		}
		if err != nil || len(keys) != c.keys {
			t.Errorf("%s: %d keys, %v; want %d", name, len(keys), err, c.keys)
		}
	}
	if _, err := OpenSecret(filepath.Join(t.TempDir(), "missing"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened no file")
	}
}

// A proof is good for one side, one channel and one key.
func TestProofOfSecret(t *testing.T) {
	keys, err := parseSecrets([]byte("0123456789abcdef\nfedcba9876543210\n"))
	if err != nil {
		t.Fatal(err)
	}
	channel, other := []byte("one channel"), []byte("another one")
	proof := keys[1].prove(dialing, channel)
	if key, ok := proven(keys, proof, dialing, channel); !ok || key != keys[1] {
		t.Error("a right proof is refused")
	}
	for name, ok := range map[string]bool{
		"of another channel": second(proven(keys, proof, dialing, other)),
		"sent back":          second(proven(keys, proof, listening, channel)),
		"of another key":     second(proven(keys[:1], proof, dialing, channel)),
		"cut off":            second(proven(keys, proof[:16], dialing, channel)),
		"of nothing":         second(proven(keys, nil, dialing, channel)),
	} {
		if ok {
			t.Errorf("a proof %s is accepted", name)
		}
	}
}

func second(_ secretKey, ok bool) bool { return ok }

// secretOf is a secret that is in no file.
func secretOf(keys []secretKey) *Secret {
	value, err := reload.Open(nil, func() ([]secretKey, error) { return keys, nil }, func(error) {})
	if err != nil {
		panic(err) // there is nothing to fail
	}
	return &Secret{value}
}
