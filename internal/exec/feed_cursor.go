package exec

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/session"
)

// feedCursor is the cursor of a query that reads feeds. It implements session.Feed.
type feedCursor struct {
	*Cursor
	feeds []*feedRows

	// direct is the feed when the answer is nothing but its events: their JSON is that of all who have the same feed.
	direct *feedRows
	tail   string // what follows the rows of an answer

	mu     sync.Mutex // guards what follows
	timer  *time.Timer
	closed bool

	expired atomic.Bool // the client wants an answer, be it empty
}

var _ session.Feed = (*feedCursor)(nil)

// feed gives the cursor of a sequence over feeds, or nil when there is none in it.
func (cur *Cursor) feed() *feedCursor {
	feeds := cur.seq.feedsOf()
	if len(feeds) == 0 {
		return nil
	}
	c := &feedCursor{Cursor: cur, feeds: feeds}
	for _, f := range feeds {
		f.polled = true
	}
	note := feeds[0].note()
	for _, f := range feeds[1:] {
		if f.note() != note {
			note = noteUnion
		}
	}
	c.tail = `],"n":[` + strconv.Itoa(note)
	if source, ok := cur.seq.src.(*feedRows); ok {
		if source.options.states {
			c.tail += "," + strconv.Itoa(noteStates)
		}
		if len(cur.seq.steps) == 0 {
			c.direct = source
		}
	}
	c.tail += `]}`
	return c
}

// Quick implements session.Feed.
func (c *feedCursor) Quick() bool { return c.direct != nil && c.direct.waits() }

// Wait implements session.Feed.
func (c *feedCursor) Wait(wake func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.late != nil || len(c.ahead) > 0 || c.expired.Load() {
		return false
	}
	for _, f := range c.feeds {
		if !f.waits() {
			return false
		}
	}
	for _, f := range c.feeds {
		if !f.wait(wake) {
			return false
		}
	}
	if c.fr.q.client.EmptyBatches && c.timer == nil {
		c.timer = time.AfterFunc(c.opts.maxTime, func() {
			c.expired.Store(true)
			wake()
		})
	}
	return true
}

// Next implements session.Cursor. It appends nothing when there is nothing to answer yet.
func (c *feedCursor) Next(ctx context.Context, dst []byte) (out []byte, more bool) {
	fr := c.fr
	if c.Quick() { // which is over before a time limit could be
		fr.q.ctx, fr.q.outer = ctx, ctx
	} else {
		fr.q.begin(ctx)
		defer fr.q.pause()
		fr.pace.begin(fr.q.eng.turns)
		defer fr.pace.end()
	}
	if fr.q.scripts != nil {
		defer fr.q.scripts.Release()
	}
	if fr.q.plan.q.Profile {
		fr.trace = newTrace()
	}
	return c.batch(dst, false)
}

// batch appends an answer with what there is.
func (c *feedCursor) batch(dst []byte, first bool) (out []byte, more bool) {
	fr, o := c.fr, c.opts
	if first {
		o = o.first()
	}
	if c.late != nil {
		return c.fail(dst, c.late), false
	}
	if err := c.permitted(); err != nil {
		return c.fail(dst, blame(err, fr.q.plan.q.Term)), false
	}
	head := len(dst)
	dst = append(dst, `{"t":3,"r":[`...)
	out = dst
	began := time.Time{}
	n, more := int64(0), true
	if len(c.ahead) > 0 {
		out = append(out, c.ahead...)
		c.ahead = c.ahead[:0]
		n++
	}
	for start := len(out); ; {
		mark := len(out)
		full := n >= o.maxRows || n >= o.minRows && int64(mark-start) >= o.maxBytes
		if full && c.direct != nil {
			break
		}
		if n > 0 {
			out = append(out, ',')
		}
		after, ok, err := c.row(out)
		if err == errNoNews { //nolint:errorlint // never wrapped
			out = out[:mark]
			break
		}
		if err != nil {
			err = fr.interrupted(blame(err, fr.q.plan.q.Term))
			if n == 0 {
				return c.fail(out[:head], err), false
			}
			out, c.late = out[:mark], err // what came before it is told first
			break
		}
		if !ok {
			out, more = out[:mark], false
			out[head+5] = '2'
			break
		}
		if full { // one is read ahead, because the last batch is known to be the last
			c.ahead = append(c.ahead, after[min(mark+1, len(after)):]...)
			out = out[:mark]
			break
		}
		out = after
		n++
		if n&15 == 0 {
			now := time.Now()
			if began.IsZero() {
				began = now
			} else if now.Sub(began) >= o.maxTime {
				break
			}
		}
	}
	if n == 0 && more && !first && !c.expired.Load() {
		return out[:head], true
	}
	fr.q.effort.returned += n
	c.rest()
	for _, f := range c.feeds {
		if err := f.park(); err != nil {
			return c.fail(out[:head], fr.readError(err)), false
		}
	}
	if fr.trace == nil {
		return append(out, c.tail...), more
	}
	out = c.appendProfile(append(out, ']'))
	return append(out, c.tail[1:]...), more
}

// row appends the JSON of the next row; errNoNews says that there is none yet.
func (c *feedCursor) row(dst []byte) (out []byte, ok bool, err error) {
	if c.direct != nil {
		e, ok, err := c.direct.event(c.fr)
		if err == nil && !ok {
			err = errNoNews
		}
		if err != nil {
			return dst, false, err
		}
		out, err = c.direct.appendJSON(dst, &e)
		return out, true, err
	}
	row, ok, err := c.seq.next(c.fr)
	if err != nil || !ok {
		return dst, false, err
	}
	out, err = datum.AppendJSON(dst, row)
	return out, true, err
}

// permitted checks the rights to the feeds, which may have been taken away.
func (c *feedCursor) permitted() error {
	for _, f := range c.feeds {
		if err := f.permitted(c.fr); err != nil {
			return err
		}
	}
	return nil
}

// rest forgets that the client waits.
func (c *feedCursor) rest() {
	if !c.fr.q.client.EmptyBatches {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	c.expired.Store(false)
}

// Close implements session.Cursor.
func (c *feedCursor) Close() {
	c.mu.Lock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	c.mu.Unlock()
	c.Cursor.Close()
}
