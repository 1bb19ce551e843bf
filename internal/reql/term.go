package reql

import (
	"strconv"

	"rethinkdb/internal/datum"
)

// Term is a node of the syntax tree. The tree belongs to its Query and is constant after parsing.
type Term struct {
	Type    TermType
	Args    []*Term
	OptArgs []OptArg // in the order of the wire

	// Datum is the value of a TermDatum. Objects and arrays that hold nothing but literals are folded while
	// parsing: they come as one TermDatum with their value, and Folded is the term that was written.
	Datum  datum.Value
	Folded TermType

	parent *Term
	pos    int32  // position among the parent's arguments
	name   string // or name of the parent's optional argument, when pos < 0
}

// OptArg is an optional argument or a field of MAKE_OBJ.
type OptArg struct {
	Name string
	Term *Term
}

// OptArg gives the optional argument of that name or nil.
func (t *Term) OptArg(name string) *Term {
	for i := range t.OptArgs {
		if t.OptArgs[i].Name == name {
			return t.OptArgs[i].Term
		}
	}
	return nil
}

// Parent gives the term that t is an argument of, nil for the root, and t's position there, which is negative for an
// optional argument.
func (t *Term) Parent() (parent *Term, pos int) { return t.parent, int(t.pos) }

// Written is the type that the client wrote: that of the folded term, or else Type.
func (t *Term) Written() TermType {
	if t.Folded != 0 {
		return t.Folded
	}
	return t.Type
}

// AppendBacktrace appends the path from the root of the query to t as JSON, outermost first: positions of
// arguments and names of optional arguments. A nil term has the empty path.
func (t *Term) AppendBacktrace(dst []byte) []byte {
	var path []*Term
	for ; t != nil && t.parent != nil; t = t.parent {
		path = append(path, t)
	}
	dst = append(dst, '[')
	for i := len(path) - 1; i >= 0; i-- {
		if p := path[i]; p.pos >= 0 {
			dst = strconv.AppendInt(dst, int64(p.pos), 10)
		} else {
			dst = appendString(dst, p.name)
		}
		if i > 0 {
			dst = append(dst, ',')
		}
	}
	return append(dst, ']')
}

// Child gives the argument, or the optional argument, that an element of a backtrace names; nil if there is none.
func (t *Term) Child(frame datum.Value) *Term {
	switch frame.Kind() {
	case datum.KindNumber:
		if i := int(frame.AsNumber()); i >= 0 && i < len(t.Args) {
			return t.Args[i]
		}
	case datum.KindString:
		return t.OptArg(frame.AsString())
	}
	return nil
}

// Detached makes a term outside of any client's query, such as the parts of a rewritten one. Errors in it are
// blamed on at.
func Detached(typ TermType, at *Term, args ...*Term) *Term {
	t := &Term{Type: typ, Args: args}
	if at != nil {
		t.parent, t.pos, t.name = at.parent, at.pos, at.name
	}
	return t
}

// DetachedDatum is Detached for a literal.
func DetachedDatum(v datum.Value, at *Term) *Term {
	t := Detached(TermDatum, at)
	t.Datum = v
	return t
}
