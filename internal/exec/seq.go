package exec

import (
	"context"
	"runtime"

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

	// group is set once the rows belong to groups. Steps added afterwards are in group.steps and apply to the values.
	group *grouping

	// scan describes src when it is a plain scan of a table that may be read in parallel and in any order.
	scan *scan

	// isArray: the sequence came from an array, so that it is an array again when a term answers with it.
	isArray bool
	// infinite: it does not end; it must not be collected.
	infinite bool
	// table is set on sequences whose rows are whole rows of that table.
	table *tableVal

	fr      *frame
	scratch []datum.Value
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
		s.group.steps = append(s.group.steps, st)
	} else {
		s.steps = append(s.steps, st)
	}
	return s
}

// over gives a sequence that reads from src, with the properties of s but none of its steps.
func (s *seq) over(src rows) *seq {
	return &seq{src: src, isArray: s.isArray, infinite: s.infinite, fr: s.fr}
}

// run takes a row through steps.
func run(fr *frame, steps []step, row datum.Value) (datum.Value, bool, error) {
	keep := true
	var err error
	for _, st := range steps {
		if row, keep, err = st(fr, row); err != nil || !keep {
			return row, keep, err
		}
	}
	return row, true, nil
}

// next gives the next row. It is not for grouped sequences.
func (s *seq) next(fr *frame) (datum.Value, bool, error) {
	for {
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
		if keep {
			return out, true, nil
		}
	}
}

func (s *seq) close() { s.src.close() }

// settle makes the text of an error independent of the row it is about.
func settle(err error) {
	if e, ok := err.(*reql.Error); ok { //nolint:errorlint // never wrapped here
		e.Settle()
	}
}

// each calls f for every row until it says that it has enough. It closes the sequence.
func (s *seq) each(fr *frame, f func(row datum.Value) (more bool, err error)) error {
	defer s.close()
	for {
		row, ok, err := s.next(fr)
		if err != nil || !ok {
			return err
		}
		more, err := f(row)
		if err != nil || !more {
			return err
		}
	}
}

// noInfinite is the error of reading an infinite sequence to its end.
func (s *seq) noInfinite() error {
	if s.infinite {
		return reql.Errorf(reql.QueryLogic, "Cannot use an infinite stream with an aggregation function (`reduce`, `count`, etc.) or coerce it to an array.")
	}
	return nil
}

// collect reads the sequence to its end into a slice, within the array limit.
func (s *seq) collect(fr *frame) ([]datum.Value, error) {
	if err := s.noInfinite(); err != nil {
		s.close()
		return nil, err
	}
	var out []datum.Value
	if a, ok := s.src.(*arrayRows); ok && len(s.steps) == 0 && a.at == 0 {
		if err := fr.checkArray(a.v.Len()); err != nil {
			return nil, err
		}
		out = make([]datum.Value, 0, a.v.Len())
	}
	err := s.each(fr, func(row datum.Value) (bool, error) {
		out = append(out, row)
		return true, fr.checkArray(len(out))
	})
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
	table Table
	opts  table.ScanOptions
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
		rows, err := r.scan.table.Scan(fr.q.ctx, r.scan.opts)
		if err != nil {
			return datum.Value{}, false, fr.readError(err)
		}
		r.rows = rows
	}
	row, ok, err := r.rows.Next(fr.q.ctx)
	if err != nil {
		return row, false, fr.readError(err)
	}
	return row, ok, nil
}

func (r *scanRows) close() {
	r.done = true
	if r.rows != nil {
		r.rows.Close()
		r.rows = nil
	}
}

// accumulator is the state of an aggregation over some of the rows.
type accumulator interface {
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
	// empty, when set, gives the result over no rows at all; it is not called for groups, which have rows.
}

// accumulate reads the sequence to its end. The result is a datum, or grouped data when the sequence is grouped.
func (s *seq) accumulate(c call, agg aggregation) (val, error) {
	if s.infinite {
		s.close()
		return val{}, c.logic("Cannot use an infinite stream with an aggregation function (`reduce`, `count`, etc.) or coerce it to an array.")
	}
	newSink := func() sink { return &single{acc: agg.new()} }
	if s.group != nil {
		newSink = func() sink { return newGroupSink(s.group, agg) }
	}
	total, err := s.drain(c.fr, newSink, agg.passing)
	if err != nil {
		return val{}, err
	}
	return total.result(c)
}

// sink takes rows of a sequence after its steps.
type sink interface {
	add(fr *frame, row datum.Value) error
	merge(fr *frame, other sink) error
	result(c call) (val, error)
}

type single struct{ acc accumulator }

func (s *single) add(fr *frame, row datum.Value) error { return s.acc.add(fr, row) }
func (s *single) merge(fr *frame, o sink) error        { return s.acc.merge(fr, o.(*single).acc) }
func (s *single) result(c call) (val, error) {
	d, err := s.acc.finish(c.fr)
	return c.ret(d), err
}

// minParallelRows is the size of a table from which a scan is worth its goroutines.
const minParallelRows = 4096

// drain reads the sequence to its end into a sink, in parallel when it is a scan of a large table.
func (s *seq) drain(fr *frame, newSink func() sink, passing bool) (sink, error) {
	workers := runtime.GOMAXPROCS(0)
	if s.scan == nil || workers == 1 {
		return s.drainSerial(fr, newSink())
	}
	n, err := s.scan.table.Count(fr.q.ctx)
	if err != nil {
		return nil, err
	}
	if n < minParallelRows {
		return s.drainSerial(fr, newSink())
	}
	s.close()
	sinks := make([]sink, workers)
	opts := s.scan.opts
	opts.Transient = passing
	err = s.scan.table.ScanParallel(fr.q.ctx, opts, workers, func(w int, rows table.Rows) error {
		if sinks[w] == nil {
			sinks[w] = newSink()
		}
		return s.work(fr.clone(), sinks[w], rows)
	})
	if err != nil {
		return nil, interrupted(err)
	}
	var total sink
	for _, k := range sinks {
		switch {
		case k == nil:
		case total == nil:
			total = k
		default:
			if err := total.merge(fr, k); err != nil {
				return nil, err
			}
		}
	}
	if total == nil {
		total = newSink()
	}
	return total, nil
}

func (s *seq) drainSerial(fr *frame, k sink) (sink, error) {
	defer s.close()
	for {
		row, ok, err := s.next(fr)
		if err != nil {
			return nil, err
		}
		if !ok {
			return k, nil
		}
		if err := k.add(fr, row); err != nil {
			settle(err)
			return nil, err
		}
	}
}

// work reads one part of a parallel scan.
func (s *seq) work(fr *frame, k sink, rows table.Rows) error {
	ctx := fr.q.ctx
	for {
		row, ok, err := rows.Next(ctx)
		if err != nil || !ok {
			return err
		}
		if err := fr.tick(); err != nil {
			return err
		}
		out, keep, err := run(fr, s.steps, row)
		if err == nil && keep {
			err = k.add(fr, out)
		}
		if err != nil {
			settle(err)
			return err
		}
	}
}

// interrupted turns the end of the context into the query's own error.
func interrupted(err error) error {
	if err == context.Canceled || err == context.DeadlineExceeded { //nolint:errorlint // as the table returns them
		return errInterrupted
	}
	return err
}
