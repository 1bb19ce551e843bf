package exec

import (
	"bytes"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Tables
	//
	// table.setWriteHook(function) → object
	// table.setWriteHook(null) → object
	//
	// Sets, or with null removes, the function that each write to the table goes through: of a context, the old row and the
	// new one, null where there is none. What it gives is written instead of the new row. The context has `primary_key` and
	// `timestamp`. The function may not turn a deletion into something else, nor the reverse. The user needs `config`.
	//
	// Errors:
	// - QueryLogic: Write hook functions must expect 3 arguments.
	// - QueryLogic: Could not prove function deterministic.  Write hook functions must be deterministic.
	//
	//	> r.table("heroes").setWriteHook((context, before, after) => after.merge({checked: true}))
	//	{"created":1}
	//	> r.table("heroes").insert({id: 9, name: "Mary"}, return_changes: true)("changes")(0)("new_val")
	//	{"checked":true,"id":9,"name":"Mary"}
	register(reql.TermSetWriteHook, spec{min: 2, max: 2, datum: evalSetWriteHook, det: detNever, slow: true})

	// table.getWriteHook() → object or null
	//
	// The write hook of a table: `function` is what setWriteHook takes to set the same one, `query` a text of it. The user
	// needs `config`.
	//
	//	> r.table("heroes").getWriteHook()
	//	null
	register(reql.TermGetWriteHook, spec{min: 1, max: 1, datum: evalGetWriteHook, det: detNever})
}

func evalSetWriteHook(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	old, err := c.cluster().WriteHook(c.fr.q.client, t.db, t.name)
	if err != nil {
		return datum.Value{}, unexpected(err)
	}
	hook, err := c.newWriteHook()
	if err != nil {
		return datum.Value{}, err
	}
	if err := c.cluster().SetWriteHook(c.fr.q.ctx, c.fr.q.client, t.db, t.name, hook); err != nil {
		return datum.Value{}, err
	}
	switch {
	case hook.IsAbsent():
		return counted("deleted", 1), nil // whether or not there was one
	case old.IsAbsent():
		return counted("created", 1), nil
	}
	return counted("replaced", 1), nil
}

// newWriteHook evaluates the new hook to what the catalog keeps of it; it is absent for none.
func (c call) newWriteHook() (hook datum.Value, err error) {
	v, err := c.val(1)
	if err != nil {
		return hook, err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		switch {
		case err != nil || d.Kind() == datum.KindNull:
			return datum.Value{}, err
		case d.Kind() == datum.KindBinary:
			return c.writeHookOf(d)
		}
	}
	f, err := v.function(c.fr, noShortcut)
	if err != nil {
		return hook, err
	}
	if err := c.checkWriteHook(f); err != nil {
		return hook, err
	}
	blob, err := f.blob()
	if err != nil {
		return hook, err
	}
	return storedHook(blob)
}

// writeHookOf is newWriteHook for what get_write_hook gave out.
func (c call) writeHookOf(d datum.Value) (hook datum.Value, err error) {
	if !bytes.HasPrefix(d.AsBinary(), []byte(hookPrefix)) {
		return hook, c.logic("Cannot create a write hook except from a reql_write_hook_function returned from `get_write_hook`.")
	}
	blob, err := readHook(d.AsBinary())
	var f *function
	if err == nil {
		f, _, err = blob.compile()
	}
	if err != nil {
		return hook, c.logic("Binary blob passed to set_write_hook could not be interpreted as a reql_write_hook_function (%s).", err)
	}
	f.at = c.n.t // the text of the function is not part of this query
	if err := c.checkWriteHook(f); err != nil {
		return hook, err
	}
	return storedHook(blob)
}

func (c call) checkWriteHook(f *function) error {
	if f.det != detAlways {
		return failAt(f.at, reql.QueryLogic, "Could not prove function deterministic.  Write hook functions must be deterministic.")
	}
	if f.arity != 3 {
		return c.logic("Write hook functions must expect 3 arguments.")
	}
	return nil
}

func evalGetWriteHook(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	hook, err := c.cluster().WriteHook(c.fr.q.client, t.db, t.name)
	return orNull(hook), err
}
