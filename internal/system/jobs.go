package system

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

// jobs are the queries that run on this server. Adding and removing one is on the way of every query, so it costs a
// lock and no more than the job itself; what the table shows is made when somebody reads it.
type jobs struct {
	mu   sync.Mutex // guards everything in the list
	list job        // the head of a ring; its neighbours are the oldest and the newest job
}

type job struct {
	prev, next *job

	client  *exec.Client
	started time.Time
	query   func() string // the text of the query
	kill    func()
	id      string // made when the job is first listed
}

func newJobs() *jobs {
	j := &jobs{}
	j.list.prev, j.list.next = &j.list, &j.list
	return j
}

// start lists a query until the function that it returns is called.
func (j *jobs) start(c *exec.Client, started time.Time, query func() string, kill func()) (end func()) {
	n := &job{client: c, started: started, query: query, kill: kill, next: &j.list}
	j.mu.Lock()
	n.prev = j.list.prev
	n.prev.next, n.next.prev = n, n
	j.mu.Unlock()
	return func() { j.end(n) }
}

func (j *jobs) end(n *job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n.next == nil {
		return // ended before
	}
	n.prev.next, n.next.prev = n.next, n.prev
	n.prev, n.next = nil, nil
}

// visible returns the jobs that c may see: its user's own, and all for admin.
func (j *jobs) visible(c *exec.Client) []*job {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []*job
	for n := j.list.next; n != &j.list; n = n.next {
		if c != nil && c.User != auth.Admin && c.User != n.client.User {
			continue
		}
		if n.id == "" {
			n.id = catalog.NewUUID()
		}
		out = append(out, n)
	}
	return out
}

// jobsTable is the table jobs. Index construction, backfilling and compaction appear in it once there is such work that
// users can wait for; now all jobs are queries. Deleting a row kills the query.
type jobsTable struct{ s *System }

const queryJob = "query"

func (t jobsTable) row(snap *catalog.Snapshot, v view, n *job, now time.Time) datum.Value {
	addr, port := datum.Null, datum.Null
	if n.client.Addr != (netip.AddrPort{}) {
		addr, port = str(n.client.Addr.Addr().Unmap().String()), datum.Int(int64(n.client.Addr.Port()))
	}
	return object(
		field("id", datum.Array([]datum.Value{str(queryJob), str(n.id)})),
		field("type", str(queryJob)),
		field("duration_sec", datum.Number(now.Sub(n.started).Seconds())),
		field("servers", v.format.servers(snap, []catalog.ServerID{snap.Server().ID})),
		field("info", object(
			field("client_address", addr),
			field("client_port", port),
			field("query", str(n.query())),
			field("user", str(n.client.User)),
		)),
	)
}

func (t jobsTable) list(_ context.Context, v view) ([]datum.Value, error) {
	snap, now := t.s.catalog.Snapshot(), t.s.now()
	var rows []datum.Value
	for _, n := range t.s.jobs.visible(v.client) {
		rows = append(rows, t.row(snap, v, n, now))
	}
	return rows, nil
}

func (t jobsTable) get(_ context.Context, v view, key datum.Value) (datum.Value, error) {
	if kind, id, ok := readJobKey(key); ok && kind == queryJob {
		if n := t.find(v, id); n != nil {
			return t.row(t.s.catalog.Snapshot(), v, n, t.s.now()), nil
		}
	}
	return datum.Value{}, nil
}

func (t jobsTable) find(v view, id string) *job {
	visible := t.s.jobs.visible(v.client)
	if i := slices.IndexFunc(visible, func(n *job) bool { return n.id == id }); i >= 0 {
		return visible[i]
	}
	return nil
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
	if n := t.find(v, id); n != nil {
		n.kill()
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

// clients returns how many clients have a query running.
func (j *jobs) clients() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	active := map[*exec.Client]struct{}{}
	for n := j.list.next; n != &j.list; n = n.next {
		active[n.client] = struct{}{}
	}
	return len(active)
}
