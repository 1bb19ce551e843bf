package exec

import (
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/processors"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// expander makes a sequence, or an array, of one row.
type expander func(fr *frame, row datum.Value) (val, error)

// expanded gives the sequence of all rows that expand makes of the rows of s, which is not to be used afterwards.
func (s *seq) expanded(expand expander, at *reql.Term) *seq {
	if s.group != nil {
		s.group.stages = append(s.group.stages, groupStage{expand: expand})
		s.at = at
		return s
	}
	out := s.over(&expandedRows{from: s, expand: expand}, at)
	out.from, out.expand = s, expand
	return out
}

// expandedRows is the pulling side of expanded.
type expandedRows struct {
	from   *seq
	expand expander
	array  datum.Value // what is being read: an array from at on,
	at     int
	inner  *seq // or a sequence
}

func (r *expandedRows) next(fr *frame) (datum.Value, bool, error) {
	for {
		if r.at < r.array.Len() {
			r.at++
			return r.array.At(r.at - 1), true, nil
		}
		if r.inner != nil {
			row, ok, err := r.inner.next(fr)
			if ok || err != nil {
				return row, ok, err
			}
			r.inner.close()
			r.inner = nil
		}
		row, ok, err := r.from.next(fr)
		if err != nil || !ok {
			return row, false, err
		}
		v, err := r.expand(fr, row)
		if err != nil {
			return row, false, err
		}
		if v.x == nil && v.d.Kind() == datum.KindArray {
			r.array, r.at = v.d, 0
		} else if r.inner, err = v.finiteSeq(fr); err != nil {
			return row, false, err
		}
	}
}

func (r *expandedRows) close() {
	if r.inner != nil {
		r.inner.close()
		r.inner = nil
	}
	r.from.close()
}

// finiteSeq gives v as a sequence that can be read to its end at once.
func (v val) finiteSeq(fr *frame) (*seq, error) {
	s, err := v.seq(fr)
	if err != nil {
		return nil, err
	}
	if err := s.ungrouped(); err != nil {
		return nil, err
	}
	return s, s.noInfinite()
}

// eachOf calls emit for every row of v, an array or a sequence.
func (v val) eachOf(fr *frame, emit func(row datum.Value) error) error {
	if v.x == nil && v.d.Kind() == datum.KindArray {
		left := fr.left
		for i := range v.d.Len() {
			if err := fr.tick(); err != nil {
				return err
			}
			if err := emit(v.d.At(i)); err != nil {
				return err
			}
			fr.release(left)
		}
		return nil
	}
	s, err := v.finiteSeq(fr)
	if err != nil {
		return err
	}
	return s.each(fr, func(row datum.Value) (bool, error) { return true, emit(row) })
}

// each calls f for every row of v until it says that it has enough.
func (v val) each(fr *frame, f func(row datum.Value) (more bool, err error)) error {
	s, err := v.seq(fr)
	if err != nil {
		return err
	}
	return s.each(fr, f)
}

// minParallelRows is the size of a table from which a scan is worth its goroutines.
const minParallelRows = 4096

// drain reads the sequence to its end into a sink, in parallel when it is a scan of a large table. passing tells that the
// sink keeps nothing of the rows.
func (s *seq) drain(fr *frame, newSink func() sink, passing bool) (sink, error) {
	if _, err := fr.batchOptions(); err != nil { // which mean nothing here but are checked
		return nil, err
	}
	chain := s.chain()
	root := chain[0]
	if passing {
		s.passRows(false)
	}
	workers := processors.Count()
	if root.scan == nil || workers == 1 {
		return s.drainSerial(fr, newSink())
	}
	src, err := root.scan.source(fr)
	if err != nil {
		return nil, err
	}
	n, err := src.Count(fr.q.ctx, root.scan.opts.Read)
	if err != nil {
		return nil, err
	}
	if fr.brief && root.scan.whole() && n > maxBriefRows {
		return nil, fr.giveUp()
	}
	if n < minParallelRows || fr.brief {
		return s.drainSerial(fr, newSink())
	}
	s.close()
	fr.pace.end() // the workers have turns of their own
	sinks := make([]sink, workers)
	traces := make([]*trace, workers)
	reading := fr.trace.begin("Reading and aggregating rows in several threads", nil)
	err = src.ScanParallel(fr.q.ctx, root.scan.opts, workers, func(w int, rows table.Rows) error {
		if sinks[w] == nil {
			sinks[w] = newSink()
		}
		own := fr.clone()
		defer own.join()
		traces[w] = own.trace
		if err := work(own, chain, root.scan.measured(own, rows), sinks[w]); err != nil {
			return err
		}
		if k, ok := sinks[w].(settler); ok {
			return k.settled(own)
		}
		return nil
	})
	if reading != nil {
		fr.trace.threads(traces)
		fr.trace.end(reading)
	}
	if err != nil {
		discard(fr, sinks...)
		return nil, fr.interrupted(ofRow(err))
	}
	var total sink
	for _, k := range sinks {
		switch {
		case k == nil:
		case total == nil:
			total = k
		default:
			if err := total.merge(fr, k); err != nil {
				discard(fr, sinks...)
				return nil, err
			}
		}
	}
	if total == nil {
		total = newSink()
	}
	return total, nil
}

// settler is a sink with work to do when its thread has no more rows for it.
type settler interface {
	settled(fr *frame) error
}

// discard closes sinks that hold something, when nobody will ask for their results.
func discard(fr *frame, sinks ...sink) {
	for _, k := range sinks {
		if c, ok := k.(interface{ close(fr *frame) }); ok {
			c.close(fr)
		}
	}
}

// chain gives the sequences that the rows of s go through, the one with the source first.
func (s *seq) chain() []*seq {
	if s.from == nil {
		return []*seq{s}
	}
	return append(s.from.chain(), s)
}

func (s *seq) drainSerial(fr *frame, k sink) (sink, error) {
	defer s.close()
	reading := fr.trace.begin("Reading and aggregating rows", nil)
	defer fr.trace.end(reading)
	for {
		row, ok, err := s.pull(fr)
		if err == nil && !ok {
			return k, nil
		}
		if err == nil {
			left := fr.left
			if err = k.add(fr, row); err != nil {
				settle(err)
			}
			fr.release(left)
		}
		if err != nil {
			discard(fr, k)
			return nil, err
		}
	}
}

// work reads one part of a parallel scan.
func work(fr *frame, chain []*seq, rows table.Rows, k sink) error {
	ctx := fr.q.ctx
	steps := chain[0].steps
	for {
		fr.release(0)
		row, ok, err := rows.Next(ctx)
		if err != nil || !ok {
			return err
		}
		fr.tally.rowsRead++
		if err := fr.tick(); err != nil {
			return err
		}
		out, keep, err := run(fr, steps, row)
		if err == nil && keep {
			if len(chain) == 1 {
				err = k.add(fr, out)
			} else {
				err = push(fr, chain[1:], out, k)
			}
		}
		if err != nil {
			settle(err)
			return err
		}
	}
}

// push takes a row through the rest of a chain into k.
func push(fr *frame, chain []*seq, row datum.Value, k sink) error {
	v, err := chain[0].expand(fr, row)
	if err != nil {
		return err
	}
	return v.eachOf(fr, func(row datum.Value) error {
		out, keep, err := run(fr, chain[0].steps, row)
		switch {
		case err != nil || !keep:
			return err
		case len(chain) == 1:
			return k.add(fr, out)
		}
		return push(fr, chain[1:], out, k)
	})
}

// ofRow is the error of working on a row that the error of a parallel scan is. Whoever scans may have joined that of closing
// something to it.
func ofRow(err error) error {
	if e, ok := errors.AsType[*reql.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*datum.Error](err); ok {
		return e
	}
	return err
}

// interrupted is the query's own error in place of that of a table, when it is the context that has ended.
func (fr *frame) interrupted(err error) error {
	if fr.q.ctx.Err() != nil {
		return errInterrupted
	}
	return err
}
