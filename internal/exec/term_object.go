package exec

import (
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Documents and arrays
	//
	// object.keys() → array
	//
	// The names of an object's fields, in ascending order.
	//
	//	> r.expr({b: 1, a: 2}).keys()
	//	["a","b"]
	register(reql.TermKeys, spec{min: 1, max: 1, datum: func(c call) (datum.Value, error) {
		return c.fields("keys", func(key string, _ datum.Value) datum.Value { return datum.String(strings.Clone(key)) })
	}})

	// object.values() → array
	//
	// The values of an object's fields, in the order of their names.
	//
	//	> r.expr({b: 1, a: 2}).values()
	//	[2,1]
	register(reql.TermValues, spec{min: 1, max: 1, datum: func(c call) (datum.Value, error) {
		return c.fields("values", func(_ string, v datum.Value) datum.Value { return v })
	}})

	// r.object([key, value…]) → object
	//
	// An object of keys and values in turn; unlike in a written object the keys may be computed.
	//
	// Errors:
	// - QueryLogic: OBJECT expects an even number of arguments (but found …).
	// - QueryLogic: Duplicate key … in object.  (got … and … as values)
	//
	//	> r.object("a", 1, r.expr("b").add("2"), 2)
	//	{"a":1,"b2":2}
	register(reql.TermObject, spec{min: 0, max: -1, datum: evalObject})
}

// fields gives the array of what f makes of each field of the first argument. The key is part of the row's memory.
func (c call) fields(name string, f func(key string, v datum.Value) datum.Value) (datum.Value, error) {
	d, at, err := c.datumAt(0)
	if err != nil {
		return d, err
	}
	if !plainObject(d) {
		return d, failAt(at, reql.QueryLogic, "Cannot call `%s` on objects of type `%s`.", name, d.TypeName())
	}
	if err := c.fr.checkArray(d.Len()); err != nil {
		return d, err
	}
	out := make([]datum.Value, d.Len())
	for i := range out {
		out[i] = f(d.FieldAt(i))
	}
	return datum.Array(out), nil
}

func evalObject(c call) (datum.Value, error) {
	if c.len()%2 != 0 {
		return datum.Value{}, c.logic("OBJECT expects an even number of arguments (but found %d).", c.len())
	}
	var b datum.ObjectBuilder
	for i := 0; i < c.len(); i += 2 {
		key, err := c.str(i)
		if err != nil {
			return datum.Value{}, err
		}
		v, err := c.datum(i + 1)
		if err != nil {
			return datum.Value{}, err
		}
		if b.Add(strings.Clone(key), v) { // a key does not say that it lies in the memory of a row
			old, _ := b.Get(key)
			return datum.Value{}, c.logic("Duplicate key %s in object.  (got %s and %s as values)",
				datum.String(key).Print(), old.PrintTrunc(), v.PrintTrunc())
		}
	}
	return pseudo(b.Value())
}
