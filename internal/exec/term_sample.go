package exec

import (
	"math/rand/v2"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Transformations
	//
	// sequence.sample(n) → array
	// selection.sample(n) → selection
	//
	// As many elements, chosen at random, each at most once, in random order.
	//
	// Errors:
	// - QueryLogic: Number of items to sample must be non-negative, got `…`.
	//
	//	> r.table("heroes").sample(2).count()
	//	2
	register(reql.TermSample, spec{min: 2, max: 2, val: evalSample, det: detNever, slowOnMany: true})
}

func evalSample(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	n, err := c.int(1)
	switch {
	case err != nil:
		return val{}, err
	case n < 0:
		return val{}, c.logic("Number of items to sample must be non-negative, got `%d`.", n)
	case n > int64(c.fr.q.arrayLimit):
		return val{}, arrayLimitError(c.fr.q.arrayLimit)
	}
	s, t, err := v.seqOf(c.fr)
	if err != nil {
		return val{}, err
	}
	if err := s.noInfinite(); err != nil {
		return val{}, err
	}
	var chosen []datum.Value
	var size hoard
	seen := int64(0)
	err = s.each(c.fr, func(row datum.Value) (bool, error) {
		seen++
		if int64(len(chosen)) < n {
			chosen = append(chosen, row)
			return true, size.add(c.fr, row)
		} else if i := rand.Int64N(seen); i < n {
			chosen[i] = row
		}
		return true, nil
	})
	size.leave(c.fr, err)
	if err != nil {
		return val{}, err
	}
	rand.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	out := sliceSeq(chosen)
	out.at = c.n.t
	return c.retSelection(out, t)
}
