package system

import (
	"context"
	"errors"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/table"
)

// The operations on databases and tables that terms of the language call. Each returns the object that the term
// answers with.

// special is the refusal of an operation on the database of system tables.
func special(what string) error {
	return opFailed("Database `%s` is special; %s", catalog.SystemDatabase, what)
}

// findDatabase finds the database that a query has looked up before.
func (s *System) findDatabase(db exec.DB) (*catalog.Database, error) {
	d, ok := s.catalog.Snapshot().DatabaseByID(catalog.DatabaseID(db.ID))
	if !ok {
		return nil, catalog.NoDatabase(db.Name)
	}
	return d, nil
}

func (s *System) findTable(db exec.DB, name string) (*catalog.Table, error) {
	if d, ok := s.catalog.Snapshot().DatabaseByID(catalog.DatabaseID(db.ID)); ok {
		if t, ok := d.Table(name); ok {
			return t, nil
		}
	}
	return nil, catalog.NoTable(db.Name, name)
}

// configurableTable finds a table that c may configure.
func (s *System) configurableTable(c *exec.Client, db exec.DB, name string) (*catalog.Table, error) {
	t, err := s.findTable(db, name)
	if err != nil {
		return nil, err
	}
	return t, s.require(c, auth.Config, db.ID, t.ID())
}

// DBCreate is db_create.
func (s *System) DBCreate(ctx context.Context, c *exec.Client, name string) (_ datum.Value, err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "db_create", name, "", &err)
	if name == catalog.SystemDatabase {
		return datum.Value{}, catalog.DatabaseExists(name)
	}
	if err := s.require(c, auth.Config, "", ""); err != nil {
		return datum.Value{}, err
	}
	d, err := s.catalog.CreateDatabase(ctx, "", name)
	if err != nil {
		return datum.Value{}, err
	}
	return object(
		field("config_changes", changes(datum.Null, dbConfigRow(d.ID, d.Name))),
		field("dbs_created", datum.Int(1)),
	), nil
}

// DBDrop is db_drop.
func (s *System) DBDrop(ctx context.Context, c *exec.Client, name string) (_ datum.Value, err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "db_drop", name, "", &err)
	if name == catalog.SystemDatabase {
		return datum.Value{}, special("you can't delete it.")
	}
	d, ok := s.catalog.Snapshot().Database(name)
	if !ok {
		return datum.Value{}, catalog.NoDatabase(name)
	}
	n, err := s.dropDatabase(ctx, c, d)
	if err != nil {
		return datum.Value{}, err
	}
	return object(
		field("config_changes", changes(dbConfigRow(d.ID, d.Name), datum.Null)),
		field("dbs_dropped", datum.Int(1)),
		field("tables_dropped", datum.Int(int64(n))),
	), nil
}

func (s *System) dropDatabase(ctx context.Context, c *exec.Client, d *catalog.Database) (tablesDropped int, err error) {
	if err := s.requireAll(c, d); err != nil {
		return 0, err
	}
	n, err := s.catalog.DropDatabase(ctx, d.ID)
	if err == nil {
		s.forgotten(s.users.ForgetDatabase(string(d.ID)))
	}
	return n, err
}

// forgotten notes that permissions on what has just been dropped could not be removed. Nobody sees them, and they allow
// nothing, so the drop has succeeded all the same.
func (s *System) forgotten(err error) {
	if err != nil {
		s.logger.Error("The permissions on a dropped table or database could not be removed.", "error", err)
	}
}

// TableCreate is table_create.
func (s *System) TableCreate(ctx context.Context, c *exec.Client, db exec.DB, name string, o exec.TableOptions) (_ datum.Value, err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "table_create", db.Name+"."+name, "", &err)
	if db.ID == DatabaseID {
		return datum.Value{}, special("you can't create new tables in it.")
	}
	if err := s.require(c, auth.Config, db.ID, ""); err != nil {
		return datum.Value{}, err
	}
	d, err := s.findDatabase(db)
	if err != nil {
		return datum.Value{}, err
	}
	cfg := catalog.TableConfig{
		Name:       name,
		Database:   d.ID,
		PrimaryKey: primaryKey,
		Durability: catalog.Hard,
		WriteAcks:  catalog.AckMajority,
	}
	if o.HasPrimaryKey {
		cfg.PrimaryKey = o.PrimaryKey
	}
	if o.Durability == table.DurabilitySoft {
		cfg.Durability = catalog.Soft
	}
	if _, taken := d.Table(name); taken {
		return datum.Value{}, catalog.TableExists(d.Name, name)
	}
	p := placement(o)
	if cfg.Shards, err = s.catalog.Snapshot().Place(p, nil, nil); err != nil {
		return datum.Value{}, err
	}
	cfg.SplitPoints = catalog.UUIDSplits(p.Shards)
	t, err := s.catalog.CreateTable(ctx, cfg)
	if err != nil {
		return datum.Value{}, err
	}
	s.awaitCreated(ctx, t)
	return object(
		field("config_changes", changes(datum.Null, tableConfigRow(s.catalog.Snapshot(), t.Config, Names))),
		field("tables_created", datum.Int(1)),
	), nil
}

// placement makes the placement that options ask for.
func placement(o exec.TableOptions) catalog.Placement {
	p := catalog.DefaultPlacement()
	if o.Shards != 0 {
		p.Shards = o.Shards
	}
	switch {
	case o.ReplicasByTag != nil:
		p.Replicas = make(map[string]uint64, len(o.ReplicasByTag))
		for tag, n := range o.ReplicasByTag {
			p.Replicas[tag] = uint64(n)
		}
	case o.HasReplicas:
		// A negative number wraps around, as in the reference, and is then too large for any number of servers.
		p.Replicas = map[string]uint64{p.PrimaryTag: uint64(o.Replicas)}
	}
	if o.PrimaryReplicaTag != "" {
		p.PrimaryTag = o.PrimaryReplicaTag
	}
	p.NonVotingTags = o.NonvotingTags
	return p
}

// TableDrop is table_drop.
func (s *System) TableDrop(ctx context.Context, c *exec.Client, db exec.DB, name string) (_ datum.Value, err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "table_drop", db.Name+"."+name, "", &err)
	if db.ID == DatabaseID {
		return datum.Value{}, special("you can't drop tables in it.")
	}
	t, err := s.configurableTable(c, db, name)
	if err != nil {
		return datum.Value{}, err
	}
	row := tableConfigRow(s.catalog.Snapshot(), t.Config, Names)
	if _, err := s.dropTable(ctx, t); err != nil {
		return datum.Value{}, tableGone(err, db, name)
	}
	return object(
		field("config_changes", changes(row, datum.Null)),
		field("tables_dropped", datum.Int(1)),
	), nil
}

func (s *System) dropTable(ctx context.Context, t *catalog.Table) (*catalog.Table, error) {
	t, err := s.catalog.DropTable(ctx, t.Config.ID)
	if err == nil {
		s.forgotten(s.users.ForgetTable(t.ID()))
	}
	return t, err
}

// tableGone names the table that ended while an operation on it began.
func tableGone(err error, db exec.DB, name string) error {
	if errors.Is(err, catalog.ErrTableGone) {
		return catalog.NoTable(db.Name, name)
	}
	return err
}

// ConfigRow finds the row that config() of a table, or of a database when tableName is "", selects.
func (s *System) ConfigRow(c *exec.Client, db exec.DB, tableName string) (exec.Table, datum.Value, error) {
	if tableName == "" {
		if db.ID == DatabaseID {
			return nil, datum.Value{}, special("you can't configure it.")
		}
		if err := s.require(c, auth.Config, db.ID, ""); err != nil {
			return nil, datum.Value{}, err
		}
		if _, err := s.findDatabase(db); err != nil {
			return nil, datum.Value{}, err
		}
		mayRead := func() error { return s.require(c, auth.Config, db.ID, "") }
		return s.selection(c, "db_config", mayRead), str(db.ID), nil
	}
	if db.ID == DatabaseID {
		return nil, datum.Value{}, special("you can't configure the tables in it.")
	}
	t, err := s.configurableTable(c, db, tableName)
	if err != nil {
		return nil, datum.Value{}, err
	}
	mayRead := func() error { return s.require(c, auth.Config, s.databaseOf(t), t.ID()) }
	return s.selection(c, "table_config", mayRead), str(t.ID()), nil
}

// StatusRow finds the row that status() of a table selects.
func (s *System) StatusRow(c *exec.Client, db exec.DB, tableName string) (exec.Table, datum.Value, error) {
	if db.ID == DatabaseID {
		return nil, datum.Value{}, special("the system tables in it don't have meaningful status information.")
	}
	t, err := s.findTable(db, tableName)
	if err != nil {
		return nil, datum.Value{}, err
	}
	return s.selection(c, "table_status", func() error { return nil }), str(t.ID()), nil
}

func (s *System) selection(c *exec.Client, systemTable string, mayRead func() error) exec.Table {
	return &use{systemTable: s.tables[systemTable], system: s, view: view{client: c}, selected: mayRead}
}

// Reconfigure is reconfigure, also with emergency_repair.
func (s *System) Reconfigure(ctx context.Context, c *exec.Client, db exec.DB, tableName string, o exec.TableOptions) (_ datum.Value, err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	if !o.DryRun {
		defer s.auditOperation(c, "reconfigure", named(db, tableName), "", &err)
	}
	if db.ID == DatabaseID {
		return datum.Value{}, special("you can't configure the tables in it.")
	}
	operation := s.reconfigure
	if o.HasEmergencyRepair {
		operation = s.repair
	}
	return s.eachTable(c, db, tableName, func(t *catalog.Table) (datum.Value, error) { return operation(ctx, t, o) })
}

// Rebalance is rebalance.
func (s *System) Rebalance(ctx context.Context, c *exec.Client, db exec.DB, tableName string) (_ datum.Value, err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	defer s.auditOperation(c, "rebalance", named(db, tableName), "", &err)
	if db.ID == DatabaseID {
		return datum.Value{}, special("you can't rebalance the tables in it.")
	}
	return s.eachTable(c, db, tableName, func(t *catalog.Table) (datum.Value, error) { return s.rebalance(ctx, t) })
}

// named is the name of a table, or of its database when tableName is "".
func named(db exec.DB, tableName string) string {
	if tableName == "" {
		return db.Name
	}
	return db.Name + "." + tableName
}

// eachTable runs an operation on one table, or on all tables of a database when tableName is "", and adds up the results.
func (s *System) eachTable(c *exec.Client, db exec.DB, tableName string, operation func(t *catalog.Table) (datum.Value, error)) (datum.Value, error) {
	if tableName != "" {
		t, err := s.configurableTable(c, db, tableName)
		if err != nil {
			return datum.Value{}, err
		}
		result, err := operation(t)
		return result, tableGone(err, db, tableName)
	}
	d, err := s.findDatabase(db)
	if err != nil {
		return datum.Value{}, err
	}
	if err := s.requireAll(c, d); err != nil {
		return datum.Value{}, err
	}
	sum := object()
	for _, t := range d.Tables() {
		result, err := operation(t)
		if errors.Is(err, catalog.ErrTableGone) {
			continue // as if it had gone before the operation began
		}
		if err != nil {
			return datum.Value{}, err
		}
		sum = addResults(sum, result)
	}
	return sum, nil
}

// addResults adds up the numbers and joins the arrays of two results.
func addResults(a, b datum.Value) datum.Value {
	var out []datum.Field
	for i := range b.Len() {
		key, v := b.FieldAt(i)
		old, ok := a.Get(key)
		switch {
		case !ok:
		case v.Kind() == datum.KindNumber:
			v = datum.Number(old.AsNumber() + v.AsNumber())
		default:
			joined := make([]datum.Value, 0, old.Len()+v.Len())
			for _, part := range []datum.Value{old, v} {
				for j := range part.Len() {
					joined = append(joined, part.At(j))
				}
			}
			v = datum.Array(joined)
		}
		out = append(out, field(key, v))
	}
	return datum.Object(out)
}

func (s *System) reconfigure(ctx context.Context, t *catalog.Table, o exec.TableOptions) (datum.Value, error) {
	p := placement(o)
	told, err := s.reportsOf(ctx, s.catalog.Snapshot(), t.Config.ID)
	if err != nil {
		return datum.Value{}, err
	}
	splits := splitter{table: t, undone: "The table was not reconfigured."}
	var before, after catalog.TableConfig
	errDryRun := errors.New("dry run")
	reconfigured, err := s.updateTable(ctx, &splits, func(snap *catalog.Snapshot, cfg *catalog.TableConfig) error {
		before, after = *cfg, *cfg
		// Shards that cannot be placed are refused before anything is made of their number.
		if _, err := snap.Place(p, nil, nil); err != nil {
			return err
		}
		var err error
		if after.SplitPoints, err = splits.points(before, p.Shards); err != nil {
			return err
		}
		if after.Shards, err = snap.Place(p, after.SplitPoints, &before); err != nil {
			return err
		}
		if o.DryRun {
			return errDryRun
		}
		*cfg = after
		return nil
	})
	snap := s.catalog.Snapshot()
	result := []datum.Field{
		field("config_changes", changes(tableConfigRow(snap, before, Names), tableConfigRow(snap, after, Names))),
	}
	switch {
	case errors.Is(err, errDryRun):
		return object(append(result, field("reconfigured", datum.Int(0)))...), nil
	case err != nil:
		return datum.Value{}, err
	}
	changed, err := s.statusChanges(ctx, told, before, reconfigured.Config, len(before.Shards) != len(after.Shards))
	return object(append(result, field("reconfigured", datum.Int(1)), field("status_changes", changed))...), err
}

// statusChanges tells what the change of a table's configuration does to its status. told is what servers said before. settling says that the
// shards have just been changed, so that not all replicas have reported yet; reads and writes go on meanwhile.
func (s *System) statusChanges(ctx context.Context, told tableReports, before, after catalog.TableConfig, settling bool) (datum.Value, error) {
	snap := s.catalog.Snapshot()
	old := stateOf(snap, &before, told)
	now, err := s.reportsOf(ctx, snap, after.ID)
	if err != nil {
		return datum.Value{}, err
	}
	changed := stateOf(snap, &after, now)
	changed.finished = changed.finished && !settling
	return changes(tableStatusRow(snap, &before, Names, old), tableStatusRow(snap, &after, Names, changed)), nil
}

// reportsOf asks the servers for their replicas of a table, which may have been dropped meanwhile.
func (s *System) reportsOf(ctx context.Context, snap *catalog.Snapshot, id catalog.TableID) (tableReports, error) {
	t, ok := snap.TableByID(id)
	if !ok {
		return nil, catalog.ErrTableGone
	}
	all, err := s.replicasOf(ctx, snap, t)
	return all[id], err
}

func (s *System) rebalance(ctx context.Context, t *catalog.Table) (datum.Value, error) {
	splits, enough, err := evenSplits(ctx, t, len(t.Config.Shards))
	if err != nil {
		return datum.Value{}, unreachable(err, t, "The table was not rebalanced.")
	}
	before, after := t.Config, t.Config
	told, err := s.reportsOf(ctx, s.catalog.Snapshot(), t.Config.ID)
	if err != nil {
		return datum.Value{}, err
	}
	if enough {
		_, changed, err := s.catalog.UpdateTable(ctx, t.Config.ID, func(_ *catalog.Snapshot, cfg *catalog.TableConfig) error {
			if len(cfg.Shards) == len(splits)+1 { // else it was reconfigured meanwhile, which has balanced it as well
				cfg.SplitPoints = splits
			}
			return nil
		})
		if err != nil {
			return datum.Value{}, err
		}
		after = changed.Config
	}
	rebalanced := int64(0)
	if enough {
		rebalanced = 1
	}
	changed, err := s.statusChanges(ctx, told, before, after, enough)
	return object(
		field("rebalanced", datum.Int(rebalanced)),
		field("status_changes", changed),
	), err
}

// Grant is grant: it changes the permissions of a user on a table, on a database (tableName is "") or globally (db is
// nil).
func (s *System) Grant(ctx context.Context, c *exec.Client, db *exec.DB, tableName string, user string, perms datum.Value) (_ datum.Value, err error) {
	defer s.announceSince(ctx, s.catalog.Version())
	on := "" // everything
	if db != nil {
		on = named(*db, tableName)
	}
	defer func() {
		if err != nil {
			s.auditOperation(c, "grant", on, "", &err)
		}
	}()
	var scope auth.Scope
	if db != nil {
		scope.Database = db.ID
		if tableName != "" {
			t, err := s.Table(c, *db, tableName, "")
			if err != nil {
				return datum.Value{}, err
			}
			scope.Table = t.ID()
		}
	}
	if user != auth.Admin { // whose permissions nobody may change, which is said first
		id := s.tables["permissions"].id
		if err := s.require(c, auth.Read, DatabaseID, id); err != nil {
			return datum.Value{}, err
		}
		if err := s.require(c, auth.Write, DatabaseID, id); err != nil {
			return datum.Value{}, err
		}
	}
	before, after, err := s.users.Grant(user, scope, perms)
	if err != nil {
		return datum.Value{}, authError(err)
	}
	s.auditGrant(c, on, user, before, after)
	return object(
		field("granted", datum.Int(1)),
		field("permissions_changes", changes(before, after)),
	), nil
}
