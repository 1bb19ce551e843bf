package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

type dbVal struct {
	DB
	name string
}

// tableVal is a table as a query sees it.
type tableVal struct {
	Table
	name string
	db   DB
	read table.ReadOptions
	at   *reql.Term // that named it; errors about slices of it are blamed on it
}

func (t *tableVal) displayName() string { return t.db.Name + "." + t.name }

func (t *tableVal) slice() *sliceVal { return &sliceVal{table: t} }

// sliceVal is a range of a table by the primary key or an index, perhaps in its order.
type sliceVal struct {
	table   *tableVal
	index   string // "" while neither between nor order_by has named one
	sorting sorting
	bounds  table.Range
	bounded bool // between was called
}

type sorting uint8

const (
	unordered sorting = iota
	ascending
	descending
)

func (s sorting) String() string { return [...]string{"UNORDERED", "ASCENDING", "DESCENDING"}[s] }

// usesPrimary tells whether the slice is one by the primary key.
func (s *sliceVal) usesPrimary() bool { return s.index == "" || s.index == s.table.PrimaryKey() }

// seq gives the rows of the slice. at is the term to blame for an index that is not there.
func (s *sliceVal) seq(fr *frame, at *reql.Term) (*seq, error) {
	sc, err := s.scan(fr, at, false)
	if err != nil {
		return nil, err
	}
	return s.scanned(fr, at, sc), nil
}

// scanned gives the rows of a scan of the slice.
func (s *sliceVal) scanned(fr *frame, at *reql.Term, sc *scan) *seq {
	if sc == nil {
		return &seq{src: noRows{}, table: s.table, fr: fr, at: at}
	}
	q := &seq{src: &scanRows{scan: sc}, table: s.table, fr: fr, at: at}
	if s.sorting == unordered {
		q.scan = sc
	}
	return q
}

// scan gives how to read the slice; nil when it is known to be empty. With values the rows of a secondary index come as pairs
// of the indexed value and the row.
func (s *sliceVal) scan(fr *frame, at *reql.Term, values bool) (*scan, error) {
	src, name := s.table.Table, ""
	if !s.usesPrimary() {
		index, err := s.indexOf(fr, at)
		if err != nil {
			return nil, err
		}
		src, name = &indexSource{Table: src, index: index, loose: s.sorting == unordered, values: values}, s.index
	}
	if s.empty() {
		return nil, nil
	}
	return &scan{of: s.table, rows: src, index: name, sorted: s.sorting != unordered,
		opts: table.ScanOptions{Range: s.bounds, Descending: s.sorting == descending, Read: s.table.read}}, nil
}

// noIndex is the error for a secondary index that the table does not have.
func (t *tableVal) noIndex(name string, at *reql.Term) error {
	period := "."
	if t.db.Name == "rethinkdb" { // whose tables say it without, as the reference does
		period = ""
	}
	return failAt(at, reql.OpFailed, "Index `%s` was not found on table `%s`%s", name, t.displayName(), period)
}

// selectionVal is a sequence of whole rows of a table, which writes accept.
type selectionVal struct {
	table *tableVal
	seq   *seq
}

// singleVal is one row of a table by its key. It is read when it is needed.
type singleVal struct {
	table *tableVal
	key   datum.Value
	row   datum.Value // null when there is no such row; absent until read

	// extreme is the slice whose first row this is, without having been read: min and max are so under changes.
	extreme *sliceVal
}

// get reads the row; it is null when there is none.
func (s *singleVal) get(fr *frame) (datum.Value, error) {
	if s.row.IsAbsent() {
		row, err := s.table.get(fr, s.key)
		if err != nil {
			return row, err
		}
		if row.IsAbsent() {
			row = datum.Null
		}
		s.row = row
	}
	return s.row, nil
}

// get reads one row; it is absent when there is none.
func (t *tableVal) get(fr *frame, key datum.Value) (datum.Value, error) {
	if err := t.require(fr, ReadRows); err != nil {
		return datum.Value{}, err
	}
	reading := fr.trace.begin("Reading a row of", t)
	row, err := t.Get(fr.q.ctx, key, t.read)
	fr.trace.end(reading)
	if err != nil {
		return row, fr.readError(err)
	}
	if !row.IsAbsent() {
		if err := fr.hasRead(1); err != nil {
			return row, err
		}
	}
	return row, nil
}
