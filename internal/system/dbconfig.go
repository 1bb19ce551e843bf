package system

import (
	"context"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// dbConfig is db_config: one row for each database but `rethinkdb`. Inserting creates a database, deleting drops one,
// a new name renames it.
type dbConfig struct{ s *System }

const dbConfigFormat = "The change you're trying to make to `rethinkdb.db_config` has the wrong format. "

func dbConfigRow(id catalog.DatabaseID, name string) datum.Value {
	return object(field("id", str(id)), field("name", str(name)))
}

func (t dbConfig) list(context.Context, view) ([]datum.Value, error) {
	var rows []datum.Value
	for _, d := range t.s.catalog.Snapshot().Databases() {
		rows = append(rows, dbConfigRow(d.ID, d.Name))
	}
	return rows, nil
}

func (t dbConfig) get(_ context.Context, _ view, key datum.Value) (datum.Value, error) {
	if d, ok := t.s.catalog.Snapshot().DatabaseByID(catalog.DatabaseID(keyUUID(key))); ok {
		return dbConfigRow(d.ID, d.Name), nil
	}
	return datum.Value{}, nil
}

func (t dbConfig) write(ctx context.Context, v view, w rowWrite) (datum.Value, error) {
	id := catalog.DatabaseID(keyUUID(w.key))
	d, exists := t.s.catalog.Snapshot().DatabaseByID(id)
	scope := ""
	if exists {
		scope = string(id)
	}
	if err := t.s.require(v.client, auth.Config, scope, ""); err != nil {
		return datum.Value{}, err
	}
	if w.new.IsAbsent() {
		if exists {
			_, err := t.s.dropDatabase(ctx, v.client, d)
			return datum.Value{}, err
		}
		return datum.Value{}, nil
	}
	name, newID, err := readDBConfig(w.new)
	if err != nil {
		return datum.Value{}, wrap(dbConfigFormat, err)
	}
	switch {
	case exists:
		err = t.s.catalog.RenameDatabase(ctx, id, name)
	case !w.generated:
		// The word "table" is what users have always seen here.
		err = opFailed("If you want to create a new table by inserting into `rethinkdb.db_config`, " +
			"you must use an auto-generated primary key.")
	default:
		_, err = t.s.catalog.CreateDatabase(ctx, newID, name)
	}
	return w.new, err
}

func readDBConfig(row datum.Value) (name string, id catalog.DatabaseID, err error) {
	f, err := openFields(row)
	if err != nil {
		return "", "", err
	}
	v, err := f.required("name")
	if err != nil {
		return "", "", err
	}
	if name, err = nameFrom(v, "db name"); err != nil {
		return "", "", wrap("In `name`: ", err)
	}
	if v, err = f.required("id"); err != nil {
		return "", "", err
	}
	uuid, err := uuidFrom(v, "UUID")
	if err != nil {
		return "", "", wrap("In `id`: ", err)
	}
	return name, catalog.DatabaseID(uuid), f.done()
}
