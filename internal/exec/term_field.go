package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// plainObject tells whether d is an object that is no pseudo-type.
func plainObject(d datum.Value) bool { return d.Kind() == datum.KindObject && !d.IsLiteral() }

// field gives the field of an object, or the error that it has none.
func field(d datum.Value, key string) (datum.Value, error) {
	if !d.IsObject() && d.Kind() != datum.KindTime {
		return d, typeError(d, "OBJECT")
	}
	v, ok := d.Get(key)
	if !ok {
		return v, noField(d, key)
	}
	return v, nil
}

func noField(d datum.Value, key string) error { return noFieldAt(d, key, nil) }

// noFieldAt is the error for a missing field, blamed on at. It is cheap: it is often caught and never shown.
func noFieldAt(d datum.Value, key string, at *reql.Term) error {
	return &reql.Error{Type: reql.RuntimeError, Class: reql.NonExistence, Term: at, Detail: func() string {
		return "No attribute `" + key + "` in object:\n" + d.Print()
	}}
}
