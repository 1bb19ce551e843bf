package cluster

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/peer"
)

// memory keeps tokens.
type memory map[string][]byte

func (m memory) MetaSet(_ context.Context, key string, value []byte) error {
	m[key] = value
	return nil
}

func (m memory) MetaDelete(_ context.Context, key string) error {
	delete(m, key)
	return nil
}

func (m memory) MetaScan(prefix string, each func(string, []byte) error) error {
	for key, value := range m {
		if strings.HasPrefix(key, prefix) {
			if err := each(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func newTokens(t *testing.T) *peer.Tokens {
	t.Helper()
	list, err := peer.OpenTokens(memory{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// issue makes a token that leads to the server, for one other.
func (s *server) issue() *peer.Token {
	s.t.Helper()
	token, err := peer.NewToken(s.record.Fingerprint, s.record.Addresses)
	if err != nil {
		s.t.Fatal(err)
	}
	r := peer.TokenRecord{ID: token.ID, Key: token.PublicKey(), Expires: time.Now().Add(time.Hour)}
	if err := s.tokens.Add(s.t.Context(), r); err != nil {
		s.t.Fatal(err)
	}
	return &token
}

func newSecret(t *testing.T) *peer.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("correct horse battery staple"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := peer.OpenSecret(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func addrPort(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }
