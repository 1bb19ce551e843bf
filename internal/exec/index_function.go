package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// Functions of secondary indexes outlive the query that they came with, so they are stored, and given to the users who ask
// for the state of an index, as the wire form of the function. Variables from around the function become their values.

// indexPrefix is what the binary that stands for an index function begins with.
const indexPrefix = "$reql_index_function$"

// indexDefinition is what follows the prefix, as JSON. The catalog keeps the same.
type indexDefinition struct {
	Version  int             `json:"v"`
	Function json.RawMessage `json:"f"`
	// Captured says that the function had variables from around it.
	Captured bool `json:"captured,omitempty"`
	Multi    bool `json:"multi,omitempty"`
	Geo      bool `json:"geo,omitempty"`
}

const definitionVersion = 1

// encode gives the definition as the catalog keeps it.
func (d indexDefinition) encode() []byte {
	d.Version = definitionVersion
	b, err := json.Marshal(d)
	if err != nil { // the function is JSON that we have made
		panic(err)
	}
	return b
}

// binary gives the definition as users see it.
func (d indexDefinition) binary() datum.Value {
	return datum.Binary(append([]byte(indexPrefix), d.encode()...))
}

func decodeDefinition(b []byte) (d indexDefinition, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, fmt.Errorf("the definition is damaged: %w", err)
	}
	if d.Version != definitionVersion {
		return d, fmt.Errorf("the definition has the format %d, known is %d", d.Version, definitionVersion)
	}
	return d, nil
}

// defaultVariable is the name that the original gives the parameter of a function that it makes of an index's name.
const defaultVariable = -19

// fieldDefinition is the definition of an index on a field.
func fieldDefinition(name string) (indexDefinition, error) {
	text, err := datum.AppendJSON(nil, datum.String(name))
	if err != nil {
		return indexDefinition{}, err
	}
	f := fmt.Sprintf("[%d,[[%d,[%d]],[%d,[[%d,[%d]],%s]]]]", reql.TermFunc, reql.TermMakeArray, defaultVariable,
		reql.TermGetField, reql.TermVar, defaultVariable, text)
	return indexDefinition{Function: json.RawMessage(f)}, nil
}

// definition gives the stored form of a function.
func (f *function) definition() (indexDefinition, error) {
	w := wireWriter{f: f}
	b, err := w.term(nil, f.node.t)
	return indexDefinition{Function: b, Captured: w.captured}, err
}

// wireWriter writes terms as clients send them.
type wireWriter struct {
	f        *function
	bound    []int64 // variables of functions inside
	implicit int     // functions of one parameter around the present term, as far as they are inside
	captured bool
}

func (w *wireWriter) term(dst []byte, t *reql.Term) ([]byte, error) {
	switch t.Type {
	case reql.TermDatum:
		return w.datum(dst, t.Datum)
	case reql.TermVar:
		name := int64(t.Args[0].Datum.AsNumber())
		for _, b := range w.bound {
			if b == name {
				return fmt.Appendf(dst, "[%d,[%d]]", t.Type, name), nil
			}
		}
		slot, _ := w.f.node.outer.slot(name) // compiling has found it
		w.captured = true
		return w.datum(dst, w.f.fr.vars[slot])
	case reql.TermImplicitVar:
		if w.implicit == 0 {
			w.captured = true
			return w.datum(dst, w.f.fr.vars[w.f.node.outer.implicit.slot])
		}
	case reql.TermFunc:
		return w.function(dst, t)
	case reql.TermMakeObj:
		return w.options(dst, t.OptArgs)
	}
	dst = fmt.Appendf(dst, "[%d,[", t.Type)
	var err error
	for i, a := range t.Args {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = w.term(dst, a); err != nil {
			return dst, err
		}
	}
	dst = append(dst, ']')
	if len(t.OptArgs) > 0 {
		if dst, err = w.options(append(dst, ','), t.OptArgs); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (w *wireWriter) options(dst []byte, opts []reql.OptArg) ([]byte, error) {
	dst = append(dst, '{')
	for i, o := range opts {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = datum.AppendJSON(dst, datum.String(o.Name)); err != nil {
			return dst, err
		}
		if dst, err = w.term(append(dst, ':'), o.Term); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (w *wireWriter) function(dst []byte, t *reql.Term) ([]byte, error) {
	names, err := paramNames(t)
	if err != nil {
		return dst, err
	}
	dst = fmt.Appendf(dst, "[%d,[[%d,[", reql.TermFunc, reql.TermMakeArray)
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, "%d", n)
	}
	dst = append(dst, "]],"...)
	depth := len(w.bound)
	w.bound = append(w.bound, names...)
	if len(names) == 1 {
		w.implicit++
	}
	dst, err = w.term(dst, t.Args[1])
	w.bound = w.bound[:depth]
	if len(names) == 1 {
		w.implicit--
	}
	return append(dst, "]]"...), err
}

// datum writes a value. There may be values that have no JSON inside of one from a variable.
func (w *wireWriter) datum(dst []byte, v datum.Value) ([]byte, error) {
	var err error
	switch v.Kind() {
	case datum.KindMinVal:
		return fmt.Appendf(dst, "[%d,[]]", reql.TermMinVal), nil
	case datum.KindMaxVal:
		return fmt.Appendf(dst, "[%d,[]]", reql.TermMaxVal), nil
	case datum.KindArray:
		dst = fmt.Appendf(dst, "[%d,[", reql.TermMakeArray)
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = w.datum(dst, v.At(i)); err != nil {
				return dst, err
			}
		}
		return append(dst, "]]"...), nil
	case datum.KindObject:
		dst = append(dst, '{')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			key, val := v.FieldAt(i)
			if dst, err = datum.AppendJSON(dst, datum.String(key)); err != nil {
				return dst, err
			}
			if dst, err = w.datum(append(dst, ':'), val); err != nil {
				return dst, err
			}
		}
		return append(dst, '}'), nil
	}
	return datum.AppendJSON(dst, v)
}

// slot finds a variable of a scope or of those around it.
func (s *scope) slot(name int64) (slot int, ok bool) {
	for ; s != nil; s = s.outer {
		for i := len(s.names) - 1; i >= 0; i-- {
			if s.names[i] == name {
				return s.first + i, true
			}
		}
	}
	return 0, false
}

// parseFunction reads the function of a definition.
func (d indexDefinition) parseFunction() (*reql.Term, error) {
	body := append(append([]byte("[1,"), d.Function...), ']')
	q, bad := reql.ParseQuery(body)
	switch {
	case bad != nil:
		return nil, fmt.Errorf("the function is damaged: %s", bad.Msg)
	case q.Err != nil:
		return nil, fmt.Errorf("the function is damaged: %s", q.Err.Msg)
	case q.Term == nil || q.Term.Type != reql.TermFunc:
		return nil, fmt.Errorf("the definition has no function")
	}
	return q.Term, nil
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
	f, slots, err := d.compile()
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

// compile gives the function, to be called with a frame with so many slots.
func (d indexDefinition) compile() (f *function, slots int, err error) {
	t, err := d.parseFunction()
	if err != nil {
		return nil, 0, err
	}
	b := &builder{}
	n, err := b.compile(t)
	if err != nil {
		return nil, 0, fmt.Errorf("compile the function: %w", err)
	}
	fn := n.(*funcNode)
	return &function{node: fn, arity: fn.arity, at: fn.body.term(), det: fn.det()}, b.slots, nil
}

// query gives the code that would make the index, as the original prints it.
func (d indexDefinition) query(name string) string {
	code := "non-printable function (captured scope not empty)"
	if !d.Captured {
		if t, err := d.parseFunction(); err == nil { // it was compiled before
			code = t.JavaScriptFunction()
		}
	}
	var opts []string
	if d.Multi {
		opts = append(opts, "multi: true")
	}
	if d.Geo {
		opts = append(opts, "geo: true")
	}
	options := ""
	if len(opts) > 0 {
		options = ", {" + strings.Join(opts, ", ") + "}"
	}
	return "indexCreate('" + name + "', " + code + options + ")"
}
