package table

import (
	"context"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// Share returns a view with the rows that some parts have now; false if the table has not all of them any more. Unlike that of Only it does not end
// with the layout: its scans go on with the same rows wherever they come to. Nothing but Scan and the scans of indexes follows them.
func (t *Table) Share(parts ...*Part) (*Table, bool) {
	l := t.layout.Load()
	chosen := make([]int, len(parts))
	for i, p := range parts {
		if chosen[i] = slices.Index(l.parts, p); chosen[i] < 0 {
			return nil, false
		}
	}
	v := &Table{id: t.id, primaryKey: t.primaryKey, shared: t.shared, follows: t}
	v.layout.Store(l.only(chosen))
	return v, true
}

// scanRuns scans runs of a layout that may have been replaced.
func (t *Table) scanRuns(runs []run, o shard.ScanOptions, m ReadMode) *runsRows {
	runs = slices.Clone(runs)
	if o.Descending {
		slices.Reverse(runs)
	}
	return &runsRows{table: t, mode: m, left: o, runs: runs}
}

// rows begins a scan of entries.
func (x *Index) rows(o shard.IndexScanOptions, m ReadMode) *indexRows {
	r := &indexRows{index: x, scan: o, mode: m, ended: len(o.Ranges) == 0}
	if t := x.table.follows; t != nil {
		r.index, r.own = x.Only(t), x.table.layout.Load()
	}
	return r
}

// partByPart gives a scan that reads the parts one after the other; nil if there is only one.
func (x *Index) partByPart(o shard.IndexScanOptions, m ReadMode) *partsRows {
	l := x.table.layout.Load()
	if len(l.parts) < 2 || len(o.Ranges) == 0 {
		return nil
	}
	whole := l
	if x.table.follows != nil {
		whole = l.of
	}
	rows := &partsRows{}
	for _, p := range l.parts {
		r := x.rows(o, m)
		r.own = whole.only([]int{slices.Index(whole.parts, p)})
		rows.left = append(rows.left, r)
	}
	return rows
}

// runsRows are the rows of some runs, one after the other.
type runsRows struct {
	table *Table
	mode  ReadMode
	left  shard.ScanOptions
	runs  []run // not begun
	rows  *tableRows
}

func (r *runsRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	for {
		if r.rows != nil {
			if row, ok, err := r.rows.Next(ctx); ok || err != nil {
				return row, ok, err
			}
			if err := r.Close(); err != nil {
				return datum.Value{}, false, err
			}
		}
		if len(r.runs) == 0 {
			return datum.Value{}, false, nil
		}
		o := r.left
		o.Bounds = r.runs[0].within(o.Bounds)
		r.rows, r.runs = r.table.scan(o, r.mode), r.runs[1:]
	}
}

func (r *runsRows) Close() error {
	if r.rows == nil {
		return nil
	}
	rows := r.rows
	r.rows = nil
	return rows.Close()
}

// Park implements Parker.
func (r *runsRows) Park() error {
	if r.rows == nil {
		return nil
	}
	return r.rows.Park()
}

// partsRows are the rows of the parts of an index, one part after the other.
type partsRows struct {
	left []*indexRows // the first one is being read
}

func (r *partsRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	for len(r.left) > 0 {
		if row, ok, err = r.left[0].Next(ctx); ok || err != nil {
			return row, ok, err
		}
		if err := r.left[0].Close(); err != nil {
			return datum.Value{}, false, err
		}
		r.left = r.left[1:]
	}
	return datum.Value{}, false, nil
}

// Park implements Parker.
func (r *partsRows) Park() error {
	if len(r.left) == 0 {
		return nil
	}
	return r.left[0].Park()
}

func (r *partsRows) Close() error {
	if len(r.left) == 0 {
		return nil
	}
	first := r.left[0]
	r.left = nil
	return first.Close()
}
