package js

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"rethinkdb/internal/datum"
)

// Script is a piece of JavaScript with its limits.
type Script struct {
	Source     string
	TimeoutMS  uint64 // for each call, and for the script itself
	ArrayLimit int    // of the arrays in the results
}

// Result is what a script or a call of its function came to.
type Result struct {
	Value    datum.Value // absent when one of the others is set
	Function bool        // the script's value is a function
	Err      error       // of the script: an *Error, ErrTimeout, ErrCrashed, ErrNoFunction, ErrArrayTooLong, or of a value
}

// Error is an exception of a script, or the reason why a value cannot be taken there or back.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

// Other ways in which a script fails.
var (
	ErrTimeout      = errors.New("the script has timed out")
	ErrCrashed      = errors.New("the script has ended its worker process")
	ErrNoFunction   = errors.New("the script is no function")
	ErrArrayTooLong = errors.New("an array of the script is over the limit")
)

// Runner runs the scripts of one query, all in the same worker process, which it takes when the first of them runs. Several
// goroutines may use it; they take turns. A script's variables last until Release.
type Runner struct {
	pool *Pool
	// turn has capacity 1; who has put something in owns what follows. A mutex would not do: who waits for his turn must stop
	// waiting when his query ends.
	turn   chan struct{}
	worker *process // nil: none is leased
	well   bool
	leased atomic.Bool
}

// Runner makes one that has no process yet.
func (p *Pool) Runner() *Runner { return &Runner{pool: p, turn: make(chan struct{}, 1)} }

// Release gives the process back. The runner may be used again and then starts with new variables. Nobody may use it now.
func (r *Runner) Release() {
	if r.leased.Load() {
		r.drop()
	}
}

func (r *Runner) drop() {
	r.pool.release(r.worker, r.well)
	r.worker = nil
	r.leased.Store(false)
}

// Eval gives the value of the script.
func (r *Runner) Eval(ctx context.Context, s Script) (Result, error) {
	results, err := r.run(ctx, s, nil, 1)
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

// Calls is a list of calls of one function, each with its arguments.
type Calls struct {
	buf  []byte
	ends []int // of the calls in buf
}

// Len is the number of calls, Size that of their bytes.
func (c *Calls) Len() int  { return len(c.ends) }
func (c *Calls) Size() int { return len(c.buf) }

// Reset forgets all calls.
func (c *Calls) Reset() { c.buf, c.ends = c.buf[:0], c.ends[:0] }

// Add adds a call. It keeps nothing of the arguments.
func (c *Calls) Add(args ...datum.Value) error {
	buf, err := appendArguments(c.buf, args)
	if err != nil {
		return err
	}
	c.buf = buf
	c.ends = append(c.ends, len(buf))
	return nil
}

// Call calls the function that is the script's value, once for each of the calls from the one with the number from on. It gives
// at least one result and no more than there are calls, the last of which may be an error.
func (r *Runner) Call(ctx context.Context, s Script, calls *Calls, from int) ([]Result, error) {
	start := 0
	if from > 0 {
		start = calls.ends[from-1]
	}
	return r.run(ctx, s, calls.buf[start:], calls.Len()-from)
}

// grace is how long after its time a worker may still answer that a script has timed out, before it is killed. The worker
// itself gives up on an engine that does not stop earlier than that.
const grace = 2 * time.Second

// run returns an error only when that is not the script's: the end of ctx, or no process.
func (r *Runner) run(ctx context.Context, s Script, calls []byte, count int) ([]Result, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	request := Request{TimeoutMS: s.TimeoutMS, ArrayLimit: uint32(min(s.ArrayLimit, 1<<32-1)), Source: s.Source, Calls: calls}
	if len(s.Source)+len(calls) > maxFrameBytes/2 {
		return []Result{{Err: &Error{"The script and its arguments are too large."}}}, nil
	}
	// A call may have to evaluate the script first, and results are held back for a while.
	patience := grace
	if s.TimeoutMS < uint64(maxPatience/time.Millisecond) {
		patience += 2*time.Duration(s.TimeoutMS)*time.Millisecond + ResponseTime
	} else {
		patience = maxPatience
	}
	for {
		used := false // by another query
		if r.worker == nil {
			w, started, err := r.pool.acquire(ctx)
			if err != nil {
				return nil, err
			}
			r.worker, r.well, used, request.Fresh = w, true, !started, true
			r.leased.Store(true)
		}
		response, err := r.worker.ask(ctx, request, patience)
		var results []Result
		if err == nil {
			results, err = r.results(response, count)
		}
		if err == nil {
			if !r.well {
				r.drop()
			}
			return results, nil
		}
		r.well = false
		r.drop()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, errStuck):
			return []Result{{Err: ErrTimeout}}, nil
		case !used:
			return []Result{{Err: ErrCrashed}}, nil
		}
		// The process may have been killed while it was idle, which is nobody's fault: once more, with another one.
	}
}

// maxPatience bounds how long a response is waited for, whatever the script's time.
const maxPatience = 30 * 24 * time.Hour

// ResponseTime is how long a worker collects results before it sends them.
const ResponseTime = 100 * time.Millisecond

// outOfMemory is the engine's error when a script has used up its memory.
const outOfMemory = "InternalError: out of memory"

// results reads a response to a request for n results.
func (r *Runner) results(response []byte, n int) ([]Result, error) {
	results := make([]Result, 0, n)
	for len(response) > 0 {
		kind, content, rest, err := CutItem(response)
		if err != nil || len(results) == n {
			return nil, errCrashed
		}
		response = rest
		var result Result
		switch kind {
		case KindNumber:
			f, err := NumberOf(content)
			if err != nil {
				return nil, errCrashed
			}
			result.Value, result.Err = datum.NewNumber(f)
		case KindString:
			result.Value = datum.String(string(content))
		case KindJSON:
			result.Value, result.Err = datum.ParseJSON(content)
		case KindFunction:
			result.Function = true
		case KindNoFunction:
			result.Err = ErrNoFunction
		case KindTooLong:
			result.Err = ErrArrayTooLong
		case KindTimeout:
			result.Err = ErrTimeout
			r.well = false
		case KindError:
			text := string(content)
			result.Err = &Error{text}
			// What the script has filled is given back, but not all that it has torn open.
			r.well = r.well && !strings.HasPrefix(text, outOfMemory)
		default:
			return nil, errCrashed
		}
		results = append(results, result)
		if result.Err != nil {
			break
		}
	}
	if len(results) == 0 {
		return nil, errCrashed
	}
	return results, nil
}
