package exec

import (
	"bytes"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	// Family: Tables
	//
	// table.indexCreate(name) → object
	// table.indexCreate(name, function) → object
	//
	// Makes a secondary index of the field with the index's name, or of what a function makes of each row; a function that
	// gives an array makes a compound index. The index is built in the background, `indexWait` waits for it. Rows for which
	// the function fails, or gives null or an object, are simply not in the index. Instead of a function there may be what
	// `indexStatus` gave as `function`. Where an index is unique, a write that would give two rows one value fails for the
	// second of them; over rows that have one value already the index is not built, and `indexWait` tells which. The user needs
	// `config`.
	//
	// Options:
	// - multi (bool; false): the function gives an array, and the row is found by each of its elements
	// - geo (bool; false): the values are geometries, for getIntersecting and getNearest
	// - unique (bool; false): no two rows have the same value, or with multi the same element; RethinkDB has no such indexes
	//
	// Errors:
	// - OpFailed: Index `…` already exists on table `…`.
	// - QueryLogic: Index name conflict: `…` is the name of the primary key.
	// - QueryLogic: Could not prove function deterministic.  Index functions must be deterministic.
	// - QueryLogic: A secondary index cannot be both `unique` and `geo`.
	//
	//	> r.table("heroes").indexCreate("name_born", h => [h("name"), h("born")])
	//	{"created":1}
	//	> r.table("heroes").indexWait("name_born")("ready")
	//	[true]
	//	> r.table("heroes").getAll(["Ada", 1815], index: "name_born")("id")
	//	1
	//	> r.table("heroes").indexCreate("unique_name", h => h("name"), unique: true)
	//	{"created":1}
	//	> r.table("heroes").insert({id: 99, name: "Ada"})("errors")
	//	1
	register(reql.TermIndexCreate, spec{min: 2, max: 3, opts: []string{"multi", "geo", "unique"}, datum: evalIndexCreate, det: detNever, slow: true})

	// table.indexDrop(name) → object
	//
	// Drops a secondary index. The user needs `config`.
	//
	// Errors:
	// - OpFailed: Index `…` does not exist on table `…`.
	//
	//	> r.table("heroes").indexDrop("born")
	//	{"dropped":1}
	register(reql.TermIndexDrop, spec{min: 2, max: 2, datum: evalIndexDrop, det: detNever, slow: true})

	// table.indexRename(old, new) → object
	//
	// Gives a secondary index another name, at once. The user needs `config`.
	//
	// Options:
	// - overwrite (bool; false): an index that has the new name is dropped
	//
	// Errors:
	// - OpFailed: Index `…` does not exist or index `…` already exists on table `…`.
	//
	//	> r.table("heroes").indexRename("born", "year")
	//	{"renamed":1}
	register(reql.TermIndexRename, spec{min: 3, max: 3, opts: []string{"overwrite"}, datum: evalIndexRename, det: detNever, slow: true})

	// table.indexList() → array
	//
	// The names of the secondary indexes of a table, sorted.
	//
	//	> r.table("heroes").indexList()
	//	["born","skills"]
	register(reql.TermIndexList, spec{min: 1, max: 1, datum: evalIndexList, det: detNever})

	// table.indexStatus([name…]) → array
	//
	// What there is to say of some or all secondary indexes of a table: `index` is the name, `ready` whether it is built,
	// `progress` from 0 to 1 how far, `multi` and `geo` its kind, `function` what indexCreate takes to make the same index,
	// and `query` a text of that. `outdated` is always false. A unique index has `unique`, and `error` when it could not be built.
	//
	// Errors:
	// - OpFailed: Index `…` was not found on table `…`
	//
	//	> r.table("heroes").indexStatus("skills").pluck("index", "ready", "multi", "query")
	//	[{"index":"skills","multi":true,"query":"indexCreate('skills', function(_var19) { return _var19.getField(\"skills\"); }, {multi: true})","ready":true}]
	register(reql.TermIndexStatus, spec{min: 1, max: -1, datum: evalIndexStatus, det: detNever})

	// table.indexWait([name…]) → array
	//
	// Waits until some or all secondary indexes of a table are built, and gives the same as indexStatus.
	//
	// Errors:
	// - OpFailed: Index `…` was not found on table `…`
	// - OpFailed: Unique index `…` on table `…` could not be built: …. Change one of them, then drop the index and create it again.
	//
	//	> r.table("heroes").indexWait("born", "skills")("index")
	//	["born","skills"]
	register(reql.TermIndexWait, spec{min: 1, max: -1, datum: evalIndexWait, det: detNever, slow: true})
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

func counted(what string, n int64) datum.Value {
	return datum.Object([]datum.Field{{Key: what, Val: datum.Int(n)}})
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
	var def indexDefinition
	if c.len() == 3 {
		def, err = c.indexDefinition(2)
	} else {
		def, err = fieldDefinition(name)
	}
	if err != nil {
		return datum.Value{}, err
	}
	for _, o := range []struct {
		name string
		to   *bool
	}{{"multi", &def.multi}, {"geo", &def.geo}, {"unique", &def.unique}} {
		if b, ok, err := c.optBool(o.name); err != nil {
			return datum.Value{}, err
		} else if ok {
			*o.to = b
		}
	}
	if def.unique && def.geo {
		return datum.Value{}, c.logic("A secondary index cannot be both `unique` and `geo`.")
	}
	err = c.fr.q.eng.cluster.IndexCreate(c.fr.q.ctx, c.fr.q.client, t.db, t.name, IndexOptions{
		Name: name, Definition: def.encode(), Multi: def.multi, Geo: def.geo, Unique: def.unique})
	return counted("created", 1), err
}

// indexDefinition evaluates the function of a new index, or what index_status says of one.
func (c call) indexDefinition(i int) (def indexDefinition, err error) {
	v, err := c.val(i)
	if err != nil {
		return def, err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return def, err
		}
		if d.Kind() == datum.KindBinary {
			return readIndexBinary(d.AsBinary(), v.at)
		}
	}
	f, err := v.function(c.fr, noShortcut)
	if err != nil {
		return def, err
	}
	if f.det != detAlways {
		return def, failAt(f.at, reql.QueryLogic, "Could not prove function deterministic.  Index functions must be deterministic.")
	}
	def.function, err = f.blob()
	return def, err
}

func readIndexBinary(b []byte, at *reql.Term) (indexDefinition, error) {
	rest, ok := bytes.CutPrefix(b, []byte(indexPrefix))
	if !ok {
		return indexDefinition{}, failAt(at, reql.QueryLogic, "Cannot create an sindex except from a reql_index_function returned from `index_status` in the field `function`.")
	}
	def, err := decodeDefinition(rest)
	var f *function
	if err == nil {
		f, _, err = def.function.compile()
	}
	switch {
	case err != nil:
		return def, failAt(at, reql.QueryLogic, "Binary blob passed to index create could not be interpreted as a reql_index_function (%s).", err)
	case f.det != detAlways:
		return def, failAt(at, reql.QueryLogic, "Could not prove function deterministic.  Index functions must be deterministic.")
	}
	return def, nil
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
	err = c.fr.q.eng.cluster.IndexDrop(c.fr.q.ctx, c.fr.q.client, t.db, t.name, name)
	return counted("dropped", 1), err
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
	if err != nil {
		return datum.Value{}, err
	}
	err = c.fr.q.eng.cluster.IndexRename(c.fr.q.ctx, c.fr.q.client, t.db, t.name, old, name, overwrite)
	renamed := int64(1)
	if old == name {
		renamed = 0
	}
	return counted("renamed", renamed), err
}

// indexNames gives the names of the indexes of a table.
func indexNames(t *tableVal) datum.Value {
	it, ok := t.Table.(indexedTable)
	if !ok {
		return datum.Array(nil)
	}
	infos := it.Indexes()
	names := make([]datum.Value, len(infos))
	for i, x := range infos {
		names[i] = datum.String(x.Name)
	}
	return datum.Array(names)
}

// newest gives the table as it is now: its indexes may have changed since the query named it.
func (c call) newest(t *tableVal) (*tableVal, error) {
	if _, ok := t.Table.(indexedTable); !ok {
		return t, nil
	}
	now, err := c.fr.q.eng.cluster.Table(c.fr.q.client, t.db, t.name, "")
	if err != nil {
		return nil, err
	}
	out := *t
	out.Table = now
	return &out, nil
}

func evalIndexList(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	if t, err = c.newest(t); err != nil {
		return datum.Value{}, err
	}
	return indexNames(t), nil
}

// chosenIndexes gives the indexes with the names that are arguments, or all without any.
func (c call) chosenIndexes(t *tableVal, names []string) ([]table.IndexInfo, error) {
	t, err := c.newest(t)
	if err != nil {
		return nil, err
	}
	var all []table.IndexInfo
	if it, ok := t.Table.(indexedTable); ok {
		all = it.Indexes()
	}
	if len(names) == 0 {
		return all, nil
	}
	var out []table.IndexInfo
	missing := slices.Clone(names)
	for _, x := range all {
		if slices.Contains(names, x.Name) {
			out = append(out, x)
			missing = slices.DeleteFunc(missing, func(n string) bool { return n == x.Name })
		}
	}
	if len(missing) > 0 {
		return nil, t.noIndex(slices.Min(missing), c.n.t)
	}
	return out, nil
}

func (c call) indexArgs() (t *tableVal, names []string, err error) {
	if t, err = c.table(0); err != nil {
		return nil, nil, err
	}
	for i := 1; i < c.len(); i++ {
		name, err := c.str(i)
		if err != nil {
			return nil, nil, err
		}
		names = append(names, name)
	}
	return t, names, nil
}

func evalIndexStatus(c call) (datum.Value, error) {
	t, names, err := c.indexArgs()
	if err != nil {
		return datum.Value{}, err
	}
	infos, err := c.chosenIndexes(t, names)
	if err != nil {
		return datum.Value{}, err
	}
	return t.indexStatus(infos)
}

func evalIndexWait(c call) (datum.Value, error) {
	t, names, err := c.indexArgs()
	if err != nil {
		return datum.Value{}, err
	}
	for {
		infos, err := c.chosenIndexes(t, names)
		if err != nil {
			return datum.Value{}, err
		}
		if i := slices.IndexFunc(infos, func(x table.IndexInfo) bool { return x.NotUnique != nil }); i >= 0 {
			return datum.Value{}, failAt(c.n.t, reql.OpFailed, "%s", t.notUnique(&infos[i]))
		}
		i := slices.IndexFunc(infos, func(x table.IndexInfo) bool { return !x.Ready })
		if i < 0 {
			return t.indexStatus(infos)
		}
		select {
		case <-infos[i].Built:
		case <-c.fr.q.ctx.Done():
			return datum.Value{}, errInterrupted
		}
	}
}

// notUnique says why a unique index cannot be used and never will.
func (t *tableVal) notUnique(x *table.IndexInfo) string {
	return fmt.Sprintf("Unique index `%s` on table `%s` could not be built: %s. Change one of them, then drop the index and create it again.",
		x.Name, t.displayName(), x.NotUnique)
}

func (t *tableVal) indexStatus(infos []table.IndexInfo) (datum.Value, error) {
	rows := make([]datum.Value, len(infos))
	for i, x := range infos {
		def, err := decodeDefinition(x.Definition)
		if err != nil {
			return datum.Value{}, err
		}
		fields := []datum.Field{
			{Key: "index", Val: datum.String(x.Name)},
			{Key: "ready", Val: datum.Bool(x.Ready)},
			{Key: "outdated", Val: datum.False},
			{Key: "multi", Val: datum.Bool(x.Multi)},
			{Key: "geo", Val: datum.Bool(x.Geo)},
			{Key: "function", Val: datum.Binary(append([]byte(indexPrefix), x.Definition...))},
			{Key: "query", Val: datum.String(def.query(x.Name))},
		}
		if x.Unique {
			fields = append(fields, datum.Field{Key: "unique", Val: datum.True})
		}
		switch {
		case x.NotUnique != nil:
			fields = append(fields, datum.Field{Key: "error", Val: datum.String(t.notUnique(&x))})
		case !x.Ready:
			fields = append(fields, datum.Field{Key: "progress", Val: datum.Number(x.Index.Progress())})
		}
		rows[i] = datum.Object(fields)
	}
	return datum.Array(rows), nil
}
