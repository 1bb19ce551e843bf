package exec

import (
	"encoding/binary"
	"strconv"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// feedIdentity says which feeds are the same: those whose terms are, with the variables of functions numbered anew, because
// drivers number them differently in each query. Then one evaluation of a change does for all of them.
type feedIdentity struct {
	name  string // "" when it may depend on more than the terms
	quick bool   // evaluating a row never takes long
}

// part is the identity of one source of a union.
func (id feedIdentity) part(i int) feedIdentity {
	if id.name != "" && i > 0 {
		id.name += "/" + strconv.Itoa(i)
	}
	return id
}

// harmlessGlobals are options of whole queries that change nothing in a feed's values.
var harmlessGlobals = map[string]bool{"db": true, "array_limit": true, "changefeed_queue_size": true, "min_batch_rows": true, "max_batch_rows": true,
	"max_batch_bytes": true, "max_batch_seconds": true, "first_batch_scaledown_factor": true, "profile": true, "noreply": true, "read_mode": true, "timeout": true}

// feedIdentity gives the identity of what the term's first argument is.
func (c call) feedIdentity() feedIdentity {
	w := identityWriter{sure: !c.n.splices, quick: true}
	for _, g := range c.fr.q.plan.globals {
		w.sure = w.sure && harmlessGlobals[g.name]
	}
	w.term(c.n.t.Args[0], true)
	id := feedIdentity{quick: w.quick}
	if w.sure {
		id.name = strconv.Itoa(c.fr.q.arrayLimit) + string(w.out)
	}
	return id
}

type identityWriter struct {
	out   []byte
	vars  []int64 // names of the parameters of the functions around, in the order of their new numbers
	sure  bool
	quick bool
}

// term writes a term. spine says that it is one of those that make the sequence, and no argument of them.
func (w *identityWriter) term(t *reql.Term, spine bool) {
	w.out = binary.AppendVarint(w.out, int64(t.Type))
	switch t.Type {
	case reql.TermDatum:
		w.out = datum.AppendEncoded(w.out, t.Datum)
		return
	case reql.TermVar:
		w.variable(t)
		return
	case reql.TermFunc:
		w.function(t)
		return
	case reql.TermTable: // the hub is that of the table
		w.sure = w.sure && spine // another query has read it
		return
	case reql.TermImplicitVar:
		w.sure = w.sure && len(w.vars) > 0
		return
	}
	if s := specs[t.Type]; s != nil && !spine {
		w.sure = w.sure && s.det&^detSingleServer == detAlways
		w.quick = w.quick && !s.slow && !s.slowOnMany
	}
	w.out = binary.AppendUvarint(w.out, uint64(len(t.Args)))
	for i, a := range t.Args {
		w.term(a, spine && (i == 0 || t.Type == reql.TermUnion))
	}
	w.out = binary.AppendUvarint(w.out, uint64(len(t.OptArgs)))
	for _, o := range t.OptArgs {
		w.out = append(binary.AppendUvarint(w.out, uint64(len(o.Name))), o.Name...)
		w.term(o.Term, false)
	}
}

func (w *identityWriter) variable(t *reql.Term) {
	if len(t.Args) == 1 && t.Args[0].Type == reql.TermDatum {
		name := int64(t.Args[0].Datum.AsNumber())
		for i := len(w.vars) - 1; i >= 0; i-- {
			if w.vars[i] == name {
				w.out = binary.AppendUvarint(w.out, uint64(i))
				return
			}
		}
	}
	w.sure = false // it has a value from around the feed
}

func (w *identityWriter) function(t *reql.Term) {
	names, err := paramNames(t)
	if err != nil || len(t.Args) != 2 {
		w.sure = false
		return
	}
	w.out = binary.AppendUvarint(w.out, uint64(len(names)))
	outer := len(w.vars)
	w.vars = append(w.vars, names...)
	w.term(t.Args[1], false)
	w.vars = w.vars[:outer]
}
