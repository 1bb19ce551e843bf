package exec

import (
	"bytes"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// Tables have no secondary indexes and no write hooks yet. The terms about them check their arguments as they will, answer
// as for a table without any, and refuse to make one.

func init() {
	register(reql.TermIndexCreate, spec{min: 2, max: 3, opts: []string{"multi", "geo"}, datum: evalIndexCreate, slow: true, doc: "Makes a secondary index."})
	register(reql.TermIndexDrop, spec{min: 2, max: 2, datum: evalIndexDrop, slow: true, doc: "Drops a secondary index."})
	register(reql.TermIndexRename, spec{min: 3, max: 3, opts: []string{"overwrite"}, datum: evalIndexRename, slow: true, doc: "Renames a secondary index."})
	register(reql.TermIndexList, spec{min: 1, max: 1, datum: evalIndexList, doc: "The names of the secondary indexes of a table."})
	register(reql.TermIndexStatus, spec{min: 1, max: -1, datum: evalIndexStatus, doc: "The state of secondary indexes."})
	register(reql.TermIndexWait, spec{min: 1, max: -1, datum: evalIndexStatus, slow: true, doc: "Waits until secondary indexes are ready."})
	register(reql.TermSetWriteHook, spec{min: 2, max: 2, datum: evalSetWriteHook, det: detNever, slow: true, doc: "Sets the function that all writes to a table go through."})
	register(reql.TermGetWriteHook, spec{min: 1, max: 1, datum: evalGetWriteHook, det: detNever, doc: "The function that all writes to a table go through."})
}

func (c call) indexNameTaken(name string, t *tableVal) error {
	if name == t.PrimaryKey() {
		return c.logic("Index name conflict: `%s` is the name of the primary key.", name)
	}
	return nil
}

// ownStr is str for a term that blames itself when the argument is another type.
func (c call) ownStr(i int) (string, error) {
	d, err := c.datum(i)
	if err != nil {
		return "", err
	}
	return d.AsString(), typed(d, datum.KindString, "STRING")
}

func evalIndexCreate(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	name, err := c.ownStr(1)
	if err != nil {
		return datum.Value{}, err
	}
	if err := c.indexNameTaken(name, t); err != nil {
		return datum.Value{}, err
	}
	if c.len() == 3 {
		if err := c.indexFunction(2); err != nil {
			return datum.Value{}, err
		}
	}
	for _, o := range [...]string{"multi", "geo"} {
		if _, _, err := c.optBool(o); err != nil {
			return datum.Value{}, err
		}
	}
	if t.db.Name == "rethinkdb" {
		return datum.Value{}, reql.Errorf(reql.OpFailed, "Database `rethinkdb` is special; you can't create secondary indexes on the tables in it.")
	}
	return datum.Value{}, reql.Errorf(reql.OpFailed, "Secondary indexes are not supported by this server yet.")
}

// indexFunction checks a function that is to compute the values of an index, or what index_status says of one.
func (c call) indexFunction(i int) error {
	v, err := c.val(i)
	if err != nil {
		return err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return err
		}
		if d.Kind() == datum.KindBinary {
			if !bytes.HasPrefix(d.AsBinary(), []byte("$reql_index_function$")) {
				return failAt(v.at, reql.QueryLogic, "Cannot create an sindex except from a reql_index_function returned from `index_status` in the field `function`.")
			}
			return nil
		}
	}
	f, err := v.function(c.fr, noShortcut)
	if err != nil {
		return err
	}
	if f.det != detAlways {
		return failAt(f.at, reql.QueryLogic, "Could not prove function deterministic.  Index functions must be deterministic.")
	}
	return nil
}

func evalIndexDrop(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	name, err := c.ownStr(1)
	if err != nil {
		return datum.Value{}, err
	}
	return datum.Value{}, reql.Errorf(reql.OpFailed, "Index `%s` does not exist on table `%s`.", name, t.displayName())
}

func evalIndexRename(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	old, err := c.str(1)
	if err != nil {
		return datum.Value{}, err
	}
	name, err := c.str(2)
	if err != nil {
		return datum.Value{}, err
	}
	for _, n := range [...]string{old, name} {
		if err := c.indexNameTaken(n, t); err != nil {
			return datum.Value{}, err
		}
	}
	overwrite, _, err := c.optBool("overwrite")
	switch {
	case err != nil:
		return datum.Value{}, err
	case overwrite:
		return datum.Value{}, reql.Errorf(reql.OpFailed, "Index `%s` does not exist on table `%s`.", old, t.displayName())
	}
	return datum.Value{}, reql.Errorf(reql.OpFailed, "Index `%s` does not exist or index `%s` already exists on table `%s`.", old, name, t.displayName())
}

func evalIndexList(c call) (datum.Value, error) {
	_, err := c.table(0)
	return datum.Array(nil), err
}

func evalIndexStatus(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	var names []string
	for i := 1; i < c.len(); i++ {
		name, err := c.str(i)
		if err != nil {
			return datum.Value{}, err
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		return datum.Value{}, t.noIndex(slices.Min(names), c.n.t)
	}
	return datum.Array(nil), nil
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
