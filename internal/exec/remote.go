package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
	"rethinkdb/internal/watchdog"
)

// A query may name tables whose primary replicas are on other servers. When it is compiled, each of its largest parts that begins
// with such a table, as r.table("t").filter(…).count() does, becomes a remoteNode: that part is sent to the server of the
// table, with the variables of the query that are in it, and what comes back is its value or its rows. If the part is the whole query,
// answers are passed on as they are. Whatever else is done to a table works here, as if its rows were, and package table fetches them: to the right table of
// an eq_join, to one that is named by an expression.

// Router tells where tables are, and lets other servers run queries.
type Router interface {
	// Locate tells which server runs what is done to a table; here: this one. When outdated is set, replicas of any kind do. A table
	// that does not exist is here. ErrNotReached says that there is no primary replica at the moment, ErrSpread that there are several.
	Locate(db, table string, outdated bool) (server string, here bool, err error)
	// LocateKey tells the same of what is done to one row.
	LocateKey(db, table string, key datum.Value) (server string, here bool, err error)
	// Primary tells the same of a part of a table that exists, by the table's identifier and the number of the part's group.
	Primary(table string, group uint32) (server string, here bool, err error)
	// Start runs a query on another server on behalf of a client, up to its first answer, which is a whole JSON object. There is a
	// cursor if and only if the answer is a SUCCESS_PARTIAL.
	Start(ctx context.Context, server string, c *Client, query []byte) (answer []byte, cursor RemoteCursor, err error)
}

// RemoteCursor is the rest of an answer, at another server. One goroutine at a time uses it.
type RemoteCursor interface {
	// Next gets the next answer, a whole JSON object. more tells whether there may be another.
	Next(ctx context.Context) (answer []byte, more bool, err error)
	// Wait makes wake be called once, as soon as Next will not wait, and returns true; false if it would not wait now.
	Wait(wake func()) bool
	// Close ends the query over there, if it has not ended.
	Close()
}

// Errors of routers.
var (
	// ErrLostContact says that it is unknown how far a query got.
	ErrLostContact = errors.New("lost contact with the primary replica")
	// ErrNotReached says that the query did not begin.
	ErrNotReached = errors.New("the server of the primary replica cannot be reached")
	// ErrAlone is an ErrNotReached: the primary replica is there, but has lost touch with the majority.
	ErrAlone = fmt.Errorf("%w: it has lost touch with the majority", ErrNotReached)
	// ErrSpread says that the parts of a table are on several servers, or that nobody knows.
	ErrSpread = errors.New("the table is on several servers")
	// ErrNoTable says that the table is not there any more.
	ErrNoTable = errors.New("the table does not exist")
	// ErrAstray says the same of one that has come to servers that do not have the primary replica.
	ErrAstray = errors.New("the servers do not agree on where the primary replica is")
)

// UseRouter makes the engine one of several servers. router returns nil as long as there are no others. It is called before the first query.
func (e *Engine) UseRouter(router func() Router) { e.router = router }

// remoteNode is a part of a query that another server runs.
type remoteNode struct {
	parcel
	table  tablePlace
	router Router
}

// tablePlace is what a router is asked about.
type tablePlace struct {
	db, name string
	outdated bool        // any replica may answer
	key      datum.Value // of the row that it is about, if it is about one of a table that is on several servers
}

func (p *tablePlace) locate(r Router) (server string, here bool, err error) {
	if p.key.IsAbsent() {
		return r.Locate(p.db, p.name, p.outdated)
	}
	return r.LocateKey(p.db, p.name, p.key)
}

// shard names the shard of the row that it is about, or the first one.
func (p *tablePlace) shard(fr *frame) string {
	db, err := fr.q.eng.cluster.Database(p.db)
	if err != nil {
		return wholeTable
	}
	t, err := fr.q.eng.cluster.Table(fr.q.client, db, p.name, "")
	if err != nil {
		return wholeTable
	}
	parted, ok := t.(partedTable)
	if !ok {
		return wholeTable
	}
	var key []byte
	if !p.key.IsAbsent() {
		if key, err = table.AppendPrimaryKey(nil, p.key); err != nil {
			return wholeTable
		}
	}
	return shardName(parted.ShardOf(key))
}

func (n *remoteNode) det() determinism { return detNever }
func (n *remoteNode) term() *reql.Term { return n.t }

const (
	// placePatience is how long a query waits for a primary replica: while a new one is elected, or the place is given to another one, there is none.
	placePatience = 2 * time.Second
	// placePause is how long it waits before it looks again.
	placePause = 10 * time.Millisecond
)

// astrayText is what servers tell each other of ErrAstray.
const astrayText = "The query has come to a server that does not have the primary replica."

// astray tells whether an answer is that of a server that did not have the primary replica.
func astray(answer []byte) bool {
	return bytes.HasPrefix(answer, []byte(`{"t":18`)) && bytes.Contains(answer, []byte(astrayText))
}

// start has the other server begin. A query that comes to a server that does not have the primary replica, any more or yet, has not begun.
func (n *remoteNode) start(fr *frame) (answer []byte, cursor RemoteCursor, err error) {
	q, err := n.message(fr, nil, fr.q.plan.root == node(n))
	if err != nil {
		return nil, nil, err
	}
	for until := time.Now().Add(placePatience); ; {
		server, _, err := n.table.locate(n.router)
		if err == nil {
			answer, cursor, err = n.ask(fr, server, q)
		}
		if err == nil && astray(answer) {
			err = ErrAstray
		}
		switch {
		case err == nil:
			return answer, cursor, nil
		case !errors.Is(err, ErrNotReached) && !errors.Is(err, ErrAstray) && !errors.Is(err, ErrSpread) || time.Now().After(until):
			return nil, nil, n.lost(fr, err, n.table.shard(fr))
		case fr.q.client.Hops > 0 && fr.q.plan.root == node(n): // nothing has begun: who has sent it here looks again
			return nil, nil, strayed()
		}
		select {
		case <-time.After(placePause):
		case <-fr.q.ctx.Done():
			return nil, nil, context.Cause(fr.q.ctx)
		}
	}
}

// ask has a server run the query, and gives up when another one has taken its place.
func (n *remoteNode) ask(fr *frame, server string, q []byte) ([]byte, RemoteCursor, error) {
	ctx, stop := watchdog.Context(fr.q.ctx, func() error {
		if now, here, err := n.table.locate(n.router); err == nil && (here || now != server) {
			return ErrLostContact
		}
		return nil
	})
	defer stop()
	return n.router.Start(ctx, server, fr.q.client, q)
}

// lost gives the error of a query whose other server does not answer, for a shard of the table.
func (p *parcel) lost(fr *frame, err error, shard string) error {
	class, action := reql.OpFailed, "read"
	if p.writes {
		action = "write"
	}
	switch {
	case fr.q.ctx.Err() != nil:
		return context.Cause(fr.q.ctx)
	case errors.Is(err, ErrAlone):
		return failAt(p.t, class, noQuorumText, action, action, noQuorumAdvice[action])
	case errors.Is(err, ErrNotReached), errors.Is(err, ErrAstray), errors.Is(err, ErrSpread):
		return failAt(p.t, class, "Cannot perform %s: primary replica for shard %s not available", action, shard)
	case !errors.Is(err, ErrLostContact):
		return failAt(p.t, class, "Cannot perform %s: %s", action, err)
	case action == "write":
		class = reql.OpIndeterminate
	}
	return failAt(p.t, class, "Cannot perform %s: lost contact with primary replica", action)
}

func (n *remoteNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	v, err := n.eval(fr)
	if err != nil {
		return datum.Value{}, n.t, err
	}
	d, err := v.datum(fr)
	return d, n.t, err
}

func (n *remoteNode) eval(fr *frame) (val, error) {
	if err := fr.tick(); err != nil {
		return val{}, err
	}
	answer, cursor, err := n.start(fr)
	if err != nil {
		return val{}, err
	}
	r, err := n.read(answer)
	if err != nil {
		if cursor != nil {
			cursor.Close()
		}
		return val{}, err
	}
	if r.atom {
		return val{d: r.rows[0], at: n.t}, fr.admit(r.rows[0])
	}
	return val{x: &seq{src: &remoteRows{n: n, rows: r.rows, cursor: cursor}, fr: fr, at: n.t}, at: n.t}, nil
}

// remoteRows are the rows of a sequence on another server.
type remoteRows struct {
	n      *remoteNode
	rows   []datum.Value
	cursor RemoteCursor // nil when there are no more than rows
}

func (s *remoteRows) next(fr *frame) (datum.Value, bool, error) {
	for len(s.rows) == 0 {
		if s.cursor == nil {
			return datum.Value{}, false, nil
		}
		answer, more, err := s.cursor.Next(fr.q.ctx)
		if err != nil {
			return datum.Value{}, false, s.n.lost(fr, err, s.n.table.shard(fr))
		}
		if !more {
			s.close()
		}
		r, err := s.n.read(answer)
		if err != nil {
			return datum.Value{}, false, err
		}
		s.rows = r.rows
	}
	row := s.rows[0]
	s.rows = s.rows[1:]
	return row, true, nil
}

func (s *remoteRows) close() {
	if s.cursor != nil {
		s.cursor.Close()
		s.cursor = nil
	}
}
