package exec

import (
	"slices"
	"strconv"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// explain answers a query with `explain: true`: with what would be done, as a tree of steps, in place of doing it. It reads the
// tree of terms, because what the terms are compiled into says how, but not what. It evaluates only what is cheap and has no
// effect: names of tables and indexes, keys and bounds. docs/queries.md lists the steps and their fields.
//
// Whatever a step says about reading has to be kept true by hand when the evaluation of its term changes;
// testdata/explain.txt has all of them, and TestAnExplainedScanReadsWhatItSays compares some with the rows that are read.
func (cur *Cursor) explain(dst []byte) []byte {
	p := cur.fr.q.plan
	s, err := (&explainer{cur.fr}).input(p.q.Term, false)
	var out []byte
	if err == nil {
		out, err = datum.AppendJSON(append(dst, `{"t":1,"r":[`...), s.datum())
	}
	if err != nil {
		return cur.fail(dst, blame(err, p.q.Term))
	}
	cur.fr.q.effort.outcome, cur.fr.q.effort.returned = "finished", 1
	return append(out, `]}`...)
}

// planStep is one step of a plan.
type planStep struct {
	operation string
	term      reql.TermType
	fields    []datum.Field
	inputs    []*planStep
	perRow    []*planStep // evaluated for each row of the first input

	rows  int64 // that come out of it, if known
	known bool

	// access is set while it is still open how a table is read, because the term around may say: the step is then a scan.
	access *access
	// sequence: the step gives rows one by one, which steps around it take one by one.
	sequence bool
}

func newStep(t *reql.Term, operation string, inputs ...*planStep) *planStep {
	return &planStep{operation: operation, term: t.Type, inputs: inputs}
}

func (s *planStep) set(name string, v datum.Value) *planStep {
	s.fields = append(s.fields, datum.Field{Key: name, Val: v})
	return s
}

func (s *planStep) setText(name, text string) *planStep { return s.set(name, datum.String(text)) }

// count says how many rows come out.
func (s *planStep) count(n int64) *planStep {
	s.rows, s.known = n, true
	return s
}

// sameCount is count with the rows of an input.
func (s *planStep) sameCount(in *planStep) *planStep {
	s.rows, s.known = in.rows, in.known
	return s
}

func (s *planStep) stream() *planStep {
	s.sequence = true
	return s
}

// datum gives the step as the answer shows it.
func (s *planStep) datum() datum.Value {
	var b datum.ObjectBuilder
	b.Add("operation", datum.String(s.operation))
	b.Add("term", datum.String(s.term.String()))
	for _, f := range s.fields {
		b.Add(f.Key, f.Val)
	}
	if s.known {
		b.Add("estimated_rows", datum.Int(s.rows))
	}
	switch len(s.inputs) {
	case 0:
	case 1:
		b.Add("input", s.inputs[0].datum())
	default:
		b.Add("inputs", stepArray(s.inputs))
	}
	if len(s.perRow) > 0 {
		b.Add("for_each_row", stepArray(s.perRow))
	}
	return b.Value()
}

func stepArray(steps []*planStep) datum.Value {
	out := make([]datum.Value, len(steps))
	for i, s := range steps {
		out[i] = s.datum()
	}
	return datum.Array(out)
}

// explainer makes the plan of one query.
type explainer struct{ fr *frame }

// input explains a term whose rows are read one by one, or, when drained, all of them in any order.
func (x *explainer) input(t *reql.Term, drained bool) (*planStep, error) {
	s, err := x.step(t, drained)
	if err == nil && s.access != nil {
		err = x.scan(s, drained)
	}
	return s, err
}

// step explains a term. A table, or a slice of one, comes without saying how it is read.
func (x *explainer) step(t *reql.Term, drained bool) (*planStep, error) {
	if explain := explained[t.Type]; explain != nil {
		return explain(x, t, drained)
	}
	return x.computed(t)
}

// computed explains a term that is evaluated to a value. The parts of it that reach for more than values are its inputs.
func (x *explainer) computed(t *reql.Term) (*planStep, error) {
	return x.over(newStep(t, "compute"), t)
}

// over makes inputs of those parts of a term that reach for more than values. A table that is not read, but named as for
// info, is no input.
func (x *explainer) over(s *planStep, t *reql.Term) (*planStep, error) {
	parts := slices.Clone(t.Args)
	for _, o := range t.OptArgs {
		parts = append(parts, o.Term)
	}
	for _, part := range parts {
		if !reaches(part) {
			continue
		}
		in, err := x.step(body(part), false)
		if err != nil {
			return nil, err
		}
		if a := in.access; a != nil {
			s.setText("table", a.slice.table.displayName())
			continue
		}
		s.inputs = append(s.inputs, in)
	}
	return s, nil
}

// body gives what a function evaluates, and any other term as it is.
func body(t *reql.Term) *reql.Term {
	if t.Type == reql.TermFunc && len(t.Args) == 2 {
		return t.Args[1]
	}
	return t
}

// reaches tells whether a term reaches for anything outside of the query: tables, other servers, scripts.
func reaches(t *reql.Term) bool {
	switch t.Type {
	case reql.TermTable, reql.TermHTTP, reql.TermJavaScript:
		return true
	}
	for _, a := range t.Args {
		if reaches(a) {
			return true
		}
	}
	for _, o := range t.OptArgs {
		if reaches(o.Term) {
			return true
		}
	}
	return false
}

// eachRow adds what some arguments evaluate for each row, as far as that is more than to compute.
func (x *explainer) eachRow(s *planStep, args ...*reql.Term) (*planStep, error) {
	for _, arg := range args {
		if !reaches(arg) {
			continue
		}
		in, err := x.input(body(arg), false)
		if err != nil {
			return nil, err
		}
		s.perRow = append(s.perRow, in)
	}
	return s, nil
}

// value gives the datum of a term if it takes no more than a moment to find out, and is the same whenever it is asked.
func (x *explainer) value(t *reql.Term) (d datum.Value, ok bool) {
	n, fr, ok := x.compile(t)
	if !ok || n.det()&detNever != 0 {
		return d, false
	}
	v, err := n.eval(fr)
	if err != nil || v.x != nil {
		return d, false
	}
	return v.d, true
}

// compile compiles a part of the query, unless it depends on variables around it or may take long.
func (x *explainer) compile(t *reql.Term) (node, *frame, bool) {
	b := &builder{globals: x.fr.q.plan.globals}
	n, err := b.compile(t)
	if err != nil || b.slow || b.waits {
		return nil, nil, false
	}
	return n, &frame{q: x.fr.q, vars: make([]datum.Value, b.slots)}, true
}

// text and number are value for a type.
func (x *explainer) text(t *reql.Term) (string, bool) {
	if t == nil {
		return "", false
	}
	d, ok := x.value(t)
	if !ok || d.Kind() != datum.KindString {
		return "", false
	}
	return d.AsString(), true
}

func (x *explainer) number(t *reql.Term) (int64, bool) {
	d, ok := x.value(t)
	if !ok || d.Kind() != datum.KindNumber {
		return 0, false
	}
	n, err := d.Int64()
	return n, err == nil
}

// shown gives a value for people to read, who may not need all of it.
func shown(d datum.Value) datum.Value {
	switch d.Kind() {
	case datum.KindMinVal:
		return datum.String("minval")
	case datum.KindMaxVal:
		return datum.String("maxval")
	}
	if d.Bytes() > maxShapeBytes || printable(d) != nil {
		return datum.String(d.PrintTrunc())
	}
	return d
}

func rowsText(n int64) string {
	if n == 1 {
		return "the first row"
	}
	return "the first " + strconv.FormatInt(n, 10) + " rows"
}
