package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/extsort"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Aggregation
	//
	// sequence.distinct() → array
	// table.distinct() → sequence
	// table.distinct(index: name) → sequence
	//
	// Each value once, in ascending order; values are collected up to the array limit. Of a table with an index it is the
	// values of the index, as a stream.
	//
	// Options:
	// - index (string; none): the table's index whose values to give
	//
	// Errors:
	// - QueryLogic: Can only perform an indexed distinct on a TABLE.
	//
	//	> r.expr([3, 1, 3, 2]).distinct()
	//	[1,2,3]
	//	> r.table("heroes").distinct(index: "skills")
	//	"compilers"
	//	"mathematics"
	//	"poetry"
	register(reql.TermDistinct, spec{min: 1, max: 1, opts: []string{"index"}, val: evalDistinct, slowOnMany: true})
}

func evalDistinct(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	d, at, byIndex, err := c.optDatum("index")
	if err != nil {
		return val{}, err
	}
	switch v.x.(type) {
	case *tableVal, *sliceVal:
		sl, err := v.slice(c.fr)
		if err != nil {
			return val{}, err
		}
		index := sl.table.PrimaryKey()
		if byIndex {
			if index, err = strAt(d, at); err != nil {
				return val{}, err
			}
		}
		if out, ok, err := c.distinctIndex(sl, index, byIndex); ok || err != nil {
			return out, err
		}
	}
	if byIndex {
		return val{}, c.logic("Can only perform an indexed distinct on a TABLE.")
	}
	s, err := v.seq(c.fr)
	if err != nil {
		return val{}, err
	}
	out, err := c.distinct(s)
	if err != nil || c.n.data == streamed {
		return val{x: out, at: c.n.t}, err
	}
	return c.retSeq(out)
}

// distinctIndex gives the distinct values of an index of a slice, or its distinct rows, which are all of them. ok is false
// when the slice is by another index.
func (c call) distinctIndex(sl *sliceVal, index string, values bool) (v val, ok bool, err error) {
	out := *sl
	switch {
	case values && index == sl.table.PrimaryKey():
		s, err := out.seq(c.fr, c.n.t)
		if err != nil {
			return val{}, false, err
		}
		s.shape.distinct = true
		if sc := s.scanned(); sc != nil { // those of parts are to come in their order, too
			sc.sorted = true
		}
		f := fieldFunction(datum.String(index), c.n.t)
		v, err = c.retSeq(c.stepped(s, mapStep(f)))
		return v, true, err
	case sl.index == "" || sl.index == index:
		out.index = index
		if values {
			s, err := out.distinctSeq(c.fr, c.n.t)
			if err != nil {
				return val{}, false, err
			}
			v, err = c.retSeq(s)
			return v, true, err
		}
		if out.sorting == unordered {
			out.sorting = ascending
		}
		s, err := out.seq(c.fr, c.n.t)
		if err != nil {
			return val{}, false, err
		}
		s.shape.distinct = true
		v, err = c.retSeq(s)
		return v, true, err
	}
	return val{}, false, nil
}

// hint is what a term tells one that it takes its rows from.
type hint uint8

// streamed: the rows are read once, so that what is an array otherwise need not be made.
const streamed hint = 1

// distinct gives the different rows of a sequence, in their order.
func (c call) distinct(s *seq) (*seq, error) {
	if err := s.noInfinite(); err != nil {
		s.close()
		return nil, err
	}
	s, err := c.contributions(s)
	if err != nil {
		return nil, err
	}
	k, err := s.drain(c.fr, func() sink {
		return &distinctSink{at: c.n.t, records: extsort.New(c.fr.q.sortOptions(extsort.Options{Limit: -1, Unique: true}))}
	}, true)
	if err != nil {
		return nil, blame(err, s.at) // those of the sink have a place
	}
	merged, err := extsort.Merge(k.(*distinctSink).take(), c.fr)
	if err != nil {
		return nil, sortError(err)
	}
	out := &distinctRows{sortedRows: sortedRows{rows: merged, left: merged.Len()}, at: c.n.t}
	c.fr.q.own(&out.sortedRows)
	return &seq{src: out, isArray: true, fr: c.fr, at: c.n.t}, nil
}

// distinctSink keeps one of all equal rows. Equal rows have the same key encoding, and the order of those is that of the rows.
type distinctSink struct {
	at      *reql.Term
	records *extsort.Sorter
	others  []*extsort.Sorter // of sinks that were merged into this one

	key, row []byte // scratch
}

func (k *distinctSink) add(fr *frame, row datum.Value) error {
	var err error
	if k.key, err = datum.AppendKey(k.key[:0], row); err != nil {
		return blame(err, k.at)
	}
	encoded, ok := row.Encoded()
	if !ok {
		k.row = datum.AppendEncoded(k.row[:0], row)
		encoded = k.row
	}
	isNew, err := k.records.Add(k.key, encoded, fr)
	if err != nil {
		return blame(sortError(err), k.at)
	}
	if isNew && !k.records.OnDisk() { // otherwise some may be equal to what is there
		return blame(fr.checkArray(k.records.Len()), k.at)
	}
	return nil
}

func (k *distinctSink) settled(fr *frame) error { return sortError(k.records.Sort(fr)) }

func (k *distinctSink) merge(_ *frame, other sink) error {
	k.others = append(k.others, other.(*distinctSink).take()...)
	return nil
}

// take gives up the parts of the sort.
func (k *distinctSink) take() []*extsort.Sorter {
	parts := append([]*extsort.Sorter{k.records}, k.others...)
	k.records, k.others = nil, nil
	return parts
}

func (k *distinctSink) close(*frame) {
	if k.records == nil {
		return
	}
	for _, part := range k.take() {
		part.Close()
	}
}

// result is there for drain; distinct asks for the rows instead.
func (k *distinctSink) result(c call) (val, error) { return val{at: c.n.t}, nil }

// distinctRows gives the rows of distinct, which may not be more than an array may have.
type distinctRows struct {
	sortedRows
	at *reql.Term
	n  int
}

func (r *distinctRows) next(fr *frame) (datum.Value, bool, error) {
	row, ok, err := r.sortedRows.next(fr)
	if ok {
		r.n++
		err = fr.checkArray(r.n)
	}
	return row, ok && err == nil, blame(err, r.at)
}
