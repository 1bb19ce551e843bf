package system

import (
	"context"
	"crypto/sha1" //nolint:gosec // makes stable identifiers, as version 5 UUIDs do
	"strings"

	"github.com/google/uuid"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// Issue is something an operator should see. It has a row in current_issues for as long as its cause lasts.
type Issue struct {
	Type        string
	Critical    bool
	Description string
	// Subject tells issues of one type apart; the identifier of the row is made of both, so that it stays the same.
	Subject string
	// Info is an object.
	Info datum.Value
}

// issuesTable is the table current_issues.
type issuesTable struct {
	s *System
	readOnly
}

// issueIDs is the name space in which issues become UUIDs.
var issueIDs = uuid.MustParse("3d4d8e2c-51d0-4a5a-93a0-0a0bb1f7bd0f")

func (s *System) currentIssues(snap *catalog.Snapshot, f Format) []Issue {
	var issues []Issue
	if s.issues != nil {
		issues = s.issues()
	}
	return append(issues, unreachableTables(snap, f)...)
}

func (t issuesTable) list(_ context.Context, v view) ([]datum.Value, error) {
	issues := t.s.currentIssues(t.s.catalog.Snapshot(), v.format)
	rows := make([]datum.Value, len(issues))
	for i, issue := range issues {
		id := uuid.NewHash(sha1.New(), issueIDs, []byte(issue.Type+"\x00"+issue.Subject), 5)
		rows[i] = object(
			field("id", str(id.String())),
			field("type", str(issue.Type)),
			field("critical", datum.Bool(issue.Critical)),
			field("description", str(issue.Description)),
			field("info", issue.Info),
		)
	}
	return rows, nil
}

func (t issuesTable) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

// LogWriteError is the issue that the server named cannot write its log.
func LogWriteError(server, message string) Issue {
	return Issue{
		Type: "log_write_error",
		Description: "The following server encountered an error while writing log statements: " + server +
			".\n\nThe error message reported is: " + message +
			"\n\nPlease fix the problem that is preventing the server from writing to their log file. " +
			"This issue will go away the next time the server successfully writes to the log file.",
		Subject: message,
		Info:    object(field("servers", strArray([]string{server})), field("message", str(message))),
	}
}

// NoPassword is the issue that ports of a server are open to others without a password: to whom, and what to do.
func NoPassword(id, name string, ports []string, whom, remedy string) Issue {
	return Issue{
		Type: "no_password",
		Description: "No password is set on server " + name + ", so " + whom + " can read and change everything through its " +
			strings.Join(ports, " and ") + " port.\n\n" + remedy,
		Subject: id,
		Info:    object(field("server", str(name)), field("server_id", str(id)), field("ports", strArray(ports))),
	}
}

// AuditLog is the issue that something is wrong with the audit log of a server.
func AuditLog(id, name, problem string) Issue {
	return Issue{
		Type: "audit_log", Critical: true,
		Description: "On server " + name + ": " + problem,
		Subject:     id + "\x00" + problem,
		Info:        object(field("server", str(name)), field("server_id", str(id)), field("message", str(problem))),
	}
}

// unreachableTables are the tables with replicas on servers that are not there. On one server that means a data
// directory whose tables were placed on others.
func unreachableTables(snap *catalog.Snapshot, f Format) []Issue {
	var issues []Issue
	for _, t := range snap.Tables() {
		var missing []string
		for _, shard := range t.Config.Shards {
			for _, id := range shard.Replicas {
				if _, ok := snap.ServerByID(id); !ok {
					missing = append(missing, string(id))
				}
			}
		}
		if len(missing) == 0 {
			continue
		}
		status := tableStatusRow(snap, t.Config, f, true)
		info := []datum.Field{field("db", f.database(snap, t.Config.Database)), field("table", f.pick(t.Name(), t.ID()))}
		for _, key := range []string{"raft_leader", "shards", "status"} {
			v, _ := status.Get(key)
			info = append(info, field(key, v))
		}
		issues = append(issues, Issue{
			Type: "table_availability",
			Description: "Table `" + t.DatabaseName + "." + t.Name() + "` is available for all operations, but some replicas " +
				"are not ready. The following servers are not reachable: " + strings.Join(missing, ", "),
			Subject: t.ID(),
			Info:    object(info...),
		})
	}
	return issues
}
