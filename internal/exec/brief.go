package exec

import (
	"context"
	"errors"
	"time"

	"rethinkdb/internal/session"
)

// Most queries that read by an index, a range or some keys have a few rows. A goroutine of their own costs them a third of their
// time: it is made, its stack grows several times, and its answer is a system call of its own. Whether there are few rows is
// known only when they have been read. So a query whose terms are slow on many rows only is tried on the goroutine that has read
// it, with a bound on its work. When it comes to the bound, what it has done is thrown away, and it starts anew on a goroutine
// of its own. It has changed nothing: queries that write, or that ask anything outside of the tables, are not tried.
//
// The bound is about half a millisecond, for which the next request of the connection may have to wait, and which is wasted on
// queries that are longer: about the first batch of a stream of rows of 1 KB. Nobody looks at the clock for a few rows. Of terms
// that are evaluated the bound is the first time that the query would wait for a turn (frame.rest): 1024 of them.
const (
	maxBriefTime = 500 * time.Microsecond
	timedRows    = 64 // between two looks at the clock
	maxBriefRows = 1000
)

// errTooLong ends a query that was tried and turns out to be too long. No client gets to see it.
var errTooLong = errors.New("query is too long to be tried")

// giveUp ends a query that is tried.
func (fr *frame) giveUp() error {
	fr.q.tooLong = true
	return errTooLong
}

// hasRead counts rows that were read.
func (fr *frame) hasRead(rows int) error {
	before := fr.tally.rowsRead
	fr.tally.rowsRead += int64(rows)
	if !fr.brief {
		return nil
	}
	now := fr.tally.rowsRead
	if now > maxBriefRows || before/timedRows != now/timedRows && time.Since(fr.pace.since) > maxBriefTime {
		return fr.giveUp()
	}
	return nil
}

// Brief is part of session.Trier.
func (p *Plan) Brief() bool { return p.brief }

// Try is part of session.Trier.
func (p *Plan) Try(ctx context.Context, dst []byte) (out []byte, cursor session.Cursor, done bool) {
	out, cur, more := p.start(ctx, dst, true)
	switch {
	case cur == nil:
		return out, nil, true
	case cur.fr.q.tooLong:
		cur.fr.q.effort.logged = true // it is the next attempt that counts
		cur.Close()
		return dst, nil, false
	case more:
		cur.fr.brief = false
		return out, cur.kind(), true
	}
	cur.Close()
	return out, nil, true
}
