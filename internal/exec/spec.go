package exec

import (
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// spec is all that there is to say of one term. Exactly one of datum and val is set.
type spec struct {
	// min and max are the number of arguments; max < 0 is any number.
	min, max int
	opts     []string
	// rewritten: the original puts other terms in the place of this one before it looks at the arguments, so that r.args
	// counts as one argument.
	rewritten bool

	// datum evaluates a term that always makes a datum; val any other.
	datum func(c call) (datum.Value, error)
	val   func(c call) (val, error)

	// compile, when set, checks and prepares a node whose arguments are compiled.
	compile func(b *builder, n *opNode) error

	// special, when set, may give a node that evaluates the same faster than the general one can; nil for no.
	special func(n *opNode) node

	// pure: of scalars, the term makes the same datum always, whatever the query's options, so that it can be evaluated
	// when compiling.
	pure bool

	// det is the term's own determinism, joined with that of its arguments.
	det determinism

	// notGrouped: the term is not applied to each group when its first argument is grouped data.
	notGrouped bool
	// groupedSeq: the term works on a grouped stream itself, so the stream is not collected for it.
	groupedSeq bool

	// slow: the term may take long (it reads sequences, writes, or waits), so the query gets a goroutine of its own.
	slow bool
	// slowOnMany: the term takes long if it has many rows to go through, and with few it is quick.
	slowOnMany bool
	// waits: the term is quick but for a wait for the disk.
	waits bool
}

var specs = map[reql.TermType]*spec{}

// register adds a term. It is called by the init functions of the files that implement the terms.
//
// The comment above the call is the term's documentation, in the notation of package termdoc: its family, its forms, what it
// does, its optional arguments, its own errors, and an example. go generate runs the examples, writes their answers into the
// comments, and writes docs/reql.md. A test fails for a term without documentation, for numbers of arguments and for names of options
// that are not those of the spec, for texts of errors that no file has, for an answer that differs, and for a page that is not
// up to date.
func register(t reql.TermType, s spec) {
	if _, dup := specs[t]; dup {
		panic(fmt.Sprintf("term %s is registered twice", t))
	}
	if (s.datum == nil) == (s.val == nil) {
		panic(fmt.Sprintf("term %s needs either datum or val", t))
	}
	specs[t] = &s
}

// arityError says how many arguments a term takes.
type arityError struct {
	s *spec
	n int
}

func (e arityError) Error() string {
	switch {
	case e.s.min == e.s.max:
		return fmt.Sprintf("Expected %d argument%s but found %d.", e.s.min, plural(e.s.min), e.n)
	case e.s.max < 0:
		return fmt.Sprintf("Expected %d or more arguments but found %d.", e.s.min, e.n)
	}
	return fmt.Sprintf("Expected between %d and %d arguments but found %d.", e.s.min, e.s.max, e.n)
}

func (s *spec) checkArity(n int) error {
	if n < s.min || s.max >= 0 && n > s.max {
		return arityError{s, n}
	}
	return nil
}

func (s *spec) hasOpt(name string) bool {
	for _, o := range s.opts {
		if o == name {
			return true
		}
	}
	return false
}
