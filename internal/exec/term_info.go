package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// value.info() → object
	//
	// What there is to say of a value: its `type`, of tables the primary key, the indexes, and estimates of how many rows
	// the shards have, of slices their bounds, of data the value as text.
	//
	//	> r.table("heroes").info().without("id", {db: "id"})
	//	{"db":{"name":"test","type":"DB"},"doc_count_estimates":[4],"indexes":["born","skills"],"name":"heroes","primary_key":"id","type":"TABLE"}
	//	> r.expr(1).info()
	//	{"type":"NUMBER","value":"1"}
	register(reql.TermInfo, spec{min: 1, max: 1, datum: evalInfo, notGrouped: true})
}

func evalInfo(c call) (datum.Value, error) {
	v, err := c.val(0)
	if err != nil {
		return datum.Value{}, err
	}
	fields := []datum.Field{{Key: "type", Val: datum.String(v.typeName())}}
	add := func(key string, d datum.Value) { fields = append(fields, datum.Field{Key: key, Val: d}) }
	addTable := func(t *tableVal) error {
		info, err := tableInfo(c.fr, t)
		add("table", info)
		return err
	}
	switch x := v.x.(type) {
	case nil:
		switch v.d.Kind() {
		case datum.KindNull, datum.KindMinVal, datum.KindMaxVal:
		case datum.KindBinary:
			add("count", datum.Int(int64(v.d.Len())))
			add("value", datum.String(v.d.Print()))
		default:
			add("value", datum.String(v.d.Print()))
		}
	case *dbVal:
		return dbInfo(x.DB), nil
	case *tableVal:
		return tableInfo(c.fr, x)
	case *sliceVal:
		fields = append(fields, sliceInfo(x)...)
		err = addTable(x.table)
	case *selectionVal:
		err = addTable(x.table)
	case *singleVal:
		err = addTable(x.table)
	case *function:
		add("source_code", datum.String(x.source()))
	}
	return datum.Object(fields), err
}

func dbInfo(db DB) datum.Value {
	fields := []datum.Field{{Key: "type", Val: datum.String("DB")}, {Key: "name", Val: datum.String(db.Name)}}
	return datum.Object(append(fields, datum.Field{Key: "id", Val: datum.String(db.ID)}))
}

func tableInfo(fr *frame, t *tableVal) (datum.Value, error) {
	if err := t.require(fr, ReadRows); err != nil {
		return datum.Value{}, err
	}
	counts, err := t.DocCountEstimates(fr.q.ctx)
	if err != nil {
		return datum.Value{}, fr.readError(err)
	}
	estimates := make([]datum.Value, len(counts))
	for i, n := range counts {
		estimates[i] = datum.Int(n)
	}
	return datum.Object([]datum.Field{
		{Key: "type", Val: datum.String("TABLE")},
		{Key: "name", Val: datum.String(t.name)},
		{Key: "primary_key", Val: datum.String(t.PrimaryKey())},
		{Key: "db", Val: dbInfo(t.db)},
		{Key: "id", Val: datum.String(t.ID())},
		{Key: "doc_count_estimates", Val: datum.Array(estimates)},
		{Key: "indexes", Val: indexNames(t)},
	}), nil
}

func sliceInfo(s *sliceVal) []datum.Field {
	fields := []datum.Field{
		{Key: "index", Val: datum.Null},
		{Key: "sorting", Val: datum.String(s.sorting.String())},
	}
	if s.index != "" {
		fields[0].Val = datum.String(s.index)
	}
	fields = boundInfo(fields, "left_bound", s.bounds.Low, s.bounds.LowOpen, datum.KindMinVal)
	return boundInfo(fields, "right_bound", s.bounds.High, s.bounds.HighOpen, datum.KindMaxVal)
}

// boundInfo appends what there is to say of a bound. unbounded is the kind of the value that bounds nothing.
func boundInfo(fields []datum.Field, name string, bound datum.Value, open bool, unbounded datum.Kind) []datum.Field {
	how := "closed"
	switch bound.Kind() {
	case unbounded, datum.KindAbsent:
		how = "unbounded"
	case datum.KindMinVal, datum.KindMaxVal:
		how = "unachievable"
	default:
		if open {
			how = "open"
		}
		fields = append(fields, datum.Field{Key: name, Val: bound})
	}
	return append(fields, datum.Field{Key: name + "_type", Val: datum.String(how)})
}
