package table

import (
	"context"
	"errors"
	"slices"

	"rethinkdb/internal/shard"
)

// Scan returns rows in the order of the index, unless any order will do.
func (x *Index) Scan(_ context.Context, o IndexScan) (Rows, error) {
	so, err := x.options(o)
	switch {
	case err == errSameCut: //nolint:errorlint // it is never wrapped
		return x.oneByOne(o), nil
	case err != nil:
		return nil, err
	}
	if o.AnyOrder {
		if rows := x.partByPart(so, o.Read.Mode); rows != nil {
			return rows, nil
		}
	}
	return x.rows(so, o.Read.Mode), nil
}

// ScanCells returns the rows that have an entry in ranges of cells. A row comes once for each such entry. Of o only Transient,
// At and Read mean anything.
func (x *Index) ScanCells(ranges []IndexRange, o ScanOptions) Rows {
	return x.rows(shard.IndexScanOptions{Ranges: ranges, Transient: o.Transient, At: o.At}, o.Read.Mode)
}

// oneByOne scans for one key after the other.
func (x *Index) oneByOne(o IndexScan) *chain {
	keys := make([]int, len(o.Keys))
	for i := range keys {
		keys[i] = i
	}
	if o.Descending {
		slices.Reverse(keys)
	}
	return inOrder(keys, func(i int) (parkedRows, error) {
		so, err := x.options(o.only(i))
		if err != nil {
			return nil, err
		}
		return x.rows(so, o.Read.Mode), nil
	})
}

// only is a scan for one of the keys.
func (o IndexScan) only(key int) IndexScan {
	o.Keys = o.Keys[key : key+1]
	if o.Copies != nil {
		o.Copies = o.Copies[key : key+1]
	}
	return o
}

// Count returns how many rows Scan would, in most cases without reading them.
func (x *Index) Count(ctx context.Context, o IndexScan) (int64, error) {
	so, err := x.options(o)
	if err == errSameCut { //nolint:errorlint // it is never wrapped
		sum := int64(0)
		for i := range o.Keys {
			n, err := x.Count(ctx, o.only(i))
			if err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, nil
	}
	if err != nil {
		return 0, err
	}
	n := int64(0)
	err = x.table.eachPart(ctx, func() { n = 0 }, func(l *layout, p *Part) error {
		more, err := x.countPart(ctx, l, p, so, o.Read.Mode)
		n += more
		return err
	})
	return n, err
}

func (x *Index) countPart(ctx context.Context, l *layout, p *Part, o shard.IndexScanOptions, m ReadMode) (n int64, err error) {
	t := x.table
	switch {
	case t.here(p, m):
		part, ok := p.shard.Index(x.config.Number)
		if !ok {
			return 0, ErrIndexDropped
		}
		if n, err = part.Count(ctx, o); err != nil {
			return 0, err
		}
		return n, t.still(l, p, m)
	case o.Exact == nil:
		return t.shared.remote.CountIndex(ctx, t.address(p), m, x.config.Number, o.Ranges)
	}
	rows := t.shared.remote.Scan(ctx, t.address(p), m, RemoteScan{Index: x.config.Number, Ranges: o.Ranges})
	defer rows.Close()
	for {
		_, at, ok, err := rows.Next(ctx)
		if err != nil || !ok {
			return n, err
		}
		if !at.Cut() || o.Exact(at.Value) {
			n += int64(at.Given)
		}
	}
}

// ScanParallel is for an index what Table.ScanParallel is for a table.
func (x *Index) ScanParallel(ctx context.Context, o IndexScan, n int, each func(worker int, rows Rows) error) error {
	so, err := x.options(o)
	switch {
	case err == errSameCut: //nolint:errorlint // it is never wrapped
		rows := x.oneByOne(o)
		return errors.Join(each(0, rows), rows.Close())
	case err != nil:
		return err
	}
	return x.parallel(ctx, so, o.Read.Mode, n, each)
}
