package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// tieRows reads pairs of an index's value and a row, in the order of the index, and gives the rows with those of one value
// sorted by further keys.
type tieRows struct {
	s     *seq // of pairs
	o     sortKeys
	index string
	at    *reql.Term

	rows  rows        // sorted, to be given; nil for none
	ahead datum.Value // the pair that begins the next group; absent at the beginning and at the end
	begun bool
}

func (r *tieRows) inputs() ([]*seq, use) { return []*seq{r.s}, useLonger }

func (r *tieRows) next(fr *frame) (datum.Value, bool, error) {
	for {
		if r.rows != nil {
			row, ok, err := r.rows.next(fr)
			if ok || err != nil {
				return row, ok, err
			}
			r.rows.close()
			r.rows = nil
		}
		if err := r.group(fr); err != nil || r.rows == nil {
			return datum.Value{}, false, err
		}
	}
}

// group reads the rows of the next value.
func (r *tieRows) group(fr *frame) error {
	if !r.begun {
		r.begun = true
		if err := r.read(fr); err != nil {
			return err
		}
	}
	if r.ahead.IsAbsent() {
		return nil
	}
	value := r.ahead.At(0)
	k := &sorter{o: r.o, limit: -1, at: r.at}
	defer k.close(fr)
	n := 0
	for !r.ahead.IsAbsent() && datum.Equal(r.ahead.At(0), value) {
		if n++; n > fr.q.arrayLimit {
			return failAt(r.at, reql.ResourceLimit, "Too many rows (> %d) with the same value for index `%s`:\n%s", fr.q.arrayLimit, r.index, value.PrintTrunc())
		}
		if err := k.add(fr, r.ahead.At(1)); err != nil {
			settle(err)
			return err
		}
		if err := r.read(fr); err != nil {
			return err
		}
	}
	var err error
	r.rows, err = k.sorted(fr)
	return err
}

func (r *tieRows) read(fr *frame) error {
	pair, ok, err := r.s.next(fr)
	if !ok {
		pair = datum.Value{}
	}
	r.ahead = pair
	return err
}

func (r *tieRows) close() {
	if r.rows != nil {
		r.rows.close()
		r.rows = nil
	}
	r.s.close()
}
