package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// explainEqJoin looks rows up by the key that each row of the first sequence has.
func explainEqJoin(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	in, err := x.input(t.Args[0], drained)
	if err != nil {
		return nil, err
	}
	s := newStep(t, "join by key", in).stream()
	tbl, err := x.table(t.Args[2])
	if err != nil {
		return nil, err
	}
	right := newStep(t.Args[2], "get row")
	if tbl != nil {
		right.setText("table", tbl.displayName())
		if index, ok := x.text(t.OptArg("index")); ok && index != tbl.PrimaryKey() {
			if _, err := tbl.ordinaryIndex(x.fr, index, t); err != nil {
				return nil, err
			}
			right.operation = "index scan"
			right.setText("index", index)
		}
	}
	s.perRow = append(s.perRow, right.set("reads_rows", datum.True))
	return x.eachRow(s, t.Args[1])
}

// explainJoin evaluates its second argument for each row of the first.
func explainJoin(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	in, err := x.input(t.Args[0], drained)
	if err != nil {
		return nil, err
	}
	s := newStep(t, "join all pairs", in).stream()
	return x.eachRow(s, t.Args[1], t.Args[2])
}

func explainUnion(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	s := newStep(t, "one after the other").stream().count(0)
	if t.OptArg("interleave") != nil {
		s.operation = "merge"
	}
	for _, arg := range t.Args {
		in, err := x.input(arg, false)
		if err != nil {
			return nil, err
		}
		s.inputs = append(s.inputs, in)
		s.rows += in.rows
		s.known = s.known && in.known
	}
	return s, nil
}

// explainWrite changes the rows that its input selects. A row is read again, by its key, while nobody else can change it.
func explainWrite(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	s := newStep(t, "write")
	in, err := x.step(t.Args[0], false)
	if err != nil {
		return nil, err
	}
	target := t.Args[0]
	for target.Type != reql.TermTable && len(target.Args) > 0 { // what a selection is of
		target = target.Args[0]
	}
	tbl, err := x.table(target)
	if err != nil {
		return nil, err
	}
	if tbl != nil {
		if err := tbl.require(x.fr, WriteRows); err != nil {
			return nil, blame(err, t)
		}
		s.setText("table", tbl.displayName())
		var indexes int
		if it, ok := tbl.Table.(indexedTable); ok {
			indexes = len(it.Indexes())
		}
		s.set("indexes_to_update", datum.Int(int64(indexes)))
	}
	if t.Type == reql.TermInsert {
		if in, err = x.input(t.Args[1], false); err != nil {
			return nil, err
		}
		s.inputs = append(s.inputs, in)
		return s, nil
	}
	if in.access != nil {
		if err := x.scan(in, false); err != nil {
			return nil, err
		}
	}
	nonAtomic := false
	if o := t.OptArg("non_atomic"); o != nil {
		d, _ := x.value(o)
		nonAtomic = d.Truthy()
	}
	s.inputs = append(s.inputs, in)
	s.set("atomic", datum.Bool(!nonAtomic || len(t.Args) < 2 || !reaches(t.Args[1])))
	return x.eachRow(s, t.Args[1:]...)
}

func explainForEach(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	in, err := x.input(t.Args[0], false)
	if err != nil {
		return nil, err
	}
	return x.eachRow(newStep(t, "for each", in), t.Args[1])
}

func explainHTTP(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	if err := x.fr.q.eng.cluster.RequireConnect(x.fr.q.client); err != nil {
		return nil, blame(err, t)
	}
	s := newStep(t, "request to another server")
	s.sequence = t.OptArg("page") != nil
	return s, nil
}

func explainScript(_ *explainer, t *reql.Term, _ bool) (*planStep, error) {
	return newStep(t, "script"), nil
}

// explainChoice is do or branch, whose value is that of one of their arguments.
func explainChoice(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	s := newStep(t, "compute")
	args := t.Args
	if t.Type == reql.TermFuncall { // the function comes first, and is evaluated last
		args = append(append([]*reql.Term{}, t.Args[1:]...), t.Args[0])
	}
	for _, arg := range args {
		if !reaches(arg) {
			continue
		}
		in, err := x.input(body(arg), drained)
		if err != nil {
			return nil, err
		}
		s.inputs = append(s.inputs, in)
		s.sequence = s.sequence || in.sequence
	}
	return s, nil
}

// explainChanges reads no rows, except for the initial ones when they are wanted.
func explainChanges(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	s := newStep(t, "changefeed").stream()
	if initial := t.OptArg("include_initial"); initial == nil {
		in, err := x.step(t.Args[0], false)
		if err != nil {
			return nil, err
		}
		if in.access != nil {
			return s.setText("table", in.access.slice.table.displayName()), nil
		}
		s.inputs = append(s.inputs, in)
		return s, nil
	}
	in, err := x.input(t.Args[0], false)
	s.inputs = append(s.inputs, in)
	return s, err
}

func explainAdministration(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	return x.over(newStep(t, "administration"), t)
}
