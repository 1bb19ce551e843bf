package storage

import (
	"bytes"
	"context"
)

// The metadata space holds a few small keys of the layers above. Writes of it are hard.

func metaKey(key string) []byte { return append([]byte{spaceMeta}, key...) }

// MetaGet returns the value of a metadata key.
func (s *Store) MetaGet(key string) (value []byte, found bool, err error) {
	return s.Get(metaKey(key))
}

// MetaSet writes a metadata key and waits until it is on disk. To change several keys at once, use a Batch and Commit.
func (s *Store) MetaSet(ctx context.Context, key string, value []byte) error {
	b := s.NewBatch()
	defer b.Close()
	b.SetMeta(key, value)
	return s.Commit(ctx, b, true)
}

// MetaDelete removes a metadata key and waits until that is on disk.
func (s *Store) MetaDelete(ctx context.Context, key string) error {
	b := s.NewBatch()
	defer b.Close()
	b.DeleteMeta(key)
	return s.Commit(ctx, b, true)
}

// MetaScan calls each with every metadata key that begins with prefix, in order, until each returns an error, which it
// returns. The value belongs to the callee.
func (s *Store) MetaScan(prefix string, each func(key string, value []byte) error) error {
	lower := metaKey(prefix)
	it, err := s.Iter(lower, successor(lower))
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.Value()
		if err == nil {
			err = each(string(it.Key()[1:]), bytes.Clone(v))
		}
		if err != nil {
			_ = it.Close() // the first error is the one to report
			return err
		}
	}
	if err := it.Err(); err != nil {
		_ = it.Close() // repeats err
		return err
	}
	return it.Close()
}

// MetaRange returns the bounds [lower, upper) of the metadata keys from one up to another.
func MetaRange(from, to string) [2][]byte { return [2][]byte{metaKey(from), metaKey(to)} }
