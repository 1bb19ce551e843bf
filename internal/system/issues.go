package system

import (
	"context"
	"crypto/sha1" //nolint:gosec // makes stable identifiers, as version 5 UUIDs do
	"errors"
	"slices"
	"strings"
	"sync"

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

func (t issuesTable) list(ctx context.Context, v view) ([]datum.Value, error) {
	var tables, clocks []Issue
	var failed error
	var asking sync.WaitGroup // a server that does not answer takes its time only once
	asking.Go(func() { tables, failed = t.s.unavailable(ctx, t.s.catalog.Snapshot(), v.format) })
	asking.Go(func() { clocks = t.s.clockSkew(ctx, v.format) })
	rows, _, err := t.s.everywhere(ctx, "current_issues", v, t)
	asking.Wait()
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	return append(oneOfEach(rows), issueRows(append(tables, clocks...))...), nil
}

func (issuesTable) ofClients() {}

func (t issuesTable) own(context.Context, view) ([]datum.Value, error) {
	return issueRows(t.s.ownIssues()), nil
}

// ownIssues are those that this server knows of itself.
func (s *System) ownIssues() []Issue {
	if s.issues == nil {
		return nil
	}
	return s.issues()
}

func issueRows(issues []Issue) []datum.Value {
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
	return rows
}

// oneOfEach leaves one of the rows with the same key: what several servers see is one issue.
func oneOfEach(rows []datum.Value) []datum.Value {
	seen := map[string]bool{}
	return slices.DeleteFunc(rows, func(row datum.Value) bool {
		id, _ := row.Get(primaryKey)
		key := id.Print()
		twice := seen[key]
		seen[key] = true
		return twice
	})
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

// memoryMessage is the reference's.
const memoryMessage = "RethinkDB has been accessing a lot of swap memory in the past ten minutes. This may impact performance."

// MemoryError is the issue that the memory of the server named is swapped out.
func MemoryError(server string) Issue {
	return Issue{
		Type:        "memory_error",
		Description: "The following server encountered a memory problem: " + server + ".\n\nThe message reported is: " + memoryMessage,
		Subject:     server,
		Info:        object(field("servers", strArray([]string{server})), field("message", str(memoryMessage))),
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

// ServerRemoved is the issue that a server goes on although it was taken out of its cluster.
func ServerRemoved(id, name, problem string) Issue {
	return Issue{
		Type: "server_removed", Critical: true, Description: problem, Subject: id,
		Info: object(field("server", str(name)), field("server_id", str(id))),
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

// unavailable are the tables with replicas on servers that are not there.
func (s *System) unavailable(ctx context.Context, snap *catalog.Snapshot, f Format) ([]Issue, error) {
	var tables []*catalog.Table
	for _, t := range snap.Tables() {
		if slices.ContainsFunc(servers(&t.Config), func(id catalog.ServerID) bool { return !snap.Connected(id) }) {
			tables = append(tables, t)
		}
	}
	if len(tables) == 0 {
		return nil, nil
	}
	told, err := s.replicasOf(ctx, snap, tables...)
	var issues []Issue
	for _, t := range tables {
		issues = append(issues, tableAvailability(snap, t, f, stateOf(snap, &t.Config, told[t.Config.ID])))
	}
	return issues, err
}

func tableAvailability(snap *catalog.Snapshot, t *catalog.Table, f Format, a tableState) Issue {
	status := tableStatusRow(snap, &t.Config, f, a)
	info := []datum.Field{field("db", f.database(snap, t.Config.Database)), field("table", f.pick(t.Name(), t.ID()))}
	for _, key := range []string{"raft_leader", "shards", "status"} {
		v, _ := status.Get(key)
		info = append(info, field(key, v))
	}
	name := t.DatabaseName + "." + t.Name()
	description := "Table `" + name + "` is " + a.blurb() + ". The following servers are not reachable: " + strings.Join(a.missing(snap), ", ")
	if !a.reached {
		description = "Table `" + name + "` is not available for any operations. No servers are reachable for this table."
	}
	return Issue{Type: "table_availability", Critical: !a.reads, Description: description, Subject: t.ID(), Info: object(info...)}
}

// blurb says what a table can be used for. It is asked for tables that lack a replica.
func (a *tableState) blurb() string {
	switch {
	case a.reads:
		return "available for all operations, but some replicas are not ready"
	case a.outdated:
		return "available for outdated reads, but not up-to-date reads or writes"
	}
	return "not available for any operations"
}
