//go:build cluster

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"rethinkdb/test/harness"
)

// action is what a client does to a register. Values are never written twice, and 0 is what registers begin with.
type action struct {
	register int
	kind     string // "read", "write", or "swap" for compare-and-set
	from, to int    // to is what is written, from what a swap expects
}

// effect is what came of it.
type effect struct {
	known   bool // otherwise it may have happened
	value   int  // that was read
	swapped bool
}

// register is the model: a read answers the last value, and a swap succeeds if and only if it finds what it expects.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		of := map[int][]porcupine.Operation{}
		for _, o := range history {
			r := o.Input.(action).register
			of[r] = append(of[r], o)
		}
		var parts [][]porcupine.Operation
		for _, p := range of {
			parts = append(parts, p)
		}
		return parts
	},
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		value, a, e := state.(int), input.(action), output.(effect)
		switch a.kind {
		case "read":
			return e.value == value, value
		case "write":
			return true, a.to
		}
		if value != a.from {
			return !e.known || !e.swapped, value
		}
		return !e.known || e.swapped, a.to
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// registers are the rows of a table, and what clients have done to them. They work on a few at a time; when these have a history that just can be
// checked, they go on to others.
type registers struct {
	t       *testing.T
	table   string
	servers []*server
	began   time.Time
	wg      sync.WaitGroup
	stop    context.CancelFunc

	mu      sync.Mutex // guards what follows
	last    int        // value that was given to a client to write
	first   int        // of the registers in use
	known   int        // operations on these
	unknown int        // operations on these of unknown fate, which make checking hard
	history []porcupine.Operation
}

const (
	allRegisters    = 1000 // that there are
	registersInUse  = 4    // at a time
	maxKnown        = 3000
	maxUnknown      = 24
	registerClients = 100 // numbers of clients of a history are below
)

// startRegisters has clients read and write a few registers with read mode majority until check.
func startRegisters(t *testing.T, name string, clients int, servers ...*server) *registers {
	ctx, stop := context.WithCancel(t.Context())
	r := &registers{t: t, table: name, servers: servers, began: time.Now(), stop: stop}
	rows := make([]any, allRegisters)
	for n := range rows {
		rows[n] = map[string]any{"id": n, "v": 0}
	}
	servers[0].answer(harness.Term(harness.Insert, table(name), harness.Term(harness.MakeArray, rows...)))
	t.Cleanup(func() {
		stop()
		r.wg.Wait()
	})
	for i := range clients {
		r.wg.Go(func() { r.work(ctx, &client{servers: servers, at: i % len(servers)}, i) })
	}
	return r
}

func (r *registers) work(ctx context.Context, c *client, number int) {
	defer c.close()
	seen := 0
	for ctx.Err() == nil {
		a := r.next(seen)
		call := time.Since(r.began)
		e, o, err := r.act(c, a)
		if err != nil {
			r.t.Errorf("%+v: %v", a, err)
			return
		}
		e.known = o == done
		if e.known && a.kind == "read" {
			seen = e.value
		}
		if o != refused && (e.known || a.kind != "read") {
			r.note(porcupine.Operation{ClientId: number, Input: a, Output: e, Call: int64(call), Return: int64(time.Since(r.began))}, e.known)
		}
		rest(ctx) // so that the history can be checked
	}
}

// next chooses what a client does that has last seen a value.
func (r *registers) next(seen int) action {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := action{register: r.first + rand.IntN(registersInUse), kind: "read"}
	if p := rand.IntN(10); p < 6 {
		a.kind = "write"
		if p < 4 {
			a.kind, a.from = "swap", seen
		}
		r.last++
		a.to = r.last
	}
	return a
}

func (r *registers) act(c *client, a action) (e effect, o outcome, err error) {
	row := harness.Term(harness.Get, tableAt(r.table, "majority"), a.register)
	switch a.kind {
	case "read":
		rows, o, err := c.run(harness.Term(harness.Bracket, row, "v"))
		if err == nil && o == done {
			err = json.Unmarshal(rows[0], &e.value)
		}
		return e, o, err
	case "write":
		_, o, err = c.write(harness.Term(harness.Update, row, map[string]any{"v": a.to}))
		return e, o, err
	}
	v := harness.Term(harness.Bracket, harness.Term(harness.Var, 1), "v")
	swap := harness.Term(harness.Func, harness.Term(harness.MakeArray, 1),
		harness.Term(termBranch, harness.Term(termEq, v, a.from), map[string]any{"v": a.to}, map[string]any{}))
	e.swapped, o, err = c.write(harness.Term(harness.Update, row, swap))
	return e, o, err
}

// note adds an operation to the history. One whose fate is unknown may happen at any later time.
func (r *registers) note(o porcupine.Operation, known bool) {
	if !known {
		o.Return = math.MaxInt64
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, o)
	r.known++
	if !known {
		r.unknown++
	}
	if (r.known >= maxKnown || r.unknown >= maxUnknown) && r.first+2*registersInUse <= allRegisters {
		r.first, r.known, r.unknown = r.first+registersInUse, 0, 0
	}
}

// progress waits until some more operations are done.
func (r *registers) progress(more int) {
	r.t.Helper()
	count := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.history)
	}
	want := count() + more
	for until := time.Now().Add(patience); count() < want; time.Sleep(5 * time.Millisecond) { // before it is counted again
		if r.t.Failed() || time.Now().After(until) {
			r.t.Fatalf("%d more operations were wanted, %d are missing", more, want-count())
		}
	}
}

// check stops the clients, reads all registers once more, and looks for an order in which everything that was seen makes sense.
func (r *registers) check() {
	r.t.Helper()
	r.stop()
	r.wg.Wait()
	r.readAll()
	unknown := 0
	for _, o := range r.history {
		if !o.Output.(effect).known {
			unknown++
		}
	}
	result, info := porcupine.CheckOperationsVerbose(register, r.history, 2*time.Minute)
	r.t.Logf("%s: a history of %d operations on %d registers, %d of unknown fate: %v", r.table, len(r.history), r.first+registersInUse, unknown, result)
	switch result {
	case porcupine.Illegal:
		tally.history(len(r.history), 1)
		r.t.Errorf("the history is not linearizable: %s", r.picture(info))
	case porcupine.Unknown:
		tally.undecided(len(r.history))
	case porcupine.Ok:
		tally.history(len(r.history), 0)
	}
}

// readAll notes the last value of each register.
func (r *registers) readAll() {
	r.t.Helper()
	c := &client{servers: r.servers}
	defer c.close()
	for n := range r.first + registersInUse {
		a := action{register: n, kind: "read"}
		for until := time.Now().Add(patience); ; {
			call := time.Since(r.began)
			e, o, err := r.act(c, a)
			if err == nil && o == done {
				e.known = true
				r.note(porcupine.Operation{ClientId: registerClients, Input: a, Output: e, Call: int64(call), Return: int64(time.Since(r.began))}, true)
				break
			}
			if err != nil || time.Now().After(until) {
				r.t.Fatalf("register %d cannot be read: %v, %v", n, err, c.refusal)
			}
			rest(r.t.Context())
		}
	}
}

// picture writes the history down as a page to look at.
func (r *registers) picture(info porcupine.LinearizationInfo) string {
	path := fmt.Sprintf("%s/history-%s.html", r.t.ArtifactDir(), r.table)
	if err := porcupine.VisualizePath(register, info, path); err != nil {
		return err.Error()
	}
	return path
}

// Registers are linearizable while servers are killed, frozen and replaced.
func TestRegisters(t *testing.T) {
	all := start(t, "a", "b", "c")
	for round := range *long {
		name := fmt.Sprintf("r%d", round)
		all[0].createTable(name, 3)
		r := startRegisters(t, name, 6, all...)
		for i, victim := range all {
			all[i].placeTable(name, victim, all[(i+1)%3], all[(i+2)%3])
			r.progress(200)
			victim.kill()
			r.progress(200)
			victim.start()
			victim.awaitReplicas(name)
			r.freeze(victim)
		}
		r.check()
	}
}

// freeze stops a server until the others have gone on without it.
func (r *registers) freeze(victim *server) {
	r.t.Helper()
	victim.signal(syscall.SIGSTOP)
	time.Sleep(2 * time.Second) // longer than an election
	r.progress(100)
	victim.signal(syscall.SIGCONT)
	r.progress(100)
}
