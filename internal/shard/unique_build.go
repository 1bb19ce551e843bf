package shard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// The end of the build of a unique index.
//
// While an index is built its writers refuse what they can see, but a row that the scan has not come to may have the value, too.
// When the rows are settled (step 5 of build.go) the index is complete, and whoever looks from then on sees everything. So:
//
//  7. Wait until no writer is left that has perhaps looked before.
//  8. Look through the entries for two with one value.
//
// Two rows with one value at the moment when 8 begins are found there, and afterwards no writer makes any. The build has failed
// then for good: which of the rows is the right one is for somebody else to decide.

// A NotUniqueError says that a unique index cannot be: two rows have one value.
type NotUniqueError struct {
	First, Second datum.Value // their primary keys
}

func (e *NotUniqueError) Error() string {
	return fmt.Sprintf("the rows with the primary keys %s and %s have the same value", e.First.PrintCompact(), e.Second.PrintCompact())
}

// proveUnique does steps 7 and 8. It returns a *NotUniqueError if two rows have one value.
func (x *Index) proveUnique(ctx context.Context) error {
	s := x.shard
	s.changeIndexes(func(uses []indexUse) []indexUse { return uses }) // retires the set of who may have looked before
	if err := s.drained(ctx); err != nil {
		return err
	}
	it, err := s.store.Iter(x.prefix, x.upper)
	if err != nil {
		return err
	}
	d := duplicateSearch{index: x, entries: it, holderSearch: newHolderSearch(s, it)}
	return errors.Join(d.run(ctx), d.close())
}

// duplicateSearch looks for two entries with one value.
type duplicateSearch struct {
	holderSearch
	index   *Index
	entries *storage.Iterator // the iterator of holderSearch
	n       int               // entries so far
}

func (d *duplicateSearch) run(ctx context.Context) error {
	var lastValue, lastKey []byte
	for ok := d.entries.First(); ok; {
		valueKey, primaryKey, err := d.entry(ctx)
		if err != nil {
			return err
		}
		if len(valueKey) == MaxValueKeyBytes {
			beginning := append(bytes.Clone(d.index.prefix), valueKey...)
			if err := d.amongCut(ctx, beginning); err != nil {
				return err
			}
			ok = d.entries.SeekGE(append(beginning, 0xff)) // greater than the first byte of any primary key
			continue
		}
		if lastKey != nil && bytes.Equal(valueKey, lastValue) {
			return d.notUnique(lastKey, primaryKey)
		}
		lastValue, lastKey = append(lastValue[:0], valueKey...), append(lastKey[:0], primaryKey...)
		ok = d.entries.Next()
	}
	return d.entries.Err()
}

// entry takes the present entry apart.
func (d *duplicateSearch) entry(ctx context.Context) (valueKey, primaryKey []byte, err error) {
	if d.n++; d.n%ctxInterval == 0 && ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	value, err := d.entries.Value()
	if err != nil {
		return nil, nil, err
	}
	valueKey, primaryKey, _, err = splitEntry(d.entries.Key()[storage.IndexPrefixLen:], value)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: index %d", err, d.index.config.Number)
	}
	return valueKey, primaryKey, nil
}

// maxCutValues is how many values with one beginning are compared at a time; each takes about 150 bytes meanwhile.
const maxCutValues = 1 << 18

// amongCut looks for duplicates among the entries of cut values with one beginning. They do not tell their values, so the
// rows are read. Values are compared by their digests: to be equal with different values is more than SHA-256 can do.
func (d *duplicateSearch) amongCut(ctx context.Context, beginning []byte) error {
	for from := beginning; from != nil; {
		seen := make(map[[sha256.Size]byte][]byte) // primary keys
		var rest []byte                            // the first entry whose values did not find room
		for ok := d.entries.SeekGE(from); ok && bytes.HasPrefix(d.entries.Key(), beginning); ok = d.entries.Next() {
			_, primaryKey, err := d.entry(ctx)
			if err != nil {
				return err
			}
			row, err := d.row(primaryKey)
			if err != nil {
				return err
			}
			if rest == nil && len(seen) >= maxCutValues {
				rest = bytes.Clone(d.entries.Key())
			}
			d.index.compute(&d.values, nil, row)
			for i := range d.values.list {
				value := d.values.key(i)
				if !bytes.HasPrefix(value, beginning[storage.IndexPrefixLen:]) {
					continue
				}
				digest := sha256.Sum256(value)
				if other, ok := seen[digest]; ok {
					return d.notUnique(other, primaryKey)
				}
				if rest == nil {
					seen[digest] = bytes.Clone(primaryKey)
				}
			}
		}
		if err := d.entries.Err(); err != nil {
			return err
		}
		from = rest
	}
	return nil
}

// notUnique makes the error of two rows.
func (d *duplicateSearch) notUnique(first, second []byte) error {
	var e NotUniqueError
	for _, one := range []struct {
		key []byte
		to  *datum.Value
	}{{bytes.Clone(first), &e.First}, {bytes.Clone(second), &e.Second}} {
		row, err := d.row(one.key)
		if err != nil {
			return err
		}
		id, ok := row.Get(d.shard.config.PrimaryKey)
		if !ok {
			return fmt.Errorf("%w: index %d has a row that is not there", ErrCorruptIndex, d.index.config.Number)
		}
		*one.to = id.Own()
	}
	return &e
}
