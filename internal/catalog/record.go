package catalog

import (
	"fmt"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// The catalog's part of the metadata. Each record is one encoded object with the version of its format in
// the field v, so that one write replaces it whole.
const (
	keyPrefix    = "catalog/"       // of all of them
	keyServer    = "catalog/server" // of this server alone
	keyCluster   = "catalog/cluster"
	keyAccess    = "catalog/access"
	keyNextGroup = "catalog/next_group" // no object, but four bytes
	keyClusterID = "catalog/cluster_id" // no object, but a UUID
	keyMember    = "catalog/member/"    // + server id
	keyRemoved   = "catalog/removed/"   // + id of a server that was a member
	keyLevel     = "catalog/level"      // no object, but a number in decimal
	keyDatabase  = "catalog/db/"        // + database id
	keyTable     = "catalog/table/"     // + table id
)

// recordVersion is the newest format of records that this program writes and reads.
//
// Since 2 a table has the definitions of its indexes, since 3 they can be unique, and since 4 it can have a time to live and limits
// of its change history. Since 5 a server has addresses and the fingerprint of its key, and since 6 a table can be in several groups.
const recordVersion = 6

func encodeRecord(fields ...datum.Field) []byte {
	fields = append(fields, datum.Field{Key: "v", Val: datum.Int(recordVersion)})
	return datum.AppendEncoded(nil, datum.Object(fields))
}

func stringArray[S ~string](in []S) datum.Value {
	out := make([]datum.Value, len(in))
	for i, s := range in {
		out[i] = datum.String(string(s))
	}
	return datum.Array(out)
}

func encodeServer(s Server) []byte {
	return encodeRecord(
		datum.Field{Key: "id", Val: datum.String(string(s.ID))},
		datum.Field{Key: "name", Val: datum.String(s.Name)},
		datum.Field{Key: "tags", Val: stringArray(s.Tags)},
		datum.Field{Key: "cache_bytes", Val: datum.Int(s.CacheBytes)},
		datum.Field{Key: "addresses", Val: stringArray(s.Addresses)},
		datum.Field{Key: "fingerprint", Val: datum.String(s.Fingerprint)},
		datum.Field{Key: "program", Val: datum.String(s.Program)},
		datum.Field{Key: "level", Val: datum.Int(int64(s.Level))},
	)
}

func encodeCluster(c Cluster) []byte {
	return encodeRecord(datum.Field{Key: "heartbeat_timeout_ms", Val: datum.Int(c.HeartbeatTimeout.Milliseconds())})
}

func encodeDatabase(name string) []byte {
	return encodeRecord(datum.Field{Key: "name", Val: datum.String(name)})
}

func encodeTable(c TableConfig) []byte {
	hook := c.WriteHook
	if hook.IsAbsent() {
		hook = datum.Null
	}
	fields := []datum.Field{
		{Key: "name", Val: datum.String(c.Name)},
		{Key: "db", Val: datum.String(string(c.Database))},
		{Key: "primary_key", Val: datum.String(c.PrimaryKey)},
		{Key: "durability", Val: datum.String(string(c.Durability))},
		{Key: "write_acks", Val: datum.String(string(c.WriteAcks))},
		{Key: "indexes", Val: encodeIndexes(c.Indexes)},
		{Key: "last_index", Val: datum.Int(int64(c.LastIndex))},
		{Key: "write_hook", Val: hook},
		{Key: "history", Val: encodeHistory(c.History)},
		{Key: "ttl", Val: encodeTTL(c.TTL)},
		{Key: "repairs", Val: encodeRepairs(c.Repairs)},
		{Key: "moves", Val: datum.Int(int64(c.Moves))},
		{Key: "move", Val: encodeMove(c.Move)},
		{Key: "past", Val: encodePast(c.Past)},
	}
	if len(c.Foundings) > 0 { // for a moment after the table was created
		fields = append(fields, datum.Field{Key: "foundings", Val: encodeFoundings(c.Foundings)})
	}
	goal := c.Goal()
	return encodeRecord(append(fields, encodeLayout(&goal)...)...)
}

// encodeHistory makes null of no limits of its own.
func encodeHistory(l *HistoryLimits) datum.Value {
	if l == nil {
		return datum.Null
	}
	return datum.Object([]datum.Field{{Key: "bytes", Val: datum.Int(l.Bytes)}, {Key: "age_ms", Val: datum.Int(l.Age.Milliseconds())}})
}

// history reads the limits of the change history. Records before version 4 have none.
func (r *record) history(c *TableConfig) {
	v, ok := r.val.Get("history")
	if r.err != nil || !ok || v.Kind() == datum.KindNull {
		return
	}
	if v.Kind() != datum.KindObject {
		r.fail("has a history of the wrong type %s", v.TypeName())
		return
	}
	l := &record{key: r.key + " (history)", val: v}
	c.History = &HistoryLimits{Bytes: l.int("bytes"), Age: time.Duration(l.int("age_ms")) * time.Millisecond}
	r.err = l.err
}

func encodeTTL(ttl *TTL) datum.Value {
	if ttl == nil {
		return datum.Null
	}
	return datum.Object([]datum.Field{
		{Key: "index", Val: datum.String(ttl.Index)},
		{Key: "seconds", Val: datum.Number(ttl.Seconds)},
		{Key: "field", Val: datum.Bool(ttl.Field)},
	})
}

// ttl reads the time to live of a table. Records before version 4 have none.
func (r *record) ttl(c *TableConfig) {
	v, ok := r.val.Get("ttl")
	if r.err != nil || !ok || v.Kind() == datum.KindNull {
		return
	}
	x := &record{key: r.key + " (ttl)", val: r.field("ttl", datum.KindObject), err: r.err}
	c.TTL = &TTL{Index: x.string("index"), Field: x.field("field", datum.KindBool).Truthy()}
	if seconds := x.field("seconds", datum.KindNumber); x.err == nil {
		c.TTL.Seconds = seconds.AsNumber()
	}
	r.err = x.err
}

func encodeIndexes(indexes []Index) datum.Value {
	out := make([]datum.Value, len(indexes))
	for i, x := range indexes {
		out[i] = datum.Object([]datum.Field{
			{Key: "name", Val: datum.String(x.Name)},
			{Key: "number", Val: datum.Int(int64(x.Number))},
			{Key: "multi", Val: datum.Bool(x.Multi)},
			{Key: "geo", Val: datum.Bool(x.Geo)},
			{Key: "definition", Val: datum.Binary(x.Definition)},
			{Key: "ready", Val: datum.Bool(x.Ready)},
			{Key: "unique", Val: datum.Bool(x.Unique)},
			{Key: "not_unique", Val: encodeNotUnique(x.NotUnique)},
			{Key: "built", Val: numberArray(x.Built)},
		})
	}
	return datum.Array(out)
}

// encodeNotUnique makes an array of the primary keys, which is empty without an error.
func encodeNotUnique(e *table.NotUniqueError) datum.Value {
	if e == nil {
		return datum.Array(nil)
	}
	return datum.Array([]datum.Value{e.First, e.Second})
}

// unique reads what records have had of an index since version 3.
func (r *record) unique(x *Index) {
	x.Unique = r.field("unique", datum.KindBool).Truthy()
	switch keys := r.field("not_unique", datum.KindArray); {
	case r.err != nil || keys.Len() == 0:
	case keys.Len() != 2 || !x.Unique || x.Ready:
		r.fail("has %d rows that are not unique", keys.Len())
	default:
		x.NotUnique = &table.NotUniqueError{First: keys.At(0), Second: keys.At(1)}
	}
}

// indexes reads the indexes of a table. Records of version 1 have none.
func (r *record) indexes(c *TableConfig) {
	version := r.int("v")
	if r.err != nil || version < 2 {
		return
	}
	c.LastIndex = r.uint32("last_index")
	list := r.field("indexes", datum.KindArray)
	for i := 0; r.err == nil && i < list.Len(); i++ {
		x := &record{key: fmt.Sprintf("%s (index %d)", r.key, i), val: list.At(i)}
		if x.val.Kind() != datum.KindObject {
			r.fail("has an index of the wrong type %s", x.val.TypeName())
			return
		}
		index := Index{
			Name:       x.string("name"),
			Number:     x.uint32("number"),
			Multi:      x.field("multi", datum.KindBool).Truthy(),
			Geo:        x.field("geo", datum.KindBool).Truthy(),
			Definition: x.binary("definition"),
			Ready:      x.field("ready", datum.KindBool).Truthy(),
		}
		if version >= 3 {
			x.unique(&index)
		}
		if version >= 6 {
			index.Built = recordNumbers[storage.GroupID](x, "built")
		}
		c.Indexes = append(c.Indexes, index)
		r.err = x.err
	}
}

// record reads the fields of one record; the first thing that is wrong sticks in err.
type record struct {
	key string
	val datum.Value
	err error
}

// openRecord checks b completely, so that corrupt bytes are an error here and never a panic later.
func openRecord(key string, b []byte) *record {
	r := &record{key: key}
	if err := datum.Check(b); err != nil {
		r.err = fmt.Errorf("catalog record %s is damaged: %w", key, err)
		return r
	}
	r.val = datum.View(b).Own()
	switch v := r.int("v"); {
	case r.err != nil:
	case v > recordVersion:
		r.fail("was written by a newer version of this program (format %d, known are up to %d)", v, recordVersion)
	case v < 1:
		r.fail("has the impossible format %d", v)
	}
	return r
}

func (r *record) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("catalog record %s %s", r.key, fmt.Sprintf(format, args...))
	}
}

func (r *record) field(name string, kind datum.Kind) datum.Value {
	if r.err != nil {
		return datum.Value{}
	}
	v, ok := r.val.Get(name)
	if !ok {
		r.fail("has no field %q", name)
		return datum.Value{}
	}
	if v.Kind() != kind {
		r.fail("has a field %q of the wrong type %s", name, v.TypeName())
		return datum.Value{}
	}
	return v
}

func (r *record) string(name string) string {
	if v := r.field(name, datum.KindString); r.err == nil {
		return v.AsString()
	}
	return ""
}

func (r *record) int(name string) int64 {
	v := r.field(name, datum.KindNumber)
	if r.err != nil {
		return 0
	}
	i, err := v.Int64()
	if err != nil {
		r.fail("has a field %q that is not an integer", name)
	}
	return i
}

func (r *record) uint32(name string) uint32 {
	i := r.int(name)
	if r.err == nil && i != int64(uint32(i)) {
		r.fail("has the impossible number %d in the field %q", i, name)
	}
	return uint32(i)
}

func (r *record) binary(name string) []byte {
	if v := r.field(name, datum.KindBinary); r.err == nil {
		return v.AsBinary()
	}
	return nil
}

// strings reads an array of strings (or of binaries).
func recordStrings[S ~string](r *record, name string) []S {
	v := r.field(name, datum.KindArray)
	if r.err != nil || v.Len() == 0 {
		return nil
	}
	out := make([]S, v.Len())
	for i := range out {
		switch e := v.At(i); e.Kind() {
		case datum.KindString:
			out[i] = S(e.AsString())
		case datum.KindBinary:
			out[i] = S(e.AsBinary())
		default:
			r.fail("has a field %q with an element of the wrong type %s", name, e.TypeName())
			return nil
		}
	}
	return out
}

func decodeServer(key string, b []byte) (Server, error) {
	r := openRecord(key, b)
	s := Server{
		ID:         ServerID(r.string("id")),
		Name:       r.string("name"),
		Tags:       recordStrings[string](r, "tags"),
		CacheBytes: r.int("cache_bytes"),
	}
	if _, ok := r.val.Get("addresses"); ok && r.err == nil { // since version 5
		s.Addresses, s.Fingerprint = recordStrings[string](r, "addresses"), r.string("fingerprint")
	}
	if _, ok := r.val.Get("level"); ok && r.err == nil { // programs before levels leave it out
		s.Program, s.Level = r.string("program"), Level(r.int("level"))
	}
	return s, r.err
}

func decodeCluster(b []byte) (Cluster, error) {
	r := openRecord(keyCluster, b)
	c := Cluster{HeartbeatTimeout: time.Duration(r.int("heartbeat_timeout_ms")) * time.Millisecond}
	return c, r.err
}

func decodeDatabase(key string, b []byte) (name string, err error) {
	r := openRecord(key, b)
	name = r.string("name")
	return name, r.err
}

func decodeTable(id TableID, b []byte) (c TableConfig, err error) {
	r := openRecord(keyTable+string(id), b)
	c = TableConfig{
		ID:         id,
		Name:       r.string("name"),
		Database:   DatabaseID(r.string("db")),
		PrimaryKey: r.string("primary_key"),
		Durability: Durability(r.string("durability")),
		WriteAcks:  WriteAcks(r.string("write_acks")),
	}
	r.indexes(&c)
	r.history(&c)
	r.ttl(&c)
	r.repairs(&c)
	r.foundings(&c)
	if r.err == nil {
		if hook, ok := r.val.Get("write_hook"); ok && hook.Kind() != datum.KindNull {
			c.WriteHook = hook
		}
	}
	l := r.layout()
	c.Shards, c.SplitPoints, c.Parts, c.Groups, c.Starts = l.Shards, l.SplitPoints, l.Parts, l.Groups, l.Starts
	c.Past = r.past()
	r.move(&c)
	return c, r.err
}
