package exec

import (
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	// Family: Documents and arrays
	//
	// r.expr([value…]) → array
	//
	// An array as it is written in the language of the application; drivers make the term of it. On the wire every array is
	// one. It may have as many elements as the array limit says.
	//
	// Errors:
	// - ResourceLimit: Array over size limit `…`.
	//
	//	> r.expr([1, "two", [3]])
	//	[1,"two",[3]]
	register(reql.TermMakeArray, spec{max: -1, datum: evalMakeArray})

	// Family: Control
	//
	// r.args(array) → arguments
	//
	// The elements of an array as arguments of the term around it, where their number is known only when the query runs.
	// They cannot be optional arguments, nor the keys of orderBy.
	//
	// Errors:
	// - QueryLogic: r.args is not supported in an order_by or union command yet.
	//
	//	> r.table("heroes").getAll(r.args([1, 2]))("name").count()
	//	2
	register(reql.TermArgs, spec{min: 1, max: 1, val: evalArgs})

	// value.do([value…, ]function) → value
	// r.do([value…, ]function) → value
	//
	// Calls a function with values, so that what it needs more than once is evaluated once. Sequences have to be made arrays
	// first.
	//
	// Errors:
	// - QueryLogic: Expected function with … argument… but found function with … argument….
	//
	//	> r.expr([1, 2, 3]).do(a => a.sum().div(a.count()))
	//	2
	//	> r.do(2, 3, (a, b) => a.mul(b))
	//	6
	register(reql.TermFuncall, spec{min: 1, max: -1, opts: []string{"_SHORTCUT_", "_EVAL_FLAGS_"}, val: evalFuncall, notGrouped: true})

	// Family: Selecting data
	//
	// r.db(name) → database
	//
	// A database by its name. Naming one takes no permission.
	//
	// Errors:
	// - OpFailed: Database `…` does not exist.
	//
	//	> r.db("test").tableList()
	//	["heroes","places","visits"]
	register(reql.TermDB, spec{min: 1, max: 1, val: evalDB, det: detNever})

	// r.table(name) → table
	// db.table(name) → table
	//
	// A table by its name, in the database of the connection when none is named. As a sequence it is its rows, in no order
	// that one may rely on. Naming one takes no permission, reading needs `read`.
	//
	// Options:
	// - read_mode (string; "single"): which replicas may answer: "single" is the primary one, "majority" what a majority has
	//   on disk, "outdated" any
	// - identifier_format ("name" or "uuid"; "name"): how system tables show databases, tables and servers
	// - use_outdated (none; none): refused, for drivers before 2.2
	//
	// Errors:
	// - OpFailed: Table `…` does not exist.
	// - QueryLogic: Read mode `…` unrecognized
	//
	//	> r.table("places").count()
	//	3
	//	> r.db("test").table("places").info()("primary_key")
	//	"name"
	register(reql.TermTable, spec{min: 1, max: 2, opts: []string{"read_mode", "use_outdated", "identifier_format"}, val: evalTable, det: detNever})

	// table.get(key) → row or null
	//
	// The row with a primary key: an object, which update, replace and delete can write; null when there is none.
	//
	// Errors:
	// - QueryLogic: Primary keys must be either a number, string, bool, pseudotype or array (got type …):
	// - QueryLogic: Primary key too long (max 127 characters): …
	//
	//	> r.table("heroes").get(2)("name")
	//	"Grace"
	//	> r.table("heroes").get(77)
	//	null
	register(reql.TermGet, spec{min: 2, max: 2, val: evalGet})
}

func evalMakeArray(c call) (datum.Value, error) {
	elems := make([]datum.Value, c.len())
	var size hoard
	for i := range elems {
		var err error
		if elems[i], err = c.datum(i); err == nil {
			err = size.add(c.fr, elems[i])
		}
		if err != nil {
			size.free(c.fr)
			return datum.Value{}, err
		}
	}
	size.leave(c.fr, nil)
	return datum.Array(elems), c.fr.checkArray(len(elems))
}

func evalArgs(c call) (val, error) {
	d, err := c.datum(0)
	if err != nil {
		return val{}, err
	}
	return c.ret(d), typed(d, datum.KindArray, "ARRAY")
}

// makeObj is MAKE_OBJ, whose optional arguments are the fields.
type objNode struct {
	t      *reql.Term
	names  []string // sorted
	values []node
	d      determinism
}

func (b *builder) makeObj(t *reql.Term) (node, error) {
	if len(t.Args) != 0 {
		return nil, compileError(t, "MAKE_OBJ term must not have any args.")
	}
	n := &objNode{t: t, names: make([]string, 0, len(t.OptArgs)), values: make([]node, 0, len(t.OptArgs))}
	for _, o := range t.OptArgs {
		c, err := b.compile(o.Term)
		if err != nil {
			return nil, err
		}
		i, dup := slices.BinarySearch(n.names, o.Name)
		if dup {
			return nil, compileError(t, "Duplicate object key: %s.", o.Name)
		}
		n.names = slices.Insert(n.names, i, o.Name)
		n.values = slices.Insert(n.values, i, c)
		n.d |= c.det()
	}
	return n.fold(), nil
}

// fold gives the object itself if it is made of scalars, or of objects of scalars. It is the parser that makes literals of what
// holds only literals, but not when the query has an array limit.
func (n *objNode) fold() node {
	for _, v := range n.values {
		if c, ok := v.(*constNode); !ok || c.v.x != nil || c.d != detAlways || !foldable(c.v.d) && c.v.at.Type != reql.TermMakeObj {
			return n
		}
	}
	d, _, err := n.datum(foldFrame)
	if err != nil {
		return n
	}
	return &constNode{v: val{d: d, at: n.t}}
}

func (n *objNode) det() determinism { return n.d }
func (n *objNode) term() *reql.Term { return n.t }

func (n *objNode) eval(fr *frame) (val, error) {
	d, _, err := n.datum(fr)
	return val{d: d, at: n.t}, err
}

func (n *objNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	fields := make([]datum.Field, len(n.names))
	var size hoard
	for i, name := range n.names {
		v, _, err := n.values[i].datum(fr)
		if err == nil {
			err = blame(size.add(fr, v), n.t)
		}
		if err != nil {
			size.free(fr)
			return v, n.t, err
		}
		fields[i] = datum.Field{Key: name, Val: v}
	}
	size.leave(fr, nil)
	obj := datum.Object(fields)
	if !obj.Light(heavyBytes) {
		if err := fr.admit(obj); err != nil {
			return obj, n.t, blame(err, n.t)
		}
	}
	if i, pseudo := slices.BinarySearch(n.names, "$reql_type$"); pseudo && i >= 0 {
		v, err := datum.FromPseudo(obj)
		if err == nil && v.IsLiteral() { // only r.literal makes these
			err = datum.StrayLiteral()
		}
		if err != nil {
			return v, n.t, blame(err, n.t)
		}
		return v, n.t, nil
	}
	return obj, n.t, nil
}

// evalFuncall calls its first argument with the rest. Grouped data as the second argument is taken group by group.
func evalFuncall(c call) (val, error) {
	s := constantShortcut
	n, ok, err := c.optInt("_SHORTCUT_")
	if err != nil {
		return val{}, err
	}
	if ok {
		if n < int64(noShortcut) || n > int64(pageShortcut) {
			return val{}, c.fail(reql.Internal, "Unrecognized value `%d` for _SHORTCUT_ argument.", n)
		}
		s = shortcut(n)
	}
	f, err := c.fn(0, s)
	if err != nil {
		return val{}, err
	}
	if c.len() == 1 {
		return f.call(c.fr)
	}
	first, err := c.val(1)
	if err != nil {
		return val{}, err
	}
	args := make([]datum.Value, c.len()-1)
	for i := 2; i < c.len(); i++ {
		if args[i-1], err = c.datum(i); err != nil {
			return val{}, err
		}
	}
	g, err := first.maybeGrouped(c.fr, true)
	if err != nil {
		return val{}, err
	}
	if g == nil {
		if args[0], err = first.datum(c.fr); err != nil {
			return val{}, err
		}
		return f.call(c.fr, args...)
	}
	out := &grouped{entries: make([]groupEntry, len(g.entries))}
	for i, e := range g.entries {
		args[0] = e.val
		d, err := f.callN(c.fr, args...)
		if err != nil {
			return val{}, err
		}
		out.entries[i] = groupEntry{e.key, d}
	}
	return val{x: out, at: c.n.t}, nil
}

func evalDB(c call) (val, error) {
	name, err := c.name(0, "Database")
	if err != nil {
		return val{}, err
	}
	db, err := c.fr.q.eng.cluster.Database(name)
	return val{x: &dbVal{DB: db, name: name}, at: c.n.t}, err
}

// database gives the database of a term whose first argument may be one: the first argument when there are n
// arguments, or else the query's default.
func (c call) database(n int) (db *dbVal, rest int, err error) {
	if c.len() == n {
		v, err := c.val(0)
		if err != nil {
			return nil, 0, err
		}
		db, err := v.db(c.fr)
		return db, 1, err
	}
	v, ok, err := c.fr.q.global(c.fr, "db")
	if err != nil {
		return nil, 0, err
	}
	if ok {
		db, err := v.db(c.fr)
		return db, 0, err
	}
	d, err := c.fr.q.eng.cluster.Database("test")
	return &dbVal{DB: d, name: "test"}, 0, err
}

func evalTable(c call) (val, error) {
	c, err := c.first()
	if err != nil {
		return val{}, err
	}
	t := &tableVal{at: c.n.t}
	if _, ok, err := c.opt("use_outdated"); err != nil || ok {
		if ok {
			err = c.logic("The `use_outdated` optarg is no longer supported.  Use the `read_mode` optarg instead.")
		}
		return val{}, err
	}
	mode, given, err := c.optStr("read_mode")
	if err != nil {
		return val{}, err
	}
	if given {
		switch mode {
		case "single":
		case "majority":
			t.read.Mode = table.ReadMajority
		case "outdated", "_debug_direct":
			t.read.Mode = table.ReadOutdated
		default:
			return val{}, c.logic("Read mode `%s` unrecognized (options are \"majority\", \"single\", and \"outdated\").", mode)
		}
	}
	format, given, err := c.optStr("identifier_format")
	if err != nil {
		return val{}, err
	}
	if given && format != "name" && format != "uuid" {
		return val{}, c.logic("Identifier format `%s` unrecognized (options are \"name\" and \"uuid\").", format)
	}
	db, i, err := c.database(2)
	if err != nil {
		return val{}, err
	}
	if t.name, err = c.name(i, "Table"); err != nil {
		return val{}, err
	}
	t.db = db.DB
	t.Table, err = c.fr.q.eng.cluster.Table(c.fr.q.client, db.DB, t.name, format)
	return val{x: t, at: c.n.t}, err
}

// evalGet looks at the type of its first argument last, as the original does.
func evalGet(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	key, err := c.datum(1)
	if err != nil {
		return val{}, err
	}
	t, err := v.table(c.fr)
	if err != nil {
		return val{}, err
	}
	return val{x: &singleVal{table: t, key: key}, at: c.n.t}, nil
}
