package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// A pipeline is a scan of a table and terms that work on its rows one by one, as in r.table("t").filter(…).pluck(…). If parts of the
// table are on other servers, each of these runs the pipeline over its own parts, and sends what comes of it as somebody reads it
// (farRows). Terms that read a pipeline to its end, and only want what comes of all of it, are sent themselves: see division.

// pipelineTerms are the terms that pipelines are made of. Some are so only with certain arguments.
var pipelineTerms = map[reql.TermType]bool{
	reql.TermFilter: true, reql.TermMap: true, reql.TermConcatMap: true, reql.TermPluck: true, reql.TermWithout: true, reql.TermMerge: true,
	reql.TermHasFields: true, reql.TermWithFields: true, reql.TermGetField: true, reql.TermBracket: true, reql.TermDistinct: true,
}

// scanTerms are those that pipelines begin with.
var scanTerms = map[reql.TermType]bool{
	reql.TermTable: true, reql.TermBetween: true, reql.TermBetweenDeprecated: true, reql.TermGetAll: true, reql.TermGetIntersecting: true, reql.TermOrderBy: true,
}

// pipelineNode is the last term of a pipeline. It is evaluated here, and what comes of that is read from where the rows are.
type pipelineNode struct {
	node   // the term
	parcel *parcel
	limit  int // no more of its rows are wanted; 0 for all
}

// pipeline gives the pipeline whose last term n is, or nil. What was the end of a shorter one is that no more.
func (b *builder) pipeline(n *opNode) (*pipelineNode, error) {
	t := n.t
	if !b.ships || b.watching > 0 || !pipelineTerms[t.Type] || n.splices || n.groups || !rowwise(t) {
		return nil, nil
	}
	shorter, longer := n.args[0].(*pipelineNode)
	if !longer {
		if !scanTerms[t.Args[0].Type] || !b.onSeveral(rootTable(t.Args[0])) {
			return nil, nil
		}
		p, err := b.parcel(t)
		if err != nil {
			return nil, err
		}
		return &pipelineNode{node: n, parcel: p}, nil
	}
	n.args[0] = shorter.node
	p := shorter.parcel
	p.t = t
	return &pipelineNode{node: n, parcel: p}, b.captureRest(p, t, nil)
}

// rowwise tells whether a term with these arguments works on one row after the other, and the values that it makes can be sent.
func rowwise(t *reql.Term) bool {
	switch t.Type {
	case reql.TermMap:
		if len(t.Args) != 2 {
			return false
		}
	case reql.TermBracket:
		if _, field := literalString(t.Args[1]); len(t.Args) != 2 || !field {
			return false
		}
	}
	for _, a := range t.Args[1:] {
		if a.Type == reql.TermJavaScript || bounds(a) {
			return false
		}
	}
	return true
}

// bounds tells whether r.minval or r.maxval are in a term: they have no JSON.
func bounds(t *reql.Term) bool {
	switch t.Type {
	case reql.TermMinVal, reql.TermMaxVal:
		return true
	case reql.TermDatum:
		return t.Datum.Kind() == datum.KindMinVal || t.Datum.Kind() == datum.KindMaxVal
	}
	for _, a := range t.Args {
		if bounds(a) {
			return true
		}
	}
	return false
}

// takeOver makes pipelines that a term is to be sent with part of it.
func takeOver(n *opNode) {
	for !n.splices && len(n.args) > 0 {
		switch below := n.args[0].(type) {
		case *pipelineNode:
			n.args[0] = below.node
			return
		case *opNode:
			if !pipelineTerms[below.t.Type] && below.t.Type != reql.TermGroup {
				return
			}
			n = below
		default:
			return
		}
	}
}

func (n *pipelineNode) eval(fr *frame) (val, error) {
	v, err := n.node.eval(fr)
	if err != nil {
		return v, err
	}
	switch x := v.x.(type) {
	case *seq:
		v.x, err = n.send(fr, x)
	case *selectionVal:
		one := *x
		one.seq, err = n.send(fr, x.seq)
		v.x = &one
	}
	return v, err
}

func (n *pipelineNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	v, err := n.eval(fr)
	if err != nil {
		return datum.Value{}, n.term(), err
	}
	d, err := v.datum(fr)
	return d, v.at, err
}

// send gives the sequence as it is to be read: from other servers, if they have some of its rows.
func (n *pipelineNode) send(fr *frame, s *seq) (*seq, error) {
	if s.group != nil || s.isArray {
		return s, nil
	}
	sc := s.scanned()
	if sc == nil || !divisible(sc) {
		return s, nil
	}
	d := division{scan: sc, router: fr.q.eng.others()}
	if d.router == nil || !d.elsewhere() {
		return s, nil
	}
	if fr.brief {
		return nil, fr.giveUp()
	}
	return newFarRows(n.parcel, s, n.limit).seq(fr), nil
}

// scanned gives the scan that the sequence reads, if it has not begun.
func (s *seq) scanned() *scan {
	src, ok := s.chain()[0].src.(*scanRows)
	if !ok || src.rows != nil || src.done {
		return nil
	}
	return src.scan
}

// divisible tells whether each part of the table can give its share of a scan.
func divisible(sc *scan) bool {
	if sc.of.read.Mode == table.ReadOutdated {
		return false
	}
	if _, parted := sc.of.Table.(partedTable); !parted {
		return false
	}
	switch sc.rows.(type) {
	case *distinctSource: // a value may be in several parts
		return false
	}
	return true
}
