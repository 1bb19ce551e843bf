package exec

import (
	"rethinkdb/internal/reql"
)

// builder compiles the terms of one query.
type builder struct {
	slots   int    // variables of the query so far
	scope   *scope // innermost first
	groups  int    // terms so far that make grouped data
	slow    bool
	long    bool // slow, however few rows there are
	waits   bool
	scripts bool

	router Router // nil: everything is on this server
	query  *reql.Query
	atHome map[*reql.Term]bool    // terms that are known not to be those of another server
	part   *partRequest           // of the query
	sent   map[*reql.Term]*parcel // terms whose parts other servers may be asked for

	ships    bool // pipelines are run where the rows are
	watching int  // changes around the term: what a feed watches is not read here

	globals []optNode // of the whole query
	plain   bool      // no special nodes outside of functions, because those are not traced

	// Room for the nodes of a small query: a get of one row takes 13 allocations instead of 25 with it.
	ops    []opNode
	consts []constNode
	nodes  []node
	room   struct {
		ops    [4]opNode
		consts [4]constNode
		nodes  [8]node
	}
}

func (b *builder) newOp() *opNode {
	if len(b.ops) == 0 {
		b.ops = make([]opNode, 8)
	}
	n := &b.ops[0]
	b.ops = b.ops[1:]
	return n
}

func (b *builder) newConst() *constNode {
	if len(b.consts) == 0 {
		b.consts = make([]constNode, 8)
	}
	n := &b.consts[0]
	b.consts = b.consts[1:]
	return n
}

func (b *builder) newArgs(n int) []node {
	if n > len(b.nodes) {
		if n > 8 {
			return make([]node, n)
		}
		b.nodes = make([]node, 16)
	}
	args := b.nodes[:n:n]
	b.nodes = b.nodes[n:]
	return args
}

// scope is the parameters of one function.
type scope struct {
	outer *scope
	names []int64
	first int // slot of the first parameter

	// implicit tells what r.row means inside: the function's only parameter, when it has just one and none of the
	// functions around it binds r.row as well.
	implicit implicitVar
}

type implicitVar struct {
	depth int // functions of one parameter so far: r.row means something when this is 1
	slot  int
}

// compileError is an error that is found before anything runs.
func compileError(t *reql.Term, format string, args ...any) error {
	e := reql.Errorf(reql.QueryLogic, format, args...)
	e.Type = reql.CompileError
	e.Term = t
	return e
}

func (b *builder) compile(t *reql.Term) (node, error) {
	if b.router != nil {
		if n, err := b.remote(t); n != nil || err != nil {
			return n, err
		}
		b.stay(t)
		if t.Type == reql.TermChanges {
			b.stayWatched(t)
			b.watching++
			defer func() { b.watching-- }()
		}
	}
	switch t.Type {
	case reql.TermDatum:
		n := b.newConst()
		n.v = val{d: t.Datum, at: t}
		return n, nil
	case reql.TermMakeObj:
		return b.makeObj(t)
	case reql.TermVar:
		return b.variable(t)
	case reql.TermImplicitVar:
		return b.implicitVariable(t)
	case reql.TermFunc:
		return b.function(t)
	}
	groups := b.groups
	s := specs[t.Type]
	if s == nil {
		return nil, compileError(t, "The term `%s` is not supported by this server yet.", t.Type)
	}
	n := b.newOp()
	n.t, n.spec, n.d = t, s, s.det
	if len(t.Args) > 0 {
		n.args = b.newArgs(len(t.Args))
	}
	if s.rewritten {
		if err := s.checkArity(len(t.Args)); err != nil {
			return nil, compileError(t, "%s", err)
		}
	}
	for i, a := range t.Args {
		var err error
		if n.args[i], err = b.compile(a); err != nil {
			return nil, err
		}
		n.d |= n.args[i].det()
		n.splices = n.splices || a.Type == reql.TermArgs
	}
	if !n.splices {
		if err := s.checkArity(len(t.Args)); err != nil {
			return nil, compileError(t, "%s", err)
		}
	}
	for _, o := range t.OptArgs {
		if !s.hasOpt(o.Name) {
			return nil, compileError(o.Term, "Unrecognized optional argument `%s`.", o.Name)
		}
		c, err := b.compile(o.Term)
		if err != nil {
			return nil, err
		}
		for _, p := range n.opts {
			if p.name == o.Name {
				return nil, compileError(o.Term, "Duplicate optional argument: %s", o.Name)
			}
		}
		n.opts = append(n.opts, optNode{o.Name, c})
		n.d |= c.det()
	}
	n.groups = b.groups > groups
	if t.Type == reql.TermGroup {
		b.groups++
	}
	b.slow = b.slow || s.slow || s.slowOnMany
	b.long = b.long || s.slow
	b.waits = b.waits || s.waits
	if err := b.divide(n); err != nil {
		return nil, err
	}
	pipe, err := b.pipeline(n)
	if err != nil {
		return nil, err
	}
	if s.compile != nil {
		if err := s.compile(b, n); err != nil {
			return nil, err
		}
	}
	if pipe != nil {
		return pipe, nil
	}
	if b.scope != nil { // otherwise it is evaluated no more than once
		if m := b.fold(n); m != nil {
			return m, nil
		}
	}
	if s.special != nil && !n.splices && !n.groups && (!b.plain || b.scope != nil) {
		if m := s.special(n); m != nil {
			return m, nil
		}
	}
	return n, nil
}
