package exec

import (
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermAsc, spec{min: 1, max: 1, val: evalDirection, doc: "The lower values first."})
	register(reql.TermDesc, spec{min: 1, max: 1, val: evalDirection, doc: "The higher values first."})
}

// evalDirection gives the key itself: order_by and union look at the term for the direction.
func evalDirection(c call) (val, error) { return c.val(0) }

// sortKeys are what order_by and an ordered union sort by: by the first key, rows that are equal in it by the second, and
// so on. A row that does not have a key comes before all that do.
type sortKeys []sortKey

type sortKey struct {
	f          *function
	descending bool
}

// key makes the key that v, evaluated from the term written, stands for.
func (c call) key(v val, written *reql.Term) (sortKey, error) {
	if written.Type == reql.TermArgs {
		return sortKey{}, c.logic("r.args is not supported in an order_by or union command yet.")
	}
	f, err := v.function(c.fr, getFieldShortcut)
	if err != nil {
		return sortKey{}, err
	}
	if f.det&detNever != 0 {
		return sortKey{}, c.logic("Sorting by a non-deterministic function is not supported.")
	}
	return sortKey{f: f, descending: written.Type == reql.TermDesc}, nil
}

// of gives key i of a row, absent when the row does not have it.
func (o sortKeys) of(fr *frame, i int, row datum.Value) (datum.Value, error) {
	d, err := o[i].f.maybe(fr, row)
	if err != nil {
		return d, blame(err, o[i].f.at)
	}
	return d, nil
}

// compareKeys compares two values of key i.
func (o sortKeys) compareKeys(i int, a, b datum.Value) int {
	c := 0
	switch {
	case a.IsAbsent() && b.IsAbsent():
	case a.IsAbsent():
		c = -1
	case b.IsAbsent():
		c = 1
	default:
		c = datum.Compare(a, b)
	}
	if o[i].descending {
		return -c
	}
	return c
}

// sortedRow is a row with the keys that have been computed. The second and later ones are computed when they are needed.
type sortedRow struct {
	row   datum.Value
	first datum.Value
	more  []datum.Value
	n     int // place in the input
}

// sorter collects rows and sorts them, stably. With a limit it keeps only the first limit rows, in a heap with the last of
// them on top; it then takes rows that are not valid for longer than the call.
type sorter struct {
	o       sortKeys
	limit   int // < 0 for none
	at      *reql.Term
	rows    []*sortedRow
	seen    int        // rows so far, kept or not
	pending *sortedRow // the first row: nothing is computed of a row that is alone
	size    hoard      // of the rows and their first keys
	err     error      // of computing a key while sorting
}

func (s *sorter) add(fr *frame, row datum.Value) error {
	s.seen++
	if err := fr.checkArray(s.seen); err != nil {
		return blame(err, s.at)
	}
	if s.seen == 1 {
		if s.limit >= 0 {
			row = keep(row)
		}
		s.pending = &sortedRow{row: row}
		return nil
	}
	r := sortedRow{row: row, n: s.seen - 1}
	var err error
	if r.first, err = s.o.of(fr, 0, row); err != nil {
		return err
	}
	if err := s.settlePending(fr); err != nil {
		return err
	}
	s.insert(fr, &r)
	if s.err == nil && (s.limit < 0 || len(s.rows) < s.limit) {
		s.err = s.size.grow(fr, 2*valueBytes+r.row.Bytes()+r.first.Bytes())
	}
	return s.err
}

// settlePending computes the key of the first row. The reference does that after that of the second one.
func (s *sorter) settlePending(fr *frame) error {
	r := s.pending
	if r == nil {
		return nil
	}
	s.pending = nil
	first, err := s.o.of(fr, 0, r.row)
	if err != nil {
		return err
	}
	r.first = first
	s.insert(fr, r)
	return s.err
}

// insert takes a row in if it is among the first limit rows. r is copied.
func (s *sorter) insert(fr *frame, r *sortedRow) {
	switch {
	case s.limit < 0:
		c := *r
		s.rows = append(s.rows, &c)
	case len(s.rows) < s.limit:
		s.rows = append(s.rows, r.kept())
		s.up(fr, len(s.rows)-1)
	case s.limit > 0 && s.compare(fr, r, s.rows[0]) < 0:
		s.rows[0] = r.kept()
		s.down(fr)
	}
}

// kept gives the row with its keys for good.
func (r *sortedRow) kept() *sortedRow {
	c := &sortedRow{row: keep(r.row), first: keep(r.first), n: r.n, more: r.more}
	for i := range c.more {
		c.more[i] = keep(c.more[i])
	}
	return c
}

func (s *sorter) up(fr *frame, i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if s.compare(fr, s.rows[i], s.rows[parent]) <= 0 {
			return
		}
		s.rows[i], s.rows[parent] = s.rows[parent], s.rows[i]
		i = parent
	}
}

func (s *sorter) down(fr *frame) {
	for i := 0; ; {
		last := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s.rows); child++ {
			if s.compare(fr, s.rows[child], s.rows[last]) > 0 {
				last = child
			}
		}
		if last == i {
			return
		}
		s.rows[i], s.rows[last] = s.rows[last], s.rows[i]
		i = last
	}
}

// compare orders two rows; rows with equal keys are in the order of the input.
func (s *sorter) compare(fr *frame, a, b *sortedRow) int {
	if c := s.o.compareKeys(0, a.first, b.first); c != 0 {
		return c
	}
	for i := 1; i < len(s.o) && s.err == nil; i++ {
		s.err = s.compute(fr, a, i)
		if s.err == nil {
			s.err = s.compute(fr, b, i)
		}
		if s.err != nil {
			return 0
		}
		if c := s.o.compareKeys(i, a.more[i-1], b.more[i-1]); c != 0 {
			return c
		}
	}
	return a.n - b.n
}

// compute makes sure that key i of a row is there, as those before it are.
func (s *sorter) compute(fr *frame, r *sortedRow, i int) error {
	if len(r.more) >= i {
		return nil
	}
	d, err := s.o.of(fr, i, r.row)
	if err != nil {
		settle(err)
		return err
	}
	r.more = append(r.more, d)
	return nil
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
	for _, r := range o.rows {
		r.n += s.seen
		s.insert(fr, r)
		if s.err != nil {
			return s.err
		}
	}
	s.seen += o.seen
	return nil
}

// sorted gives the rows in their order.
func (s *sorter) sorted(fr *frame) ([]datum.Value, error) {
	if s.pending != nil {
		if s.limit == 0 {
			return nil, nil
		}
		return []datum.Value{s.pending.row}, nil
	}
	slices.SortFunc(s.rows, func(a, b *sortedRow) int {
		if s.err == nil {
			s.err = fr.tick()
		}
		return s.compare(fr, a, b)
	})
	if s.err != nil {
		return nil, s.err
	}
	out := make([]datum.Value, len(s.rows))
	for i, r := range s.rows {
		out[i] = r.row
	}
	return out, nil
}

// result is there for drain; order_by asks for the rows instead.
func (s *sorter) result(c call) (val, error) {
	rows, err := s.sorted(c.fr)
	return c.ret(datum.Array(rows)), err
}
