package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Transformations
	//
	// sequence.union([sequence…]) → sequence
	// r.union([sequence…]) → sequence
	//
	// The elements of several sequences.
	//
	// Options:
	// - interleave (bool, or keys as in orderBy; true): true gives the elements in any order; false those of one sequence
	//   after those of the other; a key, or an array of them, merges sequences that are ordered by it
	//
	// Errors:
	// - QueryLogic: The streams given as arguments are not ordered by given ordering.
	// - QueryLogic: Cannot use an infinite stream with an ordered `union`.
	//
	//	> r.expr([1, 4]).union([2, 3], interleave: false)
	//	[1,4,2,3]
	//	> r.expr([{n: 1}, {n: 4}]).union([{n: 2}, {n: 3}], interleave: "n")("n")
	//	[1,2,3,4]
	register(reql.TermUnion, spec{min: 0, max: -1, opts: []string{"interleave"}, val: evalUnion, slowOnMany: true})
}

func evalUnion(c call) (val, error) {
	seqs := make([]*seq, c.len())
	for i := range seqs {
		var err error
		if seqs[i], err = c.seq(i); err != nil {
			return val{}, err
		}
	}
	inOrder, o, err := c.interleave()
	if err != nil {
		return val{}, err
	}
	out := &seq{isArray: true, at: c.n.t, fr: c.fr}
	for _, s := range seqs {
		out.isArray = out.isArray && s.isArray && s.group == nil
		out.infinite = out.infinite || s.infinite
	}
	switch {
	case len(o) > 0:
		out.src = &mergedRows{c: c, seqs: seqs, o: o}
		out.infiniteText = "Cannot use an infinite stream with an ordered `union`."
	case inOrder:
		out.src = &unionRows{seqs: seqs}
		out.infiniteText = "Cannot use an infinite stream with an ordered `union`."
	default:
		out.src = &unionRows{seqs: seqs, rotate: out.infinite, anyOrder: true}
	}
	return c.retSeq(out)
}

// interleave evaluates the optional argument: true for any order, false for one sequence after the other, else the keys by
// which the sequences are sorted.
func (c call) interleave() (inOrder bool, o sortKeys, err error) {
	n := c.ownOpt("interleave")
	if n == nil {
		return false, nil, nil
	}
	written := c.n.t.OptArg("interleave")
	if written.Written() == reql.TermMakeArray {
		return c.interleaveKeys(n, written)
	}
	v, err := n.eval(c.fr)
	if err != nil {
		return false, nil, err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return false, nil, err
		}
		if d.Kind() == datum.KindBool {
			return !d.AsBool(), nil, nil
		}
	}
	k, err := c.key(v, written)
	return true, sortKeys{k}, err
}

func (c call) interleaveKeys(n node, written *reql.Term) (inOrder bool, o sortKeys, err error) {
	var parts []val
	if array, ok := n.(*opNode); ok {
		for _, a := range array.args {
			v, err := a.eval(c.fr)
			if err != nil {
				return false, nil, err
			}
			parts = append(parts, v)
		}
	} else { // a literal
		d, at, err := n.datum(c.fr)
		if err != nil {
			return false, nil, err
		}
		for i := range d.Len() {
			parts = append(parts, val{d: d.At(i), at: at})
		}
	}
	for i, v := range parts {
		part := written
		if i < len(written.Args) {
			part = written.Args[i]
		}
		k, err := c.key(v, part)
		if err != nil {
			return false, nil, err
		}
		o = append(o, k)
	}
	return true, o, nil
}

// unionRows gives the rows of one sequence after the other, or of all in turn when one of them may not end.
type unionRows struct {
	seqs     []*seq
	rotate   bool
	anyOrder bool
}

func (r *unionRows) next(fr *frame) (datum.Value, bool, error) {
	for quiet := 0; len(r.seqs) > 0; {
		s := r.seqs[0]
		if err := s.ungrouped(); err != nil {
			return datum.Value{}, false, err
		}
		row, ok, err := s.next(fr)
		if err == errNoNews && r.rotate { //nolint:errorlint // never wrapped
			if quiet++; quiet < len(r.seqs) {
				r.seqs = append(r.seqs[1:], s)
				continue
			}
		}
		if err != nil {
			return row, false, err
		}
		if !ok {
			s.close()
			r.seqs = r.seqs[1:]
			continue
		}
		if r.rotate && len(r.seqs) > 1 {
			r.seqs = append(r.seqs[1:], s)
		}
		return row, true, nil
	}
	return datum.Value{}, false, nil
}

func (r *unionRows) close() {
	for _, s := range r.seqs {
		s.close()
	}
	r.seqs = nil
}

// mergedRows merges sorted sequences. Among equal rows those of the earlier sequence come first.
type mergedRows struct {
	c     call
	seqs  []*seq
	o     sortKeys
	heads []mergeHead // of the sequences that have rows, nil until the first row is asked for
}

type mergeHead struct {
	row  datum.Value
	keys []datum.Value // those that have been compared
	s    *seq
}

func (r *mergedRows) next(fr *frame) (datum.Value, bool, error) {
	if r.heads == nil {
		r.heads = make([]mergeHead, 0, len(r.seqs))
		for _, s := range r.seqs {
			if err := s.ungrouped(); err != nil {
				return datum.Value{}, false, err
			}
			h, ok, err := r.read(fr, s)
			if err != nil {
				return datum.Value{}, false, err
			}
			if ok {
				r.heads = append(r.heads, h)
			}
		}
	}
	if len(r.heads) == 0 {
		return datum.Value{}, false, nil
	}
	first := 0
	for i := range r.heads[1:] {
		c, err := r.compare(fr, &r.heads[i+1], &r.heads[first])
		if err != nil {
			return datum.Value{}, false, err
		}
		if c < 0 {
			first = i + 1
		}
	}
	head := r.heads[first]
	following, ok, err := r.read(fr, head.s)
	if err != nil {
		return datum.Value{}, false, err
	}
	if !ok {
		r.heads = append(r.heads[:first], r.heads[first+1:]...)
		return head.row, true, nil
	}
	c, err := r.compare(fr, &following, &head)
	if err == nil && c < 0 {
		err = r.c.logic("The streams given as arguments are not ordered by given ordering.")
	}
	r.heads[first] = following
	return head.row, err == nil, err
}

func (r *mergedRows) read(fr *frame, s *seq) (mergeHead, bool, error) {
	row, ok, err := s.next(fr)
	if err != nil || !ok {
		return mergeHead{}, false, err
	}
	return mergeHead{row: row, s: s}, true, nil
}

// compare computes keys as they are needed, first those of a.
func (r *mergedRows) compare(fr *frame, a, b *mergeHead) (int, error) {
	for i := range r.o {
		for _, h := range []*mergeHead{a, b} {
			if len(h.keys) > i {
				continue
			}
			key, err := r.o.of(fr, i, h.row)
			if err != nil {
				return 0, err
			}
			h.keys = append(h.keys, key)
		}
		if c := r.o.compareKeys(i, a.keys[i], b.keys[i]); c != 0 {
			return c, nil
		}
	}
	return 0, nil
}

func (r *mergedRows) close() {
	for _, s := range r.seqs {
		s.close()
	}
}
