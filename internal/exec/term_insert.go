package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	// Family: Writing data
	//
	// table.insert(object) → object
	// table.insert(sequence) → object
	//
	// Puts rows into a table. A row without the primary key gets a random UUID for one, which `generated_keys` of the answer
	// has. Rows are written in batches, which are not atomic: those before an error stay. The user needs `read` and `write`.
	// The answer is described under [Answers of writes](#answers-of-writes).
	//
	// Options:
	// - conflict (string or function; "error"): what to do when there is a row with the key: "error" counts an error,
	//   "replace" takes the new row, "update" merges it into the old one, a function of the key, the old and the new row
	//   gives the row to write
	// - durability ("hard" or "soft"; the table's): whether to answer only when the rows are on disk
	// - return_changes (bool or "always"; false): adds `changes` to the answer, an array of `old_val` and `new_val`
	// - return_vals (none; none): refused, for drivers before 2.0
	// - ignore_write_hook (bool; false): does not call the write hook; needs the permission `config`
	//
	// Errors:
	// - QueryLogic: Conflict option `…` unrecognized
	// - QueryLogic: The conflict function passed to `insert` must be deterministic.
	// - QueryLogic: Error: encountered obsolete optarg `return_vals`.  Use `return_changes` instead.
	//
	//	> r.table("heroes").insert([{id: 5, name: "Mary"}, {id: 1, name: "Augusta"}], conflict: "update")
	//	{"deleted":0,"errors":0,"inserted":1,"replaced":1,"skipped":0,"unchanged":0}
	//	> r.table("heroes").get(1).pluck("name", "born")
	//	{"born":1815,"name":"Augusta"}
	//	> r.table("places").insert({name: "Turin"}, return_changes: true)("changes")
	//	[{"new_val":{"name":"Turin"},"old_val":null}]
	register(reql.TermInsert, spec{min: 2, max: 2, opts: []string{"conflict", "durability", "return_vals", "return_changes", "ignore_write_hook"},
		datum: evalInsert, compile: compileInsert})
}

// maxQuickInsert is how many rows a literal may have for the insert to count as a quick write.
const maxQuickInsert = 64

func compileInsert(b *builder, n *opNode) error {
	b.waits = true
	if len(n.args) < 2 {
		b.slow = true
		return nil
	}
	switch arg := n.args[1].(type) {
	case *objNode:
	case *constNode:
		if d := arg.v.d; d.Kind() == datum.KindArray && d.Len() > maxQuickInsert {
			b.slow = true
		}
	default:
		b.slow = true
	}
	return nil
}

// conflict says what becomes of an inserted row whose key is taken.
type conflict uint8

const (
	conflictError conflict = iota
	conflictReplace
	conflictUpdate
	conflictFunction
)

// inserter puts rows into a table.
type inserter struct {
	writer
	conflict conflict
	resolve  *function // of conflictFunction
	keys     keyMaker
}

func evalInsert(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	w := inserter{writer: c.writer(t)}
	if c.hasOptions() {
		if err := c.writeOptions(&w.writer); err != nil {
			return datum.Value{}, err
		}
		if err := c.conflictOption(&w); err != nil {
			return datum.Value{}, err
		}
	}
	if err := w.findHook(); err != nil {
		return datum.Value{}, err
	}
	v, err := c.val(1)
	if err != nil {
		return datum.Value{}, err
	}
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return d, err
		}
		if d.IsObject() || d.Kind() == datum.KindTime {
			if err := w.insert([]datum.Value{d}); err != nil {
				return d, err
			}
			return w.finish()
		}
	}
	s, err := v.seq(c.fr)
	if err != nil {
		return datum.Value{}, err
	}
	if err := s.noInfinite(); err != nil {
		s.close()
		return datum.Value{}, err
	}
	if err := w.insertAll(s); err != nil {
		return datum.Value{}, err
	}
	return w.finish()
}

// conflictOption evaluates what is to be done about keys that are taken.
func (c call) conflictOption(w *inserter) error {
	v, ok, err := c.opt("conflict")
	if !ok || err != nil {
		return err
	}
	if f, ok := v.x.(*function); ok {
		switch {
		case f.det&^detConstantNow != 0:
			return c.logic("The conflict function passed to `insert` must be deterministic.")
		case f.arity != 0 && f.arity != 3:
			return c.logic("The conflict function passed to `insert` should expect 3 arguments.")
		}
		w.conflict, w.resolve = conflictFunction, f
		return nil
	}
	d, err := v.datum(c.fr)
	if err != nil {
		return err
	}
	s, err := strAt(d, v.at)
	if err != nil {
		return err
	}
	switch s {
	case "error":
	case "replace":
		w.conflict = conflictReplace
	case "update":
		w.conflict = conflictUpdate
	default:
		return failAt(v.at, reql.QueryLogic, "Conflict option `%s` unrecognized (options are \"error\", \"replace\" and \"update\").", s)
	}
	return nil
}

// insertAll inserts the rows of a sequence, batch by batch.
func (w *inserter) insertAll(s *seq) error {
	defer s.close()
	rows := make([]datum.Value, 0, s.sizeHint(maxWriteRows))
	for {
		rows = rows[:0]
		size, more := 0, true
		for more && len(rows) < maxWriteRows && size < maxWriteBytes {
			row, ok, err := s.next(w.fr)
			if err != nil {
				return err
			}
			if more = ok; ok {
				rows = append(rows, row)
				size += row.SizeHint()
			}
		}
		if len(rows) == 0 {
			return nil
		}
		w.many = w.many || more
		if err := w.insert(rows); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// insert inserts one batch. Rows may be changed.
func (w *inserter) insert(rows []datum.Value) error {
	pk := w.table.PrimaryKey()
	keys := make([]datum.Value, 0, len(rows))
	var generated []bool
	var bad badRows
	for i, row := range rows {
		var key datum.Value
		var ok bool
		switch row.Kind() {
		case datum.KindObject:
			if key, ok = row.Get(pk); !ok {
				key = datum.String(w.keys.next(len(rows) - i - 1))
				row = row.WithField(pk, key)
				w.result.addGenerated(key)
				if generated == nil {
					generated = make([]bool, len(rows))
				}
				generated[len(keys)] = true
			}
		case datum.KindTime, datum.KindGeometry:
			if key, ok = row.Get(pk); !ok {
				bad.add(i, noPrimaryKey(pk, row))
				continue
			}
		default:
			bad.add(i, typeError(row, "OBJECT"))
			continue
		}
		rows[len(keys)] = row
		keys = append(keys, key)
	}
	if generated != nil {
		generated = generated[:len(keys)]
	}
	return w.put(rows[:len(keys)], keys, generated, &bad)
}

func noPrimaryKey(pk string, row datum.Value) error {
	return reql.Errorf(reql.QueryLogic, "Inserted object must have primary key `%s`:\n%s", pk, row.Print())
}

// badRows are rows of a batch that have an error before the table sees them.
type badRows struct {
	at   []int // their places in the batch, ascending
	errs []error
}

func (b *badRows) add(i int, err error) {
	b.at = append(b.at, i)
	b.errs = append(b.errs, err)
}

// put writes rows under their keys and counts them together with the bad rows, whose errors come first, as they do in the
// original. Reported changes have the order of the input.
func (w *inserter) put(rows, keys []datum.Value, generated []bool, bad *badRows) error {
	var results []table.WriteResult
	if len(rows) > 0 {
		var err error
		results, err = w.write(keys, generated, func(i int, old datum.Value) (datum.Value, error) {
			if old.IsAbsent() || w.conflict == conflictReplace {
				return rows[i], nil
			}
			return w.taken(old, rows[i])
		})
		if err != nil {
			return err
		}
	}
	refused := len(bad.errs)
	for _, err := range bad.errs {
		w.result.countError(err)
	}
	for i := range results {
		if r := &results[i]; refusedKey(r) {
			w.result.countError(r.Err)
			refused++
		}
	}
	if refused == 0 {
		return w.count(results)
	}
	return w.countMixed(results, bad, refused)
}

// refusedKey tells whether the table did not even look for the row, because the key cannot be one.
func refusedKey(r *table.WriteResult) bool {
	return r.Err != nil && r.Old.IsAbsent() && r.New.IsAbsent()
}

// countMixed counts a batch some rows of which were refused; those have been counted as errors. Such a row is reported
// even where only changes were asked for, and only one of them is when the whole batch was refused: so does the original.
func (w *inserter) countMixed(results []table.WriteResult, bad *badRows, refused int) error {
	b, total := 0, len(results)+len(bad.at)
	all := refused == total
	report := func(err error) {
		if w.result.report != changesNone {
			w.result.changeWithError(datum.Value{}, err)
		}
	}
	for pos := range total {
		switch {
		case b < len(bad.at) && bad.at[b] == pos:
			report(bad.errs[b])
			b++
		case refusedKey(&results[0]):
			report(results[0].Err)
			results = results[1:]
		default:
			if err := w.count(results[:1]); err != nil {
				return err
			}
			results = results[1:]
		}
		if all {
			return nil
		}
	}
	return nil
}

// taken gives the row to write when there is a row with the same key.
func (w *inserter) taken(old, row datum.Value) (datum.Value, error) {
	pk := w.table.PrimaryKey()
	switch w.conflict {
	case conflictUpdate:
		return datum.Merge(old, row)
	case conflictFunction:
		d, err := w.resolve.callN(w.fr, datum.String(pk), old, row)
		if err != nil && w.fr.check() != nil {
			return d, errInterrupted
		}
		return d, err
	}
	e := reql.Errorf(reql.OpFailed, "Duplicate primary key `%s`:\n", pk)
	e.Detail = func() string { return old.Print() + "\n" + row.Print() }
	return datum.Value{}, e
}
