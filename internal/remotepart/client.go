package remotepart

import (
	"context"
	"errors"
	"fmt"
	"io"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/table"
	"rethinkdb/internal/watchdog"
)

const (
	// maxCallBytes is the longest request that goes as a call, in one message. Longer ones go over a stream.
	maxCallBytes = 1 << 20
	// maxRequestBytes is the longest request: a write is one batch of the store.
	maxRequestBytes = 1<<30 + 1<<20
	// maxAnswerBytes is about how much the rows of an answer may have. What does not fit is asked for again.
	maxAnswerBytes = 4 << 20
)

// ErrNotReached is the error of a Transport that has not sent the request.
var ErrNotReached = errors.New("the server cannot be reached")

// Transport takes requests to a Server. Its errors wrap ErrNotReached if the request was certainly not sent.
type Transport interface {
	// Call sends a request that is not long, for Server.Answer, and waits for the answer.
	Call(ctx context.Context, server string, request []byte) ([]byte, error)
	// Open opens a stream, for Server.Serve. It ends with ctx.
	Open(ctx context.Context, server string) (Stream, error)
	// OpenBulk is Open for what takes long and is in no hurry.
	OpenBulk(ctx context.Context, server string) (Stream, error)
}

// Stream goes both ways.
type Stream interface {
	io.ReadWriter
	CloseWrite() error
	Close() error
}

// Locate tells which server has the primary replica of a part; ok is false when nobody knows, or it is this one.
type Locate func(a table.Address) (server string, ok bool)

// Client implements table.Remote.
type Client struct {
	Transport Transport
	Locate    Locate
	// Astray is told of a server that Locate has named and that does not have the primary replica. It may be nil.
	Astray func(a table.Address, server string)
}

// astray tells of a server whose answer is that it does not have the primary replica.
func (c *Client) astray(a table.Address, server string, err error) {
	if c.Astray != nil && errors.Is(err, table.ErrNotPrimary) {
		c.Astray(a, server)
	}
}

var _ table.Remote = (*Client)(nil)

// do sends a request to the primary replica, and returns the answer behind its status. If that is found to be elsewhere, it goes there at once.
func (c *Client) do(ctx context.Context, q *request) (*reader, error) {
	server, ok := c.Locate(q.Part)
	if !ok {
		return nil, table.ErrNotPrimary
	}
	message := appendRequest(nil, q)
	r, err := c.ask(ctx, server, q.Part, message)
	if e, ok := errors.AsType[*replication.NotPrimaryError](err); ok && e.Leader != "" && string(e.Leader) != server {
		r, err = c.ask(ctx, string(e.Leader), q.Part, message)
	}
	return r, err
}

// ask asks one server, and gives up when another one has taken its place.
func (c *Client) ask(ctx context.Context, server string, a table.Address, message []byte) (*reader, error) {
	watched, stop := c.watch(ctx, server, a)
	defer stop()
	answer, err := c.send(watched, server, message)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, ErrNotReached):
		return nil, fmt.Errorf("%w: %w", table.ErrNotPrimary, err)
	default:
		return nil, fmt.Errorf("%w: %w", table.ErrLostContact, err)
	}
	r := &reader{b: answer}
	err = readStatus(r)
	c.astray(a, server, err)
	return r, err
}

// watch gives a context that ends as well when the primary replica is found to be on another server than the one that is asked.
func (c *Client) watch(ctx context.Context, server string, a table.Address) (context.Context, func()) {
	return watchdog.Context(ctx, func() error {
		if now, ok := c.Locate(a); ok && now != server {
			return table.ErrLostContact
		}
		return nil
	})
}

func (c *Client) send(ctx context.Context, server string, message []byte) ([]byte, error) {
	if len(message) <= maxCallBytes {
		return c.Transport.Call(ctx, server, message)
	}
	if len(message) > maxRequestBytes {
		return nil, fmt.Errorf("%w: the request has %d bytes, and may have %d", ErrNotReached, len(message), maxRequestBytes)
	}
	s, err := c.Transport.Open(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }() // the answer is there, or the error of it
	if err := errors.Join(writeFrame(s, message), s.CloseWrite()); err != nil {
		return nil, err
	}
	return readFrame(s)
}

// read is do for what changes nothing: it can always be asked once more.
func (c *Client) read(ctx context.Context, q *request) (*reader, error) {
	r, err := c.do(ctx, q)
	return r, again(err)
}

// again makes the error of a read that has lost contact one after which it is tried once more.
func again(err error) error {
	if errors.Is(err, table.ErrLostContact) && !errors.Is(err, table.ErrNotPrimary) {
		return fmt.Errorf("%w: %w", table.ErrNotPrimary, err)
	}
	return err
}

// GetMany implements table.Remote.
func (c *Client) GetMany(ctx context.Context, a table.Address, m table.ReadMode, keys [][]byte, rows []datum.Value) error {
	var of []int // what is still to be asked for
	for i, k := range keys {
		if k != nil {
			of = append(of, i)
		}
	}
	for len(of) > 0 {
		q := &request{Op: opGetMany, Part: a, Mode: m}
		for _, i := range of {
			q.Keys = append(q.Keys, keys[i])
		}
		r, err := c.read(ctx, q)
		if err != nil {
			return err
		}
		n := r.count()
		if n > len(of) {
			return errMalformed
		}
		for _, i := range of[:n] {
			rows[i] = r.value()
		}
		if err := r.end(); err != nil {
			return err
		}
		if n == 0 { // the first one is too long for an answer
			if rows[of[0]], err = c.get(ctx, a, m, keys[of[0]]); err != nil {
				return err
			}
			n = 1
		}
		of = of[n:]
	}
	return nil
}

// get reads one row as a scan.
func (c *Client) get(ctx context.Context, a table.Address, m table.ReadMode, key []byte) (datum.Value, error) {
	o := table.RemoteScan{}
	o.Bounds.Low, o.Bounds.High = key, append(append([]byte(nil), key...), 0)
	rows := c.Scan(ctx, a, m, o)
	defer rows.Close()
	row, _, _, err := rows.Next(ctx)
	return row, err
}

// Count implements table.Remote.
func (c *Client) Count(ctx context.Context, a table.Address, m table.ReadMode) (int64, error) {
	return c.count(ctx, &request{Op: opCount, Part: a, Mode: m})
}

// CountIndex implements table.Remote.
func (c *Client) CountIndex(ctx context.Context, a table.Address, m table.ReadMode, index uint32, ranges []table.IndexRange) (int64, error) {
	return c.count(ctx, &request{Op: opCountIndex, Part: a, Mode: m, Index: index, Ranges: ranges})
}

func (c *Client) count(ctx context.Context, q *request) (int64, error) {
	r, err := c.read(ctx, q)
	if err != nil {
		return 0, err
	}
	n := r.uvarint()
	return int64(n), r.end()
}

// Sync implements table.Remote.
func (c *Client) Sync(ctx context.Context, a table.Address) error {
	r, err := c.read(ctx, &request{Op: opSync, Part: a})
	if err != nil {
		return err
	}
	return r.end()
}

// Write implements table.Remote.
func (c *Client) Write(ctx context.Context, a table.Address, w table.RemoteWrite) ([]table.RemoteOutcome, error) {
	q := &request{Op: opWrite, Part: a, Durable: w.Durable}
	if w.Copied {
		q.Op = opCopy
	}
	var scratch []byte
	for _, row := range w.Rows {
		one := change{Key: row.Key, Fresh: row.Fresh, Row: row.New}
		one.Old, scratch = digestOf(row.Old, scratch)
		q.Rows = append(q.Rows, one)
	}
	r, err := c.do(ctx, q)
	if err != nil {
		return nil, err
	}
	return readOutcomes(r, len(w.Rows))
}

// Inherit implements table.Remote.
func (c *Client) Inherit(ctx context.Context, a table.Address, entries []table.Inherited) (first table.HistoryPlace, err error) {
	r, err := c.read(ctx, &request{Op: opInherit, Part: a, Entries: entries})
	if err != nil {
		return first, err
	}
	first = table.HistoryPlace{Epoch: table.Epoch(r.uint64()), Index: table.CommitIndex(r.uvarint())}
	return first, r.end()
}
