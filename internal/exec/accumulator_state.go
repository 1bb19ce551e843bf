package exec

import (
	"errors"

	"rethinkdb/internal/datum"
)

// stateful is an accumulator whose state servers can tell each other.
type stateful interface {
	accumulator
	// state gives the state, which load takes in place of its own.
	state() (datum.Value, error)
	load(state datum.Value) error
}

var errState = errors.New("read what another server has aggregated: it is of another kind")

func (a *countAcc) state() (datum.Value, error) { return datum.Int(int64(*a)), nil }

func (a *countAcc) load(d datum.Value) error {
	if d.Kind() != datum.KindNumber {
		return errState
	}
	*a = countAcc(d.AsNumber())
	return nil
}

func (a *sumAcc) state() (datum.Value, error) {
	sum, err := datum.NewNumber(a.sum)
	return datum.Array([]datum.Value{sum, datum.Int(a.n)}), err
}

func (a *sumAcc) load(d datum.Value) error {
	if d.Kind() != datum.KindArray || d.Len() != 2 || d.At(0).Kind() != datum.KindNumber || d.At(1).Kind() != datum.KindNumber {
		return errState
	}
	a.sum, a.n = d.At(0).AsNumber(), int64(d.At(1).AsNumber())
	return nil
}

func (a *bestAcc) state() (datum.Value, error) { return listOf(a.row, a.value), nil }

func (a *bestAcc) load(d datum.Value) error {
	switch {
	case d.Kind() != datum.KindArray || d.Len() != 0 && d.Len() != 2:
		return errState
	case d.Len() == 2:
		a.row, a.value = d.At(0), d.At(1)
	}
	return nil
}

func (a *reduction) state() (datum.Value, error) { return listOf(a.d), nil }

func (a *reduction) load(d datum.Value) error {
	switch {
	case d.Kind() != datum.KindArray || d.Len() > 1:
		return errState
	case d.Len() == 1:
		a.d = d.At(0)
	}
	return nil
}

// listOf gives an array of values, which is empty when the first one is absent.
func listOf(values ...datum.Value) datum.Value {
	if values[0].IsAbsent() {
		values = nil
	}
	return datum.Array(values)
}

// stateOf gives the state of a sink.
func stateOf(k sink) (datum.Value, error) {
	switch k := k.(type) {
	case *single:
		return k.acc.(stateful).state()
	case *groupSink:
		return k.state()
	}
	return datum.Value{}, errState
}

// loaded gives a sink with a state.
func loaded(fr *frame, k sink, d datum.Value) (sink, error) {
	switch k := k.(type) {
	case *single:
		return k, k.acc.(stateful).load(d)
	case *groupSink:
		return k, k.load(fr, d)
	}
	return nil, errState
}

// state gives the groups, each with its key and the state of its accumulator.
func (k *groupSink) state() (datum.Value, error) {
	groups := make([]datum.Value, 0, len(k.groups))
	for _, g := range k.groups {
		d, err := g.acc.(stateful).state()
		if err != nil {
			return d, err
		}
		groups = append(groups, datum.Array([]datum.Value{g.key, d}))
	}
	return datum.Array(groups), nil
}

func (k *groupSink) load(fr *frame, d datum.Value) error {
	if d.Kind() != datum.KindArray {
		return errState
	}
	for i := range d.Len() {
		g := d.At(i)
		if g.Kind() != datum.KindArray || g.Len() != 2 {
			return errState
		}
		acc := k.agg.new().(stateful)
		if err := acc.load(g.At(1)); err != nil {
			return err
		}
		name, err := datum.AppendKey(nil, g.At(0))
		if err != nil {
			return err
		}
		k.groups[string(name)] = &groupState{key: g.At(0), acc: acc}
		if err := k.size.grow(fr, groupBytes+len(name)+g.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
