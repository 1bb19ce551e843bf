package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
)

// auditTable is the table audit: the newest entries of each connected server's audit log. RethinkDB has none.
type auditTable struct {
	s *System
	readOnly
}

// alsoTakes makes config a condition for reading: who may see all tables of statistics shall not see who does what.
func (auditTable) alsoTakes() auth.Permission { return auth.Config }

func (t auditTable) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, _, err := t.s.everywhere(ctx, "audit", v, t)
	return rows, err
}

func (auditTable) ofClients() {}

func (t auditTable) own(_ context.Context, v view) ([]datum.Value, error) {
	entries := t.s.audit.Newest()
	snap := t.s.catalog.Snapshot()
	rows := make([]datum.Value, len(entries))
	for i, e := range entries {
		row, err := datum.ParseJSON([]byte(e.Line))
		if err != nil {
			return nil, fmt.Errorf("entry %d of the audit log: %w", e.Seq, err)
		}
		rows[i] = auditRow(snap, row, v.format)
	}
	return rows, nil
}

// auditRow is an entry as a row: its times are times, and the primary key is unique among the servers of a cluster.
func auditRow(snap *catalog.Snapshot, entry datum.Value, f Format) datum.Value {
	id := snap.Server().ID
	fields := []datum.Field{field("server", f.server(snap, id))}
	for i := range entry.Len() {
		key, v := entry.FieldAt(i)
		switch key {
		case "seq":
			fields = append(fields, field(primaryKey, datum.Array([]datum.Value{v, str(id)})))
		case "time":
			key, v = "timestamp", auditTime(v)
		case "since":
			v = auditTime(v)
		}
		fields = append(fields, field(key, v))
	}
	return object(fields...)
}

func auditTime(v datum.Value) datum.Value {
	t, err := time.Parse(time.RFC3339Nano, v.AsString())
	if err != nil {
		return v
	}
	return timeValue(t)
}

func (t auditTable) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

// What the audit log is told of by this package: every change of a row of a system table, in writeRow, and every operation on
// databases, tables and indexes that has a term of its own.

// told are the fields of system tables whose values the audit log may have, before and after a change. Of all others, among them the
// password, it has the names only. A hook of a table is a function and may have anything in it.
var told = map[string][]string{
	"access_config":  {"allow"},
	"bearer_tokens":  {"user", "description", "expires_at"},
	"cluster_config": {"heartbeat_timeout_secs"},
	"db_config":      {"name"},
	"permissions":    {"permissions"},
	"server_config":  {"name", "tags", "cache_size_mb"},
	"join_tokens":    {"expires_at", "reusable"},
	"users":          {"role", "roles"},
	"web_sessions":   {"user", "address"},
	"table_config":   {"db", "name", "primary_key", "durability", "write_acks", "shards", "ttl", "changefeed_history"},
}

// eventBy is an event that a client has caused; the server itself is nil.
func eventBy(c *exec.Client, kind audit.Kind) audit.Event {
	e := audit.Event{Kind: kind}
	if c != nil {
		e.User, e.Peer, e.Port = c.User, c.Addr, c.Port.String()
	}
	return e
}

// auditOperation tells the audit log of an operation, or that it was refused for want of a permission. One that has failed for another reason has
// changed nothing.
func (s *System) auditOperation(c *exec.Client, action, on, detail string, err *error) {
	e := eventBy(c, audit.Change)
	e.Action, e.On, e.Detail = action, on, detail
	if *err != nil {
		if !isDenied(*err) {
			return
		}
		e.Kind, e.Reason = audit.Denied, (*err).Error()
	}
	s.audit.Record(e)
}

func isDenied(err error) bool {
	var e *reql.Error
	return errors.As(err, &e) && e.Class == reql.Permission
}

// auditGrant tells the audit log of permissions that have changed.
func (s *System) auditGrant(c *exec.Client, on, user string, before, after datum.Value) {
	e := eventBy(c, audit.Change)
	e.Action, e.On, e.Key, e.Fields = "grant", on, auditJSON(str(user)), []string{"permissions"}
	e.Old, e.New = auditJSON(before), auditJSON(after)
	s.audit.Record(e)
}

// auditWrite tells the audit log that a row of a system table was changed.
func (u *use) auditWrite(key, before, after datum.Value) {
	if hidden(u.name) {
		return
	}
	e := eventBy(u.view.client, audit.Change)
	e.On, e.Key = catalog.SystemDatabase+"."+u.name, auditJSON(key)
	switch {
	case before.IsAbsent():
		e.Action = "insert"
	case after.IsAbsent():
		e.Action = "delete"
	default:
		e.Action = "update"
	}
	if _, jobs := u.source.(jobsTable); jobs {
		e.Kind, e.Detail = audit.Kill, whoseJob(before)
	} else {
		e.Fields = changedFields(before, after)
		e.Old, e.New = auditJSON(u.mayTell(before, e.Fields)), auditJSON(u.mayTell(after, e.Fields))
	}
	u.system.audit.Record(e)
}

// whoseJob says whose query it was, and not what it asked.
func whoseJob(job datum.Value) string {
	info, _ := job.Get("info")
	user, _ := info.Get("user")
	address, _ := info.Get("client_address")
	return fmt.Sprintf("a query of user %s at %s", user.Print(), address.Print())
}

// changedFields are the names of the fields in which two rows differ; one of them may be absent.
func changedFields(before, after datum.Value) []string {
	var names []string
	for _, rows := range [][2]datum.Value{{before, after}, {after, before}} {
		for i := range rows[0].Len() {
			key, v := rows[0].FieldAt(i)
			if other, ok := rows[1].Get(key); (!ok || !datum.Equal(v, other)) && !slices.Contains(names, key) {
				names = append(names, key)
			}
		}
	}
	slices.Sort(names)
	return names
}

// mayTell is what the audit log may have of the changed fields of a row, absent if that is nothing.
func (u *use) mayTell(row datum.Value, changed []string) datum.Value {
	var fields []datum.Field
	for _, key := range told[u.name] {
		if v, ok := row.Get(key); ok && slices.Contains(changed, key) {
			fields = append(fields, field(key, v))
		}
	}
	if fields == nil {
		return datum.Value{}
	}
	return datum.Object(fields)
}

// auditJSON is a value for the audit log, nil for one that is absent.
func auditJSON(v datum.Value) json.RawMessage {
	if v.IsAbsent() {
		return nil
	}
	text, err := datum.AppendJSON(nil, v)
	if err != nil { // a row that was written has a JSON form
		return nil
	}
	return text
}
