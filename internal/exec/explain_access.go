package exec

import (
	"context"
	"slices"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/processors"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// access is how a table is going to be read.
type access struct {
	slice sliceVal
	open  bool // a bound is not known before the query runs
}

const (
	// maxEstimateRows is how many rows of a range are counted, one by one.
	maxEstimateRows = 10_000
	// maxEstimateTime is how long an estimate may take.
	maxEstimateTime = 100 * time.Millisecond
)

// table gives the table that a term names. It is nil when that is not known before the query runs.
func (x *explainer) table(t *reql.Term) (*tableVal, error) {
	if t.Type != reql.TermTable {
		return nil, nil
	}
	n, fr, ok := x.compile(t)
	if !ok {
		return nil, nil
	}
	v, err := n.eval(fr)
	if err != nil {
		return nil, err
	}
	tbl, err := v.table(fr)
	if err != nil {
		return nil, err
	}
	return tbl, blame(tbl.require(x.fr, ReadRows), t)
}

// explainTable leaves open how the table is read.
func explainTable(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	tbl, err := x.table(t)
	s := newStep(t, "table scan").stream()
	if err == nil && tbl != nil {
		s.access = &access{slice: *tbl.slice()}
	}
	return s, err
}

// explainBetween narrows the range.
func explainBetween(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	s, err := x.step(t.Args[0], drained)
	if err != nil || s.access == nil {
		return s, err
	}
	a := *s.access
	s = newStep(t, "table scan").stream()
	s.access = &a
	if index, ok := x.text(t.OptArg("index")); ok {
		a.slice.index = index
	} else if t.OptArg("index") != nil {
		a.open = true
	}
	r := &a.slice.bounds
	var low, high bool
	r.Low, low = x.value(t.Args[1])
	r.High, high = x.value(t.Args[2])
	if left, ok := x.text(t.OptArg("left_bound")); ok {
		r.LowOpen = left == "open"
	}
	right, _ := x.text(t.OptArg("right_bound"))
	r.HighOpen = right != "closed"
	a.slice.bounded = true
	a.open = a.open || !low || !high
	return s, nil
}

// scan decides how the table of s is read.
func (x *explainer) scan(s *planStep, drained bool) error {
	a := s.access
	s.access = nil
	sl := &a.slice
	s.setText("table", sl.table.displayName())
	byIndex := !sl.usesPrimary()
	if byIndex {
		s.operation = "index scan"
		s.setText("index", sl.index)
	}
	if sl.bounded {
		s.set("range", boundsOf(sl.bounds))
	}
	if sl.sorting != unordered {
		s.setText("order", map[sorting]string{ascending: "ascending", descending: "descending"}[sl.sorting])
	}
	s.set("reads_rows", datum.True)
	seq, err := sl.seq(x.fr, sl.table.at) // says whether the index is there; opens nothing
	if err != nil {
		return err
	}
	return x.size(s, sl.table, seq, drained, !a.open)
}

// size says of a scan whether several threads share it and, unless a bound is open, how many rows it gives.
func (x *explainer) size(s *planStep, tbl *tableVal, seq *seq, drained, bounded bool) error {
	total, err := tbl.Count(x.fr.q.ctx, tbl.read)
	if err != nil {
		return x.fr.readError(err)
	}
	if bounded {
		if err := x.estimate(s, seq, total); err != nil {
			return err
		}
	}
	few := s.known && s.rows <= maxBriefRows
	s.set("parallel", datum.Bool(drained && seq.scan != nil && total >= minParallelRows && !few && processors.Count() > 1))
	return nil
}

func boundsOf(r table.Range) datum.Value {
	var b datum.ObjectBuilder
	for _, bound := range [...]struct {
		name string
		v    datum.Value
		open bool
	}{{"low", r.Low, r.LowOpen}, {"high", r.High, r.HighOpen}} {
		if bound.v.IsAbsent() {
			b.Add(bound.name, datum.String("known when the query runs"))
			continue
		}
		b.Add(bound.name, shown(bound.v))
		kind := "closed"
		if bound.open {
			kind = "open"
		}
		b.Add(bound.name+"_bound", datum.String(kind))
	}
	return b.Value()
}

// estimate sets how many rows the scan of a sequence gives, if that can be found out soon.
func (x *explainer) estimate(s *planStep, seq *seq, total int64) error {
	src, ok := seq.src.(*scanRows)
	if !ok { // an empty range
		s.count(0)
		return nil
	}
	ctx, cancel := context.WithTimeout(x.fr.q.ctx, maxEstimateTime)
	defer cancel()
	r := src.scan.opts.Range
	whole := (r.Low.IsAbsent() || r.Low.Kind() == datum.KindMinVal) && (r.High.IsAbsent() || r.High.Kind() == datum.KindMaxVal)
	var n int64
	var err error
	known := true
	switch source := src.scan.rows.(type) {
	case *indexSource:
		n, err = source.count(ctx, src.scan.opts)
	default:
		if n = total; !whole {
			n, known, err = countRange(ctx, source, src.scan.opts)
		}
	}
	switch {
	case x.fr.q.ctx.Err() != nil:
		return errInterrupted
	case ctx.Err() != nil: // it takes longer
	case err != nil:
		return x.fr.readError(err)
	case known:
		s.count(n)
	}
	return nil
}

// countRange counts the rows of a range of primary keys, unless there are many.
func countRange(ctx context.Context, src Table, o table.ScanOptions) (n int64, known bool, err error) {
	o.Transient = true
	rows, err := src.Scan(ctx, o)
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = rows.Close() }() // repeats an error of reading
	for ; n <= maxEstimateRows; n++ {
		_, ok, err := rows.Next(ctx)
		if err != nil || !ok {
			return n, true, err
		}
	}
	return 0, false, nil
}

func explainGet(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	tbl, err := x.table(t.Args[0])
	if err != nil {
		return nil, err
	}
	s := newStep(t, "get row").count(1)
	if tbl != nil {
		s.setText("table", tbl.displayName())
	}
	if key, ok := x.value(t.Args[1]); ok {
		s.set("key", shown(key))
	}
	s.set("reads_rows", datum.True)
	return s, nil
}

func explainGetAll(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	tbl, err := x.table(t.Args[0])
	if err != nil {
		return nil, err
	}
	s := newStep(t, "get rows").stream().set("reads_rows", datum.True)
	if tbl == nil {
		return s, nil
	}
	s.setText("table", tbl.displayName())
	byIndex := false
	if o := t.OptArg("index"); o != nil {
		index, ok := x.text(o)
		if byIndex = !ok || index != tbl.PrimaryKey(); byIndex {
			s.operation = "index scan"
		}
		if ok && byIndex {
			s.setText("index", index)
		}
	}
	keys, ok := x.keys(t.Args[1:])
	if !ok {
		return s, nil
	}
	s.set("keys", datum.Int(int64(len(keys))))
	if !byIndex {
		return s.count(int64(len(keys))), nil
	}
	index, ok := x.text(t.OptArg("index"))
	if !ok {
		return s, nil
	}
	seq, err := tbl.byKeys(x.fr, index, keys, t)
	if err != nil {
		return nil, err
	}
	return s, x.size(s, tbl, seq, drained, true)
}

// keys gives the keys to look for in ascending order, if they are known.
func (x *explainer) keys(args []*reql.Term) (keys []datum.Value, ok bool) {
	for _, arg := range args {
		if arg.Type == reql.TermArgs {
			d, ok := x.value(arg.Args[0])
			if !ok || d.Kind() != datum.KindArray {
				return nil, false
			}
			for i := range d.Len() {
				keys = append(keys, d.At(i))
			}
			continue
		}
		key, ok := x.value(arg)
		if !ok {
			return nil, false
		}
		keys = append(keys, key)
	}
	slices.SortStableFunc(keys, datum.Compare)
	return keys, true
}

func explainGeo(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	tbl, err := x.table(t.Args[0])
	if err != nil {
		return nil, err
	}
	s := newStep(t, "index scan").stream().set("reads_rows", datum.True)
	if tbl != nil {
		s.setText("table", tbl.displayName())
	}
	if index, ok := x.text(t.OptArg("index")); ok {
		s.setText("index", index)
	}
	return s, nil
}
