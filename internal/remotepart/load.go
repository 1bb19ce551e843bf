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

// loadFrameBytes is about how much a frame with rows has that are to be loaded. The last one of a load is empty.
const loadFrameBytes = 256 << 10

// Load implements table.Remote.
func (c *Client) Load(ctx context.Context, a table.Address) (table.Loader, error) {
	server, ok := c.Locate(a)
	if !ok {
		return nil, table.ErrNotPrimary
	}
	watched, stop := c.watch(ctx, server, a)
	stream, err := c.Transport.OpenBulk(watched, server)
	if err != nil {
		stop()
		return nil, lost(err)
	}
	l := &loader{ctx: watched, stop: stop, stream: stream, in: newStreamReader(stream)}
	if err := writeFrame(stream, appendRequest(nil, &request{Op: opLoad, Part: a})); err != nil {
		return nil, errors.Join(l.lost(err), l.Abort())
	}
	if err := l.answer(); err != nil {
		c.astray(a, server, err)
		return nil, errors.Join(err, l.Abort())
	}
	return l, nil
}

// loader is a table.Loader of rows on another server.
type loader struct {
	ctx    context.Context // that the stream ends with
	stop   func()
	stream Stream // nil: it is over
	in     *bufio.Reader
	buf    []byte
}

// Add implements table.Loader.
func (l *loader) Add(_ context.Context, key, row []byte) error {
	l.buf = appendBytes(appendBytes(l.buf, key), row)
	if len(l.buf) < loadFrameBytes {
		return nil
	}
	return l.flush()
}

func (l *loader) flush() error {
	err := writeFrame(l.stream, l.buf)
	l.buf = l.buf[:0]
	return l.lost(err)
}

// Finish implements table.Loader.
func (l *loader) Finish(context.Context) error {
	var err error
	if len(l.buf) > 0 {
		err = l.flush()
	}
	if err == nil {
		err = l.lost(errors.Join(writeFrame(l.stream, nil), l.stream.CloseWrite()))
	}
	if err == nil {
		err = l.answer()
	}
	return errors.Join(err, l.Abort())
}

// answer reads an answer that says only whether something was done.
func (l *loader) answer() error {
	b, err := readFrame(l.in)
	if err != nil {
		return l.lost(noEOF(err))
	}
	r := &reader{b: b}
	if err := readStatus(r); err != nil {
		return err
	}
	return r.end()
}

// lost is the error of a stream that has ended too early: nobody knows what was done.
func (l *loader) lost(err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(l.ctx); cause != nil {
		err = cause
	}
	return fmt.Errorf("%w: %w", table.ErrLostContact, err)
}

// Abort implements table.Loader.
func (l *loader) Abort() error {
	if l.stream == nil {
		return nil
	}
	err := l.stream.Close()
	l.stream = nil
	l.stop()
	return err
}

// load takes the rows that come over a stream.
func (s *Server) load(ctx context.Context, stream io.ReadWriter, q *request) error {
	_, part, err := s.open(ctx, q)
	var l *shard.Load
	if err == nil {
		l, err = part.Load()
	}
	if err != nil {
		return writeFrame(stream, appendError(nil, err))
	}
	if err := errors.Join(writeFrame(stream, []byte{byte(statusDone)}), receive(ctx, newStreamReader(stream), l)); err != nil {
		return errors.Join(err, l.Abort())
	}
	if err := l.Finish(ctx); err != nil {
		return writeFrame(stream, appendError(nil, err))
	}
	return writeFrame(stream, []byte{byte(statusDone)})
}

// receive takes rows until the empty frame.
func receive(ctx context.Context, in io.Reader, l *shard.Load) error {
	var frame []byte
	for {
		var err error
		if frame, err = readFrameInto(frame, in); err != nil {
			return noEOF(err)
		}
		if len(frame) == 0 {
			return nil
		}
		for r := (&reader{b: frame}); len(r.b) > 0; {
			key, row := r.bytes(), r.bytes()
			if r.err != nil {
				return r.err
			}
			if err := datum.Check(row); err != nil || !datum.View(row).IsObject() {
				return fmt.Errorf("%w: a row that is none (%v)", errMalformed, err) //nolint:errorlint // it may be nil
			}
			if err := l.Add(ctx, key, row); err != nil {
				return err
			}
		}
	}
}
