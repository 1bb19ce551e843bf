package exec_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"rethinkdb/internal/reql"
)

// expr is an expression that both evaluators understand.
type expr struct {
	term     reql.TermType
	args     []*expr
	options  map[string]*expr
	literal  any   // of DATUM; name of TABLE
	variable int   // number of VAR
	params   []int // of FUNC
}

// wire gives the expression as a client sends it, for encoding/json.
func (e *expr) wire() any {
	switch e.term {
	case reql.TermDatum:
		return wireLiteral(e.literal)
	case reql.TermVar:
		return []any{reql.TermVar, []any{e.variable}}
	case reql.TermTable: // in the order of the primary key, which is that of the oracle
		return []any{reql.TermOrderBy, []any{[]any{reql.TermTable, []any{e.literal}}}, map[string]any{"index": "id"}}
	case reql.TermFunc:
		params := []any{}
		for _, p := range e.params {
			params = append(params, p)
		}
		return []any{reql.TermFunc, []any{[]any{reql.TermMakeArray, params}, e.args[0].wire()}}
	case reql.TermMakeObj:
		out := map[string]any{}
		for name, o := range e.options {
			out[name] = o.wire()
		}
		return out
	}
	args := []any{}
	for _, a := range e.args {
		args = append(args, a.wire())
	}
	if len(e.options) == 0 {
		return []any{e.term, args}
	}
	options := map[string]any{}
	for name, o := range e.options {
		options[name] = o.wire()
	}
	return []any{e.term, args, options}
}

func wireLiteral(v any) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, wireLiteral(x))
		}
		return []any{reql.TermMakeArray, out}
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = wireLiteral(x)
		}
		return out
	}
	return v
}

// kindOf says what an expression is to evaluate to.
type kindOf uint8

const (
	aNumber kindOf = iota
	aString
	aBool
	aDoc     // an object with the fields that randomDoc makes
	anArray  // of numbers
	numbers  // a sequence of numbers, which may be a stream
	rows     // a sequence of documents, which may be a stream
	allKinds // how many there are
)

// generator makes random expressions, most of which have no type errors.
type generator struct {
	*rand.Rand
	tables []string
	next   int // number of the next variable
	scope  []variable
}

type variable struct {
	number int
	kind   kindOf
}

func (g *generator) pick(choices ...func() *expr) *expr { return choices[g.IntN(len(choices))]() }

func term(t reql.TermType, args ...*expr) *expr { return &expr{term: t, args: args} }

func literal(v any) *expr { return &expr{term: reql.TermDatum, literal: v} }

// expression makes an expression of a kind. depth bounds how deeply terms nest in it.
func (g *generator) expression(k kindOf, depth int) *expr {
	if g.IntN(60) == 0 { // a mistake
		wrong := [...]*expr{literal(nil), literal(g.IntN(2) == 0), literal(g.randomNumber()), literal(g.randomDoc(0))}
		return wrong[g.IntN(len(wrong))]
	}
	if depth <= 0 || g.IntN(8) == 0 {
		return g.leaf(k)
	}
	d := depth - 1
	if k < numbers && g.IntN(10) == 0 {
		return g.control(k, d)
	}
	switch k {
	case aNumber:
		return g.number(d)
	case aString:
		return g.text(d)
	case aBool:
		return g.condition(d)
	case aDoc:
		return g.doc(d)
	case anArray:
		return g.array(d)
	case numbers:
		return g.numbers(d)
	}
	return g.rows(d)
}

func (g *generator) leaf(k kindOf) *expr {
	var fitting []variable
	for _, v := range g.scope {
		if v.kind == k {
			fitting = append(fitting, v)
		}
	}
	if len(fitting) > 0 && g.IntN(4) > 0 {
		return &expr{term: reql.TermVar, variable: fitting[g.IntN(len(fitting))].number}
	}
	switch k {
	case numbers:
		return g.pick(func() *expr { return literal(g.numberArray()) }, func() *expr { return term(reql.TermRange, literal(float64(g.IntN(6)))) })
	case rows:
		if g.IntN(2) == 0 && len(g.scope) == 0 { // inside of functions the table is not deterministic
			return &expr{term: reql.TermTable, literal: g.tables[g.IntN(len(g.tables))]}
		}
		docs := []any{}
		for i := range g.IntN(6) {
			docs = append(docs, g.randomDoc(i))
		}
		return literal(docs)
	case anArray:
		return literal(g.numberArray())
	case aDoc:
		return literal(g.randomDoc(g.IntN(100)))
	case aBool:
		return literal(g.IntN(2) == 0)
	case aString:
		return literal(g.randomString())
	}
	return literal(g.randomNumber())
}

func (g *generator) randomNumber() float64 {
	if g.IntN(4) == 0 {
		return float64(g.IntN(40)-20) / 4
	}
	return float64(g.IntN(12) - 3)
}

func (g *generator) randomString() string {
	return [...]string{"", "a", "b", "ab", "B", "a b  c", "10", "2.5", "x,y,,z", "é"}[g.IntN(10)]
}

func (g *generator) numberArray() []any {
	out := []any{}
	for range g.IntN(5) {
		out = append(out, g.randomNumber())
	}
	return out
}

// randomDoc makes a document; every field but id may be missing.
func (g *generator) randomDoc(id int) map[string]any {
	doc := map[string]any{"id": float64(id)}
	add := func(name string, v any) {
		switch g.IntN(12) {
		case 0:
		case 1:
			doc[name] = nil
		default:
			doc[name] = v
		}
	}
	add("n", g.randomNumber())
	add("m", float64(g.IntN(3)))
	add("s", g.randomString())
	add("b", g.IntN(2) == 0)
	add("a", g.numberArray())
	add("o", map[string]any{"x": g.randomNumber(), "y": g.randomString()})
	return doc
}

// function makes a function of parameters of these kinds.
func (g *generator) function(result kindOf, depth int, params ...kindOf) *expr {
	f := &expr{term: reql.TermFunc}
	scope := g.scope
	for _, k := range params {
		g.next++
		f.params = append(f.params, g.next)
		g.scope = append(g.scope[:len(g.scope):len(g.scope)], variable{g.next, k})
	}
	f.args = []*expr{g.expression(result, depth)}
	g.scope = scope
	return f
}

func (g *generator) field(k kindOf, depth int) *expr {
	name := map[kindOf]string{aNumber: [...]string{"n", "m", "id"}[g.IntN(3)], aString: "s", aBool: "b", anArray: "a"}[k]
	t := [...]reql.TermType{reql.TermGetField, reql.TermBracket}[g.IntN(2)]
	return term(t, g.expression(aDoc, depth), literal(name))
}

func (g *generator) control(k kindOf, d int) *expr {
	return g.pick(
		func() *expr {
			return term(reql.TermBranch, g.expression(aBool, d), g.expression(k, d), g.expression(k, d))
		},
		func() *expr { return term(reql.TermDefault, g.expression(k, d), g.expression(k, d)) },
		func() *expr {
			p := kindOf(g.IntN(int(numbers)))
			return term(reql.TermFuncall, g.function(k, d, p), g.expression(p, d))
		},
		func() *expr {
			if g.IntN(4) > 0 {
				return g.leaf(k)
			}
			return term(reql.TermError, literal("no"))
		},
	)
}

func (g *generator) number(d int) *expr {
	arithmetic := [...]reql.TermType{reql.TermAdd, reql.TermSub, reql.TermMul, reql.TermAdd, reql.TermDiv, reql.TermMod}
	return g.pick(
		func() *expr {
			return term(arithmetic[g.IntN(len(arithmetic))], g.expression(aNumber, d), g.expression(aNumber, d))
		},
		func() *expr {
			return term(arithmetic[g.IntN(3)], g.expression(aNumber, d), g.expression(aNumber, d), g.expression(aNumber, d))
		},
		func() *expr {
			return term([...]reql.TermType{reql.TermFloor, reql.TermCeil, reql.TermRound}[g.IntN(3)], g.expression(aNumber, d))
		},
		func() *expr { return g.field(aNumber, d) },
		func() *expr { return g.field(aNumber, d) },
		func() *expr { return g.aggregate(d) },
		func() *expr { return g.aggregate(d) },
		func() *expr {
			return term(reql.TermNth, g.expression(numbers, d), literal(float64(g.IntN(4))))
		},
		func() *expr { return term(reql.TermCount, g.expression(aString, d)) },
		func() *expr { return term(reql.TermCoerceTo, g.expression(aString, d), literal("number")) },
	)
}

// aggregate makes a number of a sequence.
func (g *generator) aggregate(d int) *expr {
	sums := [...]reql.TermType{reql.TermSum, reql.TermAvg}
	best := [...]reql.TermType{reql.TermMin, reql.TermMax}
	return g.pick(
		func() *expr { return term(reql.TermCount, g.expression(rows, d)) },
		func() *expr { return term(reql.TermCount, g.expression(rows, d), g.function(aBool, d, aDoc)) },
		func() *expr { return term(reql.TermCount, g.expression(numbers, d), g.expression(aNumber, d)) },
		func() *expr { return term(sums[g.IntN(2)], g.expression(numbers, d)) },
		func() *expr { return term(sums[g.IntN(2)], g.expression(rows, d), literal("n")) },
		func() *expr { return term(sums[g.IntN(2)], g.expression(rows, d), g.function(aNumber, d, aDoc)) },
		func() *expr { return term(best[g.IntN(2)], g.expression(numbers, d)) },
		func() *expr {
			return term(reql.TermReduce, g.expression(numbers, d), g.function(aNumber, d, aNumber, aNumber))
		},
		func() *expr {
			return term(reql.TermFold, g.expression(rows, d), g.expression(aNumber, d), g.function(aNumber, d, aNumber, aDoc))
		},
	)
}

func (g *generator) text(d int) *expr {
	return g.pick(
		func() *expr { return term(reql.TermAdd, g.expression(aString, d), g.expression(aString, d)) },
		func() *expr { return term(reql.TermUpcase, g.expression(aString, d)) },
		func() *expr { return term(reql.TermDowncase, g.expression(aString, d)) },
		func() *expr { return g.field(aString, d) },
		func() *expr { return g.field(aString, d) },
		func() *expr { return term(reql.TermToJSONString, g.expression(aDoc, d)) },
		func() *expr { return term(reql.TermCoerceTo, g.expression(aNumber, d), literal("string")) },
		func() *expr { return term(reql.TermTypeOf, g.expression(kindOf(g.IntN(int(aDoc))), d)) }, // of a row it is another one
		func() *expr {
			return term(reql.TermNth, term(reql.TermSplit, g.expression(aString, d)), literal(float64(g.IntN(3))))
		},
		func() *expr {
			return term(reql.TermNth, term(reql.TermSplit, g.expression(aString, d), literal(",")), literal(float64(g.IntN(3))))
		},
	)
}

func (g *generator) condition(d int) *expr {
	chain := [...]reql.TermType{reql.TermEq, reql.TermNe, reql.TermLt, reql.TermLe, reql.TermGt, reql.TermGe}
	some := func() *expr { return g.expression(kindOf(g.IntN(int(numbers))), d) }
	return g.pick(
		func() *expr { return term(chain[g.IntN(6)], g.expression(aNumber, d), g.expression(aNumber, d)) },
		func() *expr { return term(chain[g.IntN(6)], g.field(aNumber, d), g.expression(aNumber, d)) },
		func() *expr { return term(chain[g.IntN(6)], some(), some(), some()) },
		func() *expr {
			return term([...]reql.TermType{reql.TermAnd, reql.TermOr}[g.IntN(2)], g.expression(aBool, d), g.expression(aBool, d))
		},
		func() *expr { return term(reql.TermNot, g.expression(aBool, d)) },
		func() *expr { return g.field(aBool, d) },
		func() *expr { return term(reql.TermHasFields, g.expression(aDoc, d), literal("s"), literal("n")) },
		func() *expr { return term(reql.TermIsEmpty, g.expression(rows, d)) },
		func() *expr { return term(reql.TermContains, g.expression(numbers, d), g.expression(aNumber, d)) },
		func() *expr { return term(reql.TermContains, g.expression(rows, d), g.function(aBool, d, aDoc)) },
	)
}

func (g *generator) doc(d int) *expr {
	object := func() *expr {
		return &expr{term: reql.TermMakeObj, options: map[string]*expr{
			"n": g.expression(aNumber, d), "s": g.expression(aString, d), "b": g.expression(aBool, d), "a": g.expression(anArray, d)}}
	}
	return g.pick(
		object,
		func() *expr { return term(reql.TermMerge, g.expression(aDoc, d), object()) },
		func() *expr { return term(reql.TermMerge, g.expression(aDoc, d), g.function(aDoc, d, aDoc)) },
		func() *expr {
			return term(reql.TermPluck, g.expression(aDoc, d), literal("n"), literal("s"), literal("o"))
		},
		func() *expr { return term(reql.TermWithout, g.expression(aDoc, d), literal("m"), literal("a")) },
		func() *expr { return term(reql.TermNth, g.expression(rows, d), literal(float64(g.IntN(3)))) },
		func() *expr { return term(reql.TermMin, g.expression(rows, d), literal("n")) },
		func() *expr { return term(reql.TermMax, g.expression(rows, d), g.function(aNumber, d, aDoc)) },
		func() *expr { return term(reql.TermReduce, g.expression(rows, d), g.function(aDoc, d, aDoc, aDoc)) },
	)
}

func (g *generator) array(d int) *expr {
	sets := [...]reql.TermType{reql.TermSetUnion, reql.TermSetIntersection, reql.TermSetDifference, reql.TermDifference}
	ends := [...]reql.TermType{reql.TermAppend, reql.TermPrepend, reql.TermSetInsert}
	at := func() *expr { return literal(float64(g.IntN(6) - 2)) }
	return g.pick(
		func() *expr { return term(reql.TermMakeArray, g.expression(aNumber, d), g.expression(aNumber, d)) },
		func() *expr { return term(reql.TermCoerceTo, g.expression(numbers, d), literal("array")) },
		func() *expr { return term(sets[g.IntN(4)], g.expression(anArray, d), g.expression(anArray, d)) },
		func() *expr { return term(ends[g.IntN(3)], g.expression(anArray, d), g.expression(aNumber, d)) },
		func() *expr { return term(reql.TermInsertAt, g.expression(anArray, d), at(), g.expression(aNumber, d)) },
		func() *expr { return term(reql.TermChangeAt, g.expression(anArray, d), at(), g.expression(aNumber, d)) },
		func() *expr { return term(reql.TermDeleteAt, g.expression(anArray, d), at()) },
		func() *expr { return term(reql.TermAdd, g.expression(anArray, d), g.expression(anArray, d)) },
		func() *expr { return term(reql.TermUnion, g.expression(anArray, d), g.expression(anArray, d)) },
		func() *expr { return g.field(anArray, d) },
		func() *expr { return term(reql.TermDistinct, g.expression(anArray, d)) },
		func() *expr { return term(reql.TermOrderBy, g.expression(anArray, d), g.function(aNumber, d, aNumber)) },
	)
}

func (g *generator) numbers(d int) *expr {
	return g.pick(
		func() *expr { return g.expression(anArray, d) },
		func() *expr { return term(reql.TermMap, g.expression(rows, d), g.function(aNumber, d, aDoc)) },
		func() *expr { return term(reql.TermMap, g.expression(numbers, d), g.function(aNumber, d, aNumber)) },
		func() *expr {
			return term(reql.TermMap, g.expression(numbers, d), g.expression(numbers, d), g.function(aNumber, d, aNumber, aNumber))
		},
		func() *expr { return term(reql.TermGetField, g.expression(rows, d), literal("n")) },
		func() *expr { return term(reql.TermFilter, g.expression(numbers, d), g.function(aBool, d, aNumber)) },
		func() *expr { return term(reql.TermConcatMap, g.expression(rows, d), g.function(anArray, d, aDoc)) },
		func() *expr { return term(reql.TermOffsetsOf, g.expression(numbers, d), g.expression(aNumber, d)) },
		func() *expr { return g.part(numbers, d) },
	)
}

// part cuts a sequence.
func (g *generator) part(k kindOf, d int) *expr {
	n := func() *expr { return literal(float64(g.IntN(5))) }
	return g.pick(
		func() *expr { return term(reql.TermLimit, g.expression(k, d), n()) },
		func() *expr { return term(reql.TermSkip, g.expression(k, d), n()) },
		func() *expr { return term(reql.TermSlice, g.expression(k, d), n(), n()) },
	)
}

func (g *generator) rows(d int) *expr {
	return g.pick(
		func() *expr { return g.filter(d) },
		func() *expr { return g.filter(d) },
		func() *expr { return g.part(rows, d) },
		func() *expr { return term(reql.TermMap, g.expression(rows, d), g.function(aDoc, d, aDoc)) },
		func() *expr { return term(reql.TermMerge, g.expression(rows, d), g.function(aDoc, d, aDoc)) },
		func() *expr {
			return term(reql.TermPluck, g.expression(rows, d), literal("id"), literal("n"), literal("s"))
		},
		func() *expr { return term(reql.TermWithout, g.expression(rows, d), literal("o"), literal("m")) },
		func() *expr { return term(reql.TermHasFields, g.expression(rows, d), literal("n"), literal("b")) },
		func() *expr { return term(reql.TermWithFields, g.expression(rows, d), literal("n"), literal("m")) },
		func() *expr { return term(reql.TermOrderBy, g.expression(rows, d), g.key(d), g.key(d)) },
		func() *expr { return term(reql.TermOrderBy, g.expression(rows, d), g.key(d)) },
		func() *expr {
			return term(reql.TermLimit, term(reql.TermOrderBy, g.expression(rows, d), g.key(d)), literal(float64(g.IntN(4))))
		},
	)
}

func (g *generator) filter(d int) *expr {
	f := term(reql.TermFilter, g.expression(rows, d), g.function(aBool, d, aDoc))
	switch g.IntN(6) {
	case 0:
		f.options = map[string]*expr{"default": literal(g.IntN(2) == 0)}
	case 1:
		f.options = map[string]*expr{"default": {term: reql.TermError}}
	}
	return f
}

func (g *generator) key(d int) *expr {
	k := literal([...]string{"n", "m", "s", "id"}[g.IntN(4)])
	if g.IntN(3) == 0 {
		k = g.function(kindOf(g.IntN(int(numbers))), d, aDoc)
	}
	if g.IntN(3) == 0 {
		return term(reql.TermDesc, k)
	}
	return k
}

// query makes an expression for a whole query.
func (g *generator) query(depth int) *expr {
	switch g.IntN(8) {
	case 0:
		key := literal([...]string{"n", "m", "s", "b"}[g.IntN(4)])
		if g.IntN(2) == 0 {
			key = g.function(kindOf(g.IntN(int(numbers))), depth-1, aDoc)
		}
		group := term(reql.TermGroup, g.expression(rows, depth), key)
		aggregation := [...]*expr{term(reql.TermCount, group), term(reql.TermSum, group, literal("n")), term(reql.TermMax, group, literal("n")),
			term(reql.TermAvg, group, g.function(aNumber, depth-1, aDoc)), term(reql.TermCount, group, g.function(aBool, depth-1, aDoc))}
		return term(reql.TermUngroup, aggregation[g.IntN(len(aggregation))])
	case 1:
		join := [...]reql.TermType{reql.TermInnerJoin, reql.TermOuterJoin}[g.IntN(2)]
		g.tables = g.tables[:1] // each row of one side is compared with each of the other
		array := func() *expr { return term(reql.TermCoerceTo, g.expression(rows, depth-1), literal("array")) }
		return term(join, array(), array(), g.function(aBool, depth-1, aDoc, aDoc))
	}
	return g.expression(kindOf(g.IntN(int(allKinds))), depth)
}

// String gives the expression in a form that is easy to read.
func (e *expr) String() string {
	switch e.term {
	case reql.TermDatum:
		return toJSON(e.literal)
	case reql.TermVar:
		return "v" + strconv.Itoa(e.variable)
	case reql.TermTable:
		return fmt.Sprintf("table(%v)", e.literal)
	case reql.TermFunc:
		return fmt.Sprintf("%v => %v", e.params, e.args[0])
	case reql.TermMakeObj:
		return fmt.Sprint(e.options)
	}
	return fmt.Sprintf("%v%v%v", e.term, e.args, e.options)
}
