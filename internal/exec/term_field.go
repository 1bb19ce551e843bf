package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// field gives the field of an object, or the error that it has none.
func field(d datum.Value, key string) (datum.Value, error) {
	if d.Kind() != datum.KindObject {
		return d, typeError(d, "OBJECT")
	}
	v, ok := d.Get(key)
	if !ok {
		return v, noField(d, key)
	}
	return v, nil
}

func noField(d datum.Value, key string) error {
	e := reql.Errorf(reql.NonExistence, "No attribute `%s` in object:\n", key)
	e.Detail = d.Print
	return e
}
