package system

import (
	"context"
	"slices"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// tableStatus is table_status: where the replicas of each table are, and what they do, as the servers that have them say.
type tableStatus struct {
	s *System
	readOnly
}

// tableStatusRow makes a table's row.
func tableStatusRow(snap *catalog.Snapshot, c *catalog.TableConfig, f Format, state tableState) datum.Value {
	leader, shards := datum.Null, datum.Null
	if state.primary != "" {
		leader = f.server(snap, state.primary)
	}
	if state.reached {
		rows := make([]datum.Value, len(c.Shards))
		for i := range c.Shards {
			rows[i] = shardStatus(snap, &c.Shards[i], f, &state.shards[i])
		}
		shards = datum.Array(rows)
	}
	return object(
		field("db", f.database(snap, c.Database)),
		field("id", str(c.ID)),
		field("name", str(c.Name)),
		field("raft_leader", leader),
		field("shards", shards),
		field("status", object(
			field("all_replicas_ready", datum.Bool(state.finished)),
			field("ready_for_outdated_reads", datum.Bool(state.outdated)),
			field("ready_for_reads", datum.Bool(state.reads)),
			field("ready_for_writes", datum.Bool(state.reads)),
		)),
	)
}

// shardStatus is what a row says of a shard: of the part that has it, whatever the configuration names.
func shardStatus(snap *catalog.Snapshot, s *catalog.ShardConfig, f Format, a *availability) datum.Value {
	servers := slices.Clone(s.Replicas)
	var primaries []catalog.ServerID
	if a.primary != "" {
		primaries = append(primaries, a.primary)
	}
	for _, id := range append(slices.Clone(a.leaving), primaries...) {
		if !slices.Contains(servers, id) {
			servers = append(servers, id)
		}
	}
	var replicas []datum.Value
	for _, id := range catalog.Descending(servers) {
		replicas = append(replicas, object(field("server", f.server(snap, id)), field("state", str(a.states[id]))))
	}
	return object(field("primary_replicas", f.servers(snap, primaries)), field("replicas", datum.Array(replicas)))
}

// rows makes the rows of some tables.
func (t tableStatus) rows(ctx context.Context, f Format, snap *catalog.Snapshot, tables ...*catalog.Table) ([]datum.Value, error) {
	told, err := t.s.replicasOf(ctx, snap, tables...)
	if err != nil {
		return nil, err
	}
	var rows []datum.Value
	for _, table := range tables {
		c := &table.Config
		rows = append(rows, tableStatusRow(snap, c, f, stateOf(snap, c, told[c.ID])))
	}
	return rows, nil
}

func (t tableStatus) list(ctx context.Context, v view) ([]datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	return t.rows(ctx, v.format, snap, snap.Tables()...)
}

func (t tableStatus) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	table, ok := snap.TableByID(catalog.TableID(keyUUID(key)))
	if !ok {
		return datum.Value{}, nil
	}
	rows, err := t.rows(ctx, v.format, snap, table)
	if err != nil {
		return datum.Value{}, err
	}
	return rows[0], nil
}
