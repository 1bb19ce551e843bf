package reql

import "rethinkdb/internal/datum"

// Shape gives the term as code without the values in it, for places such as the log that must not have any: queries that
// differ only in values have the same shape. What stays is structure: terms, the names of databases, tables, indexes and
// fields, and the options in keptOptions. Any other literal becomes a question mark. It is at most about limit bytes long.
func (t *Term) Shape(limit int) string { return (&printer{limit: limit, shape: true}).print(t) }

// shapeOf writes what stays of a literal.
func (p *printer) shapeOf(t *Term) {
	v := t.Datum
	switch n := t.names(); {
	case n == aDocument, v.Bytes() > p.limit:
		p.text("?")
	case n == aName && v.Kind() == datum.KindString, n == aPattern && isPattern(v, maxPatternDepth):
		p.text(v.PrintCompact())
	default:
		p.hidden(v)
	}
}

// hidden writes the fields of an object, and nothing of any other value.
func (p *printer) hidden(v datum.Value) {
	if v.Kind() != datum.KindObject {
		p.text("?")
		return
	}
	p.text("{")
	for i := range v.Len() {
		if p.full() {
			return
		}
		if i > 0 {
			p.text(", ")
		}
		name, val := v.FieldAt(i)
		p.out = appendString(p.out, name)
		p.text(": ")
		p.hidden(val)
	}
	p.text("}")
}

// naming is what a literal at some place of a query is.
type naming uint8

const (
	aValue    naming = iota
	aName            // of a field, a table and the like, if it is a string
	aPattern         // of names, as pluck takes
	aDocument        // a row, whose field names may be data themselves
)

// keptOptions are optional arguments whose values are names or words of the language. Those of r.http, for example, are not.
var keptOptions = map[string]bool{
	"conflict": true, "durability": true, "index": true, "interleave": true, "left_bound": true, "read_mode": true,
	"return_changes": true, "right_bound": true,
}

// names tells what the term, a literal, is for the term around it.
func (t *Term) names() naming {
	around := t.parent
	switch {
	case around == nil:
		return aValue
	case t.pos < 0 && around.Type != TermMakeObj:
		if keptOptions[t.name] {
			return aName
		}
		return aValue
	}
	switch around.Type {
	case TermDB, TermTable, TermDBCreate, TermDBDrop, TermTableCreate, TermTableDrop, TermAsc, TermDesc:
		return aName
	case TermIndexCreate, TermIndexDrop, TermIndexRename, TermIndexStatus, TermIndexWait,
		TermGetField, TermBracket, TermOrderBy, TermGroup, TermSum, TermAvg, TermMin, TermMax, TermEqJoin:
		if t.pos > 0 {
			return aName
		}
	case TermPluck, TermWithout, TermWithFields, TermHasFields:
		if t.pos > 0 {
			return aPattern
		}
	case TermInsert:
		if t.pos == 1 {
			return aDocument
		}
	case TermMakeArray:
		return around.names()
	}
	return aValue
}

const maxPatternDepth = 20

// isPattern tells whether v consists of names and of true, which stands for all that a field has.
func isPattern(v datum.Value, depth int) bool {
	if depth == 0 {
		return false
	}
	switch v.Kind() {
	case datum.KindString:
		return true
	case datum.KindBool:
		return v.AsBool()
	case datum.KindArray:
		for i := range v.Len() {
			if !isPattern(v.At(i), depth-1) {
				return false
			}
		}
		return true
	case datum.KindObject:
		for i := range v.Len() {
			if _, inner := v.FieldAt(i); !isPattern(inner, depth-1) {
				return false
			}
		}
		return true
	}
	return false
}
