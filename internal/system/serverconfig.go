package system

import (
	"context"
	"math"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// serverConfig is server_config: one row for each connected server, of which name, tags and cache size can be changed.
type serverConfig struct{ s *System }

const (
	serverConfigFormat = "The row you're trying to put into `rethinkdb.server_config` has the wrong format. "
	megabyte           = 1 << 20
)

func serverConfigRow(s catalog.Server) datum.Value {
	cache := str("auto")
	if s.CacheBytes >= 0 {
		cache = datum.Number(float64(s.CacheBytes) / megabyte)
	}
	return object(
		field("id", str(s.ID)),
		field("name", str(s.Name)),
		field("tags", strArray(s.Tags)),
		field("cache_size_mb", cache),
	)
}

func (t serverConfig) list(context.Context, view) ([]datum.Value, error) {
	var rows []datum.Value
	for _, server := range t.s.catalog.Snapshot().Servers() {
		rows = append(rows, serverConfigRow(server))
	}
	return rows, nil
}

func (t serverConfig) get(_ context.Context, _ view, key datum.Value) (datum.Value, error) {
	if server, ok := t.s.catalog.Snapshot().ServerByID(catalog.ServerID(keyUUID(key))); ok {
		return serverConfigRow(server), nil
	}
	return datum.Value{}, nil
}

func (t serverConfig) write(ctx context.Context, _ view, w rowWrite) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	old, exists := snap.ServerByID(catalog.ServerID(keyUUID(w.key)))
	switch {
	case !exists && w.new.IsAbsent():
		return datum.Value{}, nil
	case !exists:
		return datum.Value{}, opFailed("It's illegal to insert new rows into the `rethinkdb.server_config` system table.")
	case w.new.IsAbsent():
		return datum.Value{}, opFailed("It's illegal to delete rows from the `rethinkdb.server_config` system table.")
	}
	server, err := readServerConfig(w.new)
	if err != nil {
		return datum.Value{}, wrap(serverConfigFormat, err)
	}
	for _, other := range snap.Servers() {
		if other.ID != old.ID && other.Name == server.Name {
			return datum.Value{}, opFailed("Cannot rename server `%s` to `%s` because server `%s` already exists.",
				old.Name, server.Name, server.Name)
		}
	}
	if err := t.s.setServer(ctx, server); err != nil {
		return datum.Value{}, err
	}
	return w.new, nil
}

func readServerConfig(row datum.Value) (s catalog.Server, err error) {
	f, err := openFields(row)
	if err != nil {
		return s, err
	}
	v, err := f.required("name")
	if err != nil {
		return s, err
	}
	if s.Name, err = nameFrom(v, "server name"); err != nil {
		return s, wrap("In `name`: ", err)
	}
	if v, err = f.required("id"); err != nil {
		return s, err
	}
	id, err := uuidFrom(v, "server ID")
	if err != nil {
		return s, wrap("In `id`: ", err)
	}
	s.ID = catalog.ServerID(id)
	if v, err = f.required("tags"); err != nil {
		return s, err
	}
	if s.Tags, err = readTags(v); err != nil {
		return s, wrap("In `tags`: ", err)
	}
	if v, err = f.required("cache_size_mb"); err != nil {
		return s, err
	}
	if s.CacheBytes, err = readCacheSize(v); err != nil {
		return s, wrap("In `cache_size_mb`: ", err)
	}
	return s, f.done()
}

func readTags(v datum.Value) ([]string, error) {
	if v.Kind() != datum.KindArray {
		return nil, opFailed("Expected an array, got %s", v.Print())
	}
	tags := make([]string, v.Len())
	for i := range tags {
		var err error
		if tags[i], err = nameFrom(v.At(i), "server tag"); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

func readCacheSize(v datum.Value) (cacheBytes int64, err error) {
	switch {
	case v.Kind() == datum.KindString && v.AsString() == "auto":
		return catalog.AutoCache, nil
	case v.Kind() != datum.KindNumber:
		return 0, opFailed("Expected a number or 'auto', got %s", v.Print())
	}
	bytes := v.AsNumber() * megabyte
	switch {
	case bytes >= math.MaxInt64:
		return 0, opFailed("Value is too big.")
	case bytes < 0:
		return 0, opFailed("Cache size cannot be negative.")
	}
	return int64(bytes), nil
}
