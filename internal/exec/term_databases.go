package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	meta := func(t reql.TermType, min, max int, f func(c call) (datum.Value, error), doc string, opts ...string) {
		register(t, spec{min: min, max: max, opts: opts, datum: f, det: detNever, slow: true, doc: doc})
	}
	meta(reql.TermDBCreate, 1, 1, evalDBCreate, "Makes a database.")
	meta(reql.TermDBDrop, 1, 1, evalDBDrop, "Drops a database with all of its tables.")
	meta(reql.TermTableCreate, 1, 2, evalTableCreate, "Makes a table.",
		"primary_key", "shards", "replicas", "nonvoting_replica_tags", "primary_replica_tag", "durability")
	meta(reql.TermTableDrop, 1, 2, evalTableDrop, "Drops a table.")
	register(reql.TermDBList, spec{datum: evalDBList, det: detNever, doc: "The names of all databases."})
	register(reql.TermTableList, spec{max: 1, datum: evalTableList, det: detNever, doc: "The names of the tables of a database."})
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
