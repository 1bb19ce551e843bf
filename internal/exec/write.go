package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// Writes of many rows go to the table in batches, each of them atomic. A batch is large enough that what it costs beside
// its rows does not count, and small enough that a query can be interrupted soon and that it need not hold much memory.
const (
	maxWriteRows  = 1000
	maxWriteBytes = 1 << 20
	// firstWriteRows is the number of rows in the first batch of an update, whose size is not known before.
	firstWriteRows = 100
)

// writer makes the writes of one term to one table.
type writer struct {
	fr         *frame
	table      *tableVal
	durability table.Durability
	result     writeResult
	written    bool // there was a write before: an error from now on leaves it open what was done

	ignoreHook bool
	hook       *writeHook // nil when there is none to call

	many     bool // there is more than one batch
	unsynced bool // finish has to wait for the disk
}

// Nobody learns of a write before the query answers. So the batches of one term, and the writes of one for_each, do not
// wait for the disk one by one, but once at the end, which covers them all.

// durableTable is what tables with rows on disk are besides.
type durableTable interface {
	// Durable tells whether a write of that durability waits for the disk.
	Durable(table.Durability) bool
}

// unsynced are the tables with writes that have not waited for the disk.
type unsynced struct{ tables []*tableVal }

func (u *unsynced) add(t *tableVal) {
	for _, known := range u.tables {
		if known.ID() == t.ID() {
			return
		}
	}
	u.tables = append(u.tables, t)
}

// sync waits for the disk.
func (u *unsynced) sync(fr *frame) error {
	for _, t := range u.tables {
		if err := fr.sync(t); err != nil {
			return err
		}
	}
	return nil
}

// sync waits until all writes to a table so far are on disk.
func (fr *frame) sync(t *tableVal) error {
	waiting := fr.trace.begin("Waiting for the disk", nil)
	err := t.Sync(fr.q.ctx)
	fr.trace.end(waiting)
	if err != nil {
		return fr.writeError(err, true)
	}
	return nil
}

func (c call) writer(t *tableVal) writer {
	return writer{fr: c.fr, table: t, result: writeResult{limit: c.fr.q.arrayLimit}}
}

// hasOptions tells whether there are any optional arguments, of the term or of the whole query.
func (c call) hasOptions() bool { return len(c.n.opts) > 0 || len(c.fr.q.plan.globals) > 0 }

// writeOptions evaluates the optional arguments that all writes have.
func (c call) writeOptions(w *writer) error {
	var err error
	if w.result.report, err = c.returnChanges(); err != nil {
		return err
	}
	if w.durability, err = c.durability(); err != nil {
		return err
	}
	w.ignoreHook, _, err = c.optBool("ignore_write_hook")
	return err
}

func (c call) returnChanges() (returnChanges, error) {
	if _, ok, err := c.opt("return_vals"); ok || err != nil {
		if ok {
			err = c.logic("Error: encountered obsolete optarg `return_vals`.  Use `return_changes` instead.")
		}
		return changesNone, err
	}
	d, _, ok, err := c.optDatum("return_changes")
	switch {
	case !ok || err != nil:
		return changesNone, err
	case d.Kind() == datum.KindString && d.AsString() == "always":
		return changesAlways, nil
	case d.Kind() == datum.KindString:
		return changesNone, c.logic("Invalid return_changes value `%s` (options are `true`, `false`, and `'always'`.)", d.AsString())
	case d.Truthy():
		return changesMade, nil
	}
	return changesNone, nil
}

func (c call) durability() (table.Durability, error) {
	d, at, ok, err := c.optDatum("durability")
	if !ok || err != nil {
		return table.DurabilityDefault, err
	}
	s, err := strAt(d, at)
	switch {
	case err != nil:
		return table.DurabilityDefault, err
	case s == "hard":
		return table.DurabilityHard, nil
	case s == "soft":
		return table.DurabilitySoft, nil
	}
	return table.DurabilityDefault, failAt(at, reql.QueryLogic, "Durability option `%s` unrecognized (options are \"hard\" and \"soft\").", s)
}

// write changes the rows of keys in one batch.
func (w *writer) write(keys []datum.Value, generated []bool, update func(i int, old datum.Value) (datum.Value, error)) ([]table.WriteResult, error) {
	if err := w.fr.check(); err != nil {
		return nil, err
	}
	if err := w.table.require(w.fr, WriteRows); err != nil {
		return nil, w.fr.writeError(err, w.written)
	}
	if w.hook != nil {
		inner := update
		update = func(i int, old datum.Value) (datum.Value, error) {
			row, err := inner(i, old)
			if err != nil {
				return row, err
			}
			if row, err = w.hook.apply(old, row); err != nil && w.fr.check() != nil {
				err = errInterrupted
			}
			return row, err
		}
	}
	req := table.WriteRequest{Keys: keys, Generated: generated, Update: update, Durability: w.durability}
	if w.many || w.fr.q.unsynced != nil || w.fr.trace != nil { // whose profile tells the two apart
		if t, ok := w.table.Table.(durableTable); ok && t.Durable(w.durability) {
			req.Durability = table.DurabilitySoft
			w.unsynced = true
		}
	}
	writing := w.fr.trace.begin("Writing rows to", w.table)
	rows, err := w.table.Write(w.fr.q.ctx, req)
	w.fr.trace.end(writing)
	if err != nil {
		return nil, w.fr.writeError(err, w.written)
	}
	w.written = true
	return rows, nil
}

// finish waits for the disk, or leaves that to the for_each around, and gives the result.
func (w *writer) finish() (datum.Value, error) {
	if w.unsynced {
		if w.fr.q.unsynced != nil {
			w.fr.q.unsynced.add(w.table)
		} else if err := w.fr.sync(w.table); err != nil {
			return datum.Value{}, err
		}
	}
	return w.result.datum(), nil
}

// count adds the rows of one batch to the result.
func (w *writer) count(rows []table.WriteResult) error {
	for i := range rows {
		r := &rows[i]
		if r.Err == nil {
			if r.Changed {
				w.fr.tally.rowsWritten++
			}
			w.result.row(r.Old, r.New, r.Changed)
			continue
		}
		if r.Err == errInterrupted { //nolint:errorlint // never wrapped
			return r.Err
		}
		w.result.failed(r.Old, r.Err)
	}
	return nil
}
