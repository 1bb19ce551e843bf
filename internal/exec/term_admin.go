package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Administration
	//
	// table.config() → selection of an object
	// db.config() → selection of an object
	//
	// The row of the system's `table_config` or `db_config` for a table or database. Writing to it changes the
	// configuration, which takes the permission `config`.
	//
	// Errors:
	// - OpFailed: Database `…` is special; you can't configure it.
	//
	//	> r.table("heroes").config().pluck("name", "primary_key", "durability", "write_acks")
	//	{"durability":"hard","name":"heroes","primary_key":"id","write_acks":"majority"}
	//	> r.table("heroes").config().update({durability: "soft"})
	//	{"deleted":0,"errors":0,"inserted":0,"replaced":1,"skipped":0,"unchanged":0}
	register(reql.TermConfig, spec{min: 1, max: 1, val: evalConfig, det: detNever})

	// table.status() → selection of an object
	//
	// The row of the system's `table_status` for a table: whether it is ready, and which servers have its replicas.
	//
	//	> r.table("heroes").status()("status")
	//	{"all_replicas_ready":true,"ready_for_outdated_reads":true,"ready_for_reads":true,"ready_for_writes":true}
	register(reql.TermStatus, spec{min: 1, max: 1, val: evalStatus, det: detNever})

	// table.wait() → object
	// db.wait() → object
	// r.wait() → error
	//
	// Waits until a table, or all tables of a database, are ready, and tells how many those are.
	//
	// Options:
	// - wait_for (string; "all_replicas_ready"): or "ready_for_writes", "ready_for_reads", "ready_for_outdated_reads"
	// - timeout (integer; none): seconds after which it is an error
	//
	// Errors:
	// - QueryLogic: `…` can only be called on a table or database.
	// - QueryLogic: `timeout` must not be negative (got …).
	//
	//	> r.db("test").wait(timeout: 10)
	//	{"ready":3}
	register(reql.TermWait, spec{max: 1, opts: []string{"timeout", "wait_for"}, datum: evalWait, det: detNever, slow: true})

	// table.reconfigure() → object
	// db.reconfigure() → object
	// r.reconfigure() → error
	//
	// Places the shards and replicas of a table, or of all tables of a database, anew. The user needs `config`. A write hook
	// stays, which RethinkDB loses here.
	//
	// Options:
	// - shards (integer; needed): from 1 to 64
	// - replicas (integer or object; needed): as for tableCreate
	// - primary_replica_tag (string; none): as for tableCreate
	// - nonvoting_replica_tags (array; []): as for tableCreate
	// - dry_run (bool; false): only tells what it would do
	// - emergency_repair (string; none): "unsafe_rollback" or "unsafe_rollback_or_erase" instead of shards and replicas, for
	//   a table that has lost the majority of its replicas
	//
	// Errors:
	// - QueryLogic: Missing required argument `shards`.
	// - QueryLogic: Missing required argument `replicas`.
	// - OpFailed: Maximum number of shards is …
	//
	//	> r.table("heroes").reconfigure(shards: 1, replicas: 1, dry_run: true)("reconfigured")
	//	0
	register(reql.TermReconfigure, spec{max: 1, datum: evalReconfigure, det: detNever, slow: true,
		opts: []string{"dry_run", "emergency_repair", "nonvoting_replica_tags", "primary_replica_tag", "replicas", "shards"}})

	// table.rebalance() → object
	// db.rebalance() → object
	// r.rebalance() → error
	//
	// Moves the borders of a table's shards so that each has as many rows. The user needs `config`.
	//
	//	> r.table("heroes").rebalance()("rebalanced")
	//	1
	register(reql.TermRebalance, spec{max: 1, datum: evalRebalance, det: detNever, slow: true})

	// r.grant(user, permissions) → object
	// db.grant(user, permissions) → object
	// table.grant(user, permissions) → object
	//
	// Changes what a user may do, everywhere, in a database, or with a table. Permissions are an object of `read`, `write`,
	// `config`, and, only for everywhere, `connect`, each true, false, or null for what the wider scope says.
	//
	// Errors:
	// - OpFailed: User `…` not found.
	// - OpFailed: The permissions of the user `…` can't be modified.
	//
	//	> r.db("rethinkdb").table("users").insert({id: "guest", password: false})("inserted")
	//	1
	//	> r.db("test").grant("guest", {read: true, write: false})
	//	{"granted":1,"permissions_changes":[{"new_val":{"read":true,"write":false},"old_val":null}]}
	register(reql.TermGrant, spec{min: 2, max: 3, datum: evalGrant, det: detNever, slow: true})
}

func evalConfig(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	if d, ok := v.x.(*dbVal); ok {
		row, key, err := c.cluster().ConfigRow(c.fr.q.client, d.DB, "")
		return c.systemRow("db_config", row, key, err)
	}
	t, err := v.table(c.fr)
	if err != nil {
		return val{}, err
	}
	row, key, err := c.cluster().ConfigRow(c.fr.q.client, t.db, t.name)
	return c.systemRow("table_config", row, key, err)
}

func evalStatus(c call) (val, error) {
	t, err := c.table(0)
	if err != nil {
		return val{}, err
	}
	row, key, err := c.cluster().StatusRow(c.fr.q.client, t.db, t.name)
	return c.systemRow("table_status", row, key, err)
}

// systemRow is a row of a system table as the value of the term.
func (c call) systemRow(name string, t Table, key datum.Value, err error) (val, error) {
	if err != nil {
		return val{}, err
	}
	db, err := c.cluster().Database("rethinkdb")
	if err != nil {
		return val{}, err
	}
	return val{x: &singleVal{table: &tableVal{Table: t, name: name, db: db, at: c.n.t}, key: key}, at: c.n.t}, nil
}

// tableOrDB evaluates the argument of a term that works on a table or on all tables of a database; name is "" then.
func (c call) tableOrDB(term string) (db DB, name string, err error) {
	if c.len() == 0 {
		if _, _, err := c.database(1); err != nil {
			return db, "", err
		}
		return db, "", c.logic("`%s` can only be called on a table or database.", term)
	}
	v, err := c.val(0)
	if err != nil {
		return db, "", err
	}
	if d, ok := v.x.(*dbVal); ok {
		return d.DB, "", nil
	}
	t, err := v.table(c.fr)
	if err != nil {
		return db, "", err
	}
	return t.db, t.name, nil
}

func evalWait(c call) (datum.Value, error) {
	db, name, err := c.tableOrDB("wait")
	if err != nil {
		return datum.Value{}, err
	}
	o := WaitOptions{WaitFor: "all_replicas_ready"}
	d, at, ok, err := c.optDatum("wait_for")
	if err != nil {
		return datum.Value{}, err
	}
	if ok {
		if o.WaitFor, err = strAt(d, at); err != nil {
			return datum.Value{}, err
		}
		switch o.WaitFor {
		case "ready_for_outdated_reads", "ready_for_reads", "ready_for_writes", "all_replicas_ready":
		default:
			return datum.Value{}, failAt(at, reql.QueryLogic, "Unknown table readiness state: '%s', must be one of "+
				"'ready_for_outdated_reads', 'ready_for_reads', 'ready_for_writes', or 'all_replicas_ready'", o.WaitFor)
		}
	}
	d, at, o.HasTimeout, err = c.optDatum("timeout")
	if err == nil && o.HasTimeout {
		o.TimeoutSeconds, err = intAt(d, at)
		if err == nil && o.TimeoutSeconds < 0 { // which stops the original server
			err = failAt(at, reql.QueryLogic, "`timeout` must not be negative (got %d).", o.TimeoutSeconds)
		}
	}
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().Wait(c.fr.q.ctx, db, name, o)
}

func evalReconfigure(c call) (datum.Value, error) {
	db, name, err := c.tableOrDB("reconfigure")
	if err != nil {
		return datum.Value{}, err
	}
	var o TableOptions
	if o.DryRun, _, err = c.optBool("dry_run"); err != nil {
		return datum.Value{}, err
	}
	repair, at, ok, err := c.optDatum("emergency_repair")
	if err != nil {
		return datum.Value{}, err
	}
	if ok && repair.Kind() != datum.KindNull {
		err = c.repairOptions(&o, repair, at, name)
	} else {
		err = c.reconfigureOptions(&o)
	}
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().Reconfigure(c.fr.q.ctx, c.fr.q.client, db, name, o)
}

func (c call) reconfigureOptions(o *TableOptions) error {
	shards, at, ok, err := c.optDatum("shards")
	if err != nil {
		return err
	}
	if !ok {
		return c.logic("Missing required argument `shards`.")
	}
	if o.Shards, err = shardCount(shards, at); err != nil {
		return err
	}
	replicas, ok, err := c.opt("replicas")
	if err != nil {
		return err
	}
	if !ok {
		return c.logic("Missing required argument `replicas`.")
	}
	return c.replicaOptions(o, replicas, true)
}

func (c call) repairOptions(o *TableOptions, repair datum.Value, at *reql.Term, table string) error {
	mode, err := strAt(repair, at)
	if err != nil {
		return err
	}
	switch mode {
	case "_debug_recommit", "unsafe_rollback", "unsafe_rollback_or_erase":
	default:
		return failAt(at, reql.QueryLogic, "`emergency_repair` should be \"unsafe_rollback\" or \"unsafe_rollback_or_erase\"")
	}
	o.EmergencyRepair, o.HasEmergencyRepair = mode, true
	for _, name := range [...]string{"nonvoting_replica_tags", "primary_replica_tag", "replicas", "shards"} {
		_, ok, err := c.opt(name)
		if err != nil {
			return err
		}
		if ok {
			return c.logic("In emergency repair mode, you can't specify shards, replicas, etc.")
		}
	}
	if table == "" {
		return c.logic("Can't emergency repair an entire database at once; instead you should run `reconfigure()` on each table individually.")
	}
	return nil
}

func evalRebalance(c call) (datum.Value, error) {
	db, name, err := c.tableOrDB("rebalance")
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().Rebalance(c.fr.q.ctx, c.fr.q.client, db, name)
}

func evalGrant(c call) (datum.Value, error) {
	n := c.len()
	var scope val
	var err error
	if n == 3 {
		if scope, err = c.val(0); err != nil {
			return datum.Value{}, err
		}
	}
	user, err := c.str(n - 2)
	if err != nil {
		return datum.Value{}, err
	}
	perms, err := c.datum(n - 1)
	if err != nil {
		return datum.Value{}, err
	}
	if n == 2 {
		return c.cluster().Grant(c.fr.q.ctx, c.fr.q.client, nil, "", user, perms)
	}
	if d, ok := scope.x.(*dbVal); ok {
		return c.cluster().Grant(c.fr.q.ctx, c.fr.q.client, &d.DB, "", user, perms)
	}
	t, err := scope.table(c.fr)
	if err != nil {
		return datum.Value{}, err
	}
	return c.cluster().Grant(c.fr.q.ctx, c.fr.q.client, &t.db, t.name, user, perms)
}
