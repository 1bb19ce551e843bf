package system

import (
	"context"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/logfile"
)

// Log is this server's log.
type Log interface {
	// Newest returns the last entries, at most n.
	Newest(n int) ([]logfile.Entry, error)
}

// logsTable is the table logs: the newest entries of each connected server's log.
type logsTable struct {
	s *System
	readOnly
}

// maxLogRows is how many entries of each server the table shows, as many as in the reference.
const maxLogRows = 1000

// logTimeLayout is the time in a primary key; it is UTC and sorts like the time.
const logTimeLayout = "2006-01-02T15:04:05.000000000"

func (t logsTable) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, _, err := t.s.everywhere(ctx, "logs", v, t)
	return rows, err
}

func (t logsTable) own(_ context.Context, v view) ([]datum.Value, error) {
	if t.s.log == nil {
		return nil, nil
	}
	entries, err := t.s.log.Newest(maxLogRows)
	if err != nil {
		return nil, opFailed("Unable to read the log of server `%s`: %s", t.s.catalog.Snapshot().Server().Name, err)
	}
	snap := t.s.catalog.Snapshot()
	rows := make([]datum.Value, len(entries))
	for i, e := range entries {
		rows[i] = logRow(snap, e, v.format)
	}
	return rows, nil
}

func logRow(snap *catalog.Snapshot, e logfile.Entry, f Format) datum.Value {
	id := snap.Server().ID
	return object(
		field("id", datum.Array([]datum.Value{str(e.Time.UTC().Format(logTimeLayout)), str(id)})),
		field("server", f.server(snap, id)),
		field("timestamp", timeValue(e.Time)),
		field("uptime", datum.Number(e.Uptime.Truncate(time.Microsecond).Seconds())),
		field("level", str(e.Level)),
		field("message", str(e.Message)),
	)
}

func (t logsTable) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}
