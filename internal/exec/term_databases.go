package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	meta := func(t reql.TermType, min, max int, f func(c call) (datum.Value, error), opts ...string) {
		register(t, spec{min: min, max: max, opts: opts, datum: f, det: detNever, slow: true})
	}

	// Family: Databases
	//
	// r.dbCreate(name) → object
	//
	// Makes a database. Names are of letters, digits, `_` and `-`. The user needs the permission `config` for everything.
	//
	// Errors:
	// - QueryLogic: Database name `…` invalid (Use A-Z, a-z, 0-9, _ and - only).
	// - OpFailed: Database `…` already exists.
	//
	//	> r.dbCreate("archive").without({config_changes: {new_val: "id"}})
	//	{"config_changes":[{"new_val":{"name":"archive"},"old_val":null}],"dbs_created":1}
	meta(reql.TermDBCreate, 1, 1, evalDBCreate)

	// r.dbDrop(name) → object
	//
	// Drops a database with all of its tables. The user needs `config` for the database and each of its tables.
	//
	// Errors:
	// - OpFailed: Database `…` does not exist.
	// - OpFailed: Database `rethinkdb` is special; you can't delete it.
	//
	//	> r.dbDrop("test")("tables_dropped")
	//	3
	meta(reql.TermDBDrop, 1, 1, evalDBDrop)

	// Family: Tables
	//
	// r.tableCreate(name) → object
	// db.tableCreate(name) → object
	//
	// Makes a table, in the database `test` or the one of the connection when none is named. The user needs `config` for the
	// database.
	//
	// Options:
	// - primary_key (string; "id"): the field by which rows are known
	// - shards (integer; 1): how many parts the table has
	// - replicas (integer or object; 1): copies of each part, or an object of how many on the servers of each tag
	// - primary_replica_tag (string; none): the tag of the servers for primary replicas; needed when replicas is an object
	// - nonvoting_replica_tags (array; []): tags of replicas that do not vote
	// - durability ("hard" or "soft"; "hard"): what the writes to the table do that do not say
	//
	// Errors:
	// - QueryLogic: Table name `…` invalid (Use A-Z, a-z, 0-9, _ and - only).
	// - OpFailed: Table `…` already exists.
	// - QueryLogic: Every table must have at least one shard.
	// - QueryLogic: `primary_replica_tag` must be specified when `replicas` is an OBJECT.
	//
	//	> r.tableCreate("letters", primary_key: "number").pluck("tables_created")
	//	{"tables_created":1}
	//	> r.table("letters").config()("primary_key")
	//	"number"
	meta(reql.TermTableCreate, 1, 2, evalTableCreate,
		"primary_key", "shards", "replicas", "nonvoting_replica_tags", "primary_replica_tag", "durability")

	// r.tableDrop(name) → object
	// db.tableDrop(name) → object
	//
	// Drops a table with its rows and indexes. The user needs `config` for it.
	//
	// Errors:
	// - OpFailed: Table `…` does not exist.
	//
	//	> r.tableDrop("visits").pluck("tables_dropped")
	//	{"tables_dropped":1}
	meta(reql.TermTableDrop, 1, 2, evalTableDrop)

	// Family: Databases
	//
	// r.dbList() → array
	//
	// The names of all databases, sorted. The system's own, `rethinkdb`, is one of them.
	//
	//	> r.dbList()
	//	["rethinkdb","test"]
	register(reql.TermDBList, spec{datum: evalDBList, det: detNever})

	// Family: Tables
	//
	// r.tableList() → array
	// db.tableList() → array
	//
	// The names of the tables of a database, sorted. Those of `rethinkdb` whose names begin with `_` are left out.
	//
	//	> r.tableList()
	//	["heroes","places","visits"]
	register(reql.TermTableList, spec{max: 1, datum: evalTableList, det: detNever})
}

func (c call) cluster() Cluster { return c.fr.q.eng.cluster }

func evalDBCreate(c call) (datum.Value, error) {
	name, err := c.name(0, "Database")
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().DBCreate(c.fr.q.ctx, c.fr.q.client, name)
}

func evalDBDrop(c call) (datum.Value, error) {
	name, err := c.name(0, "Database")
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().DBDrop(c.fr.q.ctx, c.fr.q.client, name)
}

func evalDBList(c call) (datum.Value, error) {
	return nameArray(c.cluster().Databases()), nil
}

func evalTableList(c call) (datum.Value, error) {
	db, _, err := c.database(1)
	if err != nil {
		return datum.Value{}, err
	}
	names, err := c.cluster().Tables(db.DB)
	return nameArray(names), err
}

func nameArray(names []string) datum.Value {
	out := make([]datum.Value, len(names))
	for i, n := range names {
		out[i] = datum.String(n)
	}
	return datum.Array(out)
}

func evalTableCreate(c call) (datum.Value, error) {
	c, err := c.first()
	if err != nil {
		return datum.Value{}, err
	}
	var o TableOptions
	shards, at, ok, err := c.optDatum("shards")
	if err == nil && ok {
		o.Shards, err = shardCount(shards, at)
	}
	if err != nil {
		return datum.Value{}, err
	}
	replicas, ok, err := c.opt("replicas")
	if err != nil {
		return datum.Value{}, err
	}
	if err := c.replicaOptions(&o, replicas, ok); err != nil {
		return datum.Value{}, err
	}
	if o.PrimaryKey, o.HasPrimaryKey, err = c.optStr("primary_key"); err != nil {
		return datum.Value{}, err
	}
	if o.Durability, err = c.durability(); err != nil {
		return datum.Value{}, err
	}
	db, name, err := c.tableName()
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().TableCreate(c.fr.q.ctx, c.fr.q.client, db, name, o)
}

func evalTableDrop(c call) (datum.Value, error) {
	db, name, err := c.tableName()
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().TableDrop(c.fr.q.ctx, c.fr.q.client, db, name)
}

// tableName evaluates the arguments of a term that takes the name of a table, perhaps after a database.
func (c call) tableName() (DB, string, error) {
	db, i, err := c.database(2)
	if err != nil {
		return DB{}, "", err
	}
	name, err := c.name(i, "Table")
	return db.DB, name, err
}

// maxShards is the most shards that an int can count; placement has a smaller limit of its own.
const maxShards = 1 << 31

func shardCount(d datum.Value, at *reql.Term) (int, error) {
	n, err := intAt(d, at)
	if err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, failAt(at, reql.QueryLogic, "Every table must have at least one shard.")
	}
	return int(min(n, maxShards)), nil
}

// replicaOptions reads replicas, when it is there, nonvoting_replica_tags and primary_replica_tag.
func (c call) replicaOptions(o *TableOptions, replicas val, given bool) error {
	nonvoting, nonvotingAt, hasNonvoting, err := c.optDatum("nonvoting_replica_tags")
	if err != nil {
		return err
	}
	primary, primaryAt, hasPrimary, err := c.optDatum("primary_replica_tag")
	if err != nil {
		return err
	}
	if given {
		if err := c.replicaCounts(o, replicas, hasNonvoting, hasPrimary); err != nil {
			return err
		}
	}
	if hasNonvoting {
		o.HasNonvoting = true
		if nonvoting.Kind() != datum.KindArray {
			return wrongOption(nonvotingAt, "ARRAY", nonvoting)
		}
		for i := range nonvoting.Len() {
			tag := nonvoting.At(i)
			if tag.Kind() != datum.KindString {
				return wrongOption(nonvotingAt, "STRING", tag)
			}
			if err := checkName(tag.AsString(), "Server tag", nonvotingAt); err != nil {
				return err
			}
			o.NonvotingTags = append(o.NonvotingTags, tag.AsString())
		}
	}
	if hasPrimary {
		tag, err := strAt(primary, primaryAt)
		if err != nil {
			return err
		}
		o.PrimaryReplicaTag = tag
		return checkName(tag, "Server tag", primaryAt)
	}
	return nil
}

func wrongOption(at *reql.Term, want string, d datum.Value) error {
	return failAt(at, reql.QueryLogic, "Expected type %s but found %s:\n%s", want, d.TypeName(), d.Print())
}

// replicaCounts reads replicas: a number, or an object with a number for each server tag.
func (c call) replicaCounts(o *TableOptions, v val, hasNonvoting, hasPrimary bool) error {
	d, err := v.datum(c.fr)
	if err != nil {
		return err
	}
	switch {
	case d.IsObject():
		if !hasPrimary {
			return failAt(v.at, reql.QueryLogic, "`primary_replica_tag` must be specified when `replicas` is an OBJECT.")
		}
		o.ReplicasByTag = make(map[string]int64, d.Len())
		for i := range d.Len() {
			tag, count := d.FieldAt(i)
			if err := checkName(tag, "Server tag", v.at); err != nil {
				return err
			}
			if err := typed(count, datum.KindNumber, "NUMBER"); err != nil {
				return err
			}
			n, err := intAt(count, v.at)
			if err != nil {
				return err
			}
			if n < 0 {
				return failAt(v.at, reql.QueryLogic, "Can't have a negative number of replicas")
			}
			o.ReplicasByTag[tag] = n
		}
		return nil
	case d.Kind() == datum.KindNumber:
		if hasPrimary {
			return failAt(v.at, reql.QueryLogic, "`replicas` must be an OBJECT if `primary_replica_tag` is specified.")
		}
		if hasNonvoting {
			return failAt(v.at, reql.QueryLogic, "`replicas` must be an OBJECT if `nonvoting_replica_tags` is specified.")
		}
		o.HasReplicas = true
		o.Replicas, err = intAt(d, v.at)
		return err
	}
	return wrongOption(v.at, "OBJECT or NUMBER", d)
}
