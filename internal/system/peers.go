package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/metadata"
)

// Many system tables have rows that only the server knows that they are about. Whoever reads such a table asks all connected servers at
// the same time, and leaves out those that have not answered in askTime: a server that is frozen does not hold up those who
// look what is wrong with it. The rights of the reader are checked where he asks; servers trust each other.

// Peers are the connections with the other servers.
type Peers interface {
	Links() []Link
	// Ask sends a request to another server, whose Answer gets it, and waits for the answer until ctx ends. With ErrNotSent the other server
	// has not got it; with another error nobody knows.
	Ask(ctx context.Context, to catalog.ServerID, request []byte) ([]byte, error)
}

// Link is a connection with another server.
type Link struct {
	ID    catalog.ServerID
	Name  string
	Proxy bool
	Since time.Time
}

// ErrNotSent says that there was no connection to the server.
var ErrNotSent = errors.New("there is no connection to the server")

// askTime is how long other servers may take to answer.
const askTime = time.Second

// noPeers is a server alone.
type noPeers struct{}

func (noPeers) Links() []Link { return nil }
func (noPeers) Ask(context.Context, catalog.ServerID, []byte) ([]byte, error) {
	return nil, ErrNotSent
}

// request is what a server asks of another one.
type request struct {
	Kind  string           `json:"kind"`
	Name  string           `json:"name,omitempty"`  // of a system table, for its rows
	UUIDs Format           `json:"uuids,omitempty"` // how the rows are to be shown
	User  string           `json:"user,omitempty"`  // who asks; empty for the other server itself
	Table catalog.TableID  `json:"table,omitempty"` // whose replica; empty for those of all tables
	Query string           `json:"query,omitempty"` // the identifier of a query that is to end
	Row   *json.RawMessage `json:"row,omitempty"`   // of server_config
	Since uint64           `json:"since,omitempty"` // a version of the metadata
}

// Kinds of requests.
const (
	askRows      = "rows"      // answered with an array, as storage has it
	askReplicas  = "replicas"  // with an object of objects of catalog.ReplicaState, by table and group
	askKill      = "kill"      // with whether there was such a query
	askClock     = "clock"     // with the time, in nanoseconds since 1970
	askConfigure = "configure" // with why it is refused, empty if it is not
	askKnown     = "known"     // with null, when the server knows a version of the metadata
)

func (r request) view() view {
	v := view{format: r.UUIDs}
	if r.User != "" {
		v.client = &exec.Client{User: r.User}
	}
	return v
}

// Answer answers what another server asks.
func (s *System) Answer(ctx context.Context, text []byte) ([]byte, error) {
	var r request
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("the request cannot be read: %w", err)
	}
	switch r.Kind {
	case askRows:
		return s.answerRows(ctx, r)
	case askReplicas:
		return json.Marshal(s.ownReplicas(s.catalog.Snapshot(), r.Table))
	case askKill:
		return json.Marshal(jobsTable{s}.kill(r.view(), r.Query))
	case askClock:
		return json.Marshal(s.now().UnixNano())
	case askConfigure:
		return s.answerConfigure(ctx, r)
	case askKnown:
		return []byte("null"), s.catalog.Await(ctx, metadata.Version(r.Since))
	}
	return nil, fmt.Errorf("this server knows no requests of the kind %q", r.Kind)
}

// A spread table has rows of each server. Its list gives those of all of them.
type spread interface {
	// own returns the rows of this server.
	own(ctx context.Context, v view) ([]datum.Value, error)
}

// A spread table that is also ofClients has rows of proxies as well: they serve clients, and else are nothing to be seen.
type ofClients interface{ ofClients() }

func (s *System) answerRows(ctx context.Context, r request) ([]byte, error) {
	t, ok := s.tables[r.Name]
	if !ok {
		return nil, fmt.Errorf("this server has no system table %q", r.Name)
	}
	src, ok := t.source.(spread)
	if !ok {
		return nil, fmt.Errorf("the system table %q is the same on all servers", r.Name)
	}
	rows, err := s.ownRows(ctx, src, r.view())
	if err != nil {
		return nil, err
	}
	return datum.AppendEncoded(nil, datum.Array(rows)), nil
}

// ownRows are those of this server.
func (s *System) ownRows(ctx context.Context, t spread, v view) ([]datum.Value, error) {
	if _, shown := t.(ofClients); s.proxy && !shown {
		return nil, nil
	}
	return t.own(ctx, v)
}

// proxies are those that are connected with this server.
func (s *System) proxies() []catalog.ServerID {
	var ids []catalog.ServerID
	for _, l := range s.peers.Links() {
		if l.Proxy {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

// others are the connected servers besides this one.
func (s *System) others(snap *catalog.Snapshot) []catalog.ServerID {
	var ids []catalog.ServerID
	for _, server := range snap.Servers() {
		if server.ID != snap.Server().ID {
			ids = append(ids, server.ID)
		}
	}
	return ids
}

// answer is what a server has said in time.
type answer struct {
	from catalog.ServerID
	text []byte
	err  error
	at   time.Time // when it came
}

// ask asks servers, all at the same time. There is an answer from each.
func (s *System) ask(ctx context.Context, to []catalog.ServerID, r request) []answer {
	answers := make([]answer, len(to))
	text, err := json.Marshal(r)
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var wg sync.WaitGroup
	for i, id := range to {
		answers[i] = answer{from: id, err: err}
		if err == nil {
			wg.Go(func() {
				answers[i].text, answers[i].err = s.peers.Ask(ctx, id, text)
				answers[i].at = time.Now()
			})
		}
	}
	wg.Wait()
	return answers
}

// announceSince returns when the connected servers know of what has changed since a version, if anything has, so that a client who goes to another
// server next finds there what it has done. Who does not answer in time learns of it later.
func (s *System) announceSince(ctx context.Context, before metadata.Version) {
	now := s.catalog.Version()
	to := append(s.others(s.catalog.Snapshot()), s.proxies()...)
	if now == before || len(to) == 0 {
		return
	}
	for _, a := range s.ask(ctx, to, request{Kind: askKnown, Since: uint64(now)}) {
		if a.err != nil {
			s.logger.Debug("A server may not know of a change yet.", "server", string(a.from), "error", a.err)
		}
	}
}

// everywhere lists the rows of a table on this server and all connected ones. silent are those that have not answered.
func (s *System) everywhere(ctx context.Context, name string, v view, own spread) (rows []datum.Value, silent []catalog.ServerID, err error) {
	if rows, err = s.ownRows(ctx, own, v); err != nil {
		return nil, nil, err
	}
	to := s.others(s.catalog.Snapshot())
	if _, shown := own.(ofClients); shown {
		to = append(to, s.proxies()...)
	}
	if len(to) == 0 {
		return rows, nil, nil
	}
	more, silent, err := s.rowsOf(ctx, to, name, v)
	return append(rows, more...), silent, err
}

// rowsOf lists the rows that other servers have of a table.
func (s *System) rowsOf(ctx context.Context, to []catalog.ServerID, name string, v view) (rows []datum.Value, silent []catalog.ServerID, err error) {
	r := request{Kind: askRows, Name: name, UUIDs: v.format}
	if v.client != nil {
		r.User = v.client.User
	}
	for _, a := range s.ask(ctx, to, r) {
		list, err := a.rows()
		if err != nil {
			s.logger.Debug("A server is missing in a system table.", "table", name, "server", string(a.from), "error", err)
			silent = append(silent, a.from)
		}
		rows = append(rows, list...)
	}
	if err := context.Cause(ctx); err != nil { // the reader has gone, or is to go
		return nil, nil, err
	}
	return rows, silent, nil
}

// rows reads an answer to askRows.
func (a answer) rows() ([]datum.Value, error) {
	if a.err != nil {
		return nil, a.err
	}
	if err := datum.Check(a.text); err != nil {
		return nil, err
	}
	list := datum.View(a.text)
	if list.Kind() != datum.KindArray {
		return nil, errors.New("its answer is no array")
	}
	rows := make([]datum.Value, list.Len())
	for i := range rows {
		rows[i] = list.At(i)
		if id, ok := rows[i].Get(primaryKey); !ok || id.Kind() == datum.KindNull {
			return nil, errors.New("a row of its answer has no primary key")
		}
	}
	return rows, nil
}

// linkWith finds the connection with a server.
func (s *System) linkWith(id catalog.ServerID) (Link, bool) {
	links := s.peers.Links()
	i := slices.IndexFunc(links, func(l Link) bool { return l.ID == id })
	if i < 0 {
		return Link{}, false
	}
	return links[i], true
}
