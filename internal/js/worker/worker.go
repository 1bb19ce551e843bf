package worker

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"rethinkdb/internal/js"
)

const (
	// responseBytes is how much is collected before it is sent.
	responseBytes = 1 << 20
	// hopeless is how long after its time the engine may go on. It looks at the time in loops and calls of scripts, but not
	// in every loop of its own.
	hopeless = 250 * time.Millisecond
)

// Run is the life of the process: it answers requests until there are no more. It returns the exit status.
//
// The engine runs on the goroutine that reads the requests: to hand them to another costs more than many a script.
func Run(in *os.File, out io.Writer, stderr io.Writer) int {
	runtime.GOMAXPROCS(2) // the engine, and who watches it
	if err := restrict(); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	w := &worker{in: in.Fd(), out: out}
	w.watchdog = time.AfterFunc(time.Hour, w.watch)
	w.watchdog.Stop()
	requests := bufio.NewReader(in)
	for {
		frame, err := js.ReadFrame(requests, nil)
		if err != nil {
			return 0 // the server has closed the pipe, also by being killed
		}
		if err := w.serve(frame); err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
	}
}

// worker is the state of the process.
type worker struct {
	in       uintptr // file descriptor of the pipe that requests come through
	out      io.Writer
	watchdog *time.Timer
	watching atomic.Bool // the timer is set, which is for a moment longer than there are requests
	serving  atomic.Bool // there is a request

	machine *machine // of the query
	used    *machine // of a query before, not closed yet
	spare   *machine // for a query that cannot have the present one

	response []byte // what has been answered so far, with room for the length of the frame

	// running is 0 between calls of the engine, and another number in each: whoever changes it back to 0, the worker after the
	// call or the watchdog when that takes too long, is the one who answers.
	running atomic.Uint64
	calls   uint64
	limit   atomic.Int64 // when the watchdog loses patience, since began
}

var began = time.Now()

func (w *worker) serve(frame []byte) error {
	r, err := js.ParseRequest(frame)
	if err != nil {
		return err
	}
	if w.machine == nil || r.Fresh && w.machine.spoilt {
		w.used, w.machine, w.spare = w.machine, w.spare, nil
		if w.machine == nil {
			if w.machine, err = newMachine(); err != nil {
				return err
			}
		}
	}
	w.response = append(w.response[:0], 0, 0, 0, 0)
	if err := w.answer(r); err != nil {
		return err
	}
	if err := w.send(); err != nil {
		return err
	}
	return w.prepare()
}

// send sends the response.
func (w *worker) send() error {
	binary.LittleEndian.PutUint32(w.response, uint32(len(w.response)-4))
	_, err := w.out.Write(w.response)
	if cap(w.response) > 4*responseBytes {
		w.response = nil
	}
	return err
}

// prepare does what the next query would have to wait for.
func (w *worker) prepare() (err error) {
	if w.used != nil {
		err = w.used.close()
		w.used = nil
	}
	if w.spare == nil && err == nil {
		w.spare, err = newMachine()
	}
	return err
}

// answer appends the results to the response.
func (w *worker) answer(r js.Request) error {
	timeout := time.Duration(math.MaxInt64)
	if r.TimeoutMS < uint64(math.MaxInt64/time.Millisecond) {
		timeout = time.Duration(r.TimeoutMS) * time.Millisecond
	}
	if timeout == 0 {
		w.response = js.AppendItem(w.response, js.KindTimeout, "")
		return nil
	}
	if err := w.machine.limit(timeout, r.ArrayLimit); err != nil {
		return err
	}
	w.serving.Store(true)
	defer w.serving.Store(false)
	w.keepWatch()
	since := time.Now()
	w.guarded(timeout, func(dst []byte) []byte { return w.machine.eval(dst, r.Source) })
	if len(r.Calls) == 0 {
		return nil
	}
	const head = 4
	switch w.response[head] {
	case js.KindFunction:
	case js.KindError, js.KindTooLong, js.KindTimeout:
		return nil
	default:
		w.response = js.AppendItem(w.response[:head], js.KindNoFunction, "")
		return nil
	}
	w.response = w.response[:head]
	for calls := r.Calls; len(calls) > 0; {
		form, argument, rest, err := js.CutItem(calls)
		if err != nil {
			return err
		}
		calls = rest
		start := len(w.response)
		w.guarded(timeout, func(dst []byte) []byte { return w.machine.call(dst, r.Source, form, argument) })
		switch w.response[start] {
		case js.KindError, js.KindTooLong, js.KindTimeout:
			return nil
		}
		if len(w.response) > responseBytes || time.Since(since) > js.ResponseTime {
			return nil
		}
	}
	return nil
}

// guarded appends the result of a call of the engine, which takes no longer than timeout.
func (w *worker) guarded(timeout time.Duration, call func(dst []byte) []byte) {
	start := time.Since(began)
	limit := start + timeout + hopeless
	if limit < start {
		limit = math.MaxInt64
	}
	w.limit.Store(int64(limit))
	w.calls++
	w.running.Store(w.calls)
	// The watchdog sends what is in w.response, so the call must not touch that.
	n := len(w.response)
	response := call(w.response[n:n:n])
	if !w.running.CompareAndSwap(w.calls, 0) {
		select {} // the watchdog has answered, and the server ends the process
	}
	if response[0] == js.KindError && time.Since(began)-start >= timeout {
		response = js.AppendItem(response[:0], js.KindTimeout, "")
	}
	w.response = append(w.response, response...)
}

// keepWatch sets the timer unless it is set.
func (w *worker) keepWatch() {
	if w.watching.CompareAndSwap(false, true) {
		w.watchdog.Reset(hopeless / 2)
	}
}

// watch is called by the timer. To set it and to stop it for each request would take longer than a small script.
func (w *worker) watch() {
	w.watching.Store(false) // before the look at serving: a request that comes after it sets the timer
	if !w.serving.Load() {
		return
	}
	if hungUp(w.in) {
		os.Exit(0) // the server is gone, and the script that runs of no use any more
	}
	call := w.running.Load()
	if call != 0 && int64(time.Since(began)) > w.limit.Load() && w.running.CompareAndSwap(call, 0) {
		w.response = js.AppendItem(w.response, js.KindTimeout, "")
		if w.send() != nil {
			os.Exit(1)
		}
		// The server ends the process when it has read that; to exit could be faster than the reading.
	}
	w.keepWatch()
}
