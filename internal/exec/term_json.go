package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermJSON, spec{min: 1, max: 1, datum: evalJSON, doc: "The value that a JSON text stands for."})
	register(reql.TermToJSONString, spec{min: 1, max: 1, datum: evalToJSONString, doc: "A value as JSON text."})
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
