package exec

import "rethinkdb/internal/reql"

// stepShape is what changes has to know of the steps of a sequence, which are functions that tell nothing of themselves.
type stepShape struct {
	random   *reql.Term // what makes a step give another result each time; nil: nothing
	maps     bool       // there is a step that does more than leave out rows
	expanded bool       // the last sequence that was made of it is that of concat_map
	distinct bool       // it is what distinct gives
}

// add takes note of the step that a term adds.
func (p *stepShape) add(c call) {
	p.maps = p.maps || c.n.t.Type != reql.TermFilter && c.n.t.Type != reql.TermHasFields
	for _, a := range c.n.args[min(1, len(c.n.args)):] {
		if a.det()&detNever == 0 || p.random != nil {
			continue
		}
		if f, ok := a.(*funcNode); ok {
			p.random = f.body.term()
		} else if !alwaysEager(c.n.t.Type) {
			p.random = a.term()
		}
	}
}

// alwaysEager tells that a term evaluates arguments that are no functions once and not for each row.
func alwaysEager(t reql.TermType) bool { return t == reql.TermFilter || t == reql.TermMap }
