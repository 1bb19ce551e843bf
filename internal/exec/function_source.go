package exec

import (
	"slices"
	"strconv"
	"strings"

	"rethinkdb/internal/reql"
)

// source gives the function as code, and what it captures from around it, as info shows it.
func (f *function) source() string {
	switch {
	case f.script != nil:
		return printScript(f.script)
	case f.node == nil:
		return "function (captures = [(no implicit)]) (args = []) " + f.at.JavaScript()
	}
	names, _ := paramNames(f.node.t) // which compiling has checked
	args := make([]string, len(names))
	for i, n := range names {
		args[i] = reql.VariableName(float64(n))
	}
	return "function (captures = " + f.captures() + ") (args = [" + strings.Join(args, ", ") + "]) " + f.node.t.Args[1].JavaScript()
}

// captures gives the variables from around the function that it uses, with their values: first what r.row is there, then the
// others by their names.
func (f *function) captures() string {
	outer := f.node.outer
	c := captures{}
	c.find(f.node.t)
	out := "[(no implicit)"
	if outer != nil && outer.implicit.depth == 1 {
		out = "[implicit: (not stored)"
		if c.row {
			out = "[implicit: " + f.fr.vars[outer.implicit.slot].Print()
		}
	} else if outer != nil && outer.implicit.depth > 1 {
		out = "[(multiple implicits)"
	}
	slices.Sort(c.names)
	for _, n := range slices.Compact(c.names) {
		slot, _ := outer.slot(n)
		out += ", " + strconv.FormatInt(n, 10) + ": " + f.fr.vars[slot].Print()
	}
	return out + "]"
}

// captures collects the variables that a term uses and does not bind itself.
type captures struct {
	names []int64
	row   bool // so is r.row

	bound    []int64
	rowBound int
}

func (c *captures) find(t *reql.Term) {
	switch t.Type {
	case reql.TermVar:
		if n := int64(t.Args[0].Datum.AsNumber()); !slices.Contains(c.bound, n) {
			c.names = append(c.names, n)
		}
		return
	case reql.TermImplicitVar:
		c.row = c.row || c.rowBound == 0
		return
	case reql.TermFunc:
		names, _ := paramNames(t)
		defer func(n int) { c.bound = c.bound[:n] }(len(c.bound))
		c.bound = append(c.bound, names...)
		if len(names) == 1 {
			c.rowBound++
			defer func() { c.rowBound-- }()
		}
		c.find(t.Args[1])
		return
	}
	for _, a := range t.Args {
		c.find(a)
	}
	for _, o := range t.OptArgs {
		c.find(o.Term)
	}
}
