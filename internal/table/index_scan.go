package table

import (
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// Scan returns rows in the order of the index, unless any order will do.
func (x *Index) Scan(_ context.Context, o IndexScan) (Rows, error) {
	so, err := x.options(o)
	switch {
	case err == errSameCut: //nolint:errorlint // it is never wrapped
		return &oneByOne{index: x, scan: o}, nil
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
type oneByOne struct {
	index *Index
	scan  IndexScan
	rows  *indexRows
	at    int // the next key
}

func (r *oneByOne) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	for {
		if r.rows != nil {
			if row, ok, err := r.rows.Next(ctx); ok || err != nil {
				return row, ok, err
			}
			if err := r.Close(); err != nil {
				return datum.Value{}, false, err
			}
		}
		if r.at == len(r.scan.Keys) {
			return datum.Value{}, false, nil
		}
		o := r.scan
		i := r.at
		if o.Descending {
			i = len(o.Keys) - 1 - i
		}
		o.Keys = o.Keys[i : i+1]
		if o.Copies != nil {
			o.Copies = o.Copies[i : i+1]
		}
		so, err := r.index.options(o)
		if err != nil {
			return datum.Value{}, false, err
		}
		r.rows = r.index.rows(so, o.Read.Mode)
		r.at++
	}
}

func (r *oneByOne) Park() error {
	if r.rows == nil {
		return nil
	}
	return r.rows.Park()
}

func (r *oneByOne) Close() error {
	if r.rows == nil {
		return nil
	}
	rows := r.rows
	r.rows = nil
	return rows.Close()
}

// Count returns how many rows Scan would, in most cases without reading them.
func (x *Index) Count(ctx context.Context, o IndexScan) (int64, error) {
	so, err := x.options(o)
	if err == errSameCut { //nolint:errorlint // it is never wrapped
		sum := int64(0)
		for i := range o.Keys {
			one := o
			one.Keys = o.Keys[i : i+1]
			if o.Copies != nil {
				one.Copies = o.Copies[i : i+1]
			}
			n, err := x.Count(ctx, one)
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
		rows := &oneByOne{index: x, scan: o}
		return errors.Join(each(0, rows), rows.Close())
	case err != nil:
		return err
	}
	return x.parallel(ctx, so, o.Read.Mode, n, each)
}
