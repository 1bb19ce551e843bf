package metadata

import (
	"context"
	"errors"
)

// MetaSet, MetaDelete, MetaGet and MetaScan are for who has keys of its own and decides nothing on others: the newest change of a
// key wins.

// MetaSet sets a key.
func (s *Store) MetaSet(ctx context.Context, key string, value []byte) error {
	return s.whatever(ctx, Change{key, append([]byte{}, value...)})
}

// MetaDelete deletes a key.
func (s *Store) MetaDelete(ctx context.Context, key string) error {
	return s.whatever(ctx, Change{Key: key})
}

func (s *Store) whatever(ctx context.Context, c Change) error {
	for {
		base := s.Version()
		err := s.Change(ctx, base, c)
		if !errors.Is(err, ErrStale) {
			return err
		}
		s.AwaitNewer(ctx, base)
	}
}

// MetaGet returns the value of a key.
func (s *Store) MetaGet(key string) (value []byte, found bool, err error) {
	return s.store.MetaGet(key)
}

// MetaScan calls each with every key that begins with prefix, in order, until each returns an error, which it returns.
func (s *Store) MetaScan(prefix string, each func(key string, value []byte) error) error {
	return s.store.MetaScan(prefix, each)
}
