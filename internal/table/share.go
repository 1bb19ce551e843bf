package table

import (
	"slices"

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
func (t *Table) scanRuns(runs []run, o shard.ScanOptions, m ReadMode) *chain {
	runs = slices.Clone(runs)
	if o.Descending {
		slices.Reverse(runs)
	}
	return inOrder(runs, func(r run) (parkedRows, error) {
		one := o
		one.Bounds = r.within(o.Bounds)
		return t.scan(one, m), nil
	})
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
func (x *Index) partByPart(o shard.IndexScanOptions, m ReadMode) *chain {
	l := x.table.layout.Load()
	if len(l.parts) < 2 || len(o.Ranges) == 0 {
		return nil
	}
	whole := l
	if x.table.follows != nil {
		whole = l.of
	}
	return inOrder(l.parts, func(p *Part) (parkedRows, error) {
		r := x.rows(o, m)
		r.own = whole.only([]int{slices.Index(whole.parts, p)})
		return r, nil
	})
}
