package table

import (
	"bytes"
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// An IndexSweep gives the rows of the lower end of an index to somebody who deletes them, in the order of the index. What earlier sweeps
// have been over costs the next one nothing, however many entries that were. It is not safe for concurrent use, and there may be one
// of an index at a time.
type IndexSweep struct {
	rows *shard.IndexRows
	part *shard.Index
	at   []byte // where the next sweep begins if this one ends now
	last []byte // the entry of the row that was returned last
	over bool   // there are no more rows
	open bool   // there are rows that are not deleted
}

// Sweep begins a sweep of the rows whose indexed value is at least low and at most high. Close it. Low must be the same in all
// sweeps of an index. The index is neither multi nor geospatial.
func (x *Index) Sweep(ctx context.Context, low, high datum.Value) (*IndexSweep, error) {
	r, _, empty, err := indexRange(Range{Low: low, High: high})
	if err != nil {
		return nil, err
	}
	s := &IndexSweep{part: x.parts[0]}
	if err := s.part.KeepFloor(ctx); err != nil {
		return nil, err
	}
	to, _, err := boundKey(high)
	if err != nil {
		return nil, err
	}
	s.at = s.part.RaiseFloor(to)
	if bytes.Compare(s.at, r.Low) > 0 {
		r.Low = s.at
	}
	o := shard.IndexScanOptions{}
	if empty = empty || bytes.Compare(r.Low, r.High) >= 0; !empty {
		o.Ranges = []shard.IndexRange{r}
	}
	s.rows = s.part.Scan(o)
	return s, nil
}

// Next returns the next row; ok is false at the end.
func (s *IndexSweep) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	row, ok, err = s.rows.Next(ctx)
	if ok {
		s.open = true
		s.last = s.rows.AppendEntry(s.last[:0])
	}
	s.over = !ok && err == nil
	return row, ok, err
}

// Park gives back what the sweep holds of the store; see Parker. Call it before a write.
func (s *IndexSweep) Park() error { return s.rows.Park() }

// Deleted says that the rows so far have been deleted.
func (s *IndexSweep) Deleted() {
	s.open = false
	s.at = append(s.at[:0:0], s.last...)
}

// Close ends the sweep. Rows that are not said to be deleted are those of the next one.
func (s *IndexSweep) Close() error {
	if s.open || !s.over {
		s.part.LowerFloor(s.at)
	}
	return s.rows.Close()
}
