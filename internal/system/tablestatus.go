package system

import (
	"context"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// tableStatus is table_status. With one server every replica is here and ready as long as the server runs.
type tableStatus struct {
	s *System
	readOnly
}

// tableStatusRow makes a table's row. settling says that the shards have just been changed, so that not all replicas
// have reported yet; reads and writes go on meanwhile.
func tableStatusRow(snap *catalog.Snapshot, c catalog.TableConfig, f Format, settling bool) datum.Value {
	shards := make([]datum.Value, len(c.Shards))
	for i, s := range c.Shards {
		replicas := make([]datum.Value, len(s.Replicas))
		for j, id := range s.Replicas {
			state := "ready"
			if _, connected := snap.ServerByID(id); !connected {
				state = "disconnected"
			}
			replicas[j] = object(field("server", f.server(snap, id)), field("state", str(state)))
		}
		shards[i] = object(
			field("primary_replicas", f.servers(snap, []catalog.ServerID{s.Primary})),
			field("replicas", datum.Array(replicas)),
		)
	}
	return object(
		field("db", f.database(snap, c.Database)),
		field("id", str(c.ID)),
		field("name", str(c.Name)),
		field("raft_leader", f.server(snap, snap.Server().ID)),
		field("shards", datum.Array(shards)),
		field("status", object(
			field("all_replicas_ready", datum.Bool(!settling)),
			field("ready_for_outdated_reads", datum.True),
			field("ready_for_reads", datum.True),
			field("ready_for_writes", datum.True),
		)),
	)
}

func (t tableStatus) list(_ context.Context, v view) ([]datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	var rows []datum.Value
	for _, table := range snap.Tables() {
		rows = append(rows, tableStatusRow(snap, table.Config, v.format, false))
	}
	return rows, nil
}

func (t tableStatus) get(_ context.Context, v view, key datum.Value) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	if table, ok := snap.TableByID(catalog.TableID(keyUUID(key))); ok {
		return tableStatusRow(snap, table.Config, v.format, false), nil
	}
	return datum.Value{}, nil
}
