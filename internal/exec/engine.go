package exec

import (
	"log/slog"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// Engine compiles and runs queries of any number of clients at the same time.
type Engine struct {
	cluster Cluster
	log     *slog.Logger
}

// New makes an engine that works on a cluster.
func New(cluster Cluster, log *slog.Logger) *Engine {
	return &Engine{cluster: cluster, log: log}
}

// ServerInfo answers a SERVER_INFO query: appends the whole response.
func (e *Engine) ServerInfo(dst []byte) []byte {
	id, name := e.cluster.ServerInfo()
	info := datum.Object([]datum.Field{
		{Key: "id", Val: datum.String(id)},
		{Key: "name", Val: datum.String(name)},
		{Key: "proxy", Val: datum.False},
	})
	dst = append(dst, `{"t":5,"r":[`...)
	dst, err := datum.AppendJSON(dst, info)
	if err != nil { // a plain object always has a JSON form
		panic(err)
	}
	return append(dst, `]}`...)
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
	waits   bool

	grouping bool
}

// Compile compiles the term of a START query. What is wrong with it is told when the plan is started.
func (e *Engine) Compile(c *Client, q *reql.Query) *Plan {
	p := &Plan{eng: e, client: c, q: q, err: q.Err}
	if p.err != nil {
		return p
	}
	b := &builder{}
	for _, o := range q.OptArgs {
		n, err := b.compile(o.Term)
		if err != nil {
			p.err = asReql(err)
			p.err.Type, p.err.Term = reql.CompileError, nil
			return p
		}
		p.globals = append(p.globals, optNode{o.Name, n})
	}
	// Optional arguments of the whole query are few and cheap, whatever their terms.
	b.slow, b.waits = false, false
	root, err := b.compile(q.Term)
	if err != nil {
		p.err = asReql(err)
		p.err.Type = reql.CompileError
		return p
	}
	p.root, p.slots, p.grouping, p.slow, p.waits = root, b.slots, b.grouping, b.slow, b.waits
	return p
}

// Quick tells that the plan is bounded and fast, so that it need not have a goroutine of its own.
func (p *Plan) Quick() bool { return !p.slow }

// Waits tells that a quick plan may wait for the disk.
func (p *Plan) Waits() bool { return p.waits }

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
