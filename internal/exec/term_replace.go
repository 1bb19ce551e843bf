package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	opts := []string{"non_atomic", "durability", "return_vals", "return_changes", "ignore_write_hook"}

	// Family: Writing data
	//
	// selection.replace(object) → object
	// selection.replace(function) → object
	// row.replace(object) → object
	// row.replace(function) → object
	//
	// Puts an object, or what a function makes of the row, in the place of each row of a selection or of a single one. Null
	// deletes the row. On `get` of a key without a row an object is inserted. The primary key may not change. The user needs
	// `read` and `write`.
	//
	// Options:
	// - non_atomic (bool; false): allows a function that is not deterministic; another write may then come in between
	// - durability ("hard" or "soft"; the table's): whether to answer only when the rows are on disk
	// - return_changes (bool or "always"; false): adds `changes` to the answer, an array of `old_val` and `new_val`
	// - return_vals (none; none): refused, for drivers before 2.0
	// - ignore_write_hook (bool; false): does not call the write hook; needs the permission `config`
	//
	// Errors:
	// - QueryLogic: Could not prove argument deterministic.  Maybe you want to use the non_atomic flag?
	//
	//	> r.table("heroes").get(1).replace(h => h.without("skills"))("replaced")
	//	1
	//	> r.table("heroes").get(1)
	//	{"born":1815,"city":"London","id":1,"name":"Ada"}
	register(reql.TermReplace, spec{min: 2, max: 2, opts: opts, datum: evalReplace, compile: compileReplace})

	// selection.update(object) → object
	// selection.update(function) → object
	// row.update(object) → object
	// row.update(function) → object
	//
	// Merges an object, or what a function makes of the row, into each row of a selection or into a single one. Each row is
	// read, changed and written atomically. `r.literal` replaces instead of merging. A row that does not exist is `skipped`.
	// The user needs `read` and `write`.
	//
	// Options:
	// - non_atomic (bool; false): allows a function that is not deterministic; another write may then come in between
	// - durability ("hard" or "soft"; the table's): whether to answer only when the rows are on disk
	// - return_changes (bool or "always"; false): adds `changes` to the answer, an array of `old_val` and `new_val`
	// - return_vals (none; none): refused, for drivers before 2.0
	// - ignore_write_hook (bool; false): does not call the write hook; needs the permission `config`
	//
	// Errors:
	// - QueryLogic: Could not prove argument deterministic.  Maybe you want to use the non_atomic flag?
	// - QueryLogic: Durability option `…` unrecognized
	//
	//	> r.table("heroes").get(1).update(h => ({age: r.expr(1852).sub(h("born"))}), return_changes: true)("changes")(0)("new_val")
	//	{"age":37,"born":1815,"city":"London","id":1,"name":"Ada","skills":["mathematics","poetry"]}
	//	> r.table("heroes").filter({city: "London"}).update({city: null})
	//	{"deleted":0,"errors":0,"inserted":0,"replaced":1,"skipped":0,"unchanged":0}
	register(reql.TermUpdate, spec{min: 2, max: 2, rewritten: true, opts: opts, datum: evalUpdate, compile: compileReplace})

	// selection.delete() → object
	// row.delete() → object
	//
	// Removes the rows of a selection, or a single one. A row that does not exist is `skipped`. The user needs `read` and
	// `write`.
	//
	// Options:
	// - non_atomic (bool; false): without effect
	// - durability ("hard" or "soft"; the table's): whether to answer only when the rows are gone from the disk
	// - return_changes (bool or "always"; false): adds `changes` to the answer, an array of `old_val` and `new_val`
	// - return_vals (none; none): refused, for drivers before 2.0
	// - ignore_write_hook (bool; false): does not call the write hook; needs the permission `config`
	//
	//	> r.table("visits").filter(v => v("nights").lt(4)).delete()
	//	{"deleted":2,"errors":0,"inserted":0,"replaced":0,"skipped":0,"unchanged":0}
	register(reql.TermDelete, spec{min: 1, max: 1, rewritten: true, opts: opts, datum: evalDelete, compile: compileReplace})
}

// compileReplace takes the write of a row by its key for a quick one.
func compileReplace(b *builder, n *opNode) error {
	b.waits = true
	if len(n.args) > 0 {
		if get, ok := n.args[0].(*opNode); ok && get.t.Type == reql.TermGet {
			return nil
		}
	}
	b.slow = true
	return nil
}

// replacer changes rows of a table that are there, or may be.
type replacer struct {
	writer

	// next computes the successor of a row. Both are null for no row.
	next func(old datum.Value) (datum.Value, error)

	// fixed: next depends on the row alone, so that it may run while nobody else can change the row. Otherwise it is given
	// a row that was read before, and what it makes of it is put in the place of whatever is there by then.
	fixed bool

	reached bool // next has been called
}

func evalReplace(c call) (datum.Value, error) {
	return c.replace(func(w *replacer) error {
		f, err := c.fn(1, constantShortcut)
		if err != nil {
			return err
		}
		w.fixed = f.det&^detConstantNow == 0
		w.next = func(old datum.Value) (datum.Value, error) { return f.call1(c.fr, old) }
		return nil
	})
}

func evalUpdate(c call) (datum.Value, error) {
	return c.replace(func(w *replacer) error {
		w.fixed = c.args[1].det()&^detConstantNow == 0
		w.next = c.updater()
		return nil
	})
}

// updater gives the function that updates a row. The original makes the second argument part of a function of its own, so
// that it is evaluated for each row, and its errors are those of rows.
func (c call) updater() func(old datum.Value) (datum.Value, error) {
	var f *function
	if k, ok := c.args[1].(*constNode); ok && k.v.x == nil {
		return func(old datum.Value) (datum.Value, error) {
			if old.Kind() == datum.KindNull {
				return old, nil
			}
			return updated(old, k.v.d)
		}
	}
	return func(old datum.Value) (datum.Value, error) {
		if old.Kind() == datum.KindNull {
			return old, nil
		}
		if f == nil {
			v, err := c.val(1)
			if err != nil {
				return datum.Value{}, err
			}
			made, err := v.function(c.fr, constantShortcut)
			if err != nil {
				return datum.Value{}, err
			}
			if made.constant.IsAbsent() {
				f = made // a function proper is the same for all rows
			} else {
				return updated(old, made.constant)
			}
		}
		d, err := f.call1(c.fr, old)
		if err != nil {
			return d, err
		}
		return updated(old, d)
	}
}

// updated merges what an update says into a row; null says nothing.
func updated(old, with datum.Value) (datum.Value, error) {
	switch {
	case with.Kind() == datum.KindNull:
		return old, nil
	case with.Kind() == datum.KindTime, with.Kind() == datum.KindGeometry:
		return with, reql.Errorf(reql.QueryLogic, "Cannot merge objects of type `%s`.", with.TypeName())
	case with.IsLiteral():
		return with, datum.StrayLiteral()
	}
	return datum.Merge(old, with)
}

func evalDelete(c call) (datum.Value, error) {
	return c.replace(func(w *replacer) error {
		w.fixed = true
		w.next = func(datum.Value) (datum.Value, error) { return datum.Null, nil }
		return nil
	})
}

// replace evaluates the selection and the options, has prepare set what is to be done with a row, and does it.
func (c call) replace(prepare func(w *replacer) error) (datum.Value, error) {
	v, err := c.val(0)
	if err != nil {
		return datum.Value{}, err
	}
	var w replacer
	w.writer = c.writer(nil)
	nonAtomic := false
	if c.hasOptions() {
		if nonAtomic, _, err = c.optBool("non_atomic"); err != nil {
			return datum.Value{}, err
		}
		if err := c.writeOptions(&w.writer); err != nil {
			return datum.Value{}, err
		}
	}
	if c.len() > 1 && !nonAtomic && c.args[1].det()&^detConstantNow != 0 {
		return datum.Value{}, c.logic("Could not prove argument deterministic.  Maybe you want to use the non_atomic flag?")
	}
	if err := prepare(&w); err != nil {
		return datum.Value{}, err
	}
	if one, ok := v.x.(*singleVal); ok {
		w.table = one.table
		if err = w.findHook(); err == nil {
			err = w.replaceOne(one)
		}
	} else {
		var sel *selectionVal
		if sel, err = v.selection(c.fr); err != nil {
			return datum.Value{}, err
		}
		w.table = sel.table
		if w.fixed {
			sel.seq.at = c.n.t // the original asks the sequence for the keys alone, and that is the term's own step
		}
		if err = w.findHook(); err == nil {
			err = w.replaceSelection(c, sel.seq)
		} else {
			sel.seq.close()
		}
	}
	if err != nil {
		return datum.Value{}, err
	}
	return w.finish()
}

func (w *replacer) replaceOne(s *singleVal) error {
	keys := []datum.Value{s.key}
	if w.fixed {
		rows, err := w.replaceKeys(keys)
		if err != nil {
			return err
		}
		if rows[0].Err != nil && !w.reached {
			return rows[0].Err // a key that cannot be one is an error of the query
		}
		return w.count(rows)
	}
	row, err := s.get(w.fr)
	if err != nil {
		return err
	}
	return w.replaceRows(keys, []datum.Value{row})
}

// replaceSelection replaces all rows of a sequence, on all servers that have some.
func (w *replacer) replaceSelection(c call, s *seq) error {
	if _, err := c.serve(s); err != nil {
		s.close()
		return err
	}
	d := c.division(s)
	if d == nil {
		return w.replaceAll(s)
	}
	return d.run(w.result.add, func() error { return w.replaceAll(s) })
}

// replaceAll replaces all rows of a sequence, batch by batch. The sequence is read from a snapshot, so that no row is met
// twice.
func (w *replacer) replaceAll(s *seq) error {
	defer s.close()
	if w.fixed {
		s.passRows(false) // of a row nothing is kept but its key, and that as a copy
	}
	pk := w.table.PrimaryKey()
	limit := firstWriteRows
	var keys, rows []datum.Value
	for {
		keys, rows = keys[:0], rows[:0]
		more := true
		for more && len(keys) < limit {
			row, ok, err := s.next(w.fr)
			if err != nil {
				return err
			}
			if more = ok; !ok {
				break
			}
			key, err := field(row, pk)
			if err != nil {
				return err
			}
			keys = append(keys, key.Own())
			if !w.fixed {
				rows = append(rows, row)
			}
		}
		if len(keys) == 0 {
			return nil
		}
		w.many = w.many || more
		if !w.fixed {
			if err := w.replaceRows(keys, rows); err != nil {
				return err
			}
			continue
		}
		results, err := w.replaceKeys(keys)
		if err != nil {
			return err
		}
		if err := w.count(results); err != nil {
			return err
		}
		if !more {
			return nil
		}
		limit = batchRows(results)
	}
}

// batchRows is how many rows the next batch should have, by the size of these.
func batchRows(rows []table.WriteResult) int {
	size := 1
	for i := range rows {
		size += rows[i].Old.SizeHint() + rows[i].New.SizeHint()
	}
	return max(1, min(maxWriteRows, 2*len(rows)*maxWriteBytes/size))
}

// replaceKeys replaces rows while nobody else can change them.
func (w *replacer) replaceKeys(keys []datum.Value) ([]table.WriteResult, error) {
	return w.write(keys, nil, func(_ int, old datum.Value) (datum.Value, error) {
		w.reached = true
		row, err := w.next(orNull(old))
		if err != nil && w.fr.check() != nil {
			return datum.Value{}, errInterrupted
		}
		return row, err
	})
}

// replaceRows replaces rows that were read before, by a function that cannot run in the middle of a write. Its results
// are inserted over whatever the keys have by then; it cannot remove a row.
func (w *replacer) replaceRows(keys, rows []datum.Value) error {
	pk := w.table.PrimaryKey()
	put := inserter{writer: w.writer, conflict: conflictReplace}
	made := make([]datum.Value, 0, len(rows))
	for i, old := range rows {
		row, err := w.next(old)
		if err == nil {
			err = checkReplaced(pk, keys[i], old, row)
		}
		if err != nil {
			if w.fr.check() != nil {
				return errInterrupted
			}
			put.result.countError(err)
			continue
		}
		made = append(made, row)
	}
	err := put.insert(made)
	w.writer = put.writer
	return err
}

// checkReplaced is the error of a row that must not take the place of another one.
func checkReplaced(pk string, key, old, row datum.Value) error {
	if !row.IsObject() && row.Kind() != datum.KindTime {
		return typeError(row, "OBJECT")
	}
	now, ok := row.Get(pk)
	if !ok {
		return noPrimaryKey(pk, row)
	}
	if !datum.Equal(now, key) {
		return reql.Errorf(reql.QueryLogic, "Primary key `%s` cannot be changed (`%s` -> `%s`).", pk, old.Print(), row.Print())
	}
	return nil
}
