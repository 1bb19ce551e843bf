package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// Unique indexes.
//
// No two rows may have one value of a unique index. Whether a row may be written depends on rows that its writer has no
// latch of, and on which values, is known only when the new row is computed. So, once it has computed all of its rows, a
// writer takes the latches of the values that it adds: those that a new row has and its old row has not. Then it looks who
// has these values, and commits with the latches in its hands.
//
// Exact: let the index be complete, and a writer W add v to the row p. Another row that has v when W commits
//
//   - had it when W looked: then W has seen its entry, and refused p;
//   - or got it since, from a writer that added v to it: that one had the latch of v at its commit, as W has from before it
//     looked until after its commit;
//   - or is a row of the same request. Nobody else can change it, and resolve knows its old and its new values.
//
// A value that a row keeps needs no latch: nobody has got it in the meantime. One that a row gives up needs none: W sees the
// entry, or sees the commit that has removed it, and W's record follows that in the log, so that no crash leaves both rows.
//
// An index that is being built is not complete, and it may have entries that its rows have no longer. So W believes no entry
// before it has looked at the row, and what W overlooks is found when the build comes to its end: see unique_build.go.
//
// A request is one step: only what it begins with and ends with counts. Rows can exchange their values, and a row can take
// the value of one that is deleted after it. But a refused row stays as it was, with values that others perhaps counted on.
// See resolve. When a request has several changes of one row, some of them perhaps refused, there is no single end to look
// at. It is then written in parts that have each row once.
//
// Whoever holds a latch of a value has no function of an update or of a write hook to run any more. He waits at most for
// others of its kind, for a read of few entries, and for the functions of indexes, whose steps are limited, and the commit.
//
// Rejected: One lock for each unique index is simpler, but then all of its inserts wait for each other's reads of the disk.
// Checking in the application of a batch, under the lock of the group, is that, and replicas would have to do it again. To
// take latches of values row by row, as they become known, needs a detection of deadlocks and writers that begin again.

// A DuplicateError is the error of a row that would have a value of a unique index that another row has.
type DuplicateError struct {
	Index  string      // its name
	Holder datum.Value // the row that has the value
	Row    datum.Value // the row that was refused
}

// Error is what RethinkDB says of primary keys, with other words at the beginning.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("Duplicate value of unique index `%s`:\n%s\n%s", e.Index, e.Holder.Print(), e.Row.Print())
}

// claim finds out which values the changed rows of a request take, and the latches for that.
func (s *Shard) claim(ctx context.Context, w *writeScratch, unique []*Index, r *Request) (*claims, error) {
	if w.claims == nil {
		w.claims = &claims{old: entries{whole: true}, new: entries{whole: true}}
	}
	c := w.claims
	for i := range r.Results {
		res := &r.Results[i]
		if !res.Changed {
			continue
		}
		if i%ctxInterval == ctxInterval-1 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		from := len(c.moves)
		for _, x := range unique {
			x.compute(&c.old, nil, res.Old)
			x.compute(&c.new, nil, res.New)
			c.compare(x)
			if c.bytes() > storage.MaxBatchBytes {
				return nil, errLargeBatch
			}
		}
		if to := len(c.moves); to > from {
			c.rows = append(c.rows, claimant{row: int32(i), from: int32(from), to: int32(to)})
		}
	}
	c.group()
	for i := range c.list {
		c.hashes = append(c.hashes, s.latches.hashValue(cutKey(c.key(i))))
	}
	slices.Sort(c.hashes)
	c.hashes = slices.Compact(c.hashes)
	return c, nil
}

// refuseDuplicates makes errors of the rows that would have a value of another row. REQUIRES: the latches of the claims.
func (s *Shard) refuseDuplicates(ctx context.Context, c *claims, r *Request) error {
	if len(c.list) == 0 {
		return nil
	}
	if err := s.findHolders(ctx, c, r); err != nil {
		return err
	}
	c.resolve()
	for k := range c.rows {
		if !c.rows[k].refused {
			continue
		}
		res := &r.Results[c.rows[k].row]
		x, holder := c.obstacle(int32(k), r)
		res.Changed, res.Err = false, &DuplicateError{Index: x.config.Name(), Holder: holder, Row: res.New}
	}
	return nil
}

// findHolders looks up who has the claimed values.
func (s *Shard) findHolders(ctx context.Context, c *claims, r *Request) error {
	lower, upper := storage.KindRange(s.config.Group, storage.KindIndex)
	it, err := s.store.Iter(lower, upper)
	if err != nil {
		return err
	}
	h := newHolderSearch(s, it)
	for i := range c.list {
		if i%ctxInterval == ctxInterval-1 && ctx.Err() != nil {
			err = context.Cause(ctx)
		} else {
			err = h.find(ctx, c, i, r)
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, h.close())
}

// holderSearch looks for rows in one state of the store.
type holderSearch struct {
	shard  *Shard
	it     *storage.Iterator
	rows   *storage.Lookup
	key    []byte
	values entries
}

func newHolderSearch(s *Shard, it *storage.Iterator) holderSearch {
	return holderSearch{shard: s, it: it, rows: it.Lookup(), values: entries{whole: true}}
}

func (h *holderSearch) close() error { return errors.Join(h.rows.Close(), h.it.Close()) }

// find looks for a row that has the value of a claim and is not among its givers. Usually there is none, and more than one
// entry only while the index is built or when the value is cut.
func (h *holderSearch) find(ctx context.Context, c *claims, i int, r *Request) error {
	cl := &c.list[i]
	x, key := c.moves[cl.takers[0]].index, c.key(i)
	prefix := cutKey(key)
	n := 0
	for ok := h.it.SeekGE(prefix); ok && bytes.HasPrefix(h.it.Key(), prefix); ok = h.it.Next() {
		if n++; n%ctxInterval == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		primaryKey := h.it.Key()[len(prefix):]
		if slices.ContainsFunc(cl.givers, func(m int32) bool {
			return bytes.Equal(r.Keys[c.rows[c.moves[m].claimant].row], primaryKey)
		}) {
			continue
		}
		row, err := h.row(primaryKey)
		if err != nil {
			return err
		}
		x.compute(&h.values, nil, row)
		if _, has := h.values.find(key[storage.IndexPrefixLen:]); has {
			cl.holder = row.Own()
			return nil
		}
	}
	return h.it.Err()
}

// row returns the row of a primary key, absent if there is none, valid until the next call.
func (h *holderSearch) row(primaryKey []byte) (datum.Value, error) {
	h.key = append(append(h.key[:0], h.shard.lower...), primaryKey...)
	v, _, found, err := h.rows.PeekRow(h.key)
	if err != nil || !found {
		return datum.Value{}, err
	}
	return decode(v)
}

// errRepeatedKeys says that a request has a key several times, which unique indexes do not allow.
var errRepeatedKeys = errors.New("a key comes several times")

// repeats reports whether a key comes several times. REQUIRES: sortKeys.
func (w *writeScratch) repeats(keys [][]byte) bool {
	for n := 1; n < len(w.order); n++ {
		if bytes.Equal(keys[w.order[n-1]], keys[w.order[n]]) {
			return true
		}
	}
	return false
}

// applyParts applies a request in parts that have each key once.
func (s *Shard) applyParts(ctx context.Context, r *Request) (index replication.Index, err error) {
	for from := 0; from < len(r.Keys); {
		to := distinctTo(r.Keys, from)
		part := &Request{Values: r.Values[from:to], Keys: r.Keys[from:to], Results: r.Results[from:to],
			Update: func(i int, old datum.Value) (datum.Value, error) { return r.Update(from+i, old) }}
		if r.Fresh != nil {
			part.Fresh = r.Fresh[from:to]
		}
		if index, err = s.applyOpen(ctx, part); err != nil {
			if from > 0 {
				err = fmt.Errorf("%w: %w", ErrPartlyWritten, err)
			}
			return 0, err
		}
		from = to
	}
	return index, nil
}

// distinctTo returns the end of the longest part of keys that begins at from and has each key once.
func distinctTo(keys [][]byte, from int) (to int) {
	seen := make(map[string]bool)
	for to = from; to < len(keys) && !seen[string(keys[to])]; to++ {
		if keys[to] != nil {
			seen[string(keys[to])] = true
		}
	}
	return to
}
