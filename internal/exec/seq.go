package exec

import (
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// A seq is a sequence that is read once: a source of rows and the steps that each row goes through. Terms such as map
// and filter add a step and read nothing, so a chain of them is one pass. Whoever reads it either pulls rows with next
// (cursors, limit, …) or gives accumulators to accumulate, which reads a table in parallel.
type seq struct {
	src   rows
	steps []step

	// from and expand are set on a sequence of concat_map: each row of from becomes any number of rows. src then does so for
	// those who pull; drain does it inside of the loop over from, so that a table is still read in parallel.
	from   *seq
	expand expander

	// group is set once the rows belong to groups. Steps added afterwards are in its stages and apply to the values.
	group *grouping

	// scan describes src when it is a plain scan of a table that may be read in parallel and in any order.
	scan *scan

	// isArray: the sequence came from an array, so that it is an array again when a term answers with it.
	isArray bool
	// infinite: it does not end; it must not be collected.
	infinite bool
	// infiniteText is the error of reading it to its end, when that is not the usual one.
	infiniteText string
	// table is set on sequences whose rows are whole rows of that table.
	table *tableVal
	// shape is what changes has to know of the steps.
	shape stepShape

	// at is the term that made the sequence or has added to it last: what an error of reading it is blamed on.
	at *reql.Term

	fr   *frame
	left int // what the evaluation of the row that was given last has left behind; see hoard
}

// rows is a source: it is read by one goroutine and closed by its reader. A row stays valid unless the source says
// otherwise.
type rows interface {
	next(fr *frame) (row datum.Value, ok bool, err error)
	close()
}

// step is what happens to each row: it becomes another one, or is left out.
type step func(fr *frame, row datum.Value) (out datum.Value, keep bool, err error)

// with gives the sequence with one more step. s is not to be used afterwards.
func (s *seq) with(st step) *seq {
	if s.group != nil {
		last := &s.group.stages[len(s.group.stages)-1]
		last.steps = append(last.steps, st)
	} else {
		s.steps = append(s.steps, st)
	}
	return s
}

// over gives a sequence that reads from src, with the properties of s but none of its steps.
func (s *seq) over(src rows, at *reql.Term) *seq {
	return &seq{src: src, isArray: s.isArray, infinite: s.infinite, infiniteText: s.infiniteText, fr: s.fr, at: at}
}

// ungrouped is the error of reading a grouped sequence as if it were not.
func (s *seq) ungrouped() error {
	if s.group != nil {
		return failAt(s.at, reql.QueryLogic, "Cannot treat the output of `group` as a stream (did you mean to `ungroup`?).")
	}
	return nil
}

// run takes a row through steps.
func run(fr *frame, steps []step, row datum.Value) (datum.Value, bool, error) {
	for _, st := range steps {
		var keep bool
		var err error
		if row, keep, err = st(fr, row); err != nil || !keep {
			return row, keep, err
		}
	}
	return row, true, nil
}

// next gives the next row. It is not for grouped sequences. An error without a place is blamed on the sequence.
func (s *seq) next(fr *frame) (datum.Value, bool, error) {
	row, ok, err := s.pull(fr)
	if err != nil {
		err = blame(err, s.at)
	}
	return row, ok, err
}

// pull is next for an aggregation, which is blamed itself.
func (s *seq) pull(fr *frame) (datum.Value, bool, error) {
	for {
		s.release(fr)
		left := fr.left
		row, ok, err := s.src.next(fr)
		if err != nil || !ok {
			return row, false, err
		}
		if err := fr.tick(); err != nil {
			return row, false, err
		}
		out, keep, err := run(fr, s.steps, row)
		if err != nil {
			settle(err)
			return out, false, err
		}
		s.left, fr.left = fr.left-left, left
		if keep {
			return out, true, nil
		}
	}
}

func (s *seq) close() { s.src.close() }

// release frees what the last row has left behind.
func (s *seq) release(fr *frame) {
	if s.left > 0 {
		fr.q.Give(s.left)
		s.left = 0
	}
}

// settle makes the text of an error independent of the row it is about.
func settle(err error) {
	if e, ok := err.(*reql.Error); ok { //nolint:errorlint // never wrapped here
		e.Settle()
	}
}

// each calls f for every row until it says that it has enough. It closes the sequence.
func (s *seq) each(fr *frame, f func(row datum.Value) (more bool, err error)) error {
	defer s.close()
	defer s.release(fr)
	if s.infiniteText == endlessFeed {
		if err := s.noInfinite(); err != nil {
			return err
		}
	}
	for {
		row, ok, err := s.next(fr)
		if err != nil || !ok {
			return err
		}
		left := fr.left
		more, err := f(row)
		fr.release(left)
		if err != nil || !more {
			return err
		}
	}
}

// noInfinite is the error of reading an infinite sequence to its end.
func (s *seq) noInfinite() error {
	if s.infinite && s.infiniteText != "" {
		return failAt(s.at, reql.QueryLogic, "%s", s.infiniteText)
	}
	if s.infinite {
		return failAt(s.at, reql.QueryLogic, "Cannot use an infinite stream with an aggregation function (`reduce`, `count`, etc.) or coerce it to an array.")
	}
	return nil
}

// sizeHint is the number of rows, as far as it is known, but at most limit.
func (s *seq) sizeHint(limit int) int {
	switch src := s.src.(type) {
	case *arrayRows:
		return min(src.v.Len()-src.at, limit)
	case *sortedRows:
		return min(src.left, limit)
	case *distinctRows:
		return min(src.left, limit)
	}
	return limit
}

// collect reads the sequence to its end into a slice, within the array limit.
func (s *seq) collect(fr *frame) ([]datum.Value, error) {
	if err := s.noInfinite(); err != nil {
		s.close()
		return nil, err
	}
	var out []datum.Value
	switch src := s.src.(type) {
	case *arrayRows:
		if len(s.steps) == 0 && src.at == 0 {
			if err := fr.checkArray(src.v.Len()); err != nil {
				return nil, err
			}
			out = make([]datum.Value, 0, src.v.Len())
		}
	case *sortedRows, *distinctRows:
		out = make([]datum.Value, 0, s.sizeHint(min(fr.q.arrayLimit, defaultArrayLimit)))
	}
	var size hoard
	err := s.each(fr, func(row datum.Value) (bool, error) {
		out = append(out, row)
		if err := size.add(fr, row); err != nil {
			return false, err
		}
		return true, fr.checkArray(len(out))
	})
	size.leave(fr, err)
	return out, err
}

// array is collect as a datum.
func (s *seq) array(fr *frame) (datum.Value, error) {
	if a, ok := s.src.(*arrayRows); ok && len(s.steps) == 0 && a.at == 0 && s.group == nil {
		return a.v, nil
	}
	out, err := s.collect(fr)
	return datum.Array(out), err
}

// arrayRows reads a datum array.
type arrayRows struct {
	v  datum.Value
	at int
}

func arraySeq(v datum.Value) *seq {
	return &seq{src: &arrayRows{v: v}, isArray: true}
}

func sliceSeq(v []datum.Value) *seq { return arraySeq(datum.Array(v)) }

func (r *arrayRows) next(*frame) (datum.Value, bool, error) {
	if r.at >= r.v.Len() {
		return datum.Value{}, false, nil
	}
	r.at++
	return r.v.At(r.at - 1), true, nil
}

func (r *arrayRows) close() {}

// scan is a scan of a table that has not been opened.
type scan struct {
	of   *tableVal
	rows Table // of, or an index of it
	opts table.ScanOptions

	index  string // the name of that index
	sorted bool   // the order of the rows is wanted
}

// source gives what to scan, provided that the client may read it.
func (s *scan) source(fr *frame) (Table, error) {
	if fr.brief {
		if _, ordinary := s.of.Table.(indexedTable); !ordinary { // system tables make their rows up, and may take a while
			return nil, fr.giveUp()
		}
	}
	return s.rows, s.of.require(fr, ReadRows)
}

// whole tells that all rows of a table are in the scan.
func (s *scan) whole() bool {
	if x, ok := s.rows.(*indexSource); ok && x.keys != nil {
		return false
	}
	return s.opts.Range.Low.IsAbsent() && s.opts.Range.High.IsAbsent()
}

// scanRows opens the scan when the first row is asked for.
type scanRows struct {
	scan *scan
	rows table.Rows
	done bool
}

func (r *scanRows) next(fr *frame) (datum.Value, bool, error) {
	if r.done {
		return datum.Value{}, false, nil
	}
	if r.rows == nil {
		src, err := r.scan.source(fr)
		if err != nil {
			return datum.Value{}, false, err
		}
		rows, err := src.Scan(fr.q.ctx, r.scan.opts)
		if err != nil {
			return datum.Value{}, false, fr.readError(err)
		}
		r.rows = r.scan.measured(fr, rows)
	}
	row, ok, err := r.rows.Next(fr.q.ctx)
	if err != nil {
		return row, false, fr.readError(err)
	}
	if ok {
		err = fr.hasRead(1)
	}
	return row, ok, err
}

func (r *scanRows) close() {
	r.done = true
	if r.rows != nil {
		_ = r.rows.Close() // repeats an error of reading, which was reported; what was read stays right
		r.rows = nil
	}
}

// accumulator is the state of an aggregation over some of the rows.
type accumulator interface {
	// add may return errSkipped for a row that does not count: a group that has only such rows does not exist.
	add(fr *frame, row datum.Value) error
	// merge takes in what another one of the same kind has accumulated over later rows.
	merge(fr *frame, other accumulator) error
	// finish gives the result.
	finish(fr *frame) (datum.Value, error)
}

// aggregation describes an aggregation to accumulate.
type aggregation struct {
	new func() accumulator
	// passing: the accumulator keeps nothing of the rows that it is given, so that they need not be copied.
	passing bool
}

var errSkipped = errors.New("row skipped")

// accumulate reads the sequence to its end. The result is a datum, or grouped data when the sequence is grouped.
func (s *seq) accumulate(c call, agg aggregation) (val, error) {
	if err := s.noInfinite(); err != nil {
		s.close()
		return val{}, err
	}
	newSink := func() sink { return &single{acc: agg.new()} }
	if s.group != nil {
		newSink = func() sink { return newGroupSink(s.group, agg) }
	}
	served, err := c.serve(s)
	if err != nil {
		return val{}, err
	}
	total, err := s.gather(c, newSink, agg.passing)
	if err != nil {
		return val{}, err
	}
	if served {
		d, err := stateOf(total)
		return c.ret(d), err
	}
	return total.result(c)
}

// gather is drain by all servers that have rows.
func (s *seq) gather(c call, newSink func() sink, passing bool) (total sink, err error) {
	d := c.division(s)
	switch {
	case d == nil:
		return s.drain(c.fr, newSink, passing)
	case c.fr.brief:
		return nil, c.fr.giveUp()
	}
	join := func(k sink) error {
		if total == nil {
			total = k
			return nil
		}
		return total.merge(c.fr, k)
	}
	err = d.run(func(answer datum.Value) error {
		k, err := loaded(c.fr, newSink(), answer)
		if err != nil {
			return err
		}
		return join(k)
	}, func() error {
		k, err := s.drain(c.fr, newSink, passing)
		if err != nil {
			return err
		}
		return join(k)
	})
	if err != nil {
		discard(c.fr, total)
		return nil, err
	}
	return total, nil
}

// sink takes rows of a sequence after its steps.
type sink interface {
	add(fr *frame, row datum.Value) error
	merge(fr *frame, other sink) error
	result(c call) (val, error)
}

type single struct{ acc accumulator }

func (s *single) add(fr *frame, row datum.Value) error {
	if err := s.acc.add(fr, row); err != errSkipped { //nolint:errorlint // never wrapped
		return err
	}
	return nil
}

func (s *single) merge(fr *frame, o sink) error { return s.acc.merge(fr, o.(*single).acc) }
func (s *single) result(c call) (val, error) {
	d, err := s.acc.finish(c.fr)
	return c.ret(d), err
}
