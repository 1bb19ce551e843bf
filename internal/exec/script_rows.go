package exec

import (
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/js"
)

// scriptRows is map and filter with the function of a script. A call of a script is a message to another process and one back,
// which takes twenty times as long as the call itself. So rows are read ahead and sent many at a time: few at first, in case that
// the reader wants no more. What the rows come to, errors too, is given out in order, one after the other.
type scriptRows struct {
	f    *function
	seqs []*seq // read side by side until the shortest ends
	keep bool   // gives the rows of the only sequence for which f is true, instead of what f makes of them

	calls   js.Calls
	rows    []datum.Value // those of calls, for keep
	asked   int           // calls that have been made
	results []js.Result   // of the last of these
	given   int           // results that have been given

	args  []datum.Value
	room  int   // how many calls to collect
	ended bool  // there are no more rows to read,
	err   error // for this reason, or because a sequence has ended
}

const (
	firstCalls    = 8
	maxCalls      = 512
	maxCallsBytes = 256 << 10
)

// scriptMap gives what the function of a script makes of the rows of sequences that are not grouped.
func (c call) scriptMap(f *function, seqs []*seq) *seq {
	out := &seq{src: &scriptRows{f: f, seqs: seqs}, isArray: true, infinite: true, at: c.n.t, fr: c.fr}
	for _, s := range seqs {
		out.isArray = out.isArray && s.isArray && s.group == nil
		out.infinite = out.infinite && s.infinite
	}
	return out
}

// scriptFilter gives the rows of a sequence that is not grouped for which the function of a script is true.
func (c call) scriptFilter(f *function, s *seq) *seq {
	out := s.over(&scriptRows{f: f, seqs: []*seq{s}, keep: true}, c.n.t)
	out.table = s.table
	return out
}

func (r *scriptRows) inputs() ([]*seq, use) {
	if r.keep {
		return r.seqs, useLonger
	}
	return r.seqs, useOnce // the other process has a copy
}

func (r *scriptRows) next(fr *frame) (datum.Value, bool, error) {
	for {
		for r.given < len(r.results) {
			result := r.results[r.given]
			r.given++
			if result.Err != nil {
				return datum.Value{}, false, blame(scriptError(*r.f.script, result.Err), r.f.at)
			}
			if !r.keep {
				return result.Value, true, nil
			}
			if result.Value.Truthy() {
				return r.rows[r.asked-len(r.results)+r.given-1], true, nil
			}
		}
		switch {
		case r.asked < r.calls.Len():
			began := time.Now()
			running := fr.trace.begin("Running a script for many rows", nil)
			results, err := fr.q.scripts.Call(fr.q.ctx, *r.f.script, &r.calls, r.asked)
			fr.trace.end(running)
			if err != nil {
				return datum.Value{}, false, blame(fr.scriptInterrupted(*r.f.script, began, err), r.f.at)
			}
			r.results, r.given = results, 0
			r.asked += len(results)
		case r.ended:
			return datum.Value{}, false, r.err
		default:
			more, err := r.read(fr)
			r.ended, r.err = !more || err != nil, err
		}
	}
}

// read collects calls. more tells whether there may be others after them.
func (r *scriptRows) read(fr *frame) (more bool, err error) {
	r.calls.Reset()
	r.rows, r.results, r.asked, r.given = r.rows[:0], nil, 0, 0
	r.room = min(max(r.room*8, firstCalls), maxCalls)
	for r.calls.Len() < r.room && r.calls.Size() < maxCallsBytes {
		r.args = r.args[:0]
		for _, s := range r.seqs {
			if err := s.ungrouped(); err != nil {
				return false, err
			}
			row, ok, err := s.next(fr)
			if err != nil || !ok {
				return false, err
			}
			r.args = append(r.args, row)
		}
		if err := r.calls.Add(r.args...); err != nil {
			return false, blame(scriptError(*r.f.script, err), r.f.at)
		}
		if r.keep {
			r.rows = append(r.rows, r.args[0])
		}
	}
	return true, nil
}

func (r *scriptRows) close() {
	for _, s := range r.seqs {
		s.close()
	}
}
