package table

import (
	"bytes"
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// Distinct returns each indexed value in the range once, in their order.
func (x *Index) Distinct(_ context.Context, o IndexScan) (Rows, error) {
	so, err := x.options(o)
	if err != nil {
		return nil, err
	}
	return &distinctValues{index: x, scan: o, ended: len(so.Ranges) == 0}, nil
}

// distinctValues merges the values of the parts.
type distinctValues struct {
	index *Index
	scan  IndexScan // what is left when the streams are begun
	try   attempt

	layout  *layout
	exact   func(datum.Value) bool // what values have to be to be looked for; nil: all are
	streams []valueStream
	parked  bool
	ended   bool
	last    datum.Value // absent at first
}

// valueStream is the values of one part.
type valueStream struct {
	part   *Part
	rows   *shard.DistinctRows
	sure   bool
	remote RemoteRows // instead of rows

	used  bool // what follows is to be read
	value datum.Value
	ok    bool
	entry []byte // that the value was read from, if values that are equal may differ
}

// Next returns the next value; ok is false at the end.
func (r *distinctValues) Next(ctx context.Context) (v datum.Value, ok bool, err error) {
	for !r.ended {
		if v, ok, err = r.next(ctx); err == nil {
			if ok {
				r.last, r.try = v, attempt{}
			}
			return v, ok, nil
		}
		if err = r.try.resume(ctx, r.index.table, r.layout, err, r.giveUp); err != nil {
			return datum.Value{}, false, err
		}
	}
	return datum.Value{}, false, nil
}

func (r *distinctValues) next(ctx context.Context) (v datum.Value, ok bool, err error) {
	if len(r.streams) == 0 || r.parked && r.layout.moved() {
		if err := r.begin(ctx); err != nil || len(r.streams) == 0 {
			return datum.Value{}, false, err
		}
	}
	r.parked = false
	var first *valueStream
	for i := range r.streams {
		s := &r.streams[i]
		if s.used {
			if err := r.advance(ctx, s); err != nil {
				return datum.Value{}, false, r.index.table.inPart(r.layout, s.part, err)
			}
		}
		if s.ok && (first == nil || r.compare(s, first) < 0) {
			first = s
		}
	}
	if first == nil {
		return datum.Value{}, false, nil
	}
	for i := range r.streams {
		s := &r.streams[i]
		s.used = s.ok && (s == first || len(r.streams) > 1 && datum.Equal(s.value, first.value))
	}
	return first.value, true, nil
}

// compare gives the order of the next values of two streams. Of equal values the one comes first that one group would have found first.
func (r *distinctValues) compare(a, b *valueStream) int {
	c := datum.Compare(a.value, b.value)
	if c == 0 {
		c = bytes.Compare(a.entry, b.entry)
	}
	if r.scan.Descending {
		c = -c
	}
	return c
}

func (r *distinctValues) begin(ctx context.Context) error {
	if err := r.giveUp(); err != nil {
		return err
	}
	t := r.index.table
	r.layout = t.layout.Load()
	if r.layout.of != nil && r.layout.moved() {
		return ErrMoved
	}
	o := r.scan
	switch {
	case r.last.IsAbsent():
	case o.Descending:
		o.Range.High, o.Range.HighOpen = r.last, true
	default:
		o.Range.Low, o.Range.LowOpen = r.last, true
	}
	so, err := r.index.options(o)
	if err != nil {
		return err
	}
	if len(so.Ranges) == 0 {
		r.ended = true
		return nil
	}
	r.exact = so.Exact
	for _, p := range r.layout.parts {
		if !t.here(p, o.Read.Mode) {
			rows := t.shared.remote.Scan(ctx, t.address(p), o.Read.Mode, RemoteScan{Index: r.index.config.Number, Distinct: true, Ranges: so.Ranges, Descending: o.Descending})
			r.streams = append(r.streams, valueStream{part: p, used: true, remote: rows})
			continue
		}
		x, ok := p.shard.Index(r.index.config.Number)
		if !ok {
			return ErrIndexDropped
		}
		r.streams = append(r.streams, valueStream{part: p, used: true, rows: x.Distinct(so)})
	}
	return nil
}

func (r *distinctValues) advance(ctx context.Context, s *valueStream) (err error) {
	if s.remote != nil {
		return r.advanceRemote(ctx, s)
	}
	if s.value, s.ok, err = s.rows.Next(ctx); err != nil {
		return err
	}
	s.used = false
	if len(r.streams) > 1 {
		s.entry = s.rows.Entry()
	}
	if !s.sure {
		if err := r.index.table.still(r.layout, s.part, r.scan.Read.Mode); err != nil {
			return err
		}
	}
	s.sure = true
	return nil
}

func (r *distinctValues) advanceRemote(ctx context.Context, s *valueStream) error {
	for {
		v, at, ok, err := s.remote.Next(ctx)
		if err != nil {
			return err
		}
		if ok && r.exact != nil && !r.exact(v) {
			continue
		}
		s.value, s.entry, s.ok, s.used = v, at.Entry, ok, false
		return nil
	}
}

// Park implements Parker.
func (r *distinctValues) Park() error {
	var failed error
	for i := range r.streams {
		s := &r.streams[i]
		s.sure, r.parked = false, true
		if s.remote == nil { // the other server parks by itself
			failed = errors.Join(failed, s.rows.Park())
		}
	}
	return failed
}

func (r *distinctValues) giveUp() error {
	var failed error
	for i := range r.streams {
		if s := &r.streams[i]; s.remote != nil {
			s.remote.Close()
		} else {
			failed = errors.Join(failed, s.rows.Close())
		}
	}
	r.streams, r.parked = nil, false
	return failed
}

// Close ends the scan.
func (r *distinctValues) Close() error {
	r.ended = true
	return r.giveUp()
}
