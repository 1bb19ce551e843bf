package exec

import (
	"context"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/table"
)

// feedSteps is how many steps the evaluation of one row for a feed may take, in units of 1,024. A row for which it takes more
// is not in the feed, like one on which a step fails. The same row must always come out the same way, so it cannot be a limit of
// time.
const feedSteps = 4096

// feedEvaluation takes rows through the steps of a source, apart from the query that the steps come from: that one has a
// client, who may go away while others still use the steps.
type feedEvaluation struct {
	fr     *frame
	budget stepBudget
	steps  []step
}

func (f *feedSource) evaluation(fr *frame) *feedEvaluation {
	e := &feedEvaluation{steps: f.steps}
	q := fr.q
	e.fr = &frame{vars: append([]datum.Value(nil), fr.vars...),
		q: &query{eng: q.eng, client: q.client, plan: q.plan, arrayLimit: q.arrayLimit, now: q.now, ctx: &e.budget}}
	return e
}

// value gives what the steps make of a row; ok is false when they leave it out or fail.
func (e *feedEvaluation) value(row datum.Value) (value datum.Value, ok bool) {
	return e.run(e.steps, row)
}

func (e *feedEvaluation) run(steps []step, row datum.Value) (value datum.Value, ok bool) {
	if len(steps) == 0 {
		return row, true
	}
	e.budget.left, e.fr.ticks = feedSteps, 0
	// A bug that some row brings about would otherwise end the server.
	defer func() {
		if recover() != nil {
			value, ok = datum.Value{}, false
		}
	}()
	value, keep, err := run(e.fr, steps, row)
	return value, keep && err == nil && value.LimitError() == nil
}

// expression gives the source as package feed evaluates it.
func (f *feedSource) expression(fr *frame, id feedIdentity) *feed.Expression {
	x := &feed.Expression{Name: id.name, Quick: id.quick}
	if !f.point.IsAbsent() || f.everything() {
		return x
	}
	e := f.evaluation(fr)
	if f.ordered {
		x.Order = f.order(e)
		return x
	}
	x.Eval = func(_ []byte, row datum.Value) (datum.Value, int) {
		n := f.copies(row)
		if n == 0 {
			return datum.Value{}, 0
		}
		value, ok := e.value(row)
		if !ok {
			return datum.Value{}, 0
		}
		return value, n
	}
	return x
}

// order gives the first rows of the source, or none when its range is empty.
func (f *feedSource) order(e *feedEvaluation) *feed.Order {
	o := &feed.Order{Limit: f.limit, Descending: f.scan.opts.Descending, Places: f.places, Value: e.value}
	if src, ok := f.scan.rows.(*indexSource); ok {
		o.Index = src.index
		o.IndexName = f.scan.index
	}
	if len(f.shown) > 0 {
		o.Shown = func(value datum.Value) bool {
			_, ok := e.run(f.shown, value)
			return ok
		}
	}
	o.Read = func(ctx context.Context, n int) ([]feed.Item, bool, table.CommitIndex, error) {
		return f.readFirst(ctx, e, n)
	}
	return o
}

// readFirst reads the first rows of the present state of the table.
func (f *feedSource) readFirst(ctx context.Context, e *feedEvaluation, n int) (items []feed.Item, all bool, state table.CommitIndex, err error) {
	snap, err := f.part.Snapshot()
	if err != nil {
		return nil, false, 0, err
	}
	defer func() { _ = snap.Close() }() // an error of reading was reported
	opts := f.scan.opts
	opts.At = snap
	src := f.scan.rows
	x, indexed := src.(*indexSource)
	if indexed {
		src = &indexSource{Table: x.Table, index: x.index, values: true}
	}
	rows, err := src.Scan(ctx, opts)
	if err != nil {
		return nil, false, 0, err
	}
	defer func() { _ = rows.Close() }() // likewise
	var again samePlaces
	for len(items) < n {
		row, ok, err := rows.Next(ctx)
		if err != nil {
			return nil, false, 0, err
		}
		if !ok {
			return items, true, snap.Index, nil
		}
		var by datum.Value
		if indexed {
			by, row = row.At(0), row.At(1)
		}
		value, ok := e.value(row)
		if !ok {
			continue
		}
		pk, _ := row.Get(f.table.PrimaryKey())
		key, err := table.AppendPrimaryKey(nil, pk)
		if err != nil {
			return nil, false, 0, err
		}
		place := string(key)
		if indexed {
			if place, err = again.place(x.index, by, key, row, opts.Descending); err != nil {
				return nil, false, 0, err
			}
		}
		items = append(items, feed.Item{Place: place, Key: string(key), Value: value})
	}
	return items, false, snap.Index, nil
}

// samePlaces are the places of a row by one value, in the order in which a scan gives it: it comes as often as it has the value.
type samePlaces struct {
	base string
	left []string
}

// place gives the place of the row that a scan has given for a value.
func (p *samePlaces) place(x *table.Index, by datum.Value, key []byte, row datum.Value, descending bool) (string, error) {
	base, err := indexPlace(by, key)
	if err != nil {
		return "", err
	}
	if base != p.base || len(p.left) == 0 {
		p.base, p.left = base, nil
		x.EachValue(row, func(v datum.Value) {
			if datum.Equal(v, by) {
				p.left = append(p.left, nextPlace(base, p.left))
			}
		})
		slices.Sort(p.left)
		if descending {
			slices.Reverse(p.left)
		}
	}
	if len(p.left) == 0 {
		return "", fmt.Errorf("%w: it has a value that its row has not", table.ErrCorruptIndex)
	}
	first := p.left[0]
	p.left = p.left[1:]
	return first, nil
}
