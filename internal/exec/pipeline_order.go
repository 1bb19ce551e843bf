package exec

import (
	"rethinkdb/internal/datum"
)

// placed gives the sequence over another scan of its table. If an order is wanted, each row comes as an array of its place in that, as farRows
// compares them, and the row.
func (s *seq) placed(fr *frame, sc *scan, limit int) *seq {
	var src rows = &scanRows{scan: sc}
	var places *placeRows
	if sc.sorted {
		if x, ok := sc.rows.(*indexSource); ok {
			pairs := *x
			pairs.values = true
			sc.rows = &pairs
		}
		sc.opts.Transient = false // one row of each part is kept while those of others are given
		places = &placeRows{s: &seq{src: src, fr: fr, at: s.at}, key: sc.of.PrimaryKey()}
		_, places.pairs = sc.rows.(*indexSource)
		src = places
	}
	out := s.anew(src)
	if limit > 0 {
		out = out.slice(0, uint64(limit), s.at)
	}
	if places == nil {
		return out
	}
	return out.with(func(_ *frame, row datum.Value) (datum.Value, bool, error) {
		return datum.Array([]datum.Value{places.last, row}), true, nil
	})
}

// anew gives a sequence with the same steps that has not been read, over another source.
func (s *seq) anew(src rows) *seq {
	one := *s
	one.scan, one.steps = nil, append([]step(nil), s.steps...)
	if s.from == nil {
		one.src = src
		return &one
	}
	one.from = s.from.anew(src)
	one.src = &expandedRows{from: one.from, expand: s.expand}
	return &one
}

// placeRows remember the place of the last row of an ordered scan: its primary key, or the value of the index and that.
type placeRows struct {
	s     *seq
	key   string // the field of the primary key
	pairs bool   // the rows of s come with the values of an index
	last  datum.Value
}

func (r *placeRows) next(fr *frame) (row datum.Value, ok bool, err error) {
	if row, ok, err = r.s.next(fr); err != nil || !ok {
		return row, false, err
	}
	if !r.pairs {
		r.last, _ = row.Get(r.key)
		return row, true, nil
	}
	value := row.At(0)
	row = row.At(1)
	key, _ := row.Get(r.key)
	r.last = datum.Array([]datum.Value{value, key})
	return row, true, nil
}

func (r *placeRows) close() { r.s.close() }

func (r *placeRows) inputs() ([]*seq, use) { return []*seq{r.s}, useOnce }
