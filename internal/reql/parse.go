package reql

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"rethinkdb/internal/datum"
)

// QueryType is the first element of a query message.
type QueryType int32

// The types of queries.
const (
	Start           QueryType = 1
	Continue        QueryType = 2
	Stop            QueryType = 3
	NoReplyWait     QueryType = 4
	ServerInfoQuery QueryType = 5
)

// Query is one message of a client.
type Query struct {
	Type    QueryType
	Term    *Term    // of a Start without Err
	OptArgs []OptArg // the global optional arguments
	NoReply bool     // nobody waits for an answer, not even for Err
	Profile bool
	Explain bool   // the client wants to know what would be done, and no more
	Err     *Error // the compile error that parsing found; nil when there is none
}

// OptArg gives the global optional argument of that name or nil.
func (q *Query) OptArg(name string) *Term {
	for i := range q.OptArgs {
		if q.OptArgs[i].Name == name {
			return q.OptArgs[i].Term
		}
	}
	return nil
}

const buggyClient = "Client is buggy (failed to deserialize query)."

// ParseQuery reads a query message. The error is one for a message that is no query at all (a ClientError);
// what is wrong with the terms of a Start is in Query.Err, because other errors (such as a duplicate token) come
// before it. body is not kept.
func ParseQuery(body []byte) (*Query, *Error) {
	src := string(body)
	t := tapes.Get().(*tape)
	defer t.release()
	ok, tooDeep, tooMany := t.lex(src)
	switch {
	case tooDeep:
		return nil, clientErrorf("Server could not parse query: nesting depth limit of %d exceeded.", maxDepth)
	case tooMany:
		return nil, clientErrorf("Server could not parse query: more than %d JSON values in one query.", maxTokens)
	case !ok:
		return nil, clientErrorf(buggyClient)
	}
	p := parser{src: src, toks: t.toks, fold: true, order: t.order[:0]}
	q, err := p.query()
	t.order = p.order
	return q, err
}

type parser struct {
	src  string
	toks []token
	fold bool // literals become one datum; off when an array limit has to be checked for each

	terms []Term // room for the next terms, so that small trees are one allocation
	big   bool   // an array of more elements than the default limit was folded
	bad   uint32 // the token at which folding last failed: what is around it need not be tried again

	// order is a stack: for each object that is being folded the tokens of its keys, in the order of the keys.
	order []uint32
}

func (p *parser) text(t token) string { return p.src[t.pos:t.end] }

// value gives the value of a string token.
func (p *parser) value(t token) datum.Value {
	if t.kind == tokString {
		return datum.PlainString(p.text(t))
	}
	v, _, err := datum.ScanJSONString(p.src, int(t.pos))
	if err != nil { // the lexer has accepted it
		panic(err)
	}
	return v
}

func (p *parser) str(t token) string {
	if t.kind == tokEscaped {
		return p.value(t).AsString()
	}
	return p.text(t)
}

// intOf reads a number as the original's JSON library does: 0 when it is not written as an integer of 32 bits.
func (p *parser) intOf(t token) int64 {
	n, err := strconv.ParseInt(p.text(t), 10, 32)
	if err != nil {
		return 0
	}
	return n
}

func (p *parser) query() (*Query, *Error) {
	root := p.toks[0]
	if root.kind != tokArray {
		return nil, clientErrorf("Server could not parse query: Expected a query to be an array, but found %s.", root.kind.typeName())
	}
	if root.count == 0 || root.count > 3 {
		return nil, clientErrorf("Server could not parse query: Expected 1 to 3 elements in the top-level query, but found %d.", root.count)
	}
	typ := p.toks[1]
	if typ.kind != tokNumber {
		return nil, clientErrorf("Server could not parse query: Expected a query type as a number, but found %s.", typ.kind.typeName())
	}
	q := &Query{Type: QueryType(p.intOf(typ))}
	if q.Type < Start || q.Type > ServerInfoQuery {
		return nil, clientErrorf("Server could not parse query: Unrecognized QueryType: %d.", q.Type)
	}
	opts := uint32(0)
	if root.count == 3 {
		opts = p.toks[typ.next].next
		if k := p.toks[opts].kind; k != tokObject {
			return nil, clientErrorf("Server could not parse query: Expected global optargs as an object, but found %s.", k.typeName())
		}
		q.NoReply = p.staticBool(opts, "noreply")
		q.Profile = p.staticBool(opts, "profile")
		q.Explain = p.staticBool(opts, "explain")
	}
	if q.Type != Start {
		return q, nil
	}
	if root.count < 2 {
		q.Err = compileErrorf(nil, "Expected a term to run, but the query has none.")
		return q, nil
	}
	if opts != 0 && p.find(opts, "array_limit") != 0 {
		p.fold = false
	}
	q.Term, q.Err = p.walk(typ.next, frame{writes: true})
	if q.Err == nil && p.big {
		p.fold = false
		q.Term, q.Err = p.walk(typ.next, frame{writes: true})
	}
	if q.Err == nil && opts != 0 {
		q.OptArgs, q.Err = p.globals(opts)
	}
	return q, nil
}

// find gives the index of the value of a member, or 0.
func (p *parser) find(obj uint32, name string) uint32 {
	i := obj + 1
	for range p.toks[obj].count {
		if p.str(p.toks[i]) == name {
			return i + 1
		}
		i = p.toks[i+1].next
	}
	return 0
}

// staticBool reads an option that must be a literal: true or [1,true].
func (p *parser) staticBool(obj uint32, name string) bool {
	i := p.find(obj, name)
	if i == 0 {
		return false
	}
	if t := p.toks[i]; t.kind == tokArray && t.count == 2 && p.toks[i+1].kind == tokNumber &&
		TermType(p.intOf(p.toks[i+1])) == TermDatum {
		i += 2
	}
	return p.toks[i].kind == tokTrue
}

func (p *parser) globals(obj uint32) ([]OptArg, *Error) {
	n := p.toks[obj].count
	out := make([]OptArg, 0, n)
	i := obj + 1
	for range n {
		name := cName(p.str(p.toks[i]))
		t, err := p.walk(i+1, frame{writes: true})
		if err != nil {
			err.Term = nil
			return nil, err
		}
		if !globalOptArgs[name] && name != PartOption {
			return nil, compileErrorf(nil, "Unrecognized global optional argument `%s`.", name)
		}
		for _, o := range out {
			if o.Name == name {
				return nil, compileErrorf(nil, "Duplicate global optional argument: `%s`.", name)
			}
		}
		out = append(out, OptArg{name, t})
		i = p.toks[i+1].next
	}
	return out, nil
}

// cName cuts a member's name at its first NUL byte, as the original does.
func cName(s string) string {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return s[:i]
	}
	return s
}

// frame is what the walk knows of the place it is at.
type frame struct {
	parent *Term
	pos    int32
	name   string
	writes bool // writes are legal here: once they are not, nothing below is legal either
}

func (p *parser) newTerm(f frame) *Term {
	if len(p.terms) == 0 {
		p.terms = make([]Term, 8)
	}
	t := &p.terms[0]
	p.terms = p.terms[1:]
	t.parent, t.pos, t.name = f.parent, f.pos, f.name
	return t
}

// walk builds the term at token i, with the checks of the original's term walker in its order.
func (p *parser) walk(i uint32, f frame) (*Term, *Error) {
	tok := p.toks[i]
	t := p.newTerm(f)
	argsAt, optsAt := uint32(0), uint32(0)
	switch tok.kind {
	case tokObject:
		t.Type = TermMakeObj
		optsAt = i
	case tokArray:
		if tok.count < 1 || tok.count > 3 {
			return nil, compileErrorf(t, "Expected between 1 and 3 elements in a raw term, but found %d.", tok.count)
		}
		typ := p.toks[i+1]
		if typ.kind != tokNumber {
			return nil, compileErrorf(t, "Expected a TermType as a NUMBER but found %s.", typ.kind.typeName())
		}
		n := p.intOf(typ)
		t.Type = TermType(n)
		if !t.Type.Known() {
			return nil, compileErrorf(t, "Unrecognized TermType: %d.", n)
		}
	default:
		t.Type = TermDatum
		var err *Error
		t.Datum, err = p.scalar(tok)
		return t, err
	}
	if (t.Type == TermAsc || t.Type == TermDesc) && !ordering(f.parent) {
		return nil, compileErrorf(t, "%s may only be used as an argument to ORDER_BY or UNION.", strings.ToUpper(t.Type.String()))
	}
	if !f.writes && t.Type.WritesOrMeta() {
		return nil, compileErrorf(t, "Cannot nest writes or meta ops in stream operations.  Use FOR_EACH instead.")
	}
	if tok.kind == tokArray {
		second := p.toks[i+1].next
		if t.Type == TermDatum {
			if tok.count != 2 {
				return nil, compileErrorf(t, "Expected 3 items in array, but found %d.", tok.count+1)
			}
			v, _, err := p.literal(second)
			if err != nil {
				err.Term = nil
				return nil, err
			}
			t.Datum = v
			return t, nil
		}
		if tok.count >= 2 {
			switch p.toks[second].kind {
			case tokArray:
				argsAt = second
			case tokObject:
				optsAt = second
			default:
				return nil, compileErrorf(t, "Second element in a Term is neither arguments nor optional arguments.")
			}
		}
		if tok.count == 3 {
			if optsAt != 0 {
				return nil, compileErrorf(t, "Second and third element in a term are both optional arguments.")
			}
			optsAt = p.toks[second].next
			if p.toks[optsAt].kind != tokObject {
				return nil, compileErrorf(t, "Third element in a Term is not optional arguments.")
			}
		}
	}
	if p.fold && (p.bad < i || p.bad >= tok.next) && (t.Type == TermMakeArray && optsAt == 0 || t.Type == TermMakeObj && argsAt == 0) {
		if v, ok := p.folded(i); ok {
			t.Folded, t.Type, t.Datum = t.Type, TermDatum, v
			return t, nil
		}
	}
	if argsAt != 0 {
		n := p.toks[argsAt].count
		if n > 0 {
			t.Args = make([]*Term, n)
		}
		j := argsAt + 1
		for k := range n {
			child := frame{parent: t, pos: int32(k), writes: f.writes && (k == 0 || !t.Type.forbidsWrites())}
			var err *Error
			if t.Args[k], err = p.walk(j, child); err != nil {
				return nil, err
			}
			j = p.toks[j].next
		}
	}
	if optsAt != 0 {
		n := p.toks[optsAt].count
		if n > 0 {
			t.OptArgs = make([]OptArg, n)
		}
		j := optsAt + 1
		for k := range n {
			name := cName(p.str(p.toks[j]))
			child := frame{parent: t, pos: -1, name: name, writes: f.writes && !t.Type.forbidsWrites()}
			c, err := p.walk(j+1, child)
			if err != nil {
				return nil, err
			}
			t.OptArgs[k] = OptArg{name, c}
			j = p.toks[j+1].next
		}
	}
	return t, nil
}

// ordering tells whether asc and desc may stand directly under the term.
func ordering(parent *Term) bool {
	if parent == nil {
		return false
	}
	return parent.Type == TermOrderBy || parent.Type == TermUnion ||
		parent.Type == TermMakeArray && parent.parent != nil && parent.parent.Type == TermUnion
}

func (p *parser) scalar(t token) (datum.Value, *Error) {
	switch t.kind {
	case tokNull:
		return datum.Null, nil
	case tokTrue:
		return datum.True, nil
	case tokFalse:
		return datum.False, nil
	case tokNumber:
		f, _, err := datum.ScanJSONNumber(p.src, int(t.pos))
		if err != nil { // the lexer has accepted it
			panic(err)
		}
		if f == 0 && t.end-t.pos == 2 { // -0 is an integer, which has no negative zero; -0.0 has
			f = 0
		}
		return datum.Number(f), nil
	default:
		v := p.value(t)
		if s := v.AsString(); !utf8.ValidString(s) {
			if err := datum.CheckUTF8(s); err != nil {
				return datum.Value{}, &Error{Type: CompileError, Class: QueryLogic, Msg: err.Error()}
			}
		}
		return v, nil
	}
}

// literal reads the value of a DATUM term: plain JSON, with pseudo-types. size is the length of its longest array.
func (p *parser) literal(i uint32) (v datum.Value, size uint32, err *Error) {
	tok := p.toks[i]
	switch tok.kind {
	case tokArray:
		elems := make([]datum.Value, tok.count)
		size = tok.count
		j := i + 1
		for k := range elems {
			e, n, err := p.literal(j)
			if err != nil {
				return v, 0, err
			}
			elems[k], size = e, max(size, n)
			j = p.toks[j].next
		}
		return datum.Array(elems), size, nil
	case tokObject:
		fields := make([]datum.Field, tok.count)
		j := i + 1
		for k := range fields {
			e, n, err := p.literal(j + 1)
			if err != nil {
				return v, 0, err
			}
			fields[k] = datum.Field{Key: cName(p.str(p.toks[j])), Val: e}
			size = max(size, n)
			j = p.toks[j+1].next
		}
		v, dup, derr := objectOf(fields)
		if dup {
			return v, 0, compileErrorf(nil, "Duplicate key in JSON object.")
		}
		if derr != nil {
			return v, 0, compileErrorf(nil, "%s", derr.Error())
		}
		return v, size, nil
	default:
		v, err = p.scalar(tok)
		return v, 0, err
	}
}

// defaultArrayLimit is the limit on the elements of an array when a query does not name another.
const defaultArrayLimit = 100_000

// folded gives the value of a MAKE_ARRAY or MAKE_OBJ that holds only literals. ok is false when there is anything
// else in it or when evaluating it could fail, which is then left to the evaluation and its error.
func (p *parser) folded(i uint32) (v datum.Value, ok bool) {
	tok := p.toks[i]
	switch tok.kind {
	case tokArray: // a term
		if tok.count == 0 || p.toks[i+1].kind != tokNumber {
			p.bad = i
			return v, false
		}
		typ, second := TermType(p.intOf(p.toks[i+1])), p.toks[i+1].next
		switch {
		case typ == TermMakeArray && tok.count == 1:
			return datum.Array(nil), true
		case typ == TermMakeArray && tok.count == 2 && p.toks[second].kind == tokArray:
		default:
			p.bad = i
			return v, false
		}
		args := p.toks[second]
		if args.count > defaultArrayLimit {
			p.big = true
		}
		elems := make([]datum.Value, args.count)
		j := second + 1
		for k := range elems {
			if elems[k], ok = p.folded(j); !ok {
				return v, false
			}
			j = p.toks[j].next
		}
		return datum.Array(elems), true
	case tokObject:
		// To sort tokens is cheaper than to sort fields, which hold pointers.
		base := len(p.order)
		p.pushKeys(i)
		fields := make([]datum.Field, tok.count)
		for k := range fields {
			key := p.order[base+k]
			e, ok := p.folded(key + 1)
			if !ok {
				return v, false
			}
			fields[k] = datum.Field{Key: p.key(key), Val: e}
		}
		p.order = p.order[:base]
		v, dup, err := objectOf(fields)
		if dup || err != nil {
			p.bad = i
			return v, false
		}
		return v, true
	default:
		var err *Error
		v, err = p.scalar(tok)
		if err != nil {
			p.bad = i
		}
		return v, err == nil
	}
}

// pushKeys pushes the keys of an object to order.
func (p *parser) pushKeys(obj uint32) {
	base := len(p.order)
	j := obj + 1
	for range p.toks[obj].count {
		p.order = append(p.order, j)
		j = p.toks[j+1].next
	}
	keys := p.order[base:]
	if len(keys) > 24 {
		slices.SortFunc(keys, func(a, b uint32) int { return strings.Compare(p.key(a), p.key(b)) })
		return
	}
	for i := 1; i < len(keys); i++ {
		j, k := keys[i], i
		for name := p.key(j); k > 0 && p.key(keys[k-1]) > name; k-- {
			keys[k] = keys[k-1]
		}
		keys[k] = j
	}
}

// key gives the name of a member.
func (p *parser) key(i uint32) string {
	t := p.toks[i]
	if t.kind == tokString { // has no NUL byte
		return p.text(t)
	}
	return cName(p.str(t))
}

// objectOf makes an object or pseudo-type of the fields; dup tells that a key is there twice.
func objectOf(fields []datum.Field) (v datum.Value, dup bool, err error) {
	v = datum.Object(fields)
	for i := 1; i < v.Len(); i++ {
		a, _ := v.FieldAt(i - 1)
		if b, _ := v.FieldAt(i); a == b {
			return v, true, nil
		}
	}
	if _, pseudo := v.Get("$reql_type$"); pseudo {
		v, err = datum.FromPseudo(v)
		if err == nil && v.IsLiteral() {
			err = errLiteral
		}
	}
	return v, false, err
}

// errLiteral keeps a written LITERAL from being folded: where it may stand is known only when it is evaluated.
var errLiteral = errors.New("literal out of place")
