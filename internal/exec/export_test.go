package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec/termdoc"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// Registered gives what the registrations say, for the test of their documentation.
func Registered() map[reql.TermType]termdoc.Facts {
	all := map[reql.TermType]termdoc.Facts{}
	for t, s := range specs {
		f := termdoc.Facts{Min: s.min, Max: s.max, Options: s.opts, Writes: t.WritesOrMeta()}
		switch {
		case s.det&detNever != 0:
			f.Determinism = "Not deterministic."
		case s.det&detSingleServer != 0:
			f.Determinism = "Deterministic on one server only."
		case s.det&detConstantNow != 0:
			f.Determinism = "The same during a query, but not from one to the next."
		}
		if s.notGrouped {
			f.Grouped = "Takes grouped data as a whole."
		}
		all[t] = f
	}
	return all
}

// ShardName names a shard between two primary keys; absent ones are no bounds.
func ShardName(low, high datum.Value) (string, error) {
	var keys [2][]byte
	for i, v := range []datum.Value{low, high} {
		if v.IsAbsent() {
			continue
		}
		var err error
		if keys[i], err = table.AppendPrimaryKey(nil, v); err != nil {
			return "", err
		}
	}
	return shardName(keys[0], keys[1]), nil
}
