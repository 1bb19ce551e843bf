package system

import (
	"context"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/login"
)

// webSessions is web_sessions: a row for each session of the administration page on this server. RethinkDB has none. Users see their own, and
// admin all. Deleting a row logs that browser out.
type webSessions struct{ s *System }

func webSessionRow(snap *catalog.Snapshot, f Format, one login.Session) datum.Value {
	return object(
		field("id", str(one.ID)),
		field("server", f.server(snap, snap.Server().ID)),
		field("user", str(one.User)),
		field("address", str(one.Browser.Addr.String())),
		field("browser", str(one.Browser.Agent)),
		field("since", timeValue(one.Since)),
		field("last_used", timeValue(one.Used)),
		field("expires_at", timeValue(one.Expires)),
	)
}

func mayEnd(c *exec.Client, one login.Session) bool {
	return c == nil || c.User == auth.Admin || c.User == one.User
}

func (t webSessions) list(_ context.Context, v view) ([]datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	var rows []datum.Value
	for _, one := range t.s.logIns.List() {
		if mayEnd(v.client, one) {
			rows = append(rows, webSessionRow(snap, v.format, one))
		}
	}
	return rows, nil
}

func (t webSessions) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

func (t webSessions) write(_ context.Context, v view, w rowWrite) (datum.Value, error) {
	if !w.new.IsAbsent() {
		return datum.Value{}, opFailed("The `rethinkdb.web_sessions` table only allows deletions, not inserts or updates.")
	}
	if !w.old.IsAbsent() {
		id := w.key.AsString()
		t.s.logIns.End(func(one login.Session) bool { return one.ID == id && mayEnd(v.client, one) })
	}
	return datum.Value{}, nil
}
