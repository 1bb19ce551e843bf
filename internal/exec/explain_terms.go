package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// explained has how each term is explained that does more than to compute.
var explained map[reql.TermType]func(x *explainer, t *reql.Term, drained bool) (*planStep, error)

func init() {
	explained = map[reql.TermType]func(x *explainer, t *reql.Term, drained bool) (*planStep, error){
		reql.TermTable: explainTable, reql.TermBetween: explainBetween, reql.TermBetweenDeprecated: explainBetween,
		reql.TermGet: explainGet, reql.TermGetAll: explainGetAll,
		reql.TermGetIntersecting: explainGeo, reql.TermGetNearest: explainGeo,
		reql.TermOrderBy: explainOrderBy, reql.TermDistinct: explainDistinct, reql.TermCount: explainCount,
		reql.TermMin: explainExtreme, reql.TermMax: explainExtreme,
		reql.TermLimit: explainLimit, reql.TermSlice: explainPart, reql.TermSkip: explainPart, reql.TermNth: explainPart,
		reql.TermIsEmpty: explainPart, reql.TermContains: explainPart,
		reql.TermEqJoin: explainEqJoin, reql.TermInnerJoin: explainJoin, reql.TermOuterJoin: explainJoin,
		reql.TermUnion: explainUnion, reql.TermGroup: explainGroup,
		reql.TermInsert: explainWrite, reql.TermUpdate: explainWrite, reql.TermReplace: explainWrite, reql.TermDelete: explainWrite,
		reql.TermForEach: explainForEach,
		reql.TermBranch:  explainChoice, reql.TermFuncall: explainChoice, reql.TermChanges: explainChanges,
		reql.TermHTTP: explainHTTP, reql.TermJavaScript: explainScript, reql.TermDatum: explainDatum,
	}
	for _, t := range []reql.TermType{reql.TermFilter, reql.TermPluck, reql.TermWithout, reql.TermMerge, reql.TermWithFields,
		reql.TermHasFields, reql.TermGetField, reql.TermBracket, reql.TermZip, reql.TermMap, reql.TermConcatMap, reql.TermOffsetsOf} {
		explained[t] = explainStream
	}
	for _, t := range []reql.TermType{reql.TermSum, reql.TermAvg, reql.TermReduce} {
		explained[t] = explainAggregate
	}
	for _, t := range []reql.TermType{reql.TermDBCreate, reql.TermDBDrop, reql.TermTableCreate, reql.TermTableDrop,
		reql.TermIndexCreate, reql.TermIndexDrop, reql.TermIndexRename, reql.TermSetWriteHook, reql.TermReconfigure, reql.TermRebalance,
		reql.TermGrant, reql.TermSync, reql.TermWait, reql.TermIndexWait} {
		explained[t] = explainAdministration
	}
	for _, t := range []reql.TermType{reql.TermFold, reql.TermSample, reql.TermCoerceTo, reql.TermDefault, reql.TermUngroup} {
		explained[t] = explainWhole
	}
}

func explainDatum(_ *explainer, t *reql.Term, _ bool) (*planStep, error) {
	s := newStep(t, "compute")
	if t.Datum.Kind() == datum.KindArray {
		s.stream().count(int64(t.Datum.Len()))
	}
	return s, nil
}

// explainOrderBy is a scan in the order of an index, or a sort.
func explainOrderBy(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	index := t.OptArg("index")
	if index == nil {
		in, err := x.input(t.Args[0], true)
		if err != nil {
			return nil, err
		}
		s := newStep(t, "sort", in).stream().sameCount(in).setText("keeps", "all rows")
		s.set("spills", datum.Bool(x.fr.q.eng.files != nil))
		return x.eachRow(s, t.Args[1:]...)
	}
	s, err := x.step(t.Args[0], drained)
	if err != nil || s.access == nil {
		return s, err
	}
	a := *s.access
	a.slice.sorting = ascending
	if index.Type == reql.TermDesc {
		a.slice.sorting, index = descending, index.Args[0]
	}
	name, ok := x.text(index)
	if !ok {
		return newStep(t, "index scan").stream().setText("table", a.slice.table.displayName()).set("reads_rows", datum.True), nil
	}
	a.slice.index = name
	s = newStep(t, "table scan").stream()
	s.access = &a
	if len(t.Args) == 1 || a.slice.usesPrimary() {
		return s, nil
	}
	if err := x.scan(s, false); err != nil {
		return nil, err
	}
	ties := newStep(t, "sort", s).stream().sameCount(s).setText("keeps", "rows with the same value in the index")
	return x.eachRow(ties, t.Args[1:]...)
}

// explainStream is a step that each row goes through while it is read.
func explainStream(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	if !reaches(t.Args[0]) {
		return x.computed(t)
	}
	sequences, last := t.Args[:1], t.Args[1:]
	if t.Type == reql.TermMap && len(t.Args) > 2 {
		sequences, last = t.Args[:len(t.Args)-1], t.Args[len(t.Args)-1:]
		drained = false
	}
	s := newStep(t, "transform").stream()
	for _, seq := range sequences {
		in, err := x.input(seq, drained && t.Type != reql.TermOffsetsOf)
		if err != nil {
			return nil, err
		}
		if !in.sequence { // one row
			s.operation, s.sequence = "compute", false
		}
		s.inputs = append(s.inputs, in)
	}
	switch t.Type {
	case reql.TermFilter, reql.TermHasFields, reql.TermWithFields, reql.TermOffsetsOf:
		if s.sequence {
			s.operation = "filter"
		}
	case reql.TermConcatMap:
		s.operation = "expand"
	default:
		if len(s.inputs) == 1 {
			s.sameCount(s.inputs[0])
		}
	}
	return x.eachRow(s, last...)
}

// explainAggregate reads all rows, in any order, into one value.
func explainAggregate(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	in, err := x.input(t.Args[0], true)
	if err != nil {
		return nil, err
	}
	s := newStep(t, "aggregate", in)
	if in.operation == "group" {
		s.setText("keeps", "one value for each group")
	} else {
		s.count(1)
	}
	return x.eachRow(s, t.Args[1:]...)
}

func explainCount(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	if !reaches(t.Args[0]) {
		return x.computed(t)
	}
	if len(t.Args) == 1 {
		in, err := x.step(t.Args[0], true)
		if err != nil {
			return nil, err
		}
		if a := in.access; a != nil && a.slice.sorting == unordered && (!a.slice.usesPrimary() || !a.slice.bounded) {
			s := newStep(t, "count without reading").count(1).setText("table", a.slice.table.displayName())
			if !a.slice.usesPrimary() {
				s.setText("index", a.slice.index).set("range", boundsOf(a.slice.bounds))
			}
			return s.set("reads_rows", datum.False), nil
		}
		if !in.sequence && in.access == nil {
			return newStep(t, "compute", in), nil
		}
	}
	return explainAggregate(x, t, drained)
}

// explainExtreme is min or max, which read the first row of an index where they can.
func explainExtreme(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	if t.Args[0].Type != reql.TermTable || len(t.Args) > 1 {
		return explainAggregate(x, t, drained)
	}
	s, err := x.step(t.Args[0], false)
	if err != nil || s.access == nil {
		return s, err
	}
	a := *s.access
	if index := t.OptArg("index"); index != nil {
		name, ok := x.text(index)
		if !ok {
			return newStep(t, "first of an index").set("reads_rows", datum.True).count(1), nil
		}
		a.slice.index = name
	}
	if _, err := a.slice.seq(x.fr, t); err != nil { // there is no such index
		return nil, err
	}
	if a.slice.index == "" {
		a.slice.index = a.slice.table.PrimaryKey()
	}
	return newStep(t, "first of an index").setText("table", a.slice.table.displayName()).setText("index", a.slice.index).
		set("reads_rows", datum.True).count(1), nil
}

func explainDistinct(x *explainer, t *reql.Term, drained bool) (*planStep, error) {
	in, err := x.step(t.Args[0], true)
	if err != nil {
		return nil, err
	}
	if a := in.access; a != nil {
		if index, ok := x.text(t.OptArg("index")); ok && index != a.slice.table.PrimaryKey() {
			a.slice.index = index
			if _, err := a.slice.distinctSeq(x.fr, t); err != nil {
				return nil, err
			}
			return newStep(t, "values of an index").stream().setText("table", a.slice.table.displayName()).
				setText("index", index).set("reads_rows", datum.True), nil
		}
		if a.slice.usesPrimary() { // all rows differ
			err := x.scan(in, drained)
			return in, err
		}
	}
	if in, err = x.input(t.Args[0], true); err != nil {
		return nil, err
	}
	return newStep(t, "aggregate", in).stream().setText("keeps", "each value once"), nil
}

func explainGroup(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	in, err := x.input(t.Args[0], true)
	if err != nil {
		return nil, err
	}
	s := newStep(t, "group", in).stream()
	if index, ok := x.text(t.OptArg("index")); ok {
		s.setText("index", index)
	}
	return x.eachRow(s, t.Args[1:]...)
}

// explainLimit stops reading after some rows. A sort below keeps no more than these.
func explainLimit(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	if !reaches(t.Args[0]) {
		return x.computed(t)
	}
	in, err := x.input(t.Args[0], false)
	if err != nil {
		return nil, err
	}
	s := newStep(t, "first rows", in).stream()
	n, ok := x.number(t.Args[1])
	if !ok || n < 0 {
		return s, nil
	}
	in.keepOnly(n)
	if in.known {
		s.count(min(n, in.rows))
	}
	return s.set("rows", datum.Int(n)), nil
}

// keepOnly says of a sort that the term around it wants only some rows of it.
func (s *planStep) keepOnly(n int64) {
	if s.operation != "sort" || s.term != reql.TermOrderBy {
		return
	}
	for i := range s.fields {
		if s.fields[i].Key == "keeps" && s.fields[i].Val.AsString() == "all rows" {
			s.fields[i].Val = datum.String(rowsText(n))
		}
	}
}

// explainPart reads rows in order until it has what it wants.
func explainPart(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	if !reaches(t.Args[0]) {
		return x.computed(t)
	}
	in, err := x.input(t.Args[0], false)
	if err != nil {
		return nil, err
	}
	s := newStep(t, "part of the rows", in)
	switch t.Type {
	case reql.TermSlice:
		if n, ok := x.number(t.Args[len(t.Args)-1]); ok && len(t.Args) == 3 && n >= 0 && len(t.OptArgs) == 0 {
			in.keepOnly(n)
		}
		s.stream()
	case reql.TermSkip:
		s.stream()
	default:
		s.count(1)
	}
	return x.eachRow(s, t.Args[1:]...)
}

// explainWhole reads all rows in their order.
func explainWhole(x *explainer, t *reql.Term, _ bool) (*planStep, error) {
	if !reaches(t) {
		return x.computed(t)
	}
	in, err := x.input(t.Args[0], false)
	if err != nil {
		return nil, err
	}
	s := newStep(t, "compute", in).sameCount(in)
	if s.sequence = in.sequence; s.sequence {
		s.operation = "collect"
		s.setText("keeps", "all rows")
	}
	switch t.Type {
	case reql.TermFold:
		s.operation, s.fields, s.known = "aggregate", nil, false
	case reql.TermSample:
		s.operation, s.fields, s.known = "aggregate", nil, false
		if n, ok := x.number(t.Args[1]); ok {
			s.setText("keeps", rowsText(n)[len("the first "):])
		}
	case reql.TermUngroup:
		s.known = false
	}
	return x.eachRow(s, t.Args[1:]...)
}
