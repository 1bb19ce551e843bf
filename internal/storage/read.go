package storage

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// A Reader is a state of the store that can be read: the Store itself (the newest state at each call) or a Snapshot.
type Reader interface {
	Get(key []byte) (value []byte, found bool, err error)
	Iter(lower, upper []byte) (*Iterator, error)
}

var _, _ Reader = (*Store)(nil), (*Snapshot)(nil)

// Get returns a copy of the value of key.
func (s *Store) Get(key []byte) (value []byte, found bool, err error) {
	return get(s.db, key)
}

// GetRow is Get for the key of a row, through the cache of rows. The value is shared: it must not be changed.
func (s *Store) GetRow(key []byte) (value []byte, found bool, err error) {
	value, found, t := s.rows.get(key, s.rows.now())
	if found {
		return value, true, nil
	}
	return s.searchRow(key, func(v []byte) []byte { return s.rows.putCopy(t, key, v) })
}

// PeekRow is GetRow for a row that is about to change: it is not put into the cache.
func (s *Store) PeekRow(key []byte) (value []byte, found bool, err error) {
	if value, found, _ = s.rows.get(key, s.rows.now()); found {
		return value, true, nil
	}
	return s.searchRow(key, bytes.Clone)
}

// searchRow gives a copy of a row that is not in the cache. It uses a Lookup, because the engine's own Get does not look at the
// filters of the last level, where most rows are: it would read a block of 16 KB for each key that is inserted, only to see that
// there is no such row yet.
func (s *Store) searchRow(key []byte, clone func(value []byte) []byte) (value []byte, found bool, err error) {
	l, err := s.Lookup()
	if err != nil {
		return nil, false, err
	}
	v, found, err := l.Get(key)
	if found {
		value = clone(v)
	}
	if err := errors.Join(err, l.Close()); err != nil {
		return nil, false, err
	}
	return value, found, nil
}

// Iter iterates over the keys in [lower, upper) as they are now. The bounds are copied.
func (s *Store) Iter(lower, upper []byte) (*Iterator, error) {
	return iter(s.db, s.rows, s.rows.now(), lower, upper)
}

// A Snapshot is a state of the whole store that later writes do not change. An open snapshot keeps old versions of rows on
// disk, but no memory. Close it.
type Snapshot struct {
	ps   *pebble.Snapshot
	rows *rowCache
	at   moment
}

// Snapshot returns the present state.
func (s *Store) Snapshot() *Snapshot {
	at := s.rows.now()
	return &Snapshot{ps: s.db.NewSnapshot(), rows: s.rows, at: at}
}

// Get returns a copy of the value of key.
func (s *Snapshot) Get(key []byte) (value []byte, found bool, err error) { return get(s.ps, key) }

// Iter iterates over the keys in [lower, upper). The bounds are copied.
func (s *Snapshot) Iter(lower, upper []byte) (*Iterator, error) {
	return iter(s.ps, s.rows, s.at, lower, upper)
}

// Close releases the snapshot. Iterators made from it stay valid.
func (s *Snapshot) Close() error { return s.ps.Close() }

func get(r pebble.Reader, key []byte) ([]byte, bool, error) {
	v, c, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a key: %w", err)
	}
	value := append(make([]byte, 0, len(v)), v...)
	if err := c.Close(); err != nil {
		return nil, false, fmt.Errorf("read a key: %w", err)
	}
	return value, true, nil
}

// iter opens an iterator over a state of the store that is not older than a moment.
func iter(r pebble.Reader, rows *rowCache, at moment, lower, upper []byte) (*Iterator, error) {
	it := &Iterator{rows: rows, at: at, options: pebble.IterOptions{LowerBound: lower, UpperBound: upper}}
	var err error
	if it.pi, err = r.NewIter(&it.options); err != nil {
		return nil, fmt.Errorf("iterate: %w", err)
	}
	return it, nil
}

// An Iterator walks over keys in order. It sees one state of the store, pins the memtables and files of that state, and is
// not safe for concurrent use. Key and Value are valid until the next movement.
type Iterator struct {
	pi      *pebble.Iterator
	options pebble.IterOptions // here to save an allocation

	rows *rowCache
	at   moment // of the state
}

// First, Last, Next, Prev, SeekGE (the first key ≥ key) and SeekLT (the last key < key) move the iterator and report whether
// it stands on a key. After false, Err tells an end from an error.
func (it *Iterator) First() bool            { return it.pi.First() }
func (it *Iterator) Last() bool             { return it.pi.Last() }
func (it *Iterator) Next() bool             { return it.pi.Next() }
func (it *Iterator) Prev() bool             { return it.pi.Prev() }
func (it *Iterator) SeekGE(key []byte) bool { return it.pi.SeekGE(key) }
func (it *Iterator) SeekLT(key []byte) bool { return it.pi.SeekLT(key) }

// Valid reports whether the iterator stands on a key.
func (it *Iterator) Valid() bool { return it.pi.Valid() }

// Key returns the present key.
func (it *Iterator) Key() []byte { return it.pi.Key() }

// Value returns the present value.
func (it *Iterator) Value() ([]byte, error) {
	v, err := it.pi.ValueAndErr()
	if err != nil {
		return nil, fmt.Errorf("read a value: %w", err)
	}
	return v, nil
}

// SetBounds narrows or moves the range. The iterator then stands nowhere. The bounds are copied.
func (it *Iterator) SetBounds(lower, upper []byte) { it.pi.SetBounds(lower, upper) }

// Clone returns an unpositioned iterator over the same state with other bounds.
func (it *Iterator) Clone(lower, upper []byte) (*Iterator, error) {
	c, err := it.pi.Clone(pebble.CloneOptions{IterOptions: &pebble.IterOptions{LowerBound: lower, UpperBound: upper}})
	if err != nil {
		return nil, fmt.Errorf("iterate: %w", err)
	}
	return &Iterator{pi: c, rows: it.rows, at: it.at}, nil
}

// Err returns the error that ended the iteration, if any.
func (it *Iterator) Err() error {
	if err := it.pi.Error(); err != nil {
		return fmt.Errorf("iterate: %w", err)
	}
	return nil
}

// Close releases the iterator. It does not repeat an error that Err has.
func (it *Iterator) Close() error {
	if err := it.pi.Close(); err != nil {
		return fmt.Errorf("close an iterator: %w", err)
	}
	return nil
}
