package table

import (
	"bytes"
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// An IndexSweep gives the rows of the lower end of an index to somebody who deletes them, those of one part after those of another, and each in
// the order of the index. Parts whose primary replicas are elsewhere are swept there. What earlier sweeps have been over costs the next one nothing, however many entries
// that were. It is not safe for concurrent use, and there may be one of an index at a time.
type IndexSweep struct {
	index *Index
	scan  shard.IndexScanOptions
	high  []byte // where the floors will be
	parts []*Part
	now   *partSweep // nil: the next part has not begun
	ended []*partSweep
}

// Sweep begins a sweep of the rows whose indexed value is at least low and at most high. Close it. Low must be the same in all
// sweeps of an index. The index is neither multi nor geospatial.
func (x *Index) Sweep(_ context.Context, low, high datum.Value) (*IndexSweep, error) {
	r, _, empty, err := indexRange(Range{Low: low, High: high})
	if err != nil {
		return nil, err
	}
	s := &IndexSweep{index: x}
	if s.high, _, err = boundKey(high); err != nil {
		return nil, err
	}
	if !empty {
		s.scan.Ranges = []shard.IndexRange{r}
	}
	for _, p := range x.table.layout.Load().parts {
		if p.Here() {
			s.parts = append(s.parts, p)
		}
	}
	return s, nil
}

// Next returns the next row; ok is false at the end.
func (s *IndexSweep) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	for {
		if s.now == nil {
			if len(s.parts) == 0 {
				return datum.Value{}, false, nil
			}
			if s.now, err = s.begin(ctx, s.parts[0]); err != nil {
				return datum.Value{}, false, err
			}
			s.parts = s.parts[1:]
		}
		if row, ok, err = s.now.next(ctx); ok || err != nil {
			return row, ok, err
		}
		if err := s.now.park(); err != nil {
			return datum.Value{}, false, err
		}
		s.ended, s.now = append(s.ended, s.now), nil // its last rows are perhaps still to be deleted
	}
}

// Park gives back what the sweep holds of the store; see Parker. Call it before a write.
func (s *IndexSweep) Park() error {
	if s.now == nil {
		return nil
	}
	return s.now.park()
}

// Deleted says that the rows so far have been deleted.
func (s *IndexSweep) Deleted() {
	for _, p := range s.ended {
		p.deleted()
	}
	if s.now != nil {
		s.now.deleted()
	}
}

// Close ends the sweep. Rows that are not said to be deleted are those of the next one.
func (s *IndexSweep) Close() error {
	var failed error
	if s.now != nil {
		s.ended = append(s.ended, s.now)
	}
	for _, p := range s.ended {
		failed = errors.Join(failed, p.close())
	}
	s.ended, s.now = nil, nil
	return failed
}

// partSweep is the sweep of one part.
type partSweep struct {
	rows *shard.IndexRows
	part *shard.Index
	at   []byte // where the next sweep begins if this one ends now
	last []byte // the entry of the row that was returned last
	over bool   // there are no more rows
	open bool   // there are rows that are not deleted
}

func (s *IndexSweep) begin(ctx context.Context, p *Part) (*partSweep, error) {
	part, ok := p.shard.Index(s.index.config.Number)
	if !ok {
		return nil, ErrIndexDropped
	}
	if err := part.KeepFloor(ctx); err != nil {
		return nil, err
	}
	n := &partSweep{part: part, at: part.RaiseFloor(s.high)}
	o := shard.IndexScanOptions{}
	for _, r := range s.scan.Ranges {
		if bytes.Compare(n.at, r.Low) > 0 {
			r.Low = n.at
		}
		if bytes.Compare(r.Low, r.High) < 0 {
			o.Ranges = append(o.Ranges, r)
		}
	}
	n.rows = part.Scan(o)
	return n, nil
}

func (s *partSweep) next(ctx context.Context) (row datum.Value, ok bool, err error) {
	row, ok, err = s.rows.Next(ctx)
	if ok {
		s.open = true
		s.last = s.rows.AppendEntry(s.last[:0])
	}
	s.over = !ok && err == nil
	return row, ok, err
}

func (s *partSweep) park() error { return s.rows.Park() }

func (s *partSweep) deleted() {
	s.open = false
	s.at = append(s.at[:0:0], s.last...)
}

func (s *partSweep) close() error {
	if s.open || !s.over {
		s.part.LowerFloor(s.at)
	}
	return s.rows.Close()
}
