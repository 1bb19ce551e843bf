package exec

import (
	"encoding/json"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// parcel is a term of a query that can be sent to another server.
type parcel struct {
	t        *reql.Term
	captured []capturedVar
	writes   bool          // something in it does
	options  []reql.OptArg // of the whole query
}

// capturedVar is a variable of the query around a part.
type capturedVar struct {
	t    *reql.Term // one place where it is used
	node node
}

// partRequest asks for what some parts of a table contribute to a term. In the query that is sent it is the option
// reql.PartOption, whose value is a string with its JSON.
type partRequest struct {
	Groups []uint32   `json:"groups"`           // of the parts
	Stream bool       `json:"stream,omitempty"` // the answer is to be rows, as pipelines send them
	Limit  int        `json:"limit,omitempty"`  // of a stream, or of an order_by: no more rows are wanted; 0 for all
	Source int        `json:"source"`           // of a feed: which of its sources
	After  string     `json:"after,omitempty"`  // of a feed: the position to begin behind
	Past   []partPast `json:"past,omitempty"`   // likewise, in what the part has inherited: see feed_lineage.go
	Ends   bool       `json:"ends,omitempty"`   // of a feed: who asks understands feed.Ended
}

// partPast is a position in the history of another group than the part's.
type partPast struct {
	Group uint32 `json:"group"`
	After string `json:"after"`
}

// partRequestOf reads the request of a query that another server has sent; nil if it has none.
func partRequestOf(q *reql.Query) (*partRequest, error) {
	t := q.OptArg(reql.PartOption)
	if t == nil {
		return nil, nil
	}
	text, _ := literalString(t)
	r := new(partRequest)
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("read what part of a table another server asks for: %w", err)
	}
	return r, nil
}

// message is the query for the other server: the term, with values in the place of captured variables and of the time. whole tells that the term
// is the whole query.
func (p *parcel) message(fr *frame, part *partRequest, whole bool) ([]byte, error) {
	values := make(map[*reql.Term]datum.Value, len(p.captured))
	for _, c := range p.captured {
		d, at, err := c.node.datum(fr)
		if err != nil {
			return nil, blame(err, at)
		}
		values[c.t] = d
	}
	replace := func(t *reql.Term) (datum.Value, bool) {
		if t.Type == reql.TermNow && len(t.Args) == 0 {
			return fr.q.now, true
		}
		v, ok := values[t]
		return v, ok
	}
	q, err := p.t.AppendWire([]byte("[1,"), replace)
	if err != nil {
		return nil, err
	}
	q = append(q, ",{"...)
	first := true
	option := func(name string, value *reql.Term) error {
		if !first {
			q = append(q, ',')
		}
		first = false
		if q, err = reql.AppendLiteral(q, datum.String(name)); err == nil {
			q, err = value.AppendWire(append(q, ':'), replace)
		}
		return err
	}
	if part != nil {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		if err := option(reql.PartOption, &reql.Term{Type: reql.TermDatum, Datum: datum.String(string(text))}); err != nil {
			return nil, err
		}
	}
	for _, o := range p.options {
		switch o.Name {
		case "noreply", reql.PartOption:
			continue
		case "profile", "explain":
			if !whole {
				continue // only of the whole query
			}
		}
		if err := option(o.Name, o.Term); err != nil {
			return nil, err
		}
	}
	return append(q, "}]"...), nil
}
