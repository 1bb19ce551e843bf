package system

import (
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// The field changefeed_history of table_config: {size_mb, age_seconds}, or false. Without limits of its own a table has no such
// field, because there are programs that expect exactly the fields of RethinkDB; to set it to null takes it away.

// What is beyond these is a mistake about the unit.
const (
	maxHistoryMB      = 1 << 20
	maxHistorySeconds = 365 * 24 * 60 * 60
)

func historyValue(l *catalog.HistoryLimits) datum.Value {
	if l.Bytes == 0 {
		return datum.False
	}
	return object(
		field("age_seconds", datum.Number(l.Age.Seconds())),
		field("size_mb", datum.Number(float64(l.Bytes)/megabyte)),
	)
}

func (r *configReader) history(cfg *catalog.TableConfig) error {
	v := r.fields.optional("changefeed_history")
	switch {
	case v.IsAbsent() || v.Kind() == datum.KindNull:
		cfg.History = nil
		return nil
	case v.Kind() == datum.KindBool && !v.AsBool():
		cfg.History = &catalog.HistoryLimits{Age: catalog.DefaultHistory.Age}
		return nil
	}
	f, err := openFields(v)
	if err != nil {
		return wrap("In `changefeed_history`: ", err)
	}
	l := catalog.DefaultHistory
	for _, x := range []struct {
		key string
		max float64
		set func(n float64)
	}{
		{"size_mb", maxHistoryMB, func(n float64) { l.Bytes = max(int64(n*megabyte), 1) }},
		{"age_seconds", maxHistorySeconds, func(n float64) { l.Age = max(time.Duration(n*float64(time.Second)), time.Millisecond) }},
	} {
		v := f.optional(x.key)
		switch {
		case v.IsAbsent():
		case v.Kind() != datum.KindNumber || !(v.AsNumber() > 0) || v.AsNumber() > x.max:
			return opFailed("In `changefeed_history`: In `%s`: Expected a number above 0 and up to %.0f, got: %s", x.key, x.max, v.Print())
		default:
			x.set(v.AsNumber())
		}
	}
	if err := f.done(); err != nil {
		return wrap("In `changefeed_history`: ", err)
	}
	cfg.History = &l
	return nil
}
