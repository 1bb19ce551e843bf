package exec

import (
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// indexedTable is a table that may have secondary indexes. System tables have none.
type indexedTable interface {
	Indexes() []table.IndexInfo // sorted by name
	Index(name string) (table.IndexInfo, bool)
}

// index finds a secondary index that the client may read. at is the term to blame for one that is not there.
func (t *tableVal) index(fr *frame, name string, at *reql.Term) (table.IndexInfo, error) {
	if err := t.require(fr, ReadRows); err != nil {
		return table.IndexInfo{}, err
	}
	it, ok := t.Table.(indexedTable)
	if !ok {
		return table.IndexInfo{}, t.noIndex(name, at)
	}
	info, ok := it.Index(name)
	switch {
	case !ok:
		return info, t.noIndex(name, at)
	case info.NotUnique != nil:
		return info, failAt(at, reql.OpFailed, "%s", t.notUnique(&info))
	case !info.Ready:
		return info, failAt(at, reql.OpFailed, "Index `%s` on table `%s` was accessed before its construction was finished.", name, t.displayName())
	}
	return info, nil
}

// ordinaryIndex is index for reads by value.
func (t *tableVal) ordinaryIndex(fr *frame, name string, at *reql.Term) (*table.Index, error) {
	info, err := t.index(fr, name, at)
	if err == nil && info.Geo {
		err = ofQuery(reql.Errorf(reql.QueryLogic, "Index `%s` is a geospatial index.  Only get_nearest and get_intersecting can use a geospatial index.", name))
	}
	return info.Index, err
}

// indexSource is a secondary index in place of its table: a scan by primary key becomes one by the index.
type indexSource struct {
	Table
	index  *table.Index
	keys   []datum.Value // instead of a range, sorted
	copies []int         // how often each key was asked for
	loose  bool          // the order of the rows does not matter
	values bool          // the rows come as pairs of the indexed value and the row
}

func (x *indexSource) scan(o table.ScanOptions) table.IndexScan {
	return table.IndexScan{Range: o.Range, Keys: x.keys, Copies: x.copies, Descending: o.Descending, AnyOrder: x.loose, Values: x.values, Transient: o.Transient, At: o.At, Read: o.Read}
}

func (x *indexSource) Scan(ctx context.Context, o table.ScanOptions) (table.Rows, error) {
	return x.index.Scan(ctx, x.scan(o))
}

func (x *indexSource) ScanParallel(ctx context.Context, o table.ScanOptions, n int, each func(worker int, rows table.Rows) error) error {
	return x.index.ScanParallel(ctx, x.scan(o), n, each)
}

// count gives the number of rows in the range, mostly without reading them.
func (x *indexSource) count(ctx context.Context, o table.ScanOptions) (int64, error) {
	return x.index.Count(ctx, x.scan(o))
}

// distinctSource gives the values of an index, each once.
type distinctSource struct{ indexSource }

func (x *distinctSource) Scan(ctx context.Context, o table.ScanOptions) (table.Rows, error) {
	return x.index.Distinct(ctx, x.scan(o))
}

// indexOf finds the secondary index of a slice.
func (s *sliceVal) indexOf(fr *frame, at *reql.Term) (*table.Index, error) {
	for _, bound := range [...]datum.Value{s.bounds.Low, s.bounds.High} {
		if bound.Kind() == datum.KindGeometry { // whatever the index, if there is one
			return nil, blame(datum.CheckIndexBound(bound), at)
		}
	}
	return s.table.ordinaryIndex(fr, s.index, at)
}

// pairSeq gives the rows of a slice by a secondary index as pairs of the indexed value and the row.
func (s *sliceVal) pairSeq(fr *frame, at *reql.Term) (*seq, error) {
	sc, err := s.scan(fr, at, true)
	if err != nil {
		return nil, err
	}
	return s.scanned(fr, at, sc), nil
}

// distinctSeq gives the values of a secondary index in a slice by it, each once.
func (s *sliceVal) distinctSeq(fr *frame, at *reql.Term) (*seq, error) {
	index, err := s.table.ordinaryIndex(fr, s.index, at)
	if err != nil {
		return nil, err
	}
	src := &distinctSource{indexSource{Table: s.table.Table, index: index}}
	sc := &scan{of: s.table, rows: src, index: s.index, opts: table.ScanOptions{Range: s.bounds, Descending: s.sorting == descending, Read: s.table.read}}
	return &seq{src: &scanRows{scan: sc}, fr: fr, at: at}, nil
}

// byKeys gives the rows that have any of some values in a secondary index.
func (t *tableVal) byKeys(fr *frame, name string, keys []datum.Value, at *reql.Term) (*seq, error) {
	sc, err := t.keyScan(fr, name, keys, at)
	if err != nil {
		return nil, err
	}
	return &seq{src: &scanRows{scan: sc}, scan: sc, table: t, fr: fr, at: at}, nil
}

// pairsByKeys gives these rows as pairs of the value and the row, in the order of the values.
func (t *tableVal) pairsByKeys(fr *frame, name string, keys []datum.Value, at *reql.Term) (*seq, error) {
	sc, err := t.keyScan(fr, name, keys, at)
	if err != nil {
		return nil, err
	}
	src := sc.rows.(*indexSource)
	src.values, src.loose = true, false
	return &seq{src: &scanRows{scan: sc}, fr: fr, at: at}, nil
}

func (t *tableVal) keyScan(fr *frame, name string, keys []datum.Value, at *reql.Term) (*scan, error) {
	index, err := t.ordinaryIndex(fr, name, at)
	if err != nil {
		return nil, err
	}
	src := &indexSource{Table: t.Table, index: index, loose: true}
	for i, k := range keys { // sorted
		if i > 0 && datum.Equal(k, keys[i-1]) {
			src.copies[len(src.copies)-1]++
			continue
		}
		src.keys = append(src.keys, k)
		src.copies = append(src.copies, 1)
	}
	return &scan{of: t, rows: src, index: name, opts: table.ScanOptions{Read: t.read}}, nil
}
