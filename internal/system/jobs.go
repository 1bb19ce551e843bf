package system

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/session"
)

// Sessions are the clients of this server and their queries. *session.Manager implements it.
type Sessions interface {
	Sessions() int // how many clients are connected
	Active() int   // how many of them wait for an answer
	Jobs() []session.Job
	Kill(id uuid.UUID) bool
}

// noSessions is a server without clients.
type noSessions struct{}

func (noSessions) Sessions() int       { return 0 }
func (noSessions) Active() int         { return 0 }
func (noSessions) Jobs() []session.Job { return nil }
func (noSessions) Kill(uuid.UUID) bool { return false }

// jobsTable is the table jobs: queries, and the building of indexes. Backfilling and compaction appear in it once there is
// such work that users can wait for. Deleting the row of a query kills it.
type jobsTable struct{ s *System }

const (
	queryJob = "query"
	indexJob = "index_construction"
)

// indexJobs are the identifiers of builds: of an index of a table.
var indexJobs = uuid.MustParse("7d1b5c1e-3b52-4b6e-9d0c-4f3a8f0f6f0a")

// indexRows returns the indexes that are being built. Only admin sees them.
func (t jobsTable) indexRows(v view, now time.Time) []datum.Value {
	if v.client != nil && v.client.User != auth.Admin {
		return nil
	}
	snap := t.s.catalog.Snapshot()
	var rows []datum.Value
	for _, table := range snap.Tables() {
		for _, x := range table.Indexes() {
			if x.Ready || x.NotUnique != nil {
				continue
			}
			id := uuid.NewSHA1(indexJobs, []byte(table.ID()+"/"+x.Name))
			rows = append(rows, object(
				field("id", datum.Array([]datum.Value{str(indexJob), str(id.String())})),
				field("type", str(indexJob)),
				field("duration_sec", datum.Number(max(now.Sub(x.Began).Seconds(), 0))),
				field("servers", v.format.servers(snap, []catalog.ServerID{snap.Server().ID})),
				field("info", object(
					field("db", v.format.database(snap, table.Config.Database)),
					field("table", v.format.pick(table.Name(), table.ID())),
					field("index", str(x.Name)),
					field("progress", datum.Number(x.Index.Progress())),
				)),
			))
		}
	}
	return rows
}

func jobRow(snap *catalog.Snapshot, f Format, j session.Job, now time.Time) datum.Value {
	addr, port := datum.Null, datum.Null
	if j.Client.Addr != (netip.AddrPort{}) {
		addr, port = str(j.Client.Addr.Addr().Unmap().String()), datum.Int(int64(j.Client.Addr.Port()))
	}
	return object(
		field("id", datum.Array([]datum.Value{str(queryJob), str(j.ID.String())})),
		field("type", str(queryJob)),
		field("duration_sec", datum.Number(now.Sub(j.Began).Seconds())),
		field("servers", f.servers(snap, []catalog.ServerID{snap.Server().ID})),
		field("info", object(
			field("client_address", addr),
			field("client_port", port),
			field("query", str(j.Query)),
			field("user", str(j.Client.User)),
		)),
	)
}

// visible returns the jobs that c may see: its user's own, and all for admin.
func (t jobsTable) visible(c *exec.Client) []session.Job {
	all := t.s.sessions.Jobs()
	if c == nil || c.User == auth.Admin {
		return all
	}
	var own []session.Job
	for _, j := range all {
		if j.Client.User == c.User {
			own = append(own, j)
		}
	}
	return own
}

func (t jobsTable) list(_ context.Context, v view) ([]datum.Value, error) {
	snap, now := t.s.catalog.Snapshot(), t.s.now()
	var rows []datum.Value
	for _, j := range t.visible(v.client) {
		rows = append(rows, jobRow(snap, v.format, j, now))
	}
	return append(rows, t.indexRows(v, now)...), nil
}

func (t jobsTable) get(_ context.Context, v view, key datum.Value) (datum.Value, error) {
	kind, id, ok := readJobKey(key)
	switch {
	case ok && kind == indexJob:
		for _, row := range t.indexRows(v, t.s.now()) {
			if id, _ := row.Get("id"); datum.Equal(id, key) {
				return row, nil
			}
		}
	case ok && kind == queryJob:
		if j, ok := t.find(v, id); ok {
			return jobRow(t.s.catalog.Snapshot(), v.format, j, t.s.now()), nil
		}
	}
	return datum.Value{}, nil
}

func (t jobsTable) find(v view, id string) (session.Job, bool) {
	for _, j := range t.visible(v.client) {
		if j.ID.String() == id {
			return j, true
		}
	}
	return session.Job{}, false
}

func (t jobsTable) write(_ context.Context, v view, w rowWrite) (datum.Value, error) {
	if !w.new.IsAbsent() {
		return datum.Value{}, opFailed("The `rethinkdb.jobs` system table only allows deletions, not inserts or updates.")
	}
	kind, id, ok := readJobKey(w.key)
	if !ok {
		return datum.Value{}, nil // there is no such job
	}
	if kind != queryJob {
		return datum.Value{}, opFailed("Jobs of type `%s` cannot be interrupted.", kind)
	}
	if j, ok := t.find(v, id); ok {
		t.s.sessions.Kill(j.ID)
	}
	return datum.Value{}, nil
}

// readJobKey reads a primary key [type, uuid].
func readJobKey(key datum.Value) (kind, id string, ok bool) {
	if key.Kind() != datum.KindArray || key.Len() != 2 || key.At(0).Kind() != datum.KindString {
		return "", "", false
	}
	id = keyUUID(key.At(1))
	return key.At(0).AsString(), id, id != ""
}
