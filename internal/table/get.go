package table

import (
	"context"
	"fmt"

	"rethinkdb/internal/datum"
)

// Get returns the row with a primary key, absent if there is none. A value that cannot be a primary key is a *datum.Error.
func (t *Table) Get(ctx context.Context, pk datum.Value, o ReadOptions) (datum.Value, error) {
	var buf [keyBytes]byte
	key, err := appendPrimaryKey(buf[:0], pk)
	if err != nil {
		return datum.Value{}, err
	}
	l := t.layout.Load()
	if p := l.route(key); p != nil && t.here(p, o.Mode) {
		row, err := p.shard.Get(key)
		if err == nil && row.IsAbsent() {
			err = t.still(l, p, o.Mode)
		}
		if err == nil {
			return row, nil
		}
	}
	rows := make([]datum.Value, 1)
	return rows[0], t.getMany(ctx, [][]byte{append([]byte(nil), key...)}, rows, o.Mode)
}

// here tells whether this server reads a part in a mode by itself.
func (t *Table) here(p *Part, m ReadMode) bool {
	return t.shared.remote == nil || p.Here() || m == ReadOutdated && p.Readable()
}

// still is nil if a part that was read here had its rows at the time: what was not found is not there.
func (t *Table) still(l *layout, p *Part, m ReadMode) error {
	switch {
	case p.shard.Dropped():
		return ErrDropped
	case l.of != nil && l.moved():
		return ErrMoved
	case !t.here(p, m):
		return ErrNotPrimary
	}
	return nil
}

// GetMany returns the rows of several primary keys, absent where there is none, those of each part of one state of it. It is cheaper
// than as many calls of Get. The first value that cannot be a primary key makes it fail with a *datum.Error.
func (t *Table) GetMany(ctx context.Context, pks []datum.Value, o ReadOptions) ([]datum.Value, error) {
	keys := make([][]byte, len(pks))
	all := make([]byte, 0, keyBytes*len(pks))
	for i, pk := range pks {
		start := len(all)
		var err error
		if all, err = appendPrimaryKey(all, pk); err != nil {
			return nil, err
		}
		keys[i] = all[start:len(all):len(all)]
	}
	rows := make([]datum.Value, len(pks))
	return rows, t.getMany(ctx, keys, rows, o.Mode)
}

// getMany fills in the rows of some keys.
func (t *Table) getMany(ctx context.Context, keys [][]byte, rows []datum.Value, m ReadMode) error {
	done := make([]bool, len(keys))
	own := make([][]byte, len(keys))
	var try attempt
	for {
		l := t.layout.Load()
		p, n, err := l.share(keys, done, own)
		if err == nil && n == 0 {
			return nil
		}
		if err == nil {
			err = t.getPart(ctx, l, p, own, rows, m)
		}
		switch {
		case err == nil:
			for i, k := range own {
				done[i] = done[i] || k != nil
			}
			try = attempt{}
		case try.again(ctx, t, l, err):
			for i, k := range own {
				if k != nil {
					rows[i] = datum.Value{}
				}
			}
		default:
			return t.inShard(firstKey(own), l.failure(err))
		}
	}
}

func (t *Table) getPart(ctx context.Context, l *layout, p *Part, keys [][]byte, rows []datum.Value, m ReadMode) error {
	if !t.here(p, m) {
		return t.shared.remote.GetMany(ctx, t.address(p), m, keys, rows)
	}
	if err := p.shard.GetMany(ctx, keys, rows); err != nil {
		return err
	}
	return t.still(l, p, m)
}

// Count returns the number of rows. It does not depend on their number.
func (t *Table) Count(ctx context.Context, ro ReadOptions) (int64, error) {
	if l := t.layout.Load(); l.of == nil && l.single() != nil && t.shared.remote == nil {
		return l.single().Count(), nil
	}
	n := int64(0)
	err := t.eachPart(ctx, func() { n = 0 }, func(l *layout, p *Part) error {
		more, err := t.countPart(ctx, l, p, ro.Mode)
		n += more
		return err
	})
	return n, err
}

func (t *Table) countPart(ctx context.Context, l *layout, p *Part, m ReadMode) (int64, error) {
	if !t.here(p, m) {
		return t.shared.remote.Count(ctx, t.address(p), m)
	}
	n := p.Count()
	return n, t.still(l, p, m)
}

// PartCounts returns the number of rows in each part, in the order of Parts. What any replica here knows is good enough.
func (t *Table) PartCounts(ctx context.Context) (counts []int64, err error) {
	err = t.eachPart(ctx, func() { counts = counts[:0] }, func(l *layout, p *Part) error {
		n, err := t.countPart(ctx, l, p, ReadOutdated)
		counts = append(counts, n)
		return err
	})
	return counts, err
}

// Sync returns when all writes that were acknowledged before the call are on disk.
func (t *Table) Sync(ctx context.Context) error {
	err := t.eachPart(ctx, func() {}, func(_ *layout, p *Part) error {
		if !t.here(p, ReadSingle) {
			return t.shared.remote.Sync(ctx, t.address(p))
		}
		return p.shard.Sync(ctx)
	})
	if err != nil {
		return fmt.Errorf("sync table %s: %w", t.id, err)
	}
	return nil
}

// eachPart calls f with all parts of a layout. It begins anew when that has been replaced, and calls begin first each time.
func (t *Table) eachPart(ctx context.Context, begin func(), f func(l *layout, p *Part) error) error {
	var try attempt
	for {
		begin()
		l := t.layout.Load()
		var err error
		if l.of != nil && l.moved() {
			return ErrMoved
		}
		for _, p := range l.parts {
			if err = t.inPart(l, p, f(l, p)); err != nil {
				break
			}
		}
		if err == nil || !try.again(ctx, t, l, err) {
			return l.failure(err)
		}
	}
}
