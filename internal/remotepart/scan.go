package remotepart

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"rethinkdb/internal/shard"
	"rethinkdb/internal/table"
)

const (
	// A frame of rows begins small, because many scans are short, and doubles.
	firstBatchBytes = 8 << 10
	maxBatchBytes   = 256 << 10
	// parkTime is how long a scan waits for who reads it before it gives back what it holds of the store.
	parkTime = time.Second
)

// Serve answers the request that comes over a stream.
func (s *Server) Serve(ctx context.Context, stream io.ReadWriter) error {
	message, err := readFrame(stream)
	if err != nil {
		return err
	}
	q, err := readRequest(message)
	if err != nil {
		return err
	}
	switch q.Op {
	case opScan:
		return s.scan(ctx, stream, q)
	case opLoad:
		return s.load(ctx, stream, q)
	}
	return writeFrame(stream, s.answer(ctx, q))
}

// scan sends the rows of a scan.
func (s *Server) scan(ctx context.Context, stream io.Writer, q *request) error {
	p, part, err := s.open(ctx, q)
	if err != nil {
		return writeFrame(stream, appendError(nil, err))
	}
	source, err := begin(part, q)
	if err != nil {
		return writeFrame(stream, appendError(nil, err))
	}
	c := &scan{part: p, mode: q.Mode, source: source}
	err = c.run(ctx, stream)
	return errors.Join(err, c.close())
}

// source is what a scan reads.
type source interface {
	// next reads a row and appends it; more is false at the end.
	next(ctx context.Context, dst []byte) (out []byte, more bool, err error)
	park() error
	close() error
}

// begin begins the scan of a request.
func begin(part *shard.Shard, q *request) (source, error) {
	if q.Index == 0 {
		return &keySource{part.Scan(shard.ScanOptions{Bounds: q.Bounds, Descending: q.Descending, Transient: true})}, nil
	}
	x, ok := part.Index(q.Index)
	if !ok {
		return nil, table.ErrIndexDropped
	}
	o := shard.IndexScanOptions{Ranges: q.Ranges, Descending: q.Descending, Values: q.Values, Transient: true}
	if q.Distinct {
		return &valueSource{x.Distinct(o)}, nil
	}
	return &entrySource{rows: x.Scan(o)}, nil
}

// scan sends rows as long as somebody reads them.
type scan struct {
	part *table.Part
	mode table.ReadMode

	mu     sync.Mutex // guards what follows; held while rows are read and while they are parked
	source source
	sure   bool // rows were read from where they are
	err    error
	closed bool
}

func (c *scan) run(ctx context.Context, w io.Writer) error {
	size := firstBatchBytes
	var buf []byte
	for {
		var more bool
		var err error
		if buf, more, err = c.fill(ctx, buf[:0], size); err != nil {
			return writeFrame(w, appendError(buf[:0], err))
		}
		idle := time.AfterFunc(parkTime, c.park)
		err = writeFrame(w, buf)
		idle.Stop()
		if err != nil {
			return err
		}
		if !more {
			return writeFrame(w, []byte{byte(statusDone), frameEnd})
		}
		size = min(2*size, maxBatchBytes)
	}
}

// fill reads rows into a frame.
func (c *scan) fill(ctx context.Context, buf []byte, size int) (_ []byte, more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return buf, false, c.err
	}
	buf = append(buf, byte(statusDone), frameRows)
	for len(buf) < size {
		if buf, more, err = c.source.next(ctx, buf); err == nil && !c.sure {
			err = c.part.Check(c.mode)
			c.sure = true
		}
		if err != nil || !more {
			return buf, false, err
		}
	}
	return buf, true, nil
}

// park is called when nobody reads.
func (c *scan) park() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.err = errors.Join(c.err, c.source.park())
		c.sure = false
	}
}

func (c *scan) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.source.close()
}

// keySource gives rows by the primary key.
type keySource struct{ rows *shard.Rows }

func (s *keySource) next(ctx context.Context, dst []byte) ([]byte, bool, error) {
	row, ok, err := s.rows.Next(ctx)
	if err != nil || !ok {
		return dst, false, err
	}
	return appendRow(dst, row), true, nil
}

func (s *keySource) park() error  { return s.rows.Park() }
func (s *keySource) close() error { return s.rows.Close() }

// entrySource gives rows by an index.
type entrySource struct {
	rows *shard.IndexRows
	at   shard.Place
}

func (s *entrySource) next(ctx context.Context, dst []byte) ([]byte, bool, error) {
	row, ok, err := s.rows.Next(ctx)
	if err != nil || !ok {
		return dst, false, err
	}
	s.rows.Place(&s.at)
	dst = binary.AppendUvarint(appendBytes(dst, s.at.Entry), uint64(s.at.ValueLen))
	dst = binary.AppendUvarint(dst, uint64(1+s.rows.TakeCopies()))
	if s.at.Cut() {
		dst = appendRow(dst, s.at.Value)
	}
	return appendRow(dst, row), true, nil
}

func (s *entrySource) park() error  { return s.rows.Park() }
func (s *entrySource) close() error { return s.rows.Close() }

// valueSource gives the values of an index.
type valueSource struct{ rows *shard.DistinctRows }

func (s *valueSource) next(ctx context.Context, dst []byte) ([]byte, bool, error) {
	v, ok, err := s.rows.Next(ctx)
	if err != nil || !ok {
		return dst, false, err
	}
	return appendRow(appendBytes(dst, s.rows.Entry()), v), true, nil
}

func (s *valueSource) park() error  { return s.rows.Park() }
func (s *valueSource) close() error { return s.rows.Close() }
