package reql

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"

	"rethinkdb/internal/datum"
)

// JavaScriptFunction gives a function as JavaScript code, in the words and lines of the original, which index_status and
// get_write_hook show. (Print is for people who look at the running queries, and is more regular.)
func (t *Term) JavaScriptFunction() string {
	var names []string
	for _, n := range t.Args[0].params() {
		names = append(names, VariableName(float64(n)))
	}
	return "function(" + strings.Join(names, ", ") + ") { return " + t.Args[1].JavaScript() + "; }"
}

// JavaScript gives a term as JavaScriptFunction gives the body of a function.
func (t *Term) JavaScript() string {
	p := jsPrinter{rDot: true}
	return p.visit(t).String(jsWidth)
}

const (
	jsWidth    = 80
	jsMaxDepth = 15
)

// jsPrinter has the state of the original's printer.
type jsPrinter struct {
	depth  int
	rDot   bool // terms begin with `r.` unless they are told not to
	inExpr bool // inside of something that turns JavaScript values into terms itself
}

// VariableName is how code names a variable that queries know by a number.
func VariableName(n float64) string {
	if n < 0 {
		return "_var" + strconv.FormatInt(int64(-n), 10)
	}
	return "var" + strconv.FormatInt(int64(n), 10)
}

func (p *jsPrinter) within(inExpr bool, f func()) {
	old := p.inExpr
	p.inExpr = inExpr
	f()
	p.inExpr = old
}

func (p *jsPrinter) visit(t *Term) (out layout) {
	p.depth++
	if p.depth > jsMaxDepth {
		return text("...") // the depth is not taken back: what follows is cut, too
	}
	old := p.inExpr
	switch typ := t.Written(); {
	case typ == TermDatum:
		out = p.literal(t.Datum)
		if !p.inExpr {
			out = p.expr(out)
		}
	case typ == TermFuncall:
		if len(t.Args) == 2 {
			out = p.chain(t)
		} else {
			out = p.do(t)
		}
	case typ == TermMakeArray:
		p.inExpr = true
		out = join(text("["), nest(p.list(t.elements())), text("]"))
		if !old {
			out = p.expr(out)
		}
	case typ == TermMakeObj:
		p.inExpr = true
		if old {
			out = join(text("{"), nest(p.fields(t.fields(), func(name string) string { return name })), text("}"))
		} else {
			out = p.object(t)
		}
	case typ == TermFunc:
		out = p.function(t)
	case typ == TermVar:
		out = text(VariableName(t.Args[0].Datum.AsNumber()))
	case typ == TermImplicitVar:
		out = p.dotted(text("row"))
	case t.isMethod():
		out = p.chain(t)
	case len(t.Args) > 0 || !jsConstants[typ]:
		out = p.call(t)
	default:
		out = p.dotted(text(t.jsName()))
	}
	p.inExpr = old
	p.depth--
	return out
}

// elements are the terms of an array, which may have been folded into a literal.
func (t *Term) elements() []*Term {
	if t.Folded == 0 {
		return t.Args
	}
	out := make([]*Term, t.Datum.Len())
	for i := range out {
		out[i] = unfolded(t.Datum.At(i))
	}
	return out
}

// fields are the fields of an object, which may have been folded into a literal.
func (t *Term) fields() []OptArg {
	if t.Folded == 0 {
		return t.OptArgs
	}
	v := datum.RawObject(t.Datum)
	out := make([]OptArg, v.Len())
	for i := range out {
		key, val := v.FieldAt(i)
		out[i] = OptArg{key, unfolded(val)}
	}
	return out
}

// unfolded gives a part of a literal as the term that it was.
func unfolded(v datum.Value) *Term {
	t := DetachedDatum(v, nil)
	switch v.Kind() {
	case datum.KindArray:
		t.Folded = TermMakeArray
	case datum.KindObject, datum.KindTime, datum.KindBinary, datum.KindGeometry:
		t.Folded = TermMakeObj
	}
	return t
}

func (p *jsPrinter) list(terms []*Term) layout {
	var out layout
	for i, t := range terms {
		if i > 0 {
			out = append(out, separator...)
		}
		out = append(out, p.visit(t)...)
	}
	return out
}

func (p *jsPrinter) fields(fields []OptArg, name func(string) string) layout {
	var out layout
	for i, f := range fields {
		if i > 0 {
			out = append(out, separator...)
		}
		out = append(out, nest(text(`"`+name(f.Name)+`":`), space, p.visit(f.Term))...)
	}
	return out
}

// object is an object where a term is needed: r.object with keys and values.
func (p *jsPrinter) object(t *Term) layout {
	var out layout
	for i, f := range t.fields() {
		if i > 0 {
			out = append(out, separator...)
		}
		out = append(out, join(text(`"`+f.Name+`"`), separator, p.visit(f.Term))...)
	}
	return p.dotted(join(text("object("), nest(nest(out)), text(")")))
}

// dotted puts `r.` before a term.
func (p *jsPrinter) dotted(l layout) layout {
	if !p.rDot {
		return l
	}
	return join(text("r"), nest(text("."), l))
}

func (p *jsPrinter) expr(l layout) layout {
	return p.dotted(join(text("expr("), nest(l), text(")")))
}

func (p *jsPrinter) literal(v datum.Value) layout {
	switch v.Kind() {
	case datum.KindMinVal:
		return p.dotted(text("minval"))
	case datum.KindMaxVal:
		return p.dotted(text("maxval"))
	case datum.KindNull:
		return text("null")
	case datum.KindBool:
		return text(strconv.FormatBool(v.AsBool()))
	case datum.KindNumber:
		f := v.AsNumber()
		if f == math.Trunc(f) {
			return text(strconv.FormatFloat(f, 'f', 0, 64))
		}
		return text(strconv.FormatFloat(f, 'f', 6, 64))
	case datum.KindString:
		return text(`"` + v.AsString() + `"`)
	case datum.KindBinary:
		data := base64.StdEncoding.EncodeToString(v.AsBinary())
		return join(text("Buffer("), nest(text(data), separator, text("'base64'")), text(")"))
	case datum.KindArray:
		var out layout
		for i := range v.Len() {
			if i > 0 {
				out = append(out, separator...)
			}
			out = append(out, p.literal(v.At(i))...)
		}
		return join(text("["), nest(out), text("]"))
	}
	v = datum.RawObject(v)
	out := text("{")
	for i := range v.Len() {
		if i > 0 {
			out = append(out, separator...)
		}
		key, val := v.FieldAt(i)
		out = append(out, nest(text(`"`+key+`":`), space, p.literal(val))...)
	}
	return nest(out, text("}"))
}

func (t *Term) jsName() string {
	if t.Type == TermJavaScript {
		return "js"
	}
	return camelCase(t.Type.String())
}

// do is a call with other than one argument.
func (p *jsPrinter) do(t *Term) layout {
	var args layout
	p.within(true, func() { args = p.list(t.Args[1:]) })
	if len(args) > 0 {
		args = append(args, separator...)
	}
	return p.dotted(join(text("do("), p.visit(t.Args[0]), nest(args), text(")")))
}

// call is a term written as a function of all its arguments.
func (p *jsPrinter) call(t *Term) layout {
	var args layout
	p.within(true, func() {
		args = p.list(t.Args)
		if len(t.OptArgs) > 0 {
			if len(args) > 0 {
				args = append(args, separator...)
			}
			args = append(args, p.options(t)...)
		}
	})
	return p.dotted(join(text(t.jsName()), text("("), nest(args), text(")")))
}

func (p *jsPrinter) options(t *Term) layout {
	return join(text("{"), nest(p.fields(t.OptArgs, camelCase)), text("}"))
}

func (p *jsPrinter) function(t *Term) layout {
	var args layout
	for i, n := range t.Args[0].params() {
		if i > 0 {
			args = append(args, separator...)
		}
		args = append(args, text(VariableName(float64(n)))...)
	}
	var body layout
	p.within(false, func() { body = nest(p.visit(t.Args[1])) })
	return nest(text("func"),
		nest(text("tion"), text(" "), text("("), nest(args), text(")"), text(" "), text("{"), newline, text("return "), body, text(";")),
		newline, text("}"))
}

// chain is a term written as a method of its first argument, and that of its own, and so on.
func (p *jsPrinter) chain(t *Term) layout {
	var links []layout // the last one first
	dot, r := false, false
	for t != nil && t.isMethod() {
		t, dot, r = p.link(t, &links)
	}
	chained := func(dot bool) layout {
		if dot { // no line begins with the first dot
			links[len(links)-1] = text(".")
		}
		slices.Reverse(links)
		return join(links...)
	}
	switch {
	case t == nil && r:
		return p.dotted(chained(false))
	case t == nil:
		return chained(false)
	case t.Written() != TermVar && t.Written() != TermDatum:
		old := p.rDot
		p.rDot = false
		first := p.visit(t)
		p.rDot = old
		return p.dotted(join(first, chained(false)))
	}
	first := p.visit(t)
	return nest(first, chained(dot))
}

// link appends the parts of one term of a chain, the last one first, and gives the term before it, if any. dot tells that the
// last part is a dot, r that a chain that ends here begins with `r.`.
func (p *jsPrinter) link(t *Term, links *[]layout) (before *Term, dot, r bool) {
	add := func(l layout) { *links = append(*links, l) }
	old := p.inExpr
	defer func() { p.inExpr = old }()
	add(text(")"))
	p.inExpr = true
	switch {
	case t.Type == TermBracket && len(t.Args) == 2:
		if len(t.OptArgs) > 0 {
			add(p.options(t))
			add(space)
			add(text(","))
		}
		add(p.visit(t.Args[1]))
		add(text("("))
		return t.Args[0], false, false
	case t.Type == TermFuncall:
		add(nest(p.visit(t.Args[0])))
		add(text("do("))
		add(breakDot)
		return t.Args[1], true, true
	}
	if len(t.OptArgs) > 0 {
		add(p.options(t))
	}
	if len(t.Args) == 0 {
		add(text(t.jsName() + "("))
		return nil, false, true
	}
	if len(t.Args) > 1 {
		if len(t.OptArgs) > 0 {
			add(separator)
		}
		var args []layout
		for i := len(t.Args) - 1; i > 0; i-- {
			if len(args) > 0 {
				args = append(args, separator)
			}
			args = append(args, p.visit(t.Args[i]))
		}
		slices.Reverse(args)
		add(nest(args...))
	}
	add(text(t.jsName() + "("))
	add(breakDot)
	return t.Args[0], true, true
}

// isMethod tells whether the term is written as a method.
func (t *Term) isMethod() bool {
	switch typ := t.Written(); typ {
	case TermDatum, TermVar, TermMakeArray, TermMakeObj, TermFunc, TermImplicitVar:
		return false
	case TermTable, TermFuncall:
		return len(t.Args) == 2
	default:
		return !jsFunctions[typ] && !jsConstants[typ]
	}
}

// jsFunctions are terms that are written as functions of r.
var jsFunctions = termSet(TermError, TermUUID, TermHTTP, TermDB, TermEq, TermNe, TermLt, TermLe, TermGt, TermGe, TermNot, TermAdd,
	TermSub, TermMul, TermDiv, TermMod, TermBitAnd, TermBitOr, TermBitXor, TermBitNot, TermBitSal, TermBitSar, TermObject,
	TermRange, TermDBCreate, TermDBDrop, TermDBList, TermBranch, TermOr, TermAnd, TermJSON, TermISO8601, TermEpochTime, TermNow,
	TermTime, TermLiteral, TermRandom, TermGeoJSON, TermPoint, TermLine, TermPolygon, TermCircle, TermArgs, TermJavaScript,
	TermAsc, TermDesc)

// jsConstants are terms that are written without parentheses.
var jsConstants = termSet(TermMinVal, TermMaxVal, TermMonday, TermTuesday, TermWednesday, TermThursday, TermFriday, TermSaturday,
	TermSunday, TermJanuary, TermFebruary, TermMarch, TermApril, TermMay, TermJune, TermJuly, TermAugust, TermSeptember,
	TermOctober, TermNovember, TermDecember)

func termSet(types ...TermType) map[TermType]bool {
	set := make(map[TermType]bool, len(types))
	for _, t := range types {
		set[t] = true
	}
	return set
}
