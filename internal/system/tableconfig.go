package system

import (
	"context"
	"errors"
	"slices"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// tableConfig is table_config: inserting creates a table, deleting drops one, and most of a configuration can be
// changed by writing its row, among it the name, the database and the shards.
type tableConfig struct{ s *System }

const tableConfigFormat = "The change you're trying to make to `rethinkdb.table_config` has the wrong format. "

func tableConfigRow(snap *catalog.Snapshot, c catalog.TableConfig, f Format) datum.Value {
	shards := make([]datum.Value, len(c.Shards))
	for i, s := range c.Shards {
		shards[i] = object(
			field("nonvoting_replicas", f.servers(snap, s.NonVoting)),
			field("primary_replica", f.server(snap, s.Primary)),
			field("replicas", f.servers(snap, s.Replicas)),
		)
	}
	hook := c.WriteHook
	if hook.IsAbsent() {
		hook = datum.Null
	}
	row := []datum.Field{
		field("db", f.database(snap, c.Database)),
		field("durability", str(c.Durability)),
		field("id", str(c.ID)),
		field("indexes", strArray(c.IndexNames())),
		field("name", str(c.Name)),
		field("primary_key", str(c.PrimaryKey)),
		field("shards", datum.Array(shards)),
		field("ttl", ttlRow(c.TTL)),
		field("write_acks", str(c.WriteAcks)),
		field("write_hook", hook),
	}
	if c.History != nil {
		row = append(row, field("changefeed_history", historyValue(c.History)))
	}
	return object(row...)
}

func (t tableConfig) list(_ context.Context, v view) ([]datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	var rows []datum.Value
	for _, table := range snap.Tables() {
		rows = append(rows, tableConfigRow(snap, table.Config, v.format))
	}
	return rows, nil
}

func (t tableConfig) get(_ context.Context, v view, key datum.Value) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	if table, ok := snap.TableByID(catalog.TableID(keyUUID(key))); ok {
		return tableConfigRow(snap, table.Config, v.format), nil
	}
	return datum.Value{}, nil
}

func (t tableConfig) write(ctx context.Context, v view, w rowWrite) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	table, exists := snap.TableByID(catalog.TableID(keyUUID(w.key)))
	if exists {
		if err := t.s.require(v.client, auth.Config, string(table.Config.Database), table.ID()); err != nil {
			return datum.Value{}, err
		}
	}
	switch {
	case exists && !w.new.IsAbsent():
		return t.modify(ctx, v, table, w.new)
	case exists:
		_, err := t.s.dropTable(ctx, table)
		if errors.Is(err, catalog.ErrTableGone) {
			err = nil
		}
		return datum.Value{}, err
	case w.new.IsAbsent():
		return datum.Value{}, nil
	case !w.generated:
		return datum.Value{}, opFailed("There is no existing table with the given ID. To create a new table by inserting " +
			"into `rethinkdb.table_config`, you must let the database generate the primary key automatically.")
	}
	return t.create(ctx, v, snap, w.new)
}

func (t tableConfig) create(ctx context.Context, v view, snap *catalog.Snapshot, row datum.Value) (datum.Value, error) {
	cfg, err := readTableConfig(snap, row, nil, v.format)
	if err != nil {
		return datum.Value{}, err
	}
	if err := t.s.require(v.client, auth.Config, string(cfg.Database), ""); err != nil {
		return datum.Value{}, err
	}
	cfg.SplitPoints = catalog.UUIDSplits(len(cfg.Shards))
	table, err := t.s.catalog.CreateTable(ctx, cfg)
	if err != nil {
		return datum.Value{}, err
	}
	t.s.awaitCreated(ctx, table)
	return tableConfigRow(t.s.catalog.Snapshot(), table.Config, v.format), nil
}

// modify gives the row as it is then: what RethinkDB does not have may be null in row or say less than it means, and with a time to
// live there may be one more index.
func (t tableConfig) modify(ctx context.Context, v view, table *catalog.Table, row datum.Value) (datum.Value, error) {
	splits := splitter{table: table, undone: "The table's configuration was not changed."}
	edit := func(snap *catalog.Snapshot, cfg *catalog.TableConfig) error {
		changed, err := readTableConfig(snap, row, cfg, v.format)
		if err != nil {
			return err
		}
		if changed.Database != cfg.Database {
			if err := t.s.require(v.client, auth.Config, string(changed.Database), ""); err != nil {
				return err
			}
		}
		if changed.PrimaryKey != cfg.PrimaryKey {
			return opFailed("It's illegal to change a table's primary key")
		}
		if changed.SplitPoints, err = splits.points(*cfg, len(changed.Shards)); err != nil {
			return err
		}
		*cfg = changed
		return nil
	}
	after, err := t.s.updateTable(ctx, &splits, edit)
	_, history := row.Get("changefeed_history")
	_, ttl := row.Get("ttl")
	if err != nil || !history && !ttl {
		return row, err
	}
	return tableConfigRow(t.s.catalog.Snapshot(), after.Config, v.format), nil
}

// readTableConfig makes a configuration of a row. old is the present one, nil for a new table, whose row may leave out
// most fields. Errors have the prefix of table_config where the reference has it.
func readTableConfig(snap *catalog.Snapshot, row datum.Value, old *catalog.TableConfig, f Format) (catalog.TableConfig, error) {
	r := configReader{snap: snap, format: f, old: old}
	cfg, err := r.read(row)
	if err != nil && !r.noPrefix {
		err = wrap(tableConfigFormat, err)
	}
	return cfg, err
}

type configReader struct {
	snap     *catalog.Snapshot
	format   Format
	old      *catalog.TableConfig
	fields   *fields
	noPrefix bool // the error stands alone
}

func (r *configReader) read(row datum.Value) (cfg catalog.TableConfig, err error) {
	if r.old != nil {
		cfg = r.old.Clone()
	} else {
		cfg = catalog.TableConfig{PrimaryKey: "id", WriteAcks: catalog.AckMajority, Durability: catalog.Hard}
	}
	if r.fields, err = openFields(row); err != nil {
		return cfg, err
	}
	for _, read := range []func(*catalog.TableConfig) error{
		r.name, r.database, r.id, r.indexes, r.primaryKey, r.shards, r.writeAcks, r.durability, r.writeHook, r.history, r.ttl,
	} {
		if err := read(&cfg); err != nil {
			return cfg, err
		}
	}
	return cfg, r.fields.done()
}

// field returns a field that only a new table's row may leave out.
func (r *configReader) field(key string) (v datum.Value, given bool, err error) {
	if r.old != nil {
		v, err = r.fields.required(key)
	} else {
		v = r.fields.optional(key)
	}
	return v, !v.IsAbsent(), err
}

func (r *configReader) name(cfg *catalog.TableConfig) error {
	v, err := r.fields.required("name")
	if err != nil {
		return err
	}
	if cfg.Name, err = nameFrom(v, "table name"); err != nil {
		return wrap("In `name`: ", err)
	}
	return nil
}

func (r *configReader) database(cfg *catalog.TableConfig) error {
	v, err := r.fields.required("db")
	if err != nil {
		return err
	}
	if r.format == UUIDs {
		id, err := uuidFrom(v, "UUID")
		if err != nil {
			return err
		}
		cfg.Database = catalog.DatabaseID(id)
		if _, ok := r.snap.DatabaseByID(cfg.Database); !ok {
			return opFailed("There is no database with UUID `%s`.", id)
		}
		return nil
	}
	name, err := nameFrom(v, "database name")
	if err != nil {
		return err
	}
	d, ok := r.snap.Database(name)
	if !ok {
		return catalog.NoDatabase(name)
	}
	cfg.Database = d.ID
	return nil
}

func (r *configReader) id(cfg *catalog.TableConfig) error {
	v, err := r.fields.required("id")
	if err != nil {
		return err
	}
	id, err := uuidFrom(v, "UUID")
	if err != nil {
		return wrap("In `id`: ", err)
	}
	cfg.ID = catalog.TableID(id)
	return nil
}

func (r *configReader) indexes(cfg *catalog.TableConfig) error {
	v, given, err := r.field("indexes")
	if err != nil || !given {
		return err
	}
	indexes, err := readIndexes(v)
	if err != nil {
		return wrap("In `indexes`: ", err)
	}
	if r.old != nil && !slices.Equal(indexes, cfg.IndexNames()) {
		return opFailed("The `indexes` field is read-only and can't be used to create or drop indexes.")
	}
	if r.old == nil && len(indexes) > 0 {
		return opFailed("The `indexes` field is read-only and can't be used to create indexes.")
	}
	return nil
}

func readIndexes(v datum.Value) ([]string, error) {
	if v.Kind() != datum.KindArray {
		return nil, opFailed("Expected an array, got %s", v.Print())
	}
	var out []string
	for i := range v.Len() {
		e := v.At(i)
		if e.Kind() != datum.KindString {
			return nil, opFailed("Expected a string; got %s", e.Print())
		}
		if slices.Contains(out, e.AsString()) {
			return nil, opFailed("%s was specified more than once.", e.Print())
		}
		out = append(out, e.AsString())
	}
	slices.Sort(out)
	return out, nil
}

func (r *configReader) primaryKey(cfg *catalog.TableConfig) error {
	v, given, err := r.field("primary_key")
	if err != nil || !given {
		return err
	}
	if v.Kind() != datum.KindString {
		return opFailed("In `primary_key`: Expected a string; got %s", v.Print())
	}
	cfg.PrimaryKey = v.AsString()
	return nil
}

func (r *configReader) shards(cfg *catalog.TableConfig) error {
	v, given, err := r.field("shards")
	if err != nil {
		return err
	}
	if !given {
		cfg.Shards, err = r.snap.Place(catalog.DefaultPlacement(), nil, nil)
		if err != nil {
			r.noPrefix = true
			return wrap("Unable to automatically generate configuration for new table: ", err)
		}
		return nil
	}
	if v.Kind() != datum.KindArray {
		return opFailed("In `shards`: Expected an array, got %s", v.Print())
	}
	cfg.Shards = make([]catalog.ShardConfig, v.Len())
	for i := range cfg.Shards {
		if cfg.Shards[i], err = r.shard(v.At(i)); err != nil {
			return wrap("In `shards`: ", err)
		}
	}
	if len(cfg.Shards) == 0 {
		return opFailed("In `shards`: You must specify at least one shard.")
	}
	return nil
}

func (r *configReader) shard(v datum.Value) (s catalog.ShardConfig, err error) {
	f, err := openFields(v)
	if err != nil {
		return s, err
	}
	replicas, err := f.required("replicas")
	if err != nil {
		return s, err
	}
	if s.Replicas, err = r.servers(replicas); err != nil {
		return s, wrap("In `replicas`: ", err)
	}
	if len(s.Replicas) == 0 {
		return s, opFailed("You must specify at least one replica for each shard.")
	}
	if nonVoting := f.optional("nonvoting_replicas"); !nonVoting.IsAbsent() {
		if s.NonVoting, err = r.servers(nonVoting); err != nil {
			return s, wrap("In `nonvoting_replicas`: ", err)
		}
		for _, id := range s.NonVoting {
			if !slices.Contains(s.Replicas, id) {
				return s, opFailed("Every server listed in the `nonvoting_replicas` field must also appear in `replicas`.")
			}
		}
	}
	primary, err := f.required("primary_replica")
	if err != nil {
		return s, err
	}
	server, err := r.server(primary)
	if err != nil {
		return s, wrap("In `primary_replica`: ", err)
	}
	s.Primary = server.ID
	if !slices.Contains(s.Replicas, s.Primary) {
		return s, opFailed("The server listed in the `primary_replica` field (`%s`) must also appear in `replicas`.", server.Name)
	}
	if slices.Contains(s.NonVoting, s.Primary) {
		return s, opFailed("The primary replica (`%s`) must not be a nonvoting replica.", server.Name)
	}
	return s, f.done()
}

func (r *configReader) servers(v datum.Value) ([]catalog.ServerID, error) {
	if v.Kind() != datum.KindArray {
		return nil, opFailed("Expected an array, got %s", v.Print())
	}
	var ids []catalog.ServerID
	for i := range v.Len() {
		server, err := r.server(v.At(i))
		if err != nil {
			return nil, err
		}
		if slices.Contains(ids, server.ID) {
			return nil, opFailed("Server `%s` is listed more than once.", server.Name)
		}
		ids = append(ids, server.ID)
	}
	return catalog.Descending(ids), nil
}

func (r *configReader) server(v datum.Value) (catalog.Server, error) {
	if r.format == UUIDs {
		id, err := uuidFrom(v, "server ID")
		if err != nil {
			return catalog.Server{}, err
		}
		server, ok := r.snap.ServerByID(catalog.ServerID(id))
		if !ok {
			return server, opFailed("There is no server with UUID `%s`.", id)
		}
		return server, nil
	}
	name, err := nameFrom(v, "server name")
	if err != nil {
		return catalog.Server{}, err
	}
	var found []catalog.Server
	for _, server := range r.snap.Servers() {
		if server.Name == name {
			found = append(found, server)
		}
	}
	switch len(found) {
	case 0:
		return catalog.Server{}, opFailed("Server `%s` does not exist or is not connected.", name)
	case 1:
		return found[0], nil
	}
	return catalog.Server{}, opFailed("Server `%s` is ambiguous; there are multiple servers with that name.", name)
}

func (r *configReader) writeAcks(cfg *catalog.TableConfig) error {
	v, given, err := r.field("write_acks")
	if err != nil || !given {
		return err
	}
	switch {
	case v.Kind() == datum.KindString && v.AsString() == string(catalog.AckSingle):
		cfg.WriteAcks = catalog.AckSingle
	case v.Kind() == datum.KindString && v.AsString() == string(catalog.AckMajority):
		cfg.WriteAcks = catalog.AckMajority
	default:
		return opFailed("In `write_acks`: Expected \"single\" or \"majority\", got: %s", v.Print())
	}
	return nil
}

func (r *configReader) durability(cfg *catalog.TableConfig) error {
	v, given, err := r.field("durability")
	if err != nil || !given {
		return err
	}
	switch {
	case v.Kind() == datum.KindString && v.AsString() == string(catalog.Soft):
		cfg.Durability = catalog.Soft
	case v.Kind() == datum.KindString && v.AsString() == string(catalog.Hard):
		cfg.Durability = catalog.Hard
	default:
		return opFailed("In `durability`: Expected \"soft\" or \"hard\", got: %s", v.Print())
	}
	return nil
}

func (r *configReader) writeHook(cfg *catalog.TableConfig) error {
	v, given, err := r.field("write_hook")
	if err != nil || !given {
		return err
	}
	hook := cfg.WriteHook
	if hook.IsAbsent() {
		hook = datum.Null
	}
	if !datum.Equal(v, hook) {
		return opFailed("The `write_hook` field is read-only and can't be used to create or drop a write hook function.")
	}
	return nil
}
