// Package authtest has a store of users in memory, for tests.
package authtest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Store is an auth.Store in memory.
type Store struct {
	mu sync.Mutex
	m  map[string][]byte
}

// MetaSet implements auth.Store.
func (s *Store) MetaSet(_ context.Context, key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string][]byte{}
	}
	s.m[key] = bytes.Clone(value)
	return nil
}

// MetaDelete implements auth.Store.
func (s *Store) MetaDelete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, key)
	return nil
}

// MetaScan implements auth.Store.
func (s *Store) MetaScan(prefix string, each func(key string, value []byte) error) error {
	s.mu.Lock()
	m := maps.Clone(s.m)
	s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := each(key, m[key]); err != nil {
			return err
		}
	}
	return nil
}
