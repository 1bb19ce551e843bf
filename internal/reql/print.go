package reql

import (
	"strconv"
	"strings"

	"rethinkdb/internal/datum"
)

// printBytes is how much of a query's text is printed. The table of jobs has the text of every query that runs, for everybody
// who reads it.
const printBytes = 64 << 10

// Print gives the query as JavaScript code, as the jobs table shows it, without passwords. There is none of a query without a term.
func (q *Query) Print() string {
	if q.Term == nil {
		return ""
	}
	return (&printer{limit: printBytes, users: q.reachesUsers()}).print(q.Term)
}

// printer writes a term as JavaScript code. With more than limit bytes it leaves out the rest.
type printer struct {
	out   []byte
	limit int
	shape bool // leave out values, see Shape
	users bool // leave out texts that may become passwords

	vars map[int64]int // of a shape: the numbers of variables in the order of their appearance
}

func (p *printer) print(t *Term) string {
	p.term(t)
	if len(p.out) > p.limit {
		return strings.ToValidUTF8(string(p.out[:p.limit]), "") + "..."
	}
	return string(p.out)
}

func (p *printer) text(s string) { p.out = append(p.out, s...) }
func (p *printer) full() bool    { return len(p.out) > p.limit }

func (p *printer) term(t *Term) {
	if p.full() {
		return
	}
	switch t.Type {
	case TermDatum:
		p.literal(t)
		return
	case TermVar:
		p.text("var")
		if len(t.Args) > 0 {
			if d := t.Args[0].Datum; d.Kind() == datum.KindNumber {
				p.number(int64(d.AsNumber()))
			}
		}
		return
	case TermImplicitVar:
		p.text("r.row")
		return
	case TermMakeArray:
		p.text("[")
		p.list(t.Args)
		p.text("]")
		return
	case TermMakeObj:
		p.fields(t)
		return
	case TermFunc:
		if len(t.Args) == 2 {
			p.function(t)
			return
		}
	case TermBracket:
		if len(t.Args) == 2 {
			p.term(t.Args[0])
			p.text("(")
			p.term(t.Args[1])
			p.text(")")
			return
		}
	case TermFuncall:
		if len(t.Args) > 1 {
			p.term(t.Args[1])
			p.text(".do(")
			p.call(t, append(append([]*Term{}, t.Args[2:]...), t.Args[0]))
			return
		}
	}
	if len(t.Args) > 0 && t.Type != TermDB && t.Type != TermJSON && t.Args[0].chains() {
		p.term(t.Args[0])
		p.text("." + camelCase(t.Type.String()) + "(")
		p.call(t, t.Args[1:])
		return
	}
	p.text("r." + camelCase(t.Type.String()) + "(")
	p.call(t, t.Args)
}

func (p *printer) literal(t *Term) {
	if p.shape {
		p.shapeOf(t)
		return
	}
	v := p.conceal(t)
	switch {
	case v.Bytes() > p.limit:
		p.text("r.expr(" + v.Print() + ")")
	case v.Kind() == datum.KindArray || v.Kind() == datum.KindObject:
		p.text("r.expr(" + v.PrintCompact() + ")")
	default:
		p.text(v.PrintCompact())
	}
}

func (p *printer) function(t *Term) {
	p.text("function(")
	for i, n := range t.Args[0].params() {
		if i > 0 {
			p.text(", ")
		}
		p.text("var")
		p.number(n)
	}
	p.text(") { return ")
	p.term(t.Args[1])
	p.text("; }")
}

// number writes the number of a variable. Drivers count on from query to query; a shape counts anew.
func (p *printer) number(n int64) {
	if p.shape {
		k, known := p.vars[n]
		if !known {
			if p.vars == nil {
				p.vars = map[int64]int{}
			}
			k = len(p.vars) + 1
			p.vars[n] = k
		}
		n = int64(k)
	}
	p.out = strconv.AppendInt(p.out, n, 10)
}

// chains tells whether code of the term can be followed by a dot.
func (t *Term) chains() bool {
	switch t.Type {
	case TermFunc, TermMakeArray, TermMakeObj:
		return false
	case TermDatum:
		k := t.Datum.Kind()
		return k == datum.KindArray || k == datum.KindObject
	}
	return true
}

func (t *Term) params() []int64 {
	var out []int64
	add := func(d datum.Value) {
		if d.Kind() == datum.KindNumber {
			out = append(out, int64(d.AsNumber()))
		}
	}
	switch {
	case t.Type == TermMakeArray:
		for _, a := range t.Args {
			add(a.Datum)
		}
	case t.Datum.Kind() == datum.KindArray:
		for i := range t.Datum.Len() {
			add(t.Datum.At(i))
		}
	}
	return out
}

// call writes the arguments of t that have not been written, and the closing parenthesis.
func (p *printer) call(t *Term, args []*Term) {
	p.list(args)
	if len(t.OptArgs) > 0 {
		if len(args) > 0 {
			p.text(", ")
		}
		p.fields(t)
	}
	p.text(")")
}

func (p *printer) list(args []*Term) {
	for i, a := range args {
		if p.full() {
			return
		}
		if i > 0 {
			p.text(", ")
		}
		p.term(a)
	}
}

func (p *printer) fields(t *Term) {
	p.text("{")
	for i, o := range t.OptArgs {
		if p.full() {
			return
		}
		if i > 0 {
			p.text(", ")
		}
		p.out = appendString(p.out, o.Name)
		p.text(": ")
		if !p.shape && secretArgument(t, o) {
			p.text(concealed)
			continue
		}
		p.term(o.Term)
	}
	p.text("}")
}

func camelCase(s string) string {
	parts := strings.Split(s, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}
