package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// r.json(string) → value
	//
	// The value that a JSON text stands for.
	//
	// Errors:
	// - QueryLogic: Failed to parse "…" as JSON: …
	//
	//	> r.json("[1, {\"a\": null}]")
	//	[1,{"a":null}]
	register(reql.TermJSON, spec{min: 1, max: 1, datum: evalJSON})

	// value.toJsonString() → string
	// value.toJSON() → string
	//
	// The value as JSON text, its fields sorted.
	//
	//	> r.expr({b: [1, 2], a: null}).toJsonString()
	//	"{\"a\":null,\"b\":[1,2]}"
	register(reql.TermToJSONString, spec{min: 1, max: 1, datum: evalToJSONString})
}

func evalJSON(c call) (datum.Value, error) {
	s, err := c.str(0)
	if err != nil {
		return datum.Value{}, err
	}
	return datum.ParseJSON([]byte(s))
}

func evalToJSONString(c call) (datum.Value, error) {
	d, err := c.datum(0)
	if err != nil {
		return d, err
	}
	return jsonText(d)
}

// jsonText gives d as a string of JSON.
func jsonText(d datum.Value) (datum.Value, error) {
	b, err := datum.AppendJSON(nil, d)
	return datum.String(string(b)), err
}
