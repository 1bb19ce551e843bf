package table

import (
	"bytes"
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// indexRows are the rows of an index in its order. Those of several parts are merged by their entries, so that they come as one group would
// give them. Whatever becomes of the layout meanwhile, what is left to be read is what is behind the place of the last row.
type indexRows struct {
	index *Index
	scan  shard.IndexScanOptions
	mode  ReadMode
	own   *layout // rows of other parts than its own are left out; nil: none are
	try   attempt

	layout  *layout
	streams []entryStream // of the parts; empty: none have begun
	alone   [1]entryStream
	sure    bool // there is one stream, of which all rows are wanted, and the rows were there when its iterator was opened
	parked  bool
	ended   bool

	last  shard.Place // of the last row; while sure, Park finds it out
	given bool        // there is a last row
	again bool        // the streams may begin with rows that have been given,
	skip  int         // so often the one of last
}

// entryStream is the rows of one part.
type entryStream struct {
	part   *Part
	rows   shard.IndexRows
	sure   bool       // the rows were there when its iterator was opened
	remote RemoteRows // instead of rows
	times  int        // how often the row of remote comes once more

	used  bool // what follows is to be read
	row   datum.Value
	ok    bool
	place shard.Place
}

// Next returns the next row; ok is false at the end.
func (r *indexRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	if r.sure {
		return r.alone[0].rows.Next(ctx)
	}
	for !r.ended {
		if row, ok, err = r.next(ctx); err == nil {
			return row, ok, nil
		}
		if err = r.try.resume(ctx, r.index.table, r.layout, err, r.giveUp); err != nil {
			return datum.Value{}, false, err
		}
	}
	return datum.Value{}, false, nil
}

func (r *indexRows) next(ctx context.Context) (row datum.Value, ok bool, err error) {
	if len(r.streams) == 0 || r.parked && r.layout.moved() && r.scan.At == nil {
		if err := r.begin(ctx); err != nil {
			return datum.Value{}, false, err
		}
	}
	r.parked = false
	if len(r.streams) == 1 && r.streams[0].remote == nil && !r.again && !r.foreign() {
		s := &r.streams[0]
		if err := r.advance(ctx, s); err != nil {
			return datum.Value{}, false, r.index.table.inPart(r.layout, s.part, err)
		}
		r.sure, r.try = true, attempt{}
		return s.row, s.ok, nil
	}
	for {
		s, err := r.first(ctx)
		if err != nil || s == nil {
			return datum.Value{}, false, err
		}
		s.used = true
		if r.repeats(s) || r.foreign() && r.own.route(s.place.Entry[s.place.ValueLen:]) == nil {
			continue
		}
		if r.given && s.place.Compare(&r.last) == 0 {
			r.last.Given++
		} else {
			r.last.Set(&s.place)
			r.last.Given = 1
		}
		r.given, r.try = true, attempt{}
		return s.row, true, nil
	}
}

// foreign tells whether the streams may have rows that are to be left out.
func (r *indexRows) foreign() bool { return r.own != nil && r.own.of != r.layout }

// begin begins the streams, behind the last row if there was one.
func (r *indexRows) begin(ctx context.Context) error {
	if err := r.giveUp(); err != nil {
		return err
	}
	t := r.index.table
	if r.layout == nil || r.scan.At == nil { // else it is a state in which the rows were there
		r.layout = t.layout.Load()
	}
	if r.layout.of != nil && r.layout.moved() && r.scan.At == nil {
		return ErrMoved
	}
	parts := r.layout.parts
	if r.own != nil && !r.foreign() {
		parts = r.own.parts
	}
	o := r.scan
	if r.given {
		o.Ranges = behind(o.Ranges, &r.last, o.Descending)
		r.again, r.skip = true, r.last.Given
	}
	streams := r.alone[:]
	if len(parts) != 1 {
		streams = make([]entryStream, len(parts))
	}
	for i, p := range parts {
		s := &streams[i]
		s.part, s.used = p, true
		if o.At == nil && !t.here(p, r.mode) {
			s.remote = t.shared.remote.Scan(ctx, t.address(p), r.mode, RemoteScan{Index: r.index.config.Number, Ranges: o.Ranges, Descending: o.Descending, Values: o.Values})
		} else {
			x, ok := p.shard.Index(r.index.config.Number)
			if !ok {
				return ErrIndexDropped
			}
			s.rows.Begin(x, o)
		}
		r.streams = streams[:i+1]
	}
	return nil
}

// behind gives what is left of some ranges behind a place, and that itself.
func behind(ranges []IndexRange, at *shard.Place, descending bool) []IndexRange {
	var left []IndexRange
	if descending {
		high := append(bytes.Clone(at.Entry), 0)
		if at.Cut() { // its rows come in the order of their values
			high = append(bytes.Clone(at.Entry[:at.ValueLen]), afterValue)
		}
		for _, r := range ranges {
			if bytes.Compare(r.Low, high) < 0 {
				if r.High == nil || bytes.Compare(r.High, high) > 0 {
					r.High = high
				}
				left = append(left, r)
			}
		}
		return left
	}
	low := at.Entry
	if at.Cut() {
		low = at.Entry[:at.ValueLen]
	}
	low = bytes.Clone(low)
	for _, r := range ranges {
		if r.High == nil || bytes.Compare(low, r.High) < 0 {
			if bytes.Compare(r.Low, low) < 0 {
				r.Low = low
			}
			left = append(left, r)
		}
	}
	return left
}

// advance reads the next row of a stream.
func (r *indexRows) advance(ctx context.Context, s *entryStream) (err error) {
	if s.remote != nil {
		return r.advanceRemote(ctx, s)
	}
	if s.row, s.ok, err = s.rows.Next(ctx); err != nil {
		return err
	}
	s.used = false
	if !s.sure && r.scan.At == nil {
		if err := r.index.table.still(r.layout, s.part, r.mode); err != nil {
			return err
		}
	}
	s.sure = true
	return nil
}

func (r *indexRows) advanceRemote(ctx context.Context, s *entryStream) (err error) {
	if s.times > 0 {
		s.times--
		s.used = false
		return nil
	}
	for {
		if s.row, s.place, s.ok, err = s.remote.Next(ctx); err != nil {
			return err
		}
		if s.ok && s.place.Cut() && r.scan.Exact != nil && !r.scan.Exact(s.place.Value) {
			continue
		}
		s.used, s.times = false, s.place.Given-1
		return nil
	}
}

// first gives the stream with the row that comes first; nil at the end.
func (r *indexRows) first(ctx context.Context) (first *entryStream, err error) {
	for i := range r.streams {
		s := &r.streams[i]
		if s.used {
			if err := r.advance(ctx, s); err != nil {
				return nil, r.index.table.inPart(r.layout, s.part, err)
			}
			if s.ok && s.remote == nil {
				s.rows.Place(&s.place)
			}
		}
		if s.ok && (first == nil || r.compare(&s.place, &first.place) < 0) {
			first = s
		}
	}
	return first, nil
}

func (r *indexRows) compare(a, b *shard.Place) int {
	if r.scan.Descending {
		return b.Compare(a)
	}
	return a.Compare(b)
}

// repeats tells whether the next row of a stream, which comes before those of the others, has been given before the streams were begun.
func (r *indexRows) repeats(s *entryStream) bool {
	if !r.again {
		return false
	}
	c := r.compare(&s.place, &r.last)
	if c == 0 && r.skip > 0 {
		r.skip--
		return true
	}
	r.again = c < 0
	return c < 0
}

// Park implements Parker.
func (r *indexRows) Park() error {
	if len(r.streams) == 0 || r.parked {
		return nil
	}
	if r.sure {
		r.given = r.alone[0].rows.Place(&r.last) || r.given
	}
	r.sure, r.parked = false, true
	var failed error
	for i := range r.streams {
		s := &r.streams[i]
		if r.scan.Transient && s.ok && !s.used {
			s.row = s.row.Own()
		}
		s.sure = false
		if s.remote == nil { // the other server parks by itself
			failed = errors.Join(failed, s.rows.Park())
		}
	}
	return failed
}

// giveUp ends the streams.
func (r *indexRows) giveUp() error {
	var failed error
	for i := range r.streams {
		if s := &r.streams[i]; s.remote != nil {
			s.remote.Close()
		} else {
			failed = errors.Join(failed, s.rows.Close())
		}
	}
	clear(r.streams)
	r.streams, r.sure, r.parked = nil, false, false
	return failed
}

// Close ends the scan.
func (r *indexRows) Close() error {
	r.ended = true
	return r.giveUp()
}
