package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermConfig, spec{min: 1, max: 1, val: evalConfig, det: detNever, doc: "The configuration of a table or database, as a row to change."})
	register(reql.TermStatus, spec{min: 1, max: 1, val: evalStatus, det: detNever, doc: "The state of a table, as a row to read."})
	register(reql.TermWait, spec{max: 1, opts: []string{"timeout", "wait_for"}, datum: evalWait, det: detNever, slow: true,
		doc: "Waits until tables are ready."})
	register(reql.TermReconfigure, spec{max: 1, datum: evalReconfigure, det: detNever, slow: true,
		opts: []string{"dry_run", "emergency_repair", "nonvoting_replica_tags", "primary_replica_tag", "replicas", "shards"},
		doc:  "Changes the shards and replicas of tables."})
	register(reql.TermRebalance, spec{max: 1, datum: evalRebalance, det: detNever, slow: true, doc: "Spreads the rows of tables evenly over their shards."})
	register(reql.TermGrant, spec{min: 2, max: 3, datum: evalGrant, det: detNever, slow: true, doc: "Changes the permissions of a user."})
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
