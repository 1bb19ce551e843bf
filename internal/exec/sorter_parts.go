package exec

import (
	"rethinkdb/internal/datum"
)

// When only the first rows of an order are wanted, each server with parts of the table gives the first ones of its own. They are sorted again here.

// maxTopRows is how many that may be. More are not sent in one answer, and sorted here alone.
const maxTopRows = 256

// top is drain for an order_by, by all servers that have rows. limit is how many rows are wanted of the order; < 0 for all.
func (c call) top(s *seq, limit int, newSorter func() sink) (sink, error) {
	near := s.near()
	d := c.division(near)
	switch {
	case d == nil || limit <= 0 || limit > maxTopRows:
		return s.drain(c.fr, newSorter, true)
	case c.fr.brief:
		return nil, c.fr.giveUp()
	}
	d.limit = limit
	total := newSorter().(*sorter)
	if len(total.o) > 1 {
		d.limit++ // the last one that counts may be equal to the next in a key that fails
	}
	join := func(k *sorter) error {
		if total.seen == 0 { // a row that is alone in the end has no keys
			total = k
			return nil
		}
		if k.seen == 0 {
			return nil
		}
		return total.merge(c.fr, k)
	}
	err := d.run(func(answer datum.Value) error {
		k := newSorter().(*sorter)
		if err := k.load(c.fr, answer); err != nil {
			return err
		}
		return join(k)
	}, func() error {
		k, err := near.drain(c.fr, newSorter, true)
		if err != nil {
			return err
		}
		return join(k.(*sorter))
	})
	if err != nil {
		discard(c.fr, total)
		return nil, err
	}
	return total, nil
}

// load takes what another server has sorted: how many rows there were, and the first of them.
func (s *sorter) load(fr *frame, answer datum.Value) error {
	if answer.Kind() != datum.KindArray || answer.Len() != 2 || answer.At(0).Kind() != datum.KindNumber || answer.At(1).Kind() != datum.KindArray {
		return errState
	}
	rows := answer.At(1)
	for i := range rows.Len() {
		if err := s.add(fr, rows.At(i)); err != nil {
			settle(err)
			s.close(fr)
			return err
		}
	}
	s.seen = int(answer.At(0).AsNumber())
	return nil
}

// serveTop answers another server that has asked for the first rows of an order; ok is false if none has.
func (c call) serveTop(s *seq, o sortKeys) (v val, ok bool, err error) {
	if served, err := c.serve(s); !served || err != nil {
		return val{}, false, err
	}
	limit := c.fr.q.plan.part.Limit
	k, err := s.drain(c.fr, func() sink { return &sorter{o: o, limit: limit, at: c.n.t} }, true)
	if err != nil {
		return val{}, false, blame(err, s.at)
	}
	seen := k.(*sorter).seen
	sorted, err := k.(*sorter).sorted(c.fr)
	if err != nil {
		return val{}, false, err
	}
	rows, err := (&seq{src: sorted, fr: c.fr, at: c.n.t}).collect(c.fr)
	if err != nil {
		return val{}, false, err
	}
	return c.ret(datum.Array([]datum.Value{datum.Int(int64(seen)), datum.Array(rows)})), true, nil
}
