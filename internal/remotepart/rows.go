package remotepart

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/table"
)

// What a frame of a scan has behind its status. The rows of a scan by the primary key are values; by an index, each has before it its entry, how much
// of that is the value, how often it comes, and the value itself if it was cut; of distinct values, each has its entry before it.
const (
	frameRows = iota
	frameEnd
)

// Scan implements table.Remote. The request goes out before anybody asks for a row.
func (c *Client) Scan(ctx context.Context, a table.Address, m table.ReadMode, o table.RemoteScan) table.RemoteRows {
	q := &request{Op: opScan, Part: a, Mode: m, Index: o.Index, Ranges: o.Ranges, Bounds: o.Bounds, Distinct: o.Distinct, Descending: o.Descending, Values: o.Values}
	server, ok := c.Locate(a)
	r := &rows{index: o.Index != 0, distinct: o.Distinct, refused: func(err error) { c.astray(a, server, err) }}
	if !ok {
		r.err = table.ErrNotPrimary
		return r
	}
	r.open = func(ctx context.Context) (Stream, func(), error) {
		watched, stop := c.watch(ctx, server, a)
		s, err := c.Transport.Open(watched, server)
		if err != nil {
			stop()
			return nil, nil, err
		}
		return s, stop, errors.Join(writeFrame(s, appendRequest(nil, q)), s.CloseWrite())
	}
	r.begin(ctx)
	return r
}

// rows are those of a scan on another server.
type rows struct {
	index, distinct bool
	open            func(ctx context.Context) (Stream, func(), error)
	refused         func(err error) // is called with the error that the other server answers

	stream Stream
	stop   func()
	in     *bufio.Reader
	err    error // from now on
	ended  bool
	left   reader // of the present frame
}

func (r *rows) begin(ctx context.Context) {
	// The stream lives as long as the rows, which may be read with other contexts: of the batches of a cursor each has its own.
	r.stream, r.stop, r.err = r.open(context.WithoutCancel(ctx))
	if r.stream != nil {
		r.in = newStreamReader(r.stream)
	}
	r.err = lost(r.err)
}

// lost is the error of a read that the transport has failed: it may be tried again.
func lost(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotReached):
		return fmt.Errorf("%w: %w", table.ErrNotPrimary, err)
	}
	return fmt.Errorf("%w: %w: %w", table.ErrNotPrimary, table.ErrLostContact, err)
}

// Next implements table.RemoteRows.
func (r *rows) Next(ctx context.Context) (row datum.Value, at shard.Place, ok bool, err error) {
	for len(r.left.b) == 0 {
		switch {
		case r.err != nil:
			return row, at, false, r.err
		case r.ended:
			return row, at, false, nil
		case ctx.Err() != nil:
			return row, at, false, context.Cause(ctx)
		}
		if err := r.fill(ctx); err != nil {
			r.err = err
		}
	}
	row, at = r.take()
	if r.left.err != nil {
		r.err = r.left.err
		return datum.Value{}, shard.Place{}, false, r.err
	}
	return row, at, true, nil
}

// fill reads the next frame.
func (r *rows) fill(ctx context.Context) error {
	stream := r.stream                                            // what over is too late for runs on, and Close takes r.stream away
	over := context.AfterFunc(ctx, func() { _ = stream.Close() }) // Read fails then
	b, err := readFrame(r.in)
	over()
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return lost(noEOF(err))
	}
	r.left = reader{b: b}
	if err := readStatus(&r.left); err != nil {
		r.refused(err)
		return err
	}
	switch r.left.byte() {
	case frameRows:
		return r.left.err
	case frameEnd:
		r.ended = true
		return r.left.end()
	}
	return errMalformed
}

// take takes a row off the frame.
func (r *rows) take() (row datum.Value, at shard.Place) {
	in := &r.left
	if r.index {
		at.Entry = in.bytes()
		if !r.distinct {
			at.ValueLen, at.Given = in.int(), in.int()
			if at.ValueLen > len(at.Entry) || at.Given < 1 {
				in.fail()
			} else if at.Cut() {
				at.Value = in.value()
			}
		}
	}
	row = in.value()
	if row.IsAbsent() {
		in.fail()
	}
	return row, at
}

// Close implements table.RemoteRows.
func (r *rows) Close() {
	if r.stream == nil {
		return
	}
	_ = r.stream.Close() // it never has anything to say
	r.stop()
	r.stream = nil
	if r.err == nil {
		r.err = io.ErrClosedPipe
	}
}
