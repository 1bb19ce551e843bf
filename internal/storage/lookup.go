package storage

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// A Lookup finds single keys in one state of the store. Over many keys in ascending order it costs a fraction of as many
// calls of Store.Get: it opens each file once and finds the next key near the last one. It is not safe for concurrent use.
type Lookup struct {
	pi   *pebble.Iterator // nil until the engine is asked
	from *Iterator        // to clone then

	rows *rowCache
	at   moment // of the state
}

// allFilters has the engine look at the filters of the last level, too: most keys that inserts look for are in no level. The
// engine copies it.
var allFilters = pebble.IterOptions{UseL6Filters: true}

// Lookup returns a Lookup in the present state. Close it.
func (s *Store) Lookup() (*Lookup, error) {
	at := s.rows.now()
	pi, err := s.db.NewIter(&allFilters)
	if err != nil {
		return nil, fmt.Errorf("look up keys: %w", err)
	}
	return &Lookup{pi: pi, rows: s.rows, at: at}, nil
}

// Lookup returns a Lookup in the state that the iterator sees. It belongs to the iterator, and is closed before it, unless it is
// detached.
func (it *Iterator) Lookup() *Lookup { return &Lookup{from: it, rows: it.rows, at: it.at} }

// Detach makes the Lookup independent of the iterator that it came from, so that another goroutine may have it.
func (l *Lookup) Detach() error {
	if l.pi != nil {
		return nil
	}
	var err error
	if l.pi, err = l.from.pi.Clone(pebble.CloneOptions{IterOptions: &pebble.IterOptions{}}); err != nil {
		return fmt.Errorf("look up keys: %w", err)
	}
	l.from = nil
	return nil
}

// Get returns the value of key, valid until the next call.
func (l *Lookup) Get(key []byte) (value []byte, found bool, err error) {
	if err := l.Detach(); err != nil {
		return nil, false, err
	}
	// The prefix of a key is the whole key, so this finds the key or nothing.
	if !l.pi.SeekPrefixGE(key) {
		if err := l.pi.Error(); err != nil {
			return nil, false, fmt.Errorf("look up a key: %w", err)
		}
		return nil, false, nil
	}
	v, err := l.pi.ValueAndErr()
	if err != nil {
		return nil, false, fmt.Errorf("look up a key: %w", err)
	}
	return v, true, nil
}

// GetRow is Get for the key of a row, through the cache of rows. The value is shared and valid for ever: it must not be changed.
func (l *Lookup) GetRow(key []byte) (value []byte, found bool, err error) {
	value, found, t := l.rows.get(key, l.at)
	if found {
		return value, true, nil
	}
	v, found, err := l.Get(key)
	if !found {
		return nil, false, err
	}
	return l.rows.putCopy(t, key, v), true, nil
}

// PeekRow is GetRow for a row that is one of many: it is not put into the cache. A value that is not shared is valid until the
// next call.
func (l *Lookup) PeekRow(key []byte) (value []byte, shared, found bool, err error) {
	if value, found, _ = l.rows.get(key, l.at); found {
		return value, true, true, nil
	}
	value, found, err = l.Get(key)
	return value, false, found, err
}

// Close releases the lookup.
func (l *Lookup) Close() error {
	if l.pi == nil {
		return nil
	}
	if err := l.pi.Close(); err != nil {
		return fmt.Errorf("look up keys: %w", err)
	}
	return nil
}
