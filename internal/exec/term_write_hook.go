package exec

import (
	"bytes"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// Tables have no write hooks yet. The terms about them check their arguments as they will, answer as for a table without
// one, and refuse to make one.

func init() {
	register(reql.TermSetWriteHook, spec{min: 2, max: 2, datum: evalSetWriteHook, det: detNever, slow: true, doc: "Sets the function that all writes to a table go through."})
	register(reql.TermGetWriteHook, spec{min: 1, max: 1, datum: evalGetWriteHook, det: detNever, doc: "The function that all writes to a table go through."})
}

func evalSetWriteHook(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	v, err := c.val(1)
	if err != nil {
		return datum.Value{}, err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		switch {
		case err != nil:
			return d, err
		case d.Kind() == datum.KindNull && t.db.Name != "rethinkdb":
			return datum.Object([]datum.Field{{Key: "deleted", Val: datum.Int(1)}}), nil
		case d.Kind() == datum.KindBinary && !bytes.HasPrefix(d.AsBinary(), []byte("$reql_write_hook_function$")):
			return d, c.logic("Cannot create a write hook except from a reql_write_hook_function returned from `get_write_hook`.")
		}
	}
	if v.x != nil || v.d.Kind() != datum.KindBinary && v.d.Kind() != datum.KindNull {
		f, err := v.function(c.fr, noShortcut)
		switch {
		case err != nil:
			return datum.Value{}, err
		case f.det != detAlways:
			return datum.Value{}, failAt(f.at, reql.QueryLogic, "Could not prove function deterministic.  Write hook functions must be deterministic.")
		case f.arity != 3:
			return datum.Value{}, c.logic("Write hook functions must expect 3 arguments.")
		}
	}
	if t.db.Name == "rethinkdb" {
		return datum.Value{}, reql.Errorf(reql.OpFailed, "Database `rethinkdb` is special; you can't set a write hook on the tables in it.")
	}
	return datum.Value{}, reql.Errorf(reql.OpFailed, "Write hooks are not supported by this server yet.")
}

func evalGetWriteHook(c call) (datum.Value, error) {
	_, err := c.table(0)
	return datum.Null, err
}
