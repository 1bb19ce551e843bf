package exec

import (
	"context"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// A trace records what one thread does for a request of a query with `profile: true`, in the form of the original: tasks with
// their parts. A nil trace records nothing, and that is all that queries without a profile pay.
//
// Terms outside of functions are tasks, and so is what takes long below them: reading, sorting, writing, waiting. What is done
// over and over is one sample with a mean. Terms of functions, which are evaluated for each row, are not timed: a look at the
// clock takes as long as they do.
type trace struct {
	root  task
	open  *task // the innermost that has begun and not ended
	tasks int
}

// maxTasks bounds a profile. What comes after that many tasks is part of those that are there.
const maxTasks = 1000

type task struct {
	description string
	began       time.Time
	took        time.Duration
	samples     int // how often, if it is a sample
	parts       []*task
	parallel    [][]*task // of threads, instead of all of the above
	around      *task
}

func newTrace() *trace {
	t := &trace{}
	t.open = &t.root
	return t
}

// begin begins a task. about is the table that it is about, if there is one.
func (t *trace) begin(description string, about *tableVal) *task {
	if t == nil || t.tasks == maxTasks {
		return nil
	}
	if about != nil {
		description += " `" + about.displayName() + "`"
	}
	t.tasks++
	k := &task{description: description + ".", began: time.Now(), around: t.open}
	t.open.parts = append(t.open.parts, k)
	t.open = k
	return k
}

// end ends a task. Another one just like it before makes the two a sample.
func (t *trace) end(k *task) {
	if k == nil {
		return
	}
	k.took = time.Since(k.began)
	t.open = k.around
	parts := k.around.parts
	if len(parts) < 2 || parts[len(parts)-1] != k {
		return
	}
	before := parts[len(parts)-2]
	if before.parallel != nil || before.description != k.description {
		return
	}
	before.samples = max(before.samples, 1) + 1
	before.took += k.took
	before.parts = nil
	k.around.parts = parts[:len(parts)-1]
	t.tasks--
}

// sample adds a task that happens many times; whoever does it counts.
func (t *trace) sample(description string) *task {
	k := &task{description: description, around: t.open}
	if t.tasks < maxTasks {
		t.tasks++
		t.open.parts = append(t.open.parts, k)
	}
	return k
}

// threads adds what other threads have done at the same time.
func (t *trace) threads(traces []*trace) {
	k := &task{parallel: [][]*task{}}
	for _, o := range traces {
		if o != nil {
			k.parallel = append(k.parallel, o.root.parts)
		}
	}
	t.open.parts = append(t.open.parts, k)
}

// taskArray gives tasks as the client gets them.
func taskArray(tasks []*task) datum.Value {
	out := make([]datum.Value, len(tasks))
	for i, k := range tasks {
		out[i] = k.datum()
	}
	return datum.Array(out)
}

func (k *task) datum() datum.Value {
	ms := func(d time.Duration) datum.Value { return datum.Number(float64(d) / float64(time.Millisecond)) }
	switch {
	case k.parallel != nil:
		threads := make([]datum.Value, len(k.parallel))
		for i, tasks := range k.parallel {
			threads[i] = taskArray(tasks)
		}
		return datum.Object([]datum.Field{{Key: "parallel_tasks", Val: datum.Array(threads)}})
	case k.samples > 0:
		return datum.Object([]datum.Field{
			{Key: "description", Val: datum.String(k.description)},
			{Key: "mean_duration(ms)", Val: ms(k.took / time.Duration(k.samples))},
			{Key: "n_samples", Val: datum.Int(int64(k.samples))},
		})
	}
	return datum.Object([]datum.Field{
		{Key: "description", Val: datum.String(k.description)},
		{Key: "duration(ms)", Val: ms(k.took)},
		{Key: "sub_tasks", Val: taskArray(k.parts)},
	})
}

// appendProfile appends the profile of the request when the query asks for one.
func (cur *Cursor) appendProfile(dst []byte) []byte {
	t := cur.fr.trace
	if t == nil {
		return dst
	}
	out, err := datum.AppendJSON(append(dst, `,"p":`...), taskArray(t.root.parts))
	if err != nil { // tasks are texts and numbers
		panic(err)
	}
	return out
}

// tracedNode is a term outside of functions, in a query with a profile.
type tracedNode struct {
	node
	description string
}

func (n *tracedNode) eval(fr *frame) (val, error) {
	k := fr.trace.begin(n.description, nil)
	v, err := n.node.eval(fr)
	fr.trace.end(k)
	return v, err
}

func (n *tracedNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	k := fr.trace.begin(n.description, nil)
	d, at, err := n.node.datum(fr)
	fr.trace.end(k)
	return d, at, err
}

// traced makes tasks of a compiled term and of its arguments.
func traced(n node) node {
	switch n := n.(type) {
	case *opNode:
		for i := range n.args {
			n.args[i] = traced(n.args[i])
		}
		return &tracedNode{n, "Evaluating " + n.t.Type.String()}
	case *pipelineNode:
		n.node = traced(n.node)
	case *objNode:
		for i := range n.values {
			n.values[i] = traced(n.values[i])
		}
	}
	return n
}

// tracedRows measures the reading of rows. Reading goes on in further requests, each with a trace of its own.
type tracedRows struct {
	table.Rows
	fr          *frame
	description string

	in     *trace
	sample *task // of in
}

// measured gives rows that are part of the frame's trace, if it has one.
func (s *scan) measured(fr *frame, rows table.Rows) table.Rows {
	if fr.trace == nil {
		return rows
	}
	by := "the primary key"
	if s.index != "" {
		by = "the index `" + s.index + "`"
	}
	return &tracedRows{Rows: rows, fr: fr, description: "Reading rows of `" + s.of.displayName() + "` by " + by + "."}
}

func (r *tracedRows) Next(ctx context.Context) (datum.Value, bool, error) {
	if r.in != r.fr.trace {
		r.in = r.fr.trace
		r.sample = r.in.sample(r.description)
	}
	began := time.Now()
	row, ok, err := r.Rows.Next(ctx)
	r.sample.took += time.Since(began)
	if ok {
		r.sample.samples++
	}
	return row, ok, err
}

// Park implements table.Parker.
func (r *tracedRows) Park() error {
	if p, ok := r.Rows.(table.Parker); ok {
		return p.Park()
	}
	return nil
}
