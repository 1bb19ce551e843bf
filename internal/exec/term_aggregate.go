package exec

import (
	"unicode/utf8"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Aggregation
	//
	// sequence.count() → number
	// sequence.count(value) → number
	// sequence.count(function) → number
	// string.count() → number
	// binary.count() → number
	// object.count() → number
	//
	// The number of elements, of those that equal a value, or of those for which a function is true; of a string's
	// characters (code points), a binary's bytes, an object's fields. The number of rows of a table is known without reading
	// them.
	//
	//	> r.table("heroes").count(h => h("born").gt(1900))
	//	2
	//	> r.expr("Gödel").count()
	//	5
	register(reql.TermCount, spec{min: 1, max: 2, datum: nil, val: evalCount, compile: compileCount, groupedSeq: true, slowOnMany: true})
	for _, t := range []struct {
		term reql.TermType
		a    numeric
	}{
		// sequence.sum() → number
		// sequence.sum(field) → number
		// sequence.sum(function) → number
		//
		// The sum of numbers, of a field, or of what a function makes of each element. What lacks the field is left out. 0 for
		// nothing.
		//
		// Options:
		// - index (string; none): refused
		//
		// Errors:
		// - QueryLogic: Cannot call … on an index.
		//
		//	> r.table("visits").sum("nights")
		//	17
		{reql.TermSum, numeric{name: "sum", new: func(f *function, c call) accumulator { return &sumAcc{f: f, at: c.n.t} }}},

		// sequence.avg() → number
		// sequence.avg(field) → number
		// sequence.avg(function) → number
		//
		// The average of numbers, of a field, or of what a function makes of each element. What lacks the field is left out.
		//
		// Options:
		// - index (string; none): refused
		//
		// Errors:
		// - NonExistence: Cannot take the average of an empty stream.  (If you passed `avg` a field name, it may be that no elements of the stream had that field.)
		//
		//	> r.table("visits").avg("nights")
		//	4.25
		{reql.TermAvg, numeric{name: "avg", new: func(f *function, c call) accumulator { return &avgAcc{sumAcc{f: f, at: c.n.t}} }}},

		// sequence.min() → value
		// sequence.min(field) → value
		// sequence.min(function) → value
		// table.min(index: name) → row
		//
		// The least element, or the one with the least field or result of a function. A table as it is has its row with the
		// least primary key; by an index only one row is read.
		//
		// Options:
		// - index (string; none): the table's index to go by
		//
		// Errors:
		// - NonExistence: Cannot take the … of an empty stream.  (If you passed `…` a field name, it may be that no elements of the stream had that field.)
		// - QueryLogic: `…` found no entries in the specified index.
		// - QueryLogic: Cannot provide both a function and an index to ….
		//
		//	> r.table("heroes").min("born")("name")
		//	"Ada"
		//	> r.table("heroes").min(index: "born")("name")
		//	"Ada"
		{reql.TermMin, numeric{name: "min", sorting: ascending, new: func(f *function, c call) accumulator { return &bestAcc{f: f, at: c.n.t, name: "min", sign: -1} }}},

		// sequence.max() → value
		// sequence.max(field) → value
		// sequence.max(function) → value
		// table.max(index: name) → row
		//
		// The greatest element, or the one with the greatest field or result of a function. A table as it is has its row with
		// the greatest primary key; by an index only one row is read.
		//
		// Options:
		// - index (string; none): the table's index to go by
		//
		// Errors:
		// - NonExistence: Cannot take the … of an empty stream.  (If you passed `…` a field name, it may be that no elements of the stream had that field.)
		// - QueryLogic: `…` found no entries in the specified index.
		// - QueryLogic: Cannot provide both a function and an index to ….
		//
		//	> r.table("visits").max("nights")("place")
		//	"New York"
		{reql.TermMax, numeric{name: "max", sorting: descending, new: func(f *function, c call) accumulator { return &bestAcc{f: f, at: c.n.t, name: "max", sign: +1} }}},
	} {
		register(t.term, spec{min: 1, max: 2, opts: []string{"index"}, val: t.a.eval, groupedSeq: true, slowOnMany: true})
	}
}

// compileCount tells a distinct or an order_by below that its rows are only counted.
func compileCount(_ *builder, n *opNode) error {
	if n.splices || len(n.args) > 1 {
		return nil
	}
	wantFields(n, []string{})
	if op, ok := n.args[0].(*opNode); ok && op.t.Type == reql.TermDistinct && !op.groups && !op.splices {
		op.data = streamed
	}
	return nil
}

func evalCount(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	if c.len() == 1 && v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return val{}, err
		}
		switch d.Kind() {
		case datum.KindBinary:
			return c.ret(datum.Int(int64(d.Len()))), nil
		case datum.KindString:
			return c.ret(datum.Int(int64(utf8.RuneCountInString(d.AsString())))), nil
		case datum.KindArray:
			return c.ret(datum.Int(int64(d.Len()))), nil
		case datum.KindObject, datum.KindTime, datum.KindGeometry:
			return c.ret(datum.Int(int64(datum.RawObject(d).Len()))), nil
		}
	}
	var st step
	if c.len() == 2 {
		if st, err = c.countStep(); err != nil {
			return val{}, err
		}
	}
	s, err := v.seq(c.fr)
	if err != nil {
		return val{}, err
	}
	if st != nil {
		s = c.stepped(s, st)
	} else if n, ok, err := s.known(c.fr); err != nil || ok {
		return c.ret(datum.Int(n)), err
	}
	return s.accumulate(c, aggregation{passing: true, new: func() accumulator { return new(countAcc) }})
}

// countStep keeps the rows that count is to count.
func (c call) countStep() (step, error) {
	v, err := c.val(1)
	if err != nil {
		return nil, err
	}
	if f, ok := v.x.(*function); ok {
		return filterStep(f, nil), nil
	}
	d, err := v.datum(c.fr)
	if err != nil {
		return nil, err
	}
	return func(_ *frame, row datum.Value) (datum.Value, bool, error) { return row, datum.Equal(row, d), nil }, nil
}

// known gives the number of rows of a whole table, which it knows.
func (s *seq) known(fr *frame) (n int64, ok bool, err error) {
	if s.scan == nil || s.group != nil || s.from != nil || len(s.steps) > 0 {
		return 0, false, nil
	}
	src, err := s.scan.source(fr)
	if err != nil {
		s.close()
		return 0, false, err
	}
	if x, ok := src.(*indexSource); ok {
		s.close()
		if fr.brief { // how many entries there are to count, nobody knows
			return 0, false, fr.giveUp()
		}
		if _, err := fr.batchOptions(); err != nil {
			return 0, false, err
		}
		if n, err = x.count(fr.q.ctx, s.scan.opts); err != nil {
			err = fr.readError(err)
		}
		return n, true, err
	}
	if r := s.scan.opts.Range; !r.Low.IsAbsent() || !r.High.IsAbsent() {
		return 0, false, nil
	}
	s.close()
	if _, err := fr.batchOptions(); err != nil { // as for other aggregations
		return 0, false, err
	}
	n, err = src.Count(fr.q.ctx, s.scan.opts.Read)
	return n, true, err
}

type countAcc int64

func (a *countAcc) add(*frame, datum.Value) error           { *a++; return nil }
func (a *countAcc) merge(_ *frame, other accumulator) error { *a += *other.(*countAcc); return nil }
func (a *countAcc) finish(*frame) (datum.Value, error)      { return datum.Int(int64(*a)), nil }

// numeric is sum, avg, min or max: an aggregation over the rows or over what a function makes of them.
type numeric struct {
	name    string
	new     func(f *function, c call) accumulator // f may be nil
	sorting sorting                               // of min and max, which an index can answer
}

func (a numeric) eval(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	index, indexAt, byIndex, err := c.optDatum("index")
	if err != nil {
		return val{}, err
	}
	var f *function
	if c.len() == 2 {
		if f, err = c.fn(1, getFieldShortcut); err != nil {
			return val{}, err
		}
	}
	switch {
	case byIndex && f != nil:
		return val{}, c.logic("Cannot provide both a function and an index to %s.", a.name)
	case byIndex:
		t, err := v.table(c.fr)
		if err != nil {
			return val{}, err
		}
		if a.sorting == unordered {
			return val{}, c.logic("Cannot call %s on an index.", a.name)
		}
		name, err := strAt(index, indexAt)
		if err != nil {
			return val{}, err
		}
		return c.extreme(&sliceVal{table: t, index: name, sorting: a.sorting}, a.name)
	case f == nil && a.sorting != unordered:
		if t, ok := v.x.(*tableVal); ok {
			return c.extreme(&sliceVal{table: t, sorting: a.sorting}, a.name)
		}
	}
	s, err := v.seq(c.fr)
	if err != nil {
		return val{}, err
	}
	return s.accumulate(c, aggregation{passing: true, new: func() accumulator { return a.new(f, c) }})
}

// extreme gives the first row of a slice.
func (c call) extreme(sl *sliceVal, name string) (val, error) {
	if c.n.data == watched {
		return val{x: &singleVal{table: sl.table, extreme: sl}, at: c.n.t}, nil
	}
	s, err := sl.seq(c.fr, c.n.t)
	if err != nil {
		return val{}, err
	}
	defer s.close()
	row, ok, err := s.next(c.fr)
	if err != nil {
		return val{}, err
	}
	if !ok {
		return val{}, c.logic("`%s` found no entries in the specified index.", name)
	}
	return c.rowOf(sl.table, row), nil
}

// valueOf gives what f makes of a row, or the row itself without an f; absent when that does not exist.
func valueOf(fr *frame, f *function, row datum.Value) (datum.Value, error) {
	if f == nil {
		return row, nil
	}
	d, err := f.maybe(fr, row)
	if err != nil {
		return d, blame(err, f.at)
	}
	return d, nil
}

type sumAcc struct {
	f   *function
	at  *reql.Term
	sum float64
	n   int64
}

func (a *sumAcc) add(fr *frame, row datum.Value) error {
	d, err := valueOf(fr, a.f, row)
	if err != nil {
		return err
	}
	switch d.Kind() {
	case datum.KindNumber:
		a.sum += d.AsNumber()
		a.n++
		return nil
	case datum.KindAbsent, datum.KindNull:
		return errSkipped
	}
	return blame(typeError(d, "NUMBER"), a.at)
}

func (a *sumAcc) merge(_ *frame, other accumulator) error {
	o := other.(*sumAcc)
	a.sum += o.sum
	a.n += o.n
	return nil
}

func (a *sumAcc) finish(*frame) (datum.Value, error) { return datum.NewNumber(a.sum) }

type avgAcc struct{ sumAcc }

func (a *avgAcc) merge(fr *frame, other accumulator) error {
	return a.sumAcc.merge(fr, &other.(*avgAcc).sumAcc)
}

func (a *avgAcc) finish(*frame) (datum.Value, error) {
	if a.n == 0 {
		return datum.Value{}, noRowsToAggregate("average", "avg")
	}
	return datum.NewNumber(a.sum / float64(a.n))
}

func noRowsToAggregate(what, name string) error {
	return reql.Errorf(reql.NonExistence, "Cannot take the %s of an empty stream.  (If you passed `%s` a field name, it may be that no elements of the stream had that field.)", what, name)
}

// bestAcc keeps the first row with the least or the greatest value.
type bestAcc struct {
	f    *function
	at   *reql.Term
	name string
	sign int

	row, value datum.Value
}

func (a *bestAcc) add(fr *frame, row datum.Value) error {
	d, err := valueOf(fr, a.f, row)
	if err != nil {
		return err
	}
	if d.IsAbsent() {
		return errSkipped
	}
	if a.row.IsAbsent() || datum.Compare(d, a.value)*a.sign > 0 {
		a.row = keep(row)
		a.value = a.row
		if a.f != nil {
			a.value = keep(d)
		}
	}
	return nil
}

func (a *bestAcc) kept() int {
	if a.f == nil {
		return a.row.Bytes()
	}
	return a.row.Bytes() + a.value.Bytes()
}

func (a *bestAcc) merge(_ *frame, other accumulator) error {
	if o := other.(*bestAcc); a.row.IsAbsent() || !o.row.IsAbsent() && datum.Compare(o.value, a.value)*a.sign > 0 {
		a.row, a.value = o.row, o.value
	}
	return nil
}

func (a *bestAcc) finish(*frame) (datum.Value, error) {
	if a.row.IsAbsent() {
		return a.row, noRowsToAggregate(a.name, a.name)
	}
	return a.row, nil
}
