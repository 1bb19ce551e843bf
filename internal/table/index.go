package table

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/processors"
	"rethinkdb/internal/shard"
)

// Errors of indexes.
var (
	ErrIndexDropped = shard.ErrIndexDropped
	ErrCorruptIndex = shard.ErrCorruptIndex
)

// IndexFunction computes what a row is indexed by.
type IndexFunction = shard.IndexFunction

// CellFunction computes the cells that cover a geometry.
type CellFunction = shard.CellFunction

// IndexConfig describes an index.
type IndexConfig = shard.IndexConfig

// NotUniqueError is the error of the build of a unique index when two rows have one value.
type NotUniqueError = shard.NotUniqueError

// DuplicateError is the error of a row that was refused for the sake of a unique index.
type DuplicateError = shard.DuplicateError

// IndexRange is a range of entries, in bytes.
type IndexRange = shard.IndexRange

// IndexInfo is what there is to know about an index of a table, as of one moment.
type IndexInfo struct {
	Name               string
	Multi, Geo, Unique bool
	Definition         []byte // of the function, for whoever compiles it
	Ready              bool
	NotUnique          *NotUniqueError // why there will be no index, or nil
	Index              *Index          // nil perhaps when there will be none
	Built              <-chan struct{} // closed when the index is ready, or will never be, or is gone
	Began              time.Time       // the build, or the server if that was later
}

// An Index is a secondary index of a table. It is safe for concurrent use.
type Index struct {
	table  *Table
	config IndexConfig
	parts  []*shard.Index // of each shard
}

// AddIndex makes writers maintain an index. One that is not ready is empty then, and has to be built.
func (t *Table) AddIndex(ctx context.Context, c IndexConfig) (*Index, error) {
	x := &Index{table: t, config: c}
	for _, s := range t.shards {
		part, err := s.AddIndex(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("add index %d to table %s: %w", c.Number, t.id, err)
		}
		x.parts = append(x.parts, part)
	}
	return x, nil
}

// Finish makes writers treat the index as one that is built: another server has built it.
func (x *Index) Finish() {
	for _, part := range x.parts {
		part.Finish()
	}
}

// DropIndex ends an index and removes its entries. Make sure first that no configuration mentions it any more, and that
// nobody builds it.
func (t *Table) DropIndex(ctx context.Context, x *Index) error {
	for i, s := range t.shards {
		if err := s.DropIndex(ctx, x.parts[i]); err != nil {
			return fmt.Errorf("drop index %d of table %s: %w", x.config.Number, t.id, err)
		}
	}
	return nil
}

// SweepIndexes removes what a crash has left of indexes that are not among these numbers. Call it before there are writers.
func (t *Table) SweepIndexes(ctx context.Context, live []uint32) error {
	for _, s := range t.shards {
		if err := s.SweepIndexes(ctx, live); err != nil {
			return fmt.Errorf("remove dropped indexes of table %s: %w", t.id, err)
		}
	}
	return nil
}

// Build makes the entries of the rows that were there before AddIndex. Readers must not use the index before. A
// *NotUniqueError is final: the index can only be dropped.
func (x *Index) Build(ctx context.Context) error {
	for _, p := range x.parts {
		if err := p.Build(ctx, processors.Count()); err != nil {
			return fmt.Errorf("build an index of table %s: %w", x.table.id, err)
		}
	}
	return nil
}

// Progress returns how much of a build is done, from 0 to 1.
func (x *Index) Progress() float64 {
	sum := 0.0
	for _, p := range x.parts {
		sum += p.Progress()
	}
	return sum / float64(len(x.parts))
}

// Function returns the function of the index.
func (x *Index) Function() IndexFunction { return x.config.Function }

// IndexScan says what a scan of an index returns.
type IndexScan struct {
	Range      Range         // of the indexed values
	Keys       []datum.Value // instead of Range, the values to look for, ascending and without duplicates
	Copies     []int         // how often each row of each key comes; nil: once
	Descending bool
	Values     bool      // the rows come as arrays of the indexed value and the row
	Transient  bool      // as of ScanOptions
	At         *Snapshot // as of ScanOptions
}

// errSameCut is for keys that are so long that they are cut, and are then the same.
var errSameCut = errors.New("several keys have the same beginning")

// options turns values into keys. An error is a *datum.Error: a value that no index has.
func (x *Index) options(o IndexScan) (so shard.IndexScanOptions, err error) {
	so = shard.IndexScanOptions{Descending: o.Descending, Values: o.Values, Transient: o.Transient, At: o.At}
	exact := false
	if o.Keys == nil {
		r, cut, empty, err := indexRange(o.Range)
		if err != nil || empty {
			return so, err
		}
		so.Ranges, exact = []shard.IndexRange{r}, cut
	}
	for i, k := range o.Keys {
		r, cut, _, err := indexRange(Range{Low: k, High: k})
		if err != nil {
			return so, err
		}
		if o.Copies != nil {
			r.Copies = o.Copies[i]
		}
		if n := len(so.Ranges); n > 0 && string(so.Ranges[n-1].Low) == string(r.Low) {
			return so, errSameCut
		}
		so.Ranges = append(so.Ranges, r)
		exact = exact || cut
	}
	if exact {
		so.Exact = o.holds
	}
	return so, nil
}

// holds tells whether a value is what the scan looks for.
func (o *IndexScan) holds(v datum.Value) bool {
	if o.Keys == nil {
		return o.Range.Holds(v)
	}
	for _, k := range o.Keys {
		if datum.Equal(k, v) {
			return true
		}
	}
	return false
}

// Holds tells whether a value is in the range.
func (r *Range) Holds(v datum.Value) bool {
	if !r.Low.IsAbsent() {
		if c := datum.Compare(v, r.Low); c < 0 || c == 0 && r.LowOpen {
			return false
		}
	}
	if !r.High.IsAbsent() {
		if c := datum.Compare(v, r.High); c > 0 || c == 0 && r.HighOpen {
			return false
		}
	}
	return true
}

// afterValue follows the key of a value in the first key that is greater than all entries of the value: it is greater than
// the first byte of any primary key.
const afterValue = 0xff

// indexRange turns a range of values into one of entries. cut says that a bound was too long to be exact.
func indexRange(r Range) (out shard.IndexRange, cut, empty bool, err error) {
	if !r.Low.IsAbsent() {
		var full bool
		if out.Low, full, err = boundKey(r.Low); err != nil {
			return out, false, false, err
		}
		if r.LowOpen && full {
			out.Low = append(out.Low, afterValue)
		}
		cut = !full
	}
	if !r.High.IsAbsent() {
		var full bool
		if out.High, full, err = boundKey(r.High); err != nil {
			return out, false, false, err
		}
		if !r.HighOpen || !full {
			out.High = append(out.High, afterValue)
		}
		cut = cut || !full
	}
	return out, cut, out.High != nil && string(out.Low) >= string(out.High), nil
}

func boundKey(v datum.Value) (key []byte, full bool, err error) {
	if err := datum.CheckIndexBound(v); err != nil {
		return nil, false, err
	}
	key, err = datum.AppendKey(nil, v)
	if err != nil {
		return nil, false, err
	}
	if len(key) >= shard.MaxValueKeyBytes {
		return key[:shard.MaxValueKeyBytes:shard.MaxValueKeyBytes], false, nil
	}
	return key, true, nil
}

// Scan returns rows in the order of the index.
func (x *Index) Scan(_ context.Context, o IndexScan) (Rows, error) {
	so, err := x.options(o)
	switch {
	case err == errSameCut: //nolint:errorlint // it is never wrapped
		return &oneByOne{index: x, scan: o}, nil
	case err != nil:
		return nil, err
	}
	return x.parts[0].Scan(so), nil
}

// oneByOne scans for one key after the other.
type oneByOne struct {
	index *Index
	scan  IndexScan
	rows  *shard.IndexRows
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
		r.rows = r.index.parts[0].Scan(so)
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
	return x.parts[0].ScanParallel(ctx, so, n, func(worker int, rows *shard.ParallelIndexRows) error { return each(worker, rows) })
}

// ScanCells returns the rows that have an entry in ranges of cells. A row comes once for each such entry. Of o only Transient
// and At mean anything.
func (x *Index) ScanCells(ranges []IndexRange, o ScanOptions) Rows {
	return x.parts[0].Scan(shard.IndexScanOptions{Ranges: ranges, Transient: o.Transient, At: o.At})
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
	return x.parts[0].Count(ctx, so)
}

// Distinct returns each indexed value in the range once, in their order.
func (x *Index) Distinct(_ context.Context, o IndexScan) (Rows, error) {
	so, err := x.options(o)
	if err != nil {
		return nil, err
	}
	return x.parts[0].Distinct(so), nil
}

// Number names the index among those that the table has had.
func (x *Index) Number() uint32 { return x.config.Number }
