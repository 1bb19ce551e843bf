package exec

import (
	"log/slog"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/extsort"
	"rethinkdb/internal/httpfetch"
	"rethinkdb/internal/js"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
)

// Engine compiles and runs queries of any number of clients at the same time.
type Engine struct {
	cluster Cluster
	errors  *repeatedErrors
	memory  memory
	turns   *turns
	scripts *js.Pool // nil: r.js is not available
	http    *httpfetch.Client
	hooks   hookCache
	files   *extsort.Directory // nil: sorts are in memory only

	// timeLimit is that of a query without one of its own; 0 for none. Set before the first query.
	timeLimit time.Duration
	slow      slowLog

	router  func() Router // nil: there are no other servers
	lookout lookout
}

// New makes an engine that works on a cluster.
func New(cluster Cluster, log *slog.Logger) *Engine {
	return &Engine{cluster: cluster, errors: newRepeatedErrors(log), turns: newTurns(), http: httpfetch.New(httpfetch.Options{}), slow: slowLog{log: log}}
}

// Close ends what the engine does when no query is running any more.
func (e *Engine) Close() { e.errors.close() }

// LimitMemory sets how large the heap of the process may be before queries that want more get an error. It may be changed at any
// time.
func (e *Engine) LimitMemory(bytes int64) { e.memory.limit.Store(bytes) }

// LimitQueryMemory sets how many bytes one query may collect: rows that it sorts, groups, results and so on. Sorts that need
// more go on in temporary files in a directory, if there is one. It is called before the first query.
func (e *Engine) LimitQueryMemory(bytes int64, files *extsort.Directory) {
	e.memory.perQuery, e.files = bytes, files
}

// Client is who asks.
type Client = session.Client

// Open gives the compiler of one client's queries. It is part of session.Engine.
func (e *Engine) Open(c session.Client) session.Compiler { return &compiler{e, &c} }

type compiler struct {
	eng    *Engine
	client *Client
}

// Compile makes the plan of a START query. What is wrong with it is told when the plan is started.
func (c *compiler) Compile(q *reql.Query) session.Plan {
	p := c.eng.compile(c.client, q)
	if _, remote := p.root.(*remoteNode); remote {
		return remotePlan{p}
	}
	return p
}

// AppendServerInfo appends the object that answers SERVER_INFO.
func (e *Engine) AppendServerInfo(dst []byte) []byte {
	id, name := e.cluster.ServerInfo()
	fields := []datum.Field{{Key: "id", Val: datum.String(id)}, {Key: "proxy", Val: datum.Bool(name == "")}}
	if name != "" {
		fields = append(fields, datum.Field{Key: "name", Val: datum.String(name)})
	}
	dst, err := datum.AppendJSON(dst, datum.Object(fields))
	if err != nil { // an object of strings always has a JSON form
		panic(err)
	}
	return dst
}

// Plan is a compiled query, to be started once.
type Plan struct {
	eng     *Engine
	client  *Client
	q       *reql.Query
	err     *reql.Error // instead of root
	root    node
	globals []optNode
	slots   int
	slow    bool
	brief   bool // slow, but only on many rows
	waits   bool
	scripts bool // r.js is in it
	counted bool // among the queries of the statistics

	part *partRequest           // what another server asks for, if that is only a part
	sent map[*reql.Term]*parcel // terms whose parts other servers may be asked for

	compiling time.Duration // if the query is profiled
}

// compile compiles the term of a START query.
func (e *Engine) compile(c *Client, q *reql.Query) *Plan {
	if q.Err != nil {
		return &Plan{eng: e, client: c, q: q, err: q.Err}
	}
	one := &struct { // one allocation
		p Plan
		b builder
	}{p: Plan{eng: e, client: c, q: q}}
	p, b := &one.p, &one.b
	var began time.Time
	if q.Profile {
		began, b.plain = time.Now(), true
	}
	if e.router != nil {
		if b.router = e.router(); b.router != nil {
			b.query, b.atHome, b.sent = q, map[*reql.Term]bool{}, map[*reql.Term]*parcel{}
			p.sent = b.sent
			b.ships = c.Hops == 0 // one that was sent here comes to no end of servers
		}
	}
	if c.Hops > 0 {
		var err error
		if p.part, err = partRequestOf(q); err != nil {
			p.err = asReql(err)
			return p
		}
		b.part = p.part
	}
	b.ops, b.consts, b.nodes = b.room.ops[:], b.room.consts[:], b.room.nodes[:]
	for _, o := range q.OptArgs {
		if o.Name == reql.PartOption {
			continue
		}
		n, err := b.compile(o.Term)
		if err != nil {
			p.err = asReql(err)
			p.err.Type, p.err.Term = reql.CompileError, nil
			return p
		}
		p.globals = append(p.globals, optNode{o.Name, n})
	}
	b.globals = p.globals
	// Optional arguments of the whole query are few and cheap, whatever their terms.
	b.slow, b.long, b.waits = false, false, false
	root, err := b.compile(q.Term)
	if err != nil {
		p.err = asReql(err)
		p.err.Type = reql.CompileError
		return p
	}
	p.root, p.slots, p.waits, p.scripts = root, b.slots, b.waits, b.scripts
	if q.Profile {
		p.root, p.compiling = traced(root), time.Since(began)
	}
	whole := q.Term.Type == reql.TermTable // as the answer it is all of its rows
	p.slow = b.slow || q.Explain || whole
	p.brief = b.slow && !b.long && !b.waits && !q.Explain && !whole
	return p
}

// Quick tells that the plan is bounded and fast, so that it need not have a goroutine of its own.
func (p *Plan) Quick() bool { return !p.slow }

// Waits tells that a quick plan may wait for the disk.
func (p *Plan) Waits() bool { return p.waits }

// String gives the query's text for the jobs table.
func (p *Plan) String() string { return p.q.Print() }

// asReql gives err as an error for the client. What is not the user's is Internal; the caller has logged it.
func asReql(err error) *reql.Error {
	switch e := err.(type) { //nolint:errorlint // never wrapped inside the executor
	case *reql.Error:
		return e
	case *datum.Error:
		return &reql.Error{Type: reql.RuntimeError, Class: classOf(e), Msg: e.Msg}
	}
	return &reql.Error{Type: reql.RuntimeError, Class: reql.Internal, Msg: err.Error()}
}

// global evaluates an optional argument of the whole query.
func (q *query) global(fr *frame, name string) (v val, ok bool, err error) {
	for i := range q.plan.globals {
		if q.plan.globals[i].name == name {
			v, err = q.plan.globals[i].node.eval(fr)
			return v, err == nil, err
		}
	}
	return val{}, false, nil
}
