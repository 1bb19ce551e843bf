package sessiontest

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// Store is an auth.Store in memory.
type Store struct {
	mu sync.Mutex
	m  map[string][]byte
}

// MetaGet implements auth.Store.
func (s *Store) MetaGet(key []byte) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.m[string(key)]
	return bytes.Clone(v), ok, nil
}

// MetaSet implements auth.Store.
func (s *Store) MetaSet(key, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string][]byte{}
	}
	s.m[string(key)] = bytes.Clone(value)
	return nil
}

// MetaDelete implements auth.Store.
func (s *Store) MetaDelete(key []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, string(key))
	return nil
}

// MetaScan implements auth.Store.
func (s *Store) MetaScan(prefix []byte, fn func(key, value []byte) error) error {
	s.mu.Lock()
	m := maps.Clone(s.m)
	s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !bytes.HasPrefix([]byte(key), prefix) {
			continue
		}
		if err := fn([]byte(key), m[key]); err != nil {
			return err
		}
	}
	return nil
}
