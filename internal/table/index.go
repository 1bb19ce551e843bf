package table

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rethinkdb/internal/datum"
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

// An Index is a secondary index of a table. Each part has one with the same number, of its own rows. It is safe for concurrent use.
type Index struct {
	table  *Table
	config IndexConfig
}

// AddIndex makes writers maintain an index. One that is not ready is empty then, and has to be built.
func (t *Table) AddIndex(ctx context.Context, c IndexConfig) (*Index, error) {
	x := &Index{table: t, config: c}
	for _, p := range t.layout.Load().parts {
		if err := x.AddTo(ctx, p); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// Only returns the index as one of a view of its table.
func (x *Index) Only(view *Table) *Index { return &Index{table: view, config: x.config} }

// Finish makes writers treat the index as one that is built: another server has built it.
func (x *Index) Finish() {
	for _, p := range x.table.layout.Load().parts {
		x.FinishPart(p)
	}
}

// DropIndex ends an index and removes its entries. Make sure first that no configuration mentions it any more, and that
// nobody builds it.
func (t *Table) DropIndex(ctx context.Context, x *Index) error {
	for _, p := range t.layout.Load().parts {
		if err := x.DropFrom(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// SweepIndexes removes what a crash has left of indexes that are not among these numbers. Call it before there are writers.
func (t *Table) SweepIndexes(ctx context.Context, live []uint32) error {
	for _, p := range t.layout.Load().parts {
		if err := p.SweepIndexes(ctx, live); err != nil {
			return fmt.Errorf("remove dropped indexes of table %s: %w", t.id, err)
		}
	}
	return nil
}

// Build makes the entries of the rows that were there before AddIndex. Readers must not use the index before. A
// *NotUniqueError is final: the index can only be dropped.
func (x *Index) Build(ctx context.Context) error {
	for _, p := range x.table.layout.Load().parts {
		if err := x.BuildPart(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Progress returns how much of a build is done, from 0 to 1.
func (x *Index) Progress() float64 {
	parts := x.table.layout.Load().parts
	sum := 0.0
	for _, p := range parts {
		sum += x.PartProgress(p)
	}
	return sum / float64(len(parts))
}

// Function returns the function of the index.
func (x *Index) Function() IndexFunction { return x.config.Function }

// IndexScan says what a scan of an index returns.
type IndexScan struct {
	Range      Range         // of the indexed values
	Keys       []datum.Value // instead of Range, the values to look for, ascending and without duplicates
	Copies     []int         // how often each row of each key comes; nil: once
	Descending bool
	AnyOrder   bool      // the order of the rows does not matter
	Values     bool      // the rows come as arrays of the indexed value and the row
	Transient  bool      // as of ScanOptions
	At         *Snapshot // as of ScanOptions
	Read       ReadOptions
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

// Number names the index among those that the table has had.
func (x *Index) Number() uint32 { return x.config.Number }
