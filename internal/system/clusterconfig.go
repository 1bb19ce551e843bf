package system

import (
	"context"
	"math"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// clusterConfig is cluster_config, which has one row: the heartbeat.
type clusterConfig struct{ s *System }

const heartbeatRow = "heartbeat"

func (t clusterConfig) row() datum.Value {
	timeout := t.s.catalog.Snapshot().Cluster().HeartbeatTimeout
	return object(field("id", str(heartbeatRow)), field("heartbeat_timeout_secs", datum.Number(timeout.Seconds())))
}

func (t clusterConfig) list(context.Context, view) ([]datum.Value, error) {
	return []datum.Value{t.row()}, nil
}

func (t clusterConfig) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

func (t clusterConfig) write(ctx context.Context, _ view, w rowWrite) (datum.Value, error) {
	if w.new.IsAbsent() {
		return datum.Value{}, opFailed("It's illegal to delete rows from the `rethinkdb.cluster_config` table.")
	}
	if w.key.Kind() != datum.KindString || w.key.AsString() != heartbeatRow {
		return datum.Value{}, opFailed("It's illegal to insert new rows into the `rethinkdb.cluster_config` table.")
	}
	f, err := openFields(w.new)
	if err != nil {
		return datum.Value{}, err
	}
	f.optional(primaryKey)
	v, err := f.required("heartbeat_timeout_secs")
	if err != nil {
		return datum.Value{}, err
	}
	if v.Kind() != datum.KindNumber {
		return datum.Value{}, opFailed("Expected a number; got %s", v.Print())
	}
	seconds := v.AsNumber()
	if seconds < 2 {
		return datum.Value{}, opFailed("The heartbeat timeout must be at least two seconds")
	}
	if err := f.done(); err != nil {
		return datum.Value{}, err
	}
	timeout := time.Duration(math.MaxInt64).Truncate(time.Millisecond)
	if seconds < timeout.Seconds() {
		timeout = time.Duration(seconds * float64(time.Second)).Truncate(time.Millisecond)
	}
	return w.new, t.s.catalog.SetCluster(ctx, catalog.Cluster{HeartbeatTimeout: timeout})
}
