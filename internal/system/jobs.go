package system

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/session"
	"rethinkdb/internal/storage"
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

// jobsTable is the table jobs: queries, the building of indexes, and the copying of tables to servers. Compaction appears in it once there
// is such work that users can wait for. Deleting the row of a query kills it.
type jobsTable struct{ s *System }

const (
	queryJob    = "query"
	indexJob    = "index_construction"
	backfillJob = "backfill"
)

// indexJobs are the identifiers of builds: of an index of a table. backfillJobs are those of copies: of a table to a server.
var (
	indexJobs    = uuid.MustParse("7d1b5c1e-3b52-4b6e-9d0c-4f3a8f0f6f0a")
	backfillJobs = uuid.MustParse("c1a7e0f5-6d0e-4f0b-8a52-9f1c3f7e2b44")
)

// indexRows returns the indexes that are being built.
func (t jobsTable) indexRows(snap *catalog.Snapshot, v view, now time.Time) []datum.Value {
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

// backfillRows returns the replicas that this server is sending to others, and what it copies because a table is to be divided in another way.
func (t jobsTable) backfillRows(snap *catalog.Snapshot, v view, now time.Time) []datum.Value {
	var rows []datum.Value
	for _, table := range snap.Tables() {
		for group, state := range table.ReplicaStates(snap) {
			for _, m := range state.Members {
				if m.Copy != nil {
					rows = append(rows, backfillRow(snap, v.format, table, group, m.Server, now.Sub(m.Copy.Began), fraction(m.Copy.Done, m.Copy.All)))
				}
			}
		}
		for _, c := range table.Copies() {
			for _, to := range c.To {
				rows = append(rows, backfillRow(snap, v.format, table, c.Group, to, now.Sub(c.Began), fraction(c.Done, c.All)))
			}
		}
	}
	return rows
}

func backfillRow(snap *catalog.Snapshot, f Format, table *catalog.Table, group storage.GroupID, to catalog.ServerID, duration time.Duration, progress float64) datum.Value {
	id := uuid.NewSHA1(backfillJobs, fmt.Appendf(nil, "%s/%d/%s", table.ID(), group, to))
	self := snap.Server().ID
	return object(
		field("id", datum.Array([]datum.Value{str(backfillJob), str(id.String())})),
		field("type", str(backfillJob)),
		field("duration_sec", datum.Number(max(duration.Seconds(), 0))),
		field("servers", f.servers(snap, []catalog.ServerID{self})),
		field("info", object(
			field("db", f.database(snap, table.Config.Database)),
			field("table", f.pick(table.Name(), table.ID())),
			field("source_server", f.server(snap, self)),
			field("destination_server", f.server(snap, to)),
			field("progress", datum.Number(progress)),
		)),
	)
}

// fraction is a part of something whose size is an estimate.
func fraction(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(float64(part)/float64(whole), 1)
}

func (jobsTable) ofClients() {}

func (t jobsTable) own(_ context.Context, v view) ([]datum.Value, error) {
	snap, now := t.s.catalog.Snapshot(), t.s.now()
	var rows []datum.Value
	for _, j := range t.visible(v.client) {
		rows = append(rows, jobRow(snap, v.format, j, now))
	}
	if v.client != nil && v.client.User != auth.Admin {
		return rows, nil // the rest only admin sees
	}
	rows = append(rows, t.indexRows(snap, v, now)...)
	return append(rows, t.backfillRows(snap, v, now)...), nil
}

func (t jobsTable) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, _, err := t.s.everywhere(ctx, "jobs", v, t)
	return joinJobs(rows), err
}

// joinJobs makes one row of those with the same key: a job that several servers do. It has come as far as they have on average.
func joinJobs(rows []datum.Value) []datum.Value {
	var jobs [][]datum.Value
	at := map[string]int{}
	for _, row := range rows {
		id, _ := row.Get(primaryKey)
		key := id.Print()
		i, ok := at[key]
		if !ok {
			i, at[key] = len(jobs), len(jobs)
			jobs = append(jobs, nil)
		}
		jobs[i] = append(jobs[i], row)
	}
	joined := make([]datum.Value, len(jobs))
	for i, parts := range jobs {
		joined[i] = joinJob(parts)
	}
	return joined
}

func joinJob(parts []datum.Value) datum.Value {
	job := parts[0]
	if len(parts) == 1 {
		return job
	}
	var servers []datum.Value
	progress, duration := 0.0, 0.0
	for _, part := range parts {
		names, _ := part.Get("servers")
		for i := range names.Len() {
			servers = append(servers, names.At(i))
		}
		progress += number(part, "info", "progress") / float64(len(parts))
		duration = max(duration, number(part, "duration_sec"))
	}
	info, _ := job.Get("info")
	return job.Edit([]datum.Field{
		field("duration_sec", datum.Number(duration)),
		field("info", info.Edit([]datum.Field{field("progress", datum.Number(progress))}, nil)),
		field("servers", datum.Array(servers)),
	}, nil)
}

// number is the number at the end of a path into a row, 0 if there is none.
func number(row datum.Value, path ...string) float64 {
	for _, key := range path {
		row, _ = row.Get(key)
	}
	if row.Kind() != datum.KindNumber {
		return 0
	}
	return row.AsNumber()
}

func (t jobsTable) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	if _, _, ok := readJobKey(key); !ok {
		return datum.Value{}, nil
	}
	return getByListing(ctx, t, v, key)
}

func (t jobsTable) find(v view, id string) (session.Job, bool) {
	for _, j := range t.visible(v.client) {
		if j.ID.String() == id {
			return j, true
		}
	}
	return session.Job{}, false
}

// kill ends a query of this server, if it is one that the user may see.
func (t jobsTable) kill(v view, id string) bool {
	j, ok := t.find(v, id)
	return ok && t.s.sessions.Kill(j.ID)
}

func (t jobsTable) write(ctx context.Context, v view, w rowWrite) (datum.Value, error) {
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
	if t.kill(v, id) {
		return datum.Value{}, nil
	}
	r := request{Kind: askKill, Query: id}
	if v.client != nil {
		r.User = v.client.User
	}
	to := append(t.s.others(t.s.catalog.Snapshot()), t.s.proxies()...)
	for _, a := range t.s.ask(ctx, to, r) {
		if a.err != nil { // it may be the one that runs the query, and then the row is still there
			t.s.logger.Debug("A server was not told that a query is to end.", "server", string(a.from), "error", a.err)
		}
	}
	return datum.Value{}, context.Cause(ctx)
}

// readJobKey reads a primary key [type, uuid].
func readJobKey(key datum.Value) (kind, id string, ok bool) {
	if key.Kind() != datum.KindArray || key.Len() != 2 || key.At(0).Kind() != datum.KindString {
		return "", "", false
	}
	id = keyUUID(key.At(1))
	return key.At(0).AsString(), id, id != ""
}
