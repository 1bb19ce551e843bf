package system

import (
	"context"
	"net/netip"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

// slowQueries is slow_queries: the last entries of the log of slow queries of each connected server. Like the table logs it shows
// those of all users to everybody who may read it; the values of the queries are not in them.
type slowQueries struct {
	s *System
	readOnly
}

func (t slowQueries) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, _, err := t.s.everywhere(ctx, "slow_queries", v, t)
	return rows, err
}

func (slowQueries) ofClients() {}

func (t slowQueries) own(_ context.Context, v view) ([]datum.Value, error) {
	if t.s.slowQueries == nil {
		return nil, opFailed("Slow queries are not recorded. To record those that take more than 100 ms, start the server with " +
			"`--slow-query-log 100`, or with the line `slow-query-log=100` in its configuration file.")
	}
	queries := t.s.slowQueries.List()
	rows := make([]datum.Value, len(queries))
	for i, q := range queries {
		rows[i] = t.row(q, v.format)
	}
	return rows, nil
}

func (t slowQueries) row(q exec.SlowQuery, f Format) datum.Value {
	snap := t.s.catalog.Snapshot()
	id := snap.Server().ID
	addr, port := datum.Null, datum.Null
	if q.Peer != (netip.AddrPort{}) {
		addr, port = str(q.Peer.Addr().Unmap().String()), datum.Int(int64(q.Peer.Port()))
	}
	return object(
		field("id", datum.Array([]datum.Value{str(q.Ended.UTC().Format(logTimeLayout)), str(id)})),
		field("server", f.server(snap, id)),
		field("timestamp", timeValue(q.Ended)),
		field("query", str(q.Shape)),
		field("work_sec", datum.Number(q.Work.Seconds())),
		field("outcome", str(q.Outcome)),
		field("read", datum.Int(q.Read)),
		field("returned", datum.Int(q.Returned)),
		field("written", datum.Int(q.Written)),
		field("batches", datum.Int(int64(q.Batches))),
		field("unlogged", datum.Int(int64(q.Unlogged))),
		field("user", str(q.User)),
		field("client_address", addr),
		field("client_port", port),
	)
}

func (t slowQueries) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}
