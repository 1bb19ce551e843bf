package exec

import (
	"context"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
)

// remoteAnswer is an answer of another server to a part of a query.
type remoteAnswer struct {
	rows []datum.Value
	atom bool // it is one value, rows[0]
}

// Types of answers.
const (
	answerAtom     = 1
	answerSequence = 2
	answerPartial  = 3
)

// read reads an answer. An error in it is one of the term that it is about.
func (p *parcel) read(answer []byte) (r remoteAnswer, err error) {
	v, err := datum.ParseJSON(answer)
	if err != nil {
		return r, fmt.Errorf("read the answer of another server: %w", err)
	}
	typ := number(v, "t")
	list, _ := v.Get("r")
	if list.Kind() != datum.KindArray {
		return r, fmt.Errorf("read the answer of another server: it has no result")
	}
	for i := range list.Len() {
		r.rows = append(r.rows, list.At(i))
	}
	switch typ {
	case answerAtom:
		r.atom = true
	case answerSequence, answerPartial:
	default:
		return r, p.failure(v, typ, list)
	}
	if r.atom && len(r.rows) != 1 {
		return r, fmt.Errorf("read the answer of another server: %d values instead of one", len(r.rows))
	}
	return r, nil
}

func number(v datum.Value, field string) int {
	f, _ := v.Get(field)
	if f.Kind() != datum.KindNumber {
		return 0
	}
	return int(f.AsNumber())
}

// failure makes an error of one that has been answered, with the place in this query.
func (p *parcel) failure(v datum.Value, typ int, list datum.Value) error {
	e := &reql.Error{Type: reql.ResponseType(typ), Class: reql.ErrorClass(number(v, "e")), Term: p.t}
	if list.Len() > 0 && list.At(0).Kind() == datum.KindString {
		e.Msg = list.At(0).AsString()
	}
	frames, _ := v.Get("b")
	for i := 0; frames.Kind() == datum.KindArray && i < frames.Len(); i++ {
		t := e.Term.Child(frames.At(i))
		if t == nil {
			break
		}
		e.Term = t
	}
	return e
}

// remotePlan runs a query whose whole is that of another server: its answers are passed on as they are.
type remotePlan struct{ *Plan }

// Quick implements session.Plan: the other server may take long.
func (p remotePlan) Quick() bool { return false }

// Start implements session.Plan.
func (p remotePlan) Start(ctx context.Context, dst []byte) ([]byte, session.Cursor) {
	n := p.root.(*remoteNode)
	fr := &frame{q: &query{eng: p.eng, client: p.client, plan: p.Plan, ctx: ctx, outer: ctx, arrayLimit: defaultArrayLimit, now: nowDatum()}}
	p.eng.cluster.CountQuery()
	answer, cursor, err := n.start(fr)
	if err != nil {
		return reql.AppendError(dst, asReql(err)), nil
	}
	dst = append(dst, answer...)
	if cursor == nil {
		return dst, nil
	}
	return dst, &remoteAnswers{n: n, fr: fr, cursor: cursor}
}

// remoteAnswers is the cursor of such a query.
type remoteAnswers struct {
	n      *remoteNode
	fr     *frame
	cursor RemoteCursor
}

// Next implements session.Cursor.
func (c *remoteAnswers) Next(ctx context.Context, dst []byte) ([]byte, bool) {
	c.fr.q.ctx, c.fr.q.outer = ctx, ctx
	answer, more, err := c.cursor.Next(ctx)
	if err != nil {
		return reql.AppendError(dst, asReql(c.n.lost(c.fr, err, c.n.table.shard(c.fr)))), false
	}
	return append(dst, answer...), more
}

// Close implements session.Cursor.
func (c *remoteAnswers) Close() { c.cursor.Close() }
