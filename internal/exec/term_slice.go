package exec

import (
	"math"
	"strings"
	"unicode/utf8"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Transformations
	//
	// sequence.nth(n) → value
	// selection.nth(n) → row
	//
	// One element by its number from 0; a negative one counts from the end. Of a selection it is a row that can be written.
	//
	// Errors:
	// - NonExistence: Index out of bounds: …
	// - QueryLogic: Cannot use an index < -1 (…) on a stream.
	//
	//	> r.expr([10, 20, 30]).nth(-1)
	//	30
	//	> r.table("heroes").orderBy(index: "born").nth(0)("name")
	//	"Ada"
	register(reql.TermNth, spec{min: 2, max: 2, val: evalNth, compile: compileNth, groupedSeq: true, slowOnMany: true})

	// sequence.slice(from[, to]) → sequence
	// selection.slice(from[, to]) → selection
	// string.slice(from[, to]) → string
	// binary.slice(from[, to]) → binary
	//
	// The elements, characters or bytes from one number up to, but not including, another, or to the end. Numbers begin with
	// 0. Negative ones count from the end, of arrays, strings and binaries. What is beyond the end is left out.
	//
	// Options:
	// - left_bound ("closed" or "open"; "closed"): whether the element at from belongs to it
	// - right_bound ("closed" or "open"; "open"): whether the element at to belongs to it
	//
	// Errors:
	// - QueryLogic: Cannot use a negative left index on a stream.
	// - QueryLogic: Cannot use a right index < -1 on a stream.
	//
	//	> r.expr([0, 1, 2, 3, 4]).slice(1, 3)
	//	[1,2]
	//	> r.expr("lovelace").slice(-4)
	//	"lace"
	//	> r.range(5).slice(1, 3, right_bound: "closed")
	//	1
	//	2
	//	3
	register(reql.TermSlice, spec{min: 2, max: 3, opts: []string{"left_bound", "right_bound"}, val: evalSlice, compile: compileSlice, slowOnMany: true})

	// sequence.skip(n) → sequence
	// selection.skip(n) → selection
	//
	// The elements after the first n.
	//
	// Options:
	// - left_bound ("open" or "closed"; "closed"): "open" leaves out one more
	// - right_bound ("open" or "closed"; "closed"): "open" leaves out the last one, of arrays, strings and binary data
	//
	//	> r.range(5).skip(3)
	//	3
	//	4
	register(reql.TermSkip, spec{min: 2, max: 2, rewritten: true, opts: []string{"left_bound", "right_bound"}, val: evalSkip, slowOnMany: true})

	// sequence.limit(n) → sequence
	// selection.limit(n) → selection
	//
	// The first n elements. With `orderBy(index)` before it, only as many rows are read.
	//
	// Errors:
	// - QueryLogic: LIMIT takes a non-negative argument (got …)
	//
	//	> r.range().limit(3)
	//	0
	//	1
	//	2
	register(reql.TermLimit, spec{min: 2, max: 2, val: evalLimit, compile: compileLimit, slowOnMany: true})
}

func evalNth(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	index, err := c.val(1)
	if err != nil {
		return val{}, err
	}
	return nth(c, v, index)
}

// nth gives one row of v by its number.
func nth(c call, v, index val) (val, error) {
	if v.isSeq() && v.x != nil {
		if g, err := v.maybeGrouped(c.fr, true); err != nil || g != nil {
			if err != nil {
				return val{}, err
			}
			return nthOfGroups(c, g, index)
		}
	} else if v.x == nil && v.d.Kind() != datum.KindArray {
		_, err := v.seq(c.fr)
		return val{}, err
	}
	n, err := index.int32(c.fr)
	if err != nil {
		return val{}, err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return val{}, err
		}
		d, err = element(d, int64(n))
		return c.ret(d), err
	}
	s, t, err := v.seqOf(c.fr)
	if err != nil {
		return val{}, err
	}
	if n < -1 {
		s.close()
		return val{}, c.logic("Cannot use an index < -1 (%d) on a stream.", n)
	}
	if n == -1 {
		if err := s.noInfinite(); err != nil {
			return val{}, err
		}
	}
	var found datum.Value
	i := int32(0)
	err = s.each(c.fr, func(row datum.Value) (bool, error) {
		if i == n || n == -1 {
			found = row
		}
		i++
		return i <= n || n == -1, nil
	})
	switch {
	case err != nil:
		return val{}, err
	case found.IsAbsent():
		return val{}, c.fail(reql.NonExistence, "Index out of bounds: %d", n)
	case t != nil:
		return c.rowOf(t, found), nil
	}
	return c.ret(found), nil
}

// rowOf gives a row of a table that writes accept.
func (c call) rowOf(t *tableVal, row datum.Value) val {
	key, _ := row.Get(t.PrimaryKey())
	return val{x: &singleVal{table: t, key: key, row: row}, at: c.n.t}
}

func nthOfGroups(c call, g *grouped, index val) (val, error) {
	out := &grouped{entries: make([]groupEntry, len(g.entries))}
	n, err := index.int32(c.fr)
	if err != nil {
		return val{}, err
	}
	for i, e := range g.entries {
		d, err := element(e.val, int64(n))
		if err != nil {
			return val{}, err
		}
		out.entries[i] = groupEntry{e.key, d}
	}
	return val{x: out, at: c.n.t}, nil
}

// int32 converts v to an integer of 32 bits.
func (v val) int32(fr *frame) (int32, error) {
	d, err := v.datum(fr)
	if err != nil {
		return 0, err
	}
	n, err := intAt(d, v.at)
	if err == nil && n != int64(int32(n)) {
		err = failAt(v.at, reql.QueryLogic, "Integer too large: %d", n)
	}
	return int32(n), err
}

// element gives element n of an array.
func element(arr datum.Value, n int64) (datum.Value, error) {
	if err := typed(arr, datum.KindArray, "ARRAY"); err != nil {
		return arr, err
	}
	at, err := position(n, arr.Len())
	if err != nil {
		return arr, err
	}
	if at >= uint64(arr.Len()) {
		return arr, reql.Errorf(reql.NonExistence, "Index out of bounds: %d", at)
	}
	return arr.At(int(at)), nil
}

// sliceBounds are the arguments of slice as they are written.
type sliceBounds struct {
	left, right         int64
	leftOpen, rightOpen bool
}

// within gives the range of size elements, counting negative numbers from the end. from may be greater than to.
func (b sliceBounds) within(size int) (from, to uint64) {
	from, leftErr := position(b.left, size)
	to, rightErr := position(b.right, size)
	if b.leftOpen && leftErr == nil {
		from++
	}
	if !b.rightOpen && rightErr == nil {
		to++
	}
	return from, min(to, uint64(size))
}

func evalSlice(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	b := sliceBounds{right: -1}
	if b.leftOpen, err = c.openBound("left_bound", false); err != nil {
		return val{}, err
	}
	if b.left, err = c.int(1); err != nil {
		return val{}, err
	}
	if c.len() == 3 {
		if b.rightOpen, err = c.openBound("right_bound", true); err != nil {
			return val{}, err
		}
		if b.right, err = c.int(2); err != nil {
			return val{}, err
		}
	}
	return c.slice(v, b)
}

// evalSkip is slice up to the last element. Only its own right_bound counts, not one of the whole query.
func evalSkip(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	b := sliceBounds{right: -1}
	if b.leftOpen, err = c.openBound("left_bound", false); err != nil {
		return val{}, err
	}
	if b.left, err = c.int(1); err != nil {
		return val{}, err
	}
	if c.ownOpt("right_bound") != nil {
		if b.rightOpen, err = c.openBound("right_bound", true); err != nil {
			return val{}, err
		}
	}
	return c.slice(v, b)
}

func (c call) slice(v val, b sliceBounds) (val, error) {
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return val{}, err
		}
		switch d.Kind() {
		case datum.KindArray:
			return c.sliceArray(d, b)
		case datum.KindBinary:
			from, to := b.within(d.Len())
			if from > to {
				return c.ret(datum.Binary(nil)), nil
			}
			return c.ret(datum.Binary(append([]byte(nil), d.AsBinary()[from:to]...))), nil
		case datum.KindString:
			return c.ret(datum.String(sliceString(d.AsString(), b))), nil
		}
		return val{}, failAt(v.at, reql.QueryLogic, "Expected ARRAY, BINARY, or STRING, but found %s.", d.TypeName())
	}
	if !v.isSeq() {
		return val{}, failAt(v.at, reql.QueryLogic, "Cannot slice non-sequences.")
	}
	s, t, err := v.seqOf(c.fr)
	if err != nil {
		return val{}, err
	}
	if b.left < 0 {
		return val{}, c.logic("Cannot use a negative left index on a stream.")
	}
	from, to := uint64(b.left), uint64(b.right)
	if b.leftOpen {
		from++
	}
	switch {
	case b.right < -1:
		return val{}, c.logic("Cannot use a right index < -1 on a stream.")
	case b.right == -1 && b.rightOpen:
		return val{}, c.logic("Cannot slice to an open right index of -1 on a stream.")
	case b.right == -1:
		to = math.MaxUint64
	case !b.rightOpen:
		to++
	}
	return c.retSelection(s.slice(from, to, c.n.t), t)
}

func (c call) sliceArray(d datum.Value, b sliceBounds) (val, error) {
	from, to := b.within(d.Len())
	if from >= to {
		return c.ret(datum.Array(nil)), nil
	}
	if from == 0 && to == uint64(d.Len()) {
		return c.ret(d), c.fr.checkArray(d.Len())
	}
	out := make([]datum.Value, to-from)
	for i := range out {
		out[i] = d.At(int(from) + i)
	}
	d, err := c.limited(out)
	return c.ret(d), err
}

// sliceString cuts characters, which are code points, out of a string.
func sliceString(s string, b sliceBounds) string {
	from, to := b.within(utf8.RuneCountInString(s))
	if from > to {
		return ""
	}
	start, end, n := len(s), len(s), uint64(0)
	for i := range s {
		if n == from {
			start = i
		}
		if n == to {
			end = i
			break
		}
		n++
	}
	return strings.Clone(s[start:end]) // the memory of a row does not live as long as it
}

// slice gives the rows from number from to number to, which is not among them.
func (s *seq) slice(from, to uint64, at *reql.Term) *seq {
	out := s.over(&sliceRows{s: s, skip: from, left: max(to, from) - from}, at)
	out.table = s.table
	out.infinite = s.infinite && to == math.MaxUint64
	return out
}

type sliceRows struct {
	s    *seq
	skip uint64 // rows still to be left out
	left uint64 // rows still to be given after those
	done bool
}

func (r *sliceRows) next(fr *frame) (datum.Value, bool, error) {
	if r.left == 0 {
		r.close()
		return datum.Value{}, false, nil
	}
	if err := r.s.ungrouped(); err != nil {
		return datum.Value{}, false, err
	}
	for ; r.skip > 0; r.skip-- {
		row, ok, err := r.s.next(fr)
		if err != nil || !ok {
			return row, false, err
		}
	}
	row, ok, err := r.s.next(fr)
	if err == nil {
		r.left--
	}
	return row, ok, err
}

// close may come twice: at the end of the slice the rest is let go at once.
func (r *sliceRows) close() {
	if !r.done {
		r.done = true
		r.s.close()
	}
}

func evalLimit(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	s, t, err := v.seqOf(c.fr)
	if err != nil {
		return val{}, err
	}
	n, err := c.int32(1)
	if err != nil {
		return val{}, err
	}
	if n < 0 {
		return val{}, c.logic("LIMIT takes a non-negative argument (got %d)", n)
	}
	return c.retSelection(s.slice(0, uint64(n), c.n.t), t)
}

// compileLimit tells an order_by below how many of its rows are wanted.
func compileLimit(_ *builder, n *opNode) error {
	if !n.splices {
		wantRows(n.args[0], n, 1)
	}
	return nil
}

func compileSlice(_ *builder, n *opNode) error {
	if !n.splices && len(n.args) == 3 && len(n.opts) == 0 {
		wantRows(n.args[0], n, 2)
	}
	return nil
}

// compileNth tells a pipeline below that the rows behind one are not wanted.
func compileNth(_ *builder, n *opNode) error {
	if p, ok := n.args[0].(*pipelineNode); ok && !n.splices {
		if i, ok := n.constantInt32(1); ok && i >= 0 {
			p.limit = i + 1
		}
	}
	return nil
}

// wantRows tells order_by that the term around it takes only as many rows as its argument i says.
func wantRows(arg node, n *opNode, i int) {
	h := hintsFor(arg, false)
	pipe, _ := arg.(*pipelineNode)
	if h == nil && pipe == nil || n.groups {
		return
	}
	want, ok := n.constantInt32(i)
	switch {
	case !ok || want < 0:
	case pipe != nil:
		pipe.limit = want
	default:
		h.limit = want
	}
}

// constantInt32 gives argument i if it is known and fits.
func (n *opNode) constantInt32(i int) (int, bool) {
	d, ok := n.constant(i)
	if !ok || d.Kind() != datum.KindNumber {
		return 0, false
	}
	v, err := d.Int64()
	return int(v), err == nil && v == int64(int32(v))
}
