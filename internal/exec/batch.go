package exec

import (
	"strconv"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// batchOptions say how much of a sequence goes into one answer.
type batchOptions struct {
	minRows, maxRows int64
	maxBytes         int64
	maxTime          time.Duration
	firstScaledown   int64
}

// The defaults of the original.
const (
	defaultBatchBytes     = 1 << 20
	defaultBatchTime      = 500 * time.Millisecond
	defaultFirstScaledown = 4
	noRowLimit            = int64(1) << 62
)

// first gives the options of the first batch, which is smaller.
func (o batchOptions) first() batchOptions {
	o.maxRows = max(1, o.maxRows/o.firstScaledown)
	o.maxBytes = max(1, o.maxBytes/o.firstScaledown)
	o.maxTime /= time.Duration(o.firstScaledown)
	o.minRows = min(o.minRows/o.firstScaledown, o.maxRows)
	return o
}

// batchOptions evaluates the batching options of the whole query.
func (fr *frame) batchOptions() (batchOptions, error) {
	o := batchOptions{minRows: 1, maxRows: noRowLimit, maxBytes: defaultBatchBytes, maxTime: defaultBatchTime, firstScaledown: defaultFirstScaledown}
	if len(fr.q.plan.globals) == 0 {
		return o, nil
	}
	for _, x := range [...]struct {
		name string
		to   *int64
	}{{"min_batch_rows", &o.minRows}, {"max_batch_rows", &o.maxRows}, {"max_batch_bytes", &o.maxBytes}, {"first_batch_scaledown_factor", &o.firstScaledown}} {
		v, ok, err := fr.q.global(fr, x.name)
		if err != nil {
			return o, err
		}
		if !ok {
			continue
		}
		d, err := v.datum(fr)
		if err != nil {
			return o, err
		}
		n, err := intAt(d, v.at)
		if err != nil {
			return o, err
		}
		if n < 1 {
			return o, &reql.Error{Type: reql.RuntimeError, Class: reql.QueryLogic, TopLevel: true, Msg: x.name + " must be at least 1 (got `" + strconv.FormatInt(n, 10) + "`)."}
		}
		*x.to = n
	}
	v, ok, err := fr.q.global(fr, "max_batch_seconds")
	if !ok || err != nil {
		return o, err
	}
	d, err := v.datum(fr)
	if err != nil {
		return o, err
	}
	sec, err := numAt(d, v.at)
	switch {
	case err != nil:
		return o, err
	case sec < 0:
		return o, topLevel("max_batch_seconds must be positive (got `%s`).", datum.FormatNumber(sec))
	case sec >= 86400:
		return o, topLevel("max_batch_seconds is too large (got `%s`, must be less than 86400).", datum.FormatNumber(sec))
	}
	o.maxTime = time.Duration(sec * float64(time.Second))
	o.minRows = min(o.minRows, o.maxRows)
	return o, nil
}

func topLevel(format string, args ...any) error {
	e := reql.Errorf(reql.QueryLogic, format, args...)
	e.TopLevel = true
	return e
}

// batch appends an answer with the next rows. It ends when it is full: at maxRows rows, at maxBytes bytes (once there
// are minRows rows), or when its time is up and it has a row. One row is read ahead, so that the last batch of a
// sequence is known to be the last; its JSON waits for the next batch, because the row itself may not live so long.
func (cur *Cursor) batch(dst []byte, first bool) (out []byte, more bool) {
	fr, o := cur.fr, cur.opts
	if first {
		o = o.first()
	}
	if cur.late != nil {
		return cur.fail(dst, cur.late), false
	}
	if !first { // a right may have been taken away since the batch before
		if err := cur.seq.permitted(fr); err != nil {
			return cur.fail(dst, blame(err, fr.q.plan.q.Term)), false
		}
	}
	reading := fr.trace.begin("Reading rows for the answer", nil)
	head := len(dst)
	dst = append(dst, `{"t":3,"r":[`...)
	out = dst
	began := time.Time{}
	n, size := int64(0), int64(0)
	if len(cur.ahead) > 0 {
		out = append(out, cur.ahead...)
		size = rowSize(len(cur.ahead))
		cur.ahead = cur.ahead[:0]
		n++
	}
	for {
		row, ok, err := cur.seq.next(fr)
		full := n >= o.maxRows || size >= o.maxBytes && n >= o.minRows
		if err != nil {
			err = fr.interrupted(blame(err, fr.q.plan.q.Term))
			if full && !fr.q.timedOut() { // it is about the next batch
				cur.late, more = err, true
				break
			}
			return cur.fail(dst[:head], err), false
		}
		if !ok {
			out[head+5] = '2'
			break
		}
		if full {
			if cur.ahead, err = datum.AppendJSON(cur.ahead, row); err != nil {
				return cur.fail(dst[:head], err), false
			}
			more = true
			break
		}
		if n > 0 {
			out = append(out, ',')
		}
		mark := len(out)
		if out, err = datum.AppendJSON(out, row); err != nil {
			return cur.fail(dst[:head], err), false
		}
		size += rowSize(len(out) - mark)
		n++
		if n&15 == 0 {
			now := time.Now()
			if began.IsZero() {
				began = now
			} else if now.Sub(began) >= o.maxTime {
				more = true
				break
			}
		}
	}
	fr.trace.end(reading)
	fr.q.effort.returned += n
	if !more {
		fr.q.effort.outcome = "finished"
	}
	if more && cur.late == nil { // the client may ask for the next batch at any time, or never
		if err := cur.seq.park(); err != nil {
			return cur.fail(dst[:head], fr.readError(err)), false
		}
	}
	out = append(out, ']')
	out = cur.appendProfile(out)
	return append(out, `,"n":[]}`...), more
}

// rowSize is what a row counts against max_batch_bytes: its JSON, or the two bytes that the smallest values have in the
// original's own form.
func rowSize(jsonBytes int) int64 { return max(2, int64(jsonBytes)) }
