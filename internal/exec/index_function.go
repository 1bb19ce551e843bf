package exec

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// indexPrefix is what the binary that stands for an index begins with.
const indexPrefix = "$reql_index_function$"

// indexDefinition is a secondary index without its name: its function and its kind. Encoded it is what the catalog keeps,
// and what users get from index_status, after the prefix. See functionBlob for the format.
type indexDefinition struct {
	function   functionBlob
	multi, geo bool
	unique     bool // the original has no such indexes
}

// encode gives the definition as the catalog keeps it. The flag of a unique index is there only when it is set, so that the
// original understands all others.
func (d indexDefinition) encode() []byte {
	b := d.function.append(nil)
	flags := []bool{d.multi, d.geo}
	if d.unique {
		flags = append(flags, true)
	}
	for _, flag := range flags {
		if flag {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return b
}

func decodeDefinition(b []byte) (d indexDefinition, err error) {
	rest, err := d.function.read(b)
	if err != nil {
		return d, err
	}
	switch {
	case len(rest) == 3 && rest[2] == 1:
		d.unique = true
	case len(rest) != 2:
		return d, errFlags
	}
	if rest[0] > 1 || rest[1] > 1 {
		return d, errFlags
	}
	d.multi, d.geo = rest[0] == 1, rest[1] == 1
	return d, nil
}

var errFlags = errors.New("the flags at the end are damaged")

// fieldDefinition is the definition of an index on a field.
func fieldDefinition(name string) (indexDefinition, error) {
	text, err := datum.AppendJSON(nil, datum.String(name))
	body := "[31,[[10,[[1,-19,0]],0],[1," + string(text) + ",0]],0]" // get_field of a variable with a name of the original's
	return indexDefinition{function: functionBlob{params: []int64{-19}, body: body}}, err
}

// FieldIndex is the definition of an ordinary secondary index on a field, as the catalog keeps it.
func FieldIndex(name string) ([]byte, error) {
	d, err := fieldDefinition(name)
	return d.encode(), err
}

// indexSteps is how many steps the function of an index may take for one row, in units of 1,024. A row for which it takes
// more is left out of the index, like one on which the function fails. Writers hold the latch of the row meanwhile, so the
// limit must not be long; and the same row must always come out the same way, so it cannot be one of time.
const indexSteps = 4096

// stepBudget ends an evaluation after some steps. It takes the place of the context of a query, which is asked whether it has
// ended each 1,024 steps.
type stepBudget struct{ left int }

func (*stepBudget) Deadline() (time.Time, bool) { return time.Time{}, false }
func (*stepBudget) Done() <-chan struct{}       { return nil }
func (*stepBudget) Value(any) any               { return nil }
func (b *stepBudget) Err() error {
	if b.left--; b.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// CompileIndex makes the function of an index of its definition. It knows no database: index functions are deterministic.
func CompileIndex(definition []byte) (table.IndexFunction, error) {
	d, err := decodeDefinition(definition)
	if err != nil {
		return nil, err
	}
	f, slots, err := d.function.compile()
	if err != nil {
		return nil, err
	}
	type evaluation struct {
		fr     frame
		budget stepBudget
	}
	plan := &Plan{slots: slots}
	pool := sync.Pool{New: func() any {
		e := &evaluation{}
		e.fr.vars = make([]datum.Value, slots)
		e.fr.q = &query{plan: plan, ctx: &e.budget, arrayLimit: defaultArrayLimit}
		return e
	}}
	return func(row datum.Value) (v datum.Value, ok bool) {
		e := pool.Get().(*evaluation)
		e.budget.left, e.fr.ticks = indexSteps, 0
		// A bug that some row brings about would otherwise end the server, at each of its starts again.
		defer func() {
			if recover() != nil {
				v, ok = datum.Value{}, false
			}
		}()
		v, err := f.maybe(&e.fr, row)
		clear(e.fr.vars)
		pool.Put(e)
		return v, err == nil && !v.IsAbsent()
	}, nil
}

// query gives the code that would make the index, as the original prints it.
func (d indexDefinition) query(name string) string {
	code := ""
	if t, err := d.function.term(); err == nil { // it was compiled before
		code = t.JavaScriptFunction()
	}
	var opts []string
	if d.multi {
		opts = append(opts, "multi: true")
	}
	if d.geo {
		opts = append(opts, "geo: true")
	}
	if d.unique {
		opts = append(opts, "unique: true")
	}
	options := ""
	if len(opts) > 0 {
		options = ", {" + strings.Join(opts, ", ") + "}"
	}
	return "indexCreate('" + name + "', " + code + options + ")"
}
