package system

import (
	"bytes"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

// The field `ttl` of table_config says when the rows of a table expire, which package expiry looks after. RethinkDB has no such
// thing, so rows of tables without it have no such field. Its forms are
//
//	{field: "expires"}            at the time in that field
//	{index: "seen", seconds: 60}  so long after the time that a secondary index has of the row
//
// An index on the field is made when there is none.

// ttlRow is the field of a row; absent without a time to live.
func ttlRow(ttl *catalog.TTL) datum.Value {
	switch {
	case ttl == nil:
		return datum.Value{}
	case ttl.Field:
		return object(field("field", str(ttl.Index)))
	}
	return object(field("index", str(ttl.Index)), field("seconds", datum.Number(ttl.Seconds)))
}

func (r *configReader) ttl(cfg *catalog.TableConfig) error {
	v := r.fields.optional("ttl")
	cfg.TTL = nil
	if v.IsAbsent() || v.Kind() == datum.KindNull {
		return nil
	}
	if err := readTTL(cfg, v); err != nil {
		return wrap("In `ttl`: ", err)
	}
	return nil
}

func readTTL(cfg *catalog.TableConfig, v datum.Value) error {
	f, err := openFields(v)
	if err != nil {
		return err
	}
	named, index, seconds := f.optional("field"), f.optional("index"), f.optional("seconds")
	if err := f.done(); err != nil {
		return err
	}
	switch {
	case named.Kind() == datum.KindString && index.IsAbsent() && seconds.IsAbsent():
		return expireAt(cfg, named.AsString())
	case index.Kind() != datum.KindString || seconds.Kind() != datum.KindNumber || !named.IsAbsent():
		return opFailed("Expected `{field: \"NAME\"}` or `{index: \"NAME\", seconds: NUMBER}`; got %s. To put one in the place of the other, use r.literal.", v.Print())
	case seconds.AsNumber() < 0:
		return opFailed("Expected `seconds` to be at least 0; got %s", seconds.Print())
	}
	x, ok := findIndex(cfg, index.AsString())
	switch {
	case !ok:
		return opFailed("Index `%s` does not exist.", index.AsString())
	case x.Multi || x.Geo:
		return opFailed("Index `%s` is a multi or geospatial index: it has no single time for a document.", x.Name)
	}
	cfg.TTL = &catalog.TTL{Index: x.Name, Seconds: seconds.AsNumber()}
	return nil
}

// expireAt makes rows expire at the time in a field of theirs.
func expireAt(cfg *catalog.TableConfig, name string) error {
	definition, err := exec.FieldIndex(name)
	if err != nil {
		return err
	}
	cfg.TTL = &catalog.TTL{Index: name, Field: true}
	x, ok := findIndex(cfg, name)
	switch {
	case !ok && name == cfg.PrimaryKey:
		return opFailed("The primary key cannot be the time of expiry.")
	case !ok:
		return cfg.AddIndex(catalog.Index{Name: name, Definition: definition})
	case !bytes.Equal(x.Definition, definition):
		return opFailed("Index `%s` is not a plain index on the field `%s`. Rename it, or give `{index: \"%s\", seconds: 0}`.", name, name, name)
	}
	return nil
}

func findIndex(cfg *catalog.TableConfig, name string) (catalog.Index, bool) {
	for _, x := range cfg.Indexes {
		if x.Name == name {
			return x, true
		}
	}
	return catalog.Index{}, false
}

// indexInUse is the error of changing an index that documents expire by.
func indexInUse(e *catalog.IndexInUseError, db exec.DB, tableName string) error {
	return opFailed("Index `%s` is what the documents of table `%s.%s` expire by. Change the `ttl` of its configuration first.", e.Name, db.Name, tableName)
}
