package table

import (
	"errors"
	"slices"

	"rethinkdb/internal/replication"
)

// A ShardError says which shard has no primary replica that can be reached. It wraps the error that says so.
type ShardError struct {
	Low, High []byte // as of ShardOf
	err       error
}

// Error implements error.
func (e *ShardError) Error() string { return e.err.Error() }

// Unwrap implements what errors.Is asks for.
func (e *ShardError) Unwrap() error { return e.err }

// ShardOf returns the bounds of the shard that has an encoded primary key; a nil key is less than all others. nil bounds are none.
func (t *Table) ShardOf(key []byte) (low, high []byte) {
	splits := t.shared.config.Load().Splits
	i, found := slices.BinarySearch(splits, string(key))
	if found && key != nil {
		i++
	}
	if i > 0 {
		low = []byte(splits[i-1])
	}
	if i < len(splits) {
		high = []byte(splits[i])
	}
	return low, high
}

// FirstKeyOf returns the key at which the first shard of a part begins; nil if that has no bound.
func (t *Table) FirstKeyOf(p *Part) []byte { return t.layout.Load().firstKeyOf(p) }

func (l *layout) firstKeyOf(p *Part) []byte {
	for i := range l.runs {
		if l.runs[i].part == p {
			return l.runs[i].low
		}
	}
	return nil
}

// inShard makes an error one of the shard that has a key, if that is what it is about.
func (t *Table) inShard(key []byte, err error) error {
	if _, known := errors.AsType[*ShardError](err); known || !errors.Is(err, replication.ErrNotPrimary) {
		return err
	}
	e := &ShardError{err: err}
	e.Low, e.High = t.ShardOf(key)
	return e
}

// inPart is inShard for the first shard of a part.
func (t *Table) inPart(l *layout, p *Part, err error) error { return t.inShard(l.firstKeyOf(p), err) }

// firstKey gives the first of keys that is not nil.
func firstKey(keys [][]byte) []byte {
	for _, k := range keys {
		if k != nil {
			return k
		}
	}
	return nil
}
