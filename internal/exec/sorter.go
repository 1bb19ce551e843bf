package exec

import (
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/extsort"
	"rethinkdb/internal/processors"
	"rethinkdb/internal/reql"
)

// sorter is the sink of order_by. It turns rows into records: the keys in a form whose order is that of bytes, and the row
// as it is stored.
//
// The reference computes the second and later keys of two rows when all keys before are equal, and so an error of theirs
// counts only then. Here a key that fails is marked in the record and the error dropped; when rows with such a mark turn out to
// have equals, which are then beside them, it is computed once more. The first key is an error at once, except that of a row
// which is alone: nothing is computed of that.
type sorter struct {
	o      sortKeys
	limit  int      // < 0 for none
	fields []string // what is needed of a row, sorted; nil for all of it
	at     *reql.Term

	pending datum.Value       // the first row, until there is a second one
	records *extsort.Sorter   // nil until then
	others  []*extsort.Sorter // of the sorters that were merged into this one
	seen    int               // rows so far, kept or not
	failed  bool              // a key was marked

	// Scratch.
	key, row []byte
	needed   []datum.Field
}

func (s *sorter) add(fr *frame, row datum.Value) error {
	s.seen++
	if err := fr.checkArray(s.seen); err != nil {
		return blame(err, s.at)
	}
	if s.seen == 1 {
		s.pending = keep(row)
		return nil
	}
	var err error
	if s.key, err = s.o.appendKey(fr, s.key[:0], 0, row); err != nil {
		return err
	}
	if !s.pending.IsAbsent() {
		if err := s.settlePending(fr); err != nil {
			return err
		}
		if s.key, err = s.o.appendKey(fr, s.key[:0], 0, row); err != nil {
			return err
		}
	}
	return s.insert(fr, row)
}

// settlePending inserts the first row. The reference computes its key after that of the second one.
func (s *sorter) settlePending(fr *frame) (err error) {
	if s.pending.IsAbsent() {
		return nil
	}
	row := s.pending
	s.pending = datum.Value{}
	s.records = extsort.New(s.options(fr))
	if s.key, err = s.o.appendKey(fr, s.key[:0], 0, row); err != nil {
		return err
	}
	return s.insert(fr, row)
}

func (s *sorter) options(fr *frame) extsort.Options {
	o := extsort.Options{Limit: s.limit}
	if s.limit > 0 && len(s.o) > 1 {
		o.Limit++ // the last one that counts may be equal to the next in a key that fails
	}
	return fr.q.sortOptions(o)
}

// sortOptions adds what the query has for a sort.
func (q *query) sortOptions(o extsort.Options) extsort.Options {
	o.Memory = q
	if q.eng != nil && q.eng.files != nil {
		// Half of the memory is for what is done with the rows, and the other half shared by the threads that sort.
		o.Files, o.ShareBytes = q.eng.files, int(q.eng.memory.perQuery/2)/processors.Count()
	}
	return o
}

// insert adds a row whose first key is in s.key.
func (s *sorter) insert(fr *frame, row datum.Value) error {
	if s.records.Rejects(s.key) {
		return nil
	}
	for i := 1; i < len(s.o); i++ {
		key, err := s.o.appendKey(fr, s.key, i, row)
		if err != nil {
			if !isUsers(err) {
				return err
			}
			key, s.failed = s.o.directed(append(s.key, keyFailed), len(s.key), i), true
		}
		s.key = key
	}
	if row.LimitError() != nil {
		return row.LimitError()
	}
	if s.fields != nil {
		row = s.needs(row)
	}
	encoded, ok := row.Encoded()
	if !ok {
		s.row = datum.AppendEncoded(s.row[:0], row)
		encoded = s.row
	}
	_, err := s.records.Add(s.key, encoded, fr)
	return sortError(err)
}

// needs gives the row with only the fields that are needed.
func (s *sorter) needs(row datum.Value) datum.Value {
	if !plainObject(row) {
		return row
	}
	s.needed = s.needed[:0]
	for _, name := range s.fields {
		if v, ok := row.Get(name); ok {
			s.needed = append(s.needed, datum.Field{Key: name, Val: v})
		}
	}
	return datum.Object(s.needed)
}

// settled sorts what one thread of a parallel scan has collected.
func (s *sorter) settled(fr *frame) error {
	if s.records == nil {
		return nil
	}
	sorting := fr.trace.begin("Sorting rows", nil)
	defer fr.trace.end(sorting)
	return sortError(s.records.Sort(fr))
}

// merge takes in the rows of another sorter, which come after those of s.
func (s *sorter) merge(fr *frame, k sink) error {
	o := k.(*sorter)
	if err := fr.checkArray(s.seen + o.seen); err != nil {
		return blame(err, s.at)
	}
	for _, k := range []*sorter{s, o} {
		if err := k.settlePending(fr); err != nil {
			return err
		}
	}
	s.seen += o.seen
	s.failed = s.failed || o.failed
	if o.records != nil {
		s.others = append(append(s.others, o.records), o.others...)
		o.records, o.others = nil, nil
	}
	return nil
}

// take gives up the parts of the sort.
func (s *sorter) take() []*extsort.Sorter {
	parts := s.others
	if s.records != nil {
		parts = append([]*extsort.Sorter{s.records}, parts...)
	}
	s.records, s.others = nil, nil
	return parts
}

func (s *sorter) close(*frame) {
	for _, part := range s.take() {
		part.Close()
	}
}

// sorted gives the rows in their order.
func (s *sorter) sorted(fr *frame) (rows, error) {
	parts := s.take()
	if len(parts) == 0 { // there are less than two rows
		if s.pending.IsAbsent() || s.limit == 0 {
			return &arrayRows{v: datum.Array(nil)}, nil
		}
		return &arrayRows{v: datum.Array([]datum.Value{s.pending})}, nil
	}
	sorting := fr.trace.begin("Sorting rows", nil)
	merged, err := extsort.Merge(parts, fr)
	fr.trace.end(sorting)
	if err != nil {
		return nil, sortError(err)
	}
	out := &sortedRows{rows: merged, left: merged.Len()}
	if s.limit >= 0 {
		out.left = min(out.left, s.limit)
	}
	if s.failed {
		return s.checked(fr, merged, out.left)
	}
	fr.q.own(out)
	return out, nil
}

// checked reads all rows and looks at those that are next to each other, for keys that could not be computed but count.
func (s *sorter) checked(fr *frame, merged *extsort.Rows, limit int) (rows, error) {
	defer merged.Close()
	all := &sortedRows{rows: merged, left: merged.Len()}
	var out []datum.Value
	var size hoard
	for {
		row, ok, err := all.next(fr)
		if err != nil {
			return nil, err
		}
		if !ok {
			return &arrayRows{v: datum.Array(out[:min(len(out), limit)])}, nil
		}
		if len(out) > 0 {
			if err := s.o.tie(fr, out[len(out)-1], row); err != nil {
				settle(err)
				return nil, err
			}
		}
		out = append(out, row)
		if err := size.add(fr, row); err != nil {
			return nil, err
		}
	}
}

// result is there for drain; order_by asks for the rows instead.
func (s *sorter) result(c call) (val, error) {
	r, err := s.sorted(c.fr)
	return val{x: &seq{src: r, isArray: true, fr: c.fr, at: c.n.t}, at: c.n.t}, err
}

// sortedRows gives the rows of a sort.
type sortedRows struct {
	rows *extsort.Rows
	left int // rows that are still to come
}

func (r *sortedRows) next(fr *frame) (datum.Value, bool, error) {
	if r.left == 0 {
		return datum.Value{}, false, nil
	}
	b, ok, err := r.rows.Next(fr)
	if err != nil || !ok {
		return datum.Value{}, false, sortError(err)
	}
	r.left--
	return datum.View(b), true, nil
}

func (r *sortedRows) close() { r.rows.Close(); r.left = 0 }

// sortError makes an error for the user of one that he can do something about.
func sortError(err error) error {
	switch {
	case err == nil:
	case errors.Is(err, extsort.ErrDiskFull):
		return reql.Errorf(reql.ResourceLimit, "The query needs more memory than a query may use, and the disk of the server has no space for its temporary files.  Use an index, or raise --query-memory.")
	case errors.Is(err, extsort.ErrTooLarge):
		return reql.Errorf(reql.ResourceLimit, "The query needs more memory than a query may use, and temporary files have their limit of eight times the cache.  Use an index, or raise --query-memory or --cache-size.")
	case errors.Is(err, extsort.ErrTooManyFiles):
		return reql.Errorf(reql.ResourceLimit, "The query needs more memory than a query may use, and too many others have temporary files already.  Use an index, raise --query-memory, or try again later.")
	}
	return err
}
