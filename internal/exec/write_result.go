package exec

import (
	"fmt"

	"rethinkdb/internal/datum"
)

// returnChanges says which rows a write reports.
type returnChanges uint8

const (
	changesNone   returnChanges = iota
	changesMade                 // rows that are not what they were
	changesAlways               // every row, with the error of those that failed
)

// writeResult adds up what became of rows and makes the object that a write answers with.
type writeResult struct {
	deleted, errors, inserted, replaced, skipped, unchanged int

	firstError string
	report     returnChanges
	reported   bool // there was a row: without any there is not even an empty list of changes
	changes    []datum.Value
	limit      int  // on the number of changes and of generated keys
	truncated  bool // there were more changes

	generated     []datum.Value
	moreGenerated int // keys that are over the limit
}

// row counts a row that was written, or needed not be. Old and row are absent where there is none.
func (r *writeResult) row(old, row datum.Value, changed bool) {
	r.reported = r.report != changesNone
	switch {
	case old.IsAbsent() && row.IsAbsent():
		r.skipped++
	case old.IsAbsent():
		r.inserted++
	case row.IsAbsent():
		r.deleted++
	case changed:
		r.replaced++
	default:
		r.unchanged++
	}
	if changed && r.report != changesNone || r.report == changesAlways {
		r.change(datum.Object([]datum.Field{{Key: "new_val", Val: orNull(row)}, {Key: "old_val", Val: orNull(old)}}))
	}
}

// failed counts a row that could not be written.
func (r *writeResult) failed(old datum.Value, err error) {
	r.countError(err)
	if r.report == changesAlways {
		r.changeWithError(old, err)
	}
}

func (r *writeResult) countError(err error) {
	r.errors++
	r.reported = r.report != changesNone
	if r.errors == 1 {
		r.firstError = err.Error()
	}
}

func (r *writeResult) changeWithError(old datum.Value, err error) {
	old = orNull(old)
	r.change(datum.Object([]datum.Field{
		{Key: "error", Val: datum.String(err.Error())}, {Key: "new_val", Val: old}, {Key: "old_val", Val: old},
	}))
}

func (r *writeResult) change(d datum.Value) {
	if len(r.changes) >= r.limit {
		r.truncated = true
		return
	}
	r.changes = append(r.changes, d)
}

func (r *writeResult) addGenerated(key datum.Value) {
	if len(r.generated) >= r.limit {
		r.moreGenerated++
		return
	}
	r.generated = append(r.generated, key)
}

// datum gives the result object. Its fields are appended in their order.
func (r *writeResult) datum() datum.Value {
	n := 6
	for _, more := range [...]bool{r.reported, r.errors > 0, r.generated != nil, r.truncated || r.moreGenerated > 0} {
		if more {
			n++
		}
	}
	fields := make([]datum.Field, 0, n)
	count := func(name string, n int) { fields = append(fields, datum.Field{Key: name, Val: datum.Int(int64(n))}) }
	if r.reported {
		fields = append(fields, datum.Field{Key: "changes", Val: datum.Array(r.changes)})
	}
	count("deleted", r.deleted)
	count("errors", r.errors)
	if r.errors > 0 {
		fields = append(fields, datum.Field{Key: "first_error", Val: datum.String(r.firstError)})
	}
	if r.generated != nil {
		fields = append(fields, datum.Field{Key: "generated_keys", Val: datum.Array(r.generated)})
	}
	count("inserted", r.inserted)
	count("replaced", r.replaced)
	count("skipped", r.skipped)
	count("unchanged", r.unchanged)
	if w := r.warnings(); len(w) > 0 {
		fields = append(fields, datum.Field{Key: "warnings", Val: datum.Array(w)})
	}
	return datum.Object(fields)
}

// add adds what another server has answered for its part of a write.
func (r *writeResult) add(d datum.Value) error {
	if !d.IsObject() {
		return errState
	}
	r.deleted += number(d, "deleted")
	r.inserted += number(d, "inserted")
	r.replaced += number(d, "replaced")
	r.skipped += number(d, "skipped")
	r.unchanged += number(d, "unchanged")
	if n := number(d, "errors"); n > 0 {
		if first, _ := d.Get("first_error"); r.errors == 0 && first.Kind() == datum.KindString {
			r.firstError = first.AsString()
		}
		r.errors += n
	}
	changes, ok := d.Get("changes")
	r.reported = r.reported || ok
	for i := 0; ok && i < changes.Len(); i++ {
		r.change(changes.At(i))
	}
	if w, ok := d.Get("warnings"); ok && w.Len() > 0 { // there is but one that such a write may have
		r.truncated = true
	}
	return nil
}

func (r *writeResult) warnings() []datum.Value {
	var w []datum.Value
	if r.truncated {
		w = append(w, datum.String(fmt.Sprintf("Too many changes, array truncated to %d.", r.limit)))
	}
	if r.moreGenerated > 0 {
		w = append(w, datum.String(fmt.Sprintf("Too many generated keys (%d), array truncated to %d.",
			r.moreGenerated+len(r.generated), len(r.generated))))
	}
	return w
}

func orNull(d datum.Value) datum.Value {
	if d.IsAbsent() {
		return datum.Null
	}
	return d
}
