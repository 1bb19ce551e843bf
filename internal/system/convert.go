package system

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func opFailed(format string, args ...any) error { return reql.Errorf(reql.OpFailed, format, args...) }

// wrap puts a prefix before the text of an error that is meant for the user.
func wrap(prefix string, err error) error {
	if e, ok := err.(*reql.Error); ok { //nolint:errorlint // made by this package, never wrapped
		return reql.Errorf(e.Class, "%s%s", prefix, e.Msg)
	}
	return err
}

// fields reads an object that must have certain fields and no others.
type fields struct {
	v    datum.Value
	rest map[string]struct{} // keys that nobody has asked for
}

func openFields(v datum.Value) (*fields, error) {
	if v.Kind() != datum.KindObject {
		return nil, opFailed("Expected an object; got %s", v.Print())
	}
	f := &fields{v: v, rest: make(map[string]struct{}, v.Len())}
	for i := range v.Len() {
		key, _ := v.FieldAt(i)
		f.rest[key] = struct{}{}
	}
	return f, nil
}

// optional returns the field called key, absent if there is none.
func (f *fields) optional(key string) datum.Value {
	delete(f.rest, key)
	v, _ := f.v.Get(key)
	return v
}

func (f *fields) required(key string) (datum.Value, error) {
	v := f.optional(key)
	if v.IsAbsent() {
		return v, opFailed("Expected a field named `%s`.", key)
	}
	return v, nil
}

// done refuses fields that nobody has asked for.
func (f *fields) done() error {
	if len(f.rest) == 0 {
		return nil
	}
	return opFailed("Unexpected key(s): %s", strings.Join(slices.Sorted(maps.Keys(f.rest)), " "))
}

// nameFrom reads a name; kind says what it is the name of.
func nameFrom(v datum.Value, kind string) (string, error) {
	if v.Kind() != datum.KindString {
		return "", opFailed("Expected a %s; got %s", kind, v.Print())
	}
	if !catalog.ValidName(v.AsString()) {
		return "", opFailed("%s is not a valid %s; %s", v.Print(), kind, catalog.ValidNameHint)
	}
	return v.AsString(), nil
}

// uuidFrom reads a UUID; what is "UUID" or "server ID".
func uuidFrom(v datum.Value, what string) (string, error) {
	if v.Kind() == datum.KindString {
		if id, ok := catalog.ParseUUID(v.AsString()); ok {
			return id, nil
		}
	}
	return "", opFailed("Expected a %s; got %s", what, v.Print())
}

// keyUUID returns the UUID that a primary key is, or "": a key that is none belongs to no row.
func keyUUID(key datum.Value) string {
	if key.Kind() != datum.KindString {
		return ""
	}
	id, _ := catalog.ParseUUID(key.AsString())
	return id
}

// object makes a row; fields whose value is absent are left out.
func object(fields ...datum.Field) datum.Value {
	return datum.Object(slices.DeleteFunc(fields, func(f datum.Field) bool { return f.Val.IsAbsent() }))
}

func field(key string, v datum.Value) datum.Field { return datum.Field{Key: key, Val: v} }

func str[S ~string](s S) datum.Value { return datum.String(string(s)) }

func strArray[S ~string](in []S) datum.Value {
	out := make([]datum.Value, len(in))
	for i, s := range in {
		out[i] = str(s)
	}
	return datum.Array(out)
}

func timeValue(t time.Time) datum.Value {
	return datum.Time(float64(t.UnixMilli())/1000, 0)
}

// timeFrom reads a time of this and the next centuries.
func timeFrom(v datum.Value) (time.Time, error) {
	if v.Kind() != datum.KindTime {
		return time.Time{}, opFailed("Expected a time; got %s", v.Print())
	}
	seconds, _ := v.TimeParts()
	const latest = 253402300799 // the end of the year 9999
	if !(seconds > 0 && seconds <= latest) {
		return time.Time{}, opFailed("Expected a time between 1970 and 9999; got %s", v.Print())
	}
	return time.UnixMilli(int64(math.Floor(seconds * 1000))).UTC(), nil
}

// change is one element of config_changes, status_changes and permissions_changes.
func change(oldVal, newVal datum.Value) datum.Value {
	if oldVal.IsAbsent() {
		oldVal = datum.Null
	}
	if newVal.IsAbsent() {
		newVal = datum.Null
	}
	return datum.Object([]datum.Field{field("new_val", newVal), field("old_val", oldVal)})
}

func changes(oldVal, newVal datum.Value) datum.Value {
	return datum.Array([]datum.Value{change(oldVal, newVal)})
}

// Format says whether rows name databases, tables and servers or give their UUIDs.
type Format bool

// The identifier formats.
const (
	Names Format = false
	UUIDs Format = true
)

// ParseFormat reads the optional argument identifier_format; "" is the default.
func ParseFormat(s string) (Format, error) {
	switch s {
	case "", "name":
		return Names, nil
	case "uuid":
		return UUIDs, nil
	}
	return Names, reql.Errorf(reql.QueryLogic,
		"Identifier format `%s` unrecognized (options are \"name\" and \"uuid\").", s)
}

// pick returns the name or the UUID of something.
func (f Format) pick(name, id string) datum.Value {
	if f == UUIDs {
		return datum.String(id)
	}
	return datum.String(name)
}

// server names a server, connected or not. One that the cluster has never had, which an old configuration may name, is called by its UUID.
func (f Format) server(s *catalog.Snapshot, id catalog.ServerID) datum.Value {
	name := string(id)
	if server, ok := s.Member(id); ok {
		name = server.Name
	}
	return f.pick(name, string(id))
}

func (f Format) servers(s *catalog.Snapshot, ids []catalog.ServerID) datum.Value {
	out := make([]datum.Value, len(ids))
	for i, id := range ids {
		out[i] = f.server(s, id)
	}
	return datum.Array(out)
}

func (f Format) database(s *catalog.Snapshot, id catalog.DatabaseID) datum.Value {
	return f.pick(s.DatabaseName(id), string(id))
}
