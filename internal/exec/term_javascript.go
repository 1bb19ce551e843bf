package exec

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/js"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// r.js(source) → value
	//
	// The value of a JavaScript program, which may be a function to use in other terms. It runs in a process of its own,
	// with the engine QuickJS, without files, network or time zone, and with limits on memory and time.
	//
	// Options:
	// - timeout (number; 5): seconds for one run
	//
	// Errors:
	// - QueryLogic: JavaScript query `…` timed out after … seconds.
	// - Permission: JavaScript is disabled on this server, which was started with `--javascript off`.
	// - Permission: User `…` may not run JavaScript on this server, which was started with `--javascript admin`.
	//
	//	> r.js("[1, 2, 3].map(function(x) { return x * x })")
	//	[1,4,9]
	//	> r.expr([1, 2]).map(r.js("(function(x) { return x + 1 })"))
	//	[2,3]
	register(reql.TermJavaScript, spec{min: 1, max: 1, opts: []string{"timeout"}, det: detNever, val: evalJavaScript, slow: true,
		compile: func(b *builder, _ *opNode) error {
			b.scripts = true
			return nil
		}})
}

// UseScripts sets where r.js runs its scripts; until then it is an error. It is called before the first query.
func (e *Engine) UseScripts(p *js.Pool) { e.scripts = p }

// defaultScriptMS is the time that a script has when the query does not say.
const defaultScriptMS = 5000

func evalJavaScript(c call) (val, error) {
	c, err := c.first()
	if err != nil {
		return val{}, err
	}
	if err := c.cluster().RequireScripts(c.fr.q.client); err != nil {
		return val{}, err
	}
	s := js.Script{TimeoutMS: defaultScriptMS}
	seconds, ok, err := c.optNum("timeout")
	if err != nil {
		return val{}, err
	}
	if ok {
		s.TimeoutMS = milliseconds(seconds)
	}
	d, err := c.datum(0)
	if err != nil {
		return val{}, err
	}
	if err := typed(d, datum.KindString, "STRING"); err != nil {
		return val{}, err
	}
	s.Source, s.ArrayLimit = d.AsString(), c.fr.q.arrayLimit
	if c.fr.q.scripts == nil {
		return val{}, c.fail(reql.OpFailed, "This server does not run JavaScript.")
	}
	began := time.Now()
	running := c.fr.trace.begin("Running a script", nil)
	r, err := c.fr.q.scripts.Eval(c.fr.q.ctx, s)
	c.fr.trace.end(running)
	switch {
	case err != nil:
		return val{}, c.fr.scriptInterrupted(s, began, err)
	case r.Err != nil:
		return val{}, scriptError(s, r.Err)
	case !r.Function:
		return c.ret(r.Value), nil
	}
	s.Source = strings.Clone(s.Source)
	return val{x: scriptFunction(s, c.n.t), at: c.n.t}, nil
}

// milliseconds gives a time in seconds, cut to what the texts of errors can show.
func milliseconds(seconds float64) uint64 {
	switch {
	case !(seconds > 0):
		return 0
	case seconds > math.MaxUint64/1000:
		return math.MaxUint64
	}
	return uint64(seconds * 1000)
}

// scriptFunction is the function that a script has for its value.
func scriptFunction(s js.Script, at *reql.Term) *function {
	return &function{at: at, det: detNever, script: &s, native: func(fr *frame, args []datum.Value) (datum.Value, error) {
		var calls js.Calls
		if err := calls.Add(args...); err != nil {
			return datum.Value{}, scriptError(s, err)
		}
		began := time.Now()
		running := fr.trace.begin("Running a script", nil)
		results, err := fr.q.scripts.Call(fr.q.ctx, s, &calls, 0)
		fr.trace.end(running)
		if err != nil {
			return datum.Value{}, fr.scriptInterrupted(s, began, err)
		}
		return results[0].Value, scriptError(s, results[0].Err)
	}}
}

// scriptInterrupted is the error of a script that was not run to its end.
func (fr *frame) scriptInterrupted(s js.Script, began time.Time, err error) error {
	if fr.q.spentBy(time.Duration(min(s.TimeoutMS, math.MaxInt64/uint64(time.Millisecond)))*time.Millisecond, began) {
		return scriptError(s, js.ErrTimeout)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, js.ErrClosed) {
		return errInterrupted
	}
	return err
}

// scriptError gives what a script came to as the query's error.
func scriptError(s js.Script, err error) error {
	switch e := err.(type) { //nolint:errorlint // as package js returns them
	case nil:
		return nil
	case *js.Error:
		return reql.Errorf(reql.QueryLogic, "%s", e.Msg)
	case *datum.Error:
		return reql.Errorf(reql.QueryLogic, "%s", e.Msg)
	}
	switch {
	case errors.Is(err, js.ErrTimeout):
		return reql.Errorf(reql.QueryLogic, "JavaScript query `%s` timed out after %d.%03d seconds.", s.Source, s.TimeoutMS/1000, s.TimeoutMS%1000)
	case errors.Is(err, js.ErrCrashed):
		return reql.Errorf(reql.Internal, "Javascript query `%s` caused a crash in a worker process.", s.Source)
	case errors.Is(err, js.ErrNoFunction):
		return reql.Errorf(reql.QueryLogic, "Javascript query `%s` returned a value when it should have returned a function.", s.Source)
	case errors.Is(err, js.ErrArrayTooLong):
		return reql.Errorf(reql.QueryLogic, "%s", asReql(arrayLimitError(s.ArrayLimit)).Msg)
	}
	return err
}

// printScript gives the function of a script as info shows it.
func printScript(s *js.Script) string {
	return fmt.Sprintf("javascript timeout=%dms, source=%s", s.TimeoutMS, s.Source)
}
