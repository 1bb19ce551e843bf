package exec

import (
	"slices"

	"rethinkdb/internal/reql"
)

func init() {
	// Family: Transformations
	//
	// sequence.orderBy([key…]) → array
	// selection.orderBy([key…]) → selection
	// table.orderBy([key…], index: name) → table slice
	//
	// Sorts by one key or several, the second one deciding where the first is equal: a field, a function, or `r.asc` or
	// `r.desc` of one. What lacks the field comes first, and last in descending order. Without `index` the rows are
	// collected, up to the array limit. With it, a table or a slice of it is read in the order of the index, without sorting
	// and without a limit; keys then order the rows with the same value of the index, and rows that are not in the index are
	// left out.
	//
	// Options:
	// - index (string, or asc or desc of one; none): the index whose order to read in
	//
	// Errors:
	// - QueryLogic: Must specify something to order by.
	// - QueryLogic: Indexed order_by can only be performed on a TABLE or TABLE_SLICE.
	// - QueryLogic: Cannot order by index `…` after calling BETWEEN on index `…`.
	// - QueryLogic: Sorting by a non-deterministic function is not supported.
	//
	//	> r.table("heroes").orderBy(r.desc("city"), "name")("name")
	//	["Hedy","Grace","Ada","Emmy"]
	//	> r.table("heroes").orderBy(index: r.desc("born")).limit(2)("name")
	//	"Hedy"
	//	"Grace"
	register(reql.TermOrderBy, spec{min: 1, max: -1, opts: []string{"index"}, val: evalOrderBy, slowOnMany: true})
}

func evalOrderBy(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	written := c.n.t.Args
	if c.n.splices {
		return val{}, c.logic("r.args is not supported in an order_by or union command yet.")
	}
	o := make(sortKeys, len(written)-1)
	for i := range o {
		arg, err := c.val(i + 1)
		if err != nil {
			return val{}, err
		}
		if o[i], err = c.key(arg, written[i+1]); err != nil {
			return val{}, err
		}
	}
	var sl *sliceVal
	var s *seq
	var t *tableVal
	switch v.x.(type) {
	case *tableVal, *sliceVal:
		if sl, err = v.slice(c.fr); err == nil {
			t = sl.table
		}
	default:
		s, t, err = v.seqOf(c.fr)
	}
	if err != nil {
		return val{}, err
	}
	index, indexAt, byIndex, err := c.optDatum("index")
	if err != nil {
		return val{}, err
	}
	switch {
	case s != nil && s.exhausted():
		if !byIndex && len(o) == 0 {
			return val{}, c.logic("Must specify something to order by.")
		}
		return c.retSelection(s, t)
	case byIndex && sl == nil:
		return val{}, c.logic("Indexed order_by can only be performed on a TABLE or TABLE_SLICE. Make sure order_by comes before any transformations (such as map) or filters.")
	case byIndex:
		name, err := strAt(index, indexAt)
		if err != nil {
			return val{}, err
		}
		return c.orderByIndex(sl, name, o)
	}
	if s == nil {
		if s, err = sl.seq(c.fr, c.n.t); err != nil {
			return val{}, err
		}
	}
	if len(o) == 0 {
		return val{}, c.logic("Must specify something to order by.")
	}
	if top, ok, err := c.serveTop(s, o); ok || err != nil {
		return top, err
	}
	if s, err = c.sort(s, o); err != nil {
		return val{}, err
	}
	return c.retSelection(s, t)
}

// exhausted tells that the sequence is known to be empty.
func (s *seq) exhausted() bool {
	switch r := s.src.(type) {
	case *arrayRows:
		return r.at >= r.v.Len()
	case noRows:
		return true
	}
	return false
}

// orderByIndex gives the slice in the order of an index, and rows that are equal in it in that of further keys. No two rows
// are equal in the primary key.
func (c call) orderByIndex(sl *sliceVal, index string, o sortKeys) (val, error) {
	if sl.sorting != unordered {
		return val{}, failAt(sl.table.at, reql.QueryLogic, "Cannot perform multiple indexed ORDER_BYs on the same table.")
	}
	if sl.index != "" && sl.index != index {
		return val{}, failAt(sl.table.at, reql.QueryLogic, "Cannot order by index `%s` after calling BETWEEN on index `%s`.", index, sl.index)
	}
	out := *sl
	out.index, out.sorting = index, ascending
	for _, opt := range c.n.t.OptArgs {
		if opt.Name == "index" && opt.Term.Type == reql.TermDesc {
			out.sorting = descending
		}
	}
	if len(o) == 0 {
		return val{x: &out, at: c.n.t}, nil
	}
	if out.usesPrimary() {
		s, err := out.seq(c.fr, c.n.t)
		return val{x: &selectionVal{table: out.table, seq: s}, at: c.n.t}, err
	}
	pairs, err := out.pairSeq(c.fr, c.n.t)
	if err != nil {
		return val{}, err
	}
	s := &seq{src: &tieRows{s: pairs, o: o, index: index, at: c.n.t}, table: out.table, fr: c.fr, at: c.n.t}
	return val{x: &selectionVal{table: out.table, seq: s}, at: c.n.t}, nil
}

// orderHints is what terms around an order_by tell it.
type orderHints struct {
	limit  int      // they take no more rows than this; < 0 for all
	fields []string // and nothing but these fields of a row; nil for all of it
}

// hintsFor gives the hints of the order_by that a node is, or that is below skip, limit and slice, to be filled in. It gives
// nil when there is none.
func hintsFor(n node, below bool) *orderHints {
	op, ok := n.(*opNode)
	switch {
	case !ok || op.groups || op.splices:
		return nil
	case op.t.Type == reql.TermOrderBy:
		if op.data == nil {
			op.data = &orderHints{limit: -1}
		}
		return op.data.(*orderHints)
	case below && (op.t.Type == reql.TermLimit || op.t.Type == reql.TermSkip || op.t.Type == reql.TermSlice):
		return hintsFor(op.args[0], true)
	}
	return nil
}

// wantFields tells an order_by that the term around it needs nothing but some fields of its rows.
func wantFields(n *opNode, fields []string) {
	if n.groups || n.splices || len(n.opts) > 0 {
		return
	}
	if h := hintsFor(n.args[0], true); h != nil {
		h.fields = fields
	}
}

// fieldsFor gives the fields of a row that are needed when it is sorted by o, or nil when all may be.
func (h *orderHints) fieldsFor(o sortKeys) []string {
	if h.fields == nil {
		return nil
	}
	fields := slices.Clone(h.fields)
	for _, k := range o {
		if !k.f.byField {
			return nil // errors show the row
		}
		fields = append(fields, k.f.field)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// sort reads the sequence and sorts it. When the terms around this one take only the first rows, only those are kept; there
// must not be more than the array limit all the same.
func (c call) sort(s *seq, o sortKeys) (*seq, error) {
	if err := s.noInfinite(); err != nil {
		return nil, err
	}
	h := &orderHints{limit: -1}
	if hints, ok := c.n.data.(*orderHints); ok {
		h = hints
	}
	fields := h.fieldsFor(o)
	k, err := c.top(s, h.limit, func() sink { return &sorter{o: o, limit: h.limit, fields: fields, at: c.n.t} })
	if err != nil {
		return nil, blame(err, s.at) // those of the sorter itself have a place
	}
	r, err := k.(*sorter).sorted(c.fr)
	if err != nil {
		return nil, err
	}
	return &seq{src: r, isArray: true, fr: c.fr, at: c.n.t}, nil
}
