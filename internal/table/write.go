package table

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rethinkdb/internal/shard"
)

// Write changes rows. Errors of a row are in its result. The error of Write itself says that nothing was written, except
// when it wraps ErrUnknownOutcome, and the results are there, too, or ErrPartlyWritten.
func (t *Table) Write(ctx context.Context, req WriteRequest) ([]WriteResult, error) {
	if len(req.Keys) == 1 {
		return t.writeOne(ctx, req)
	}
	return t.write(ctx, req, &shard.Request{
		Keys:    make([][]byte, len(req.Keys)),
		Results: make([]WriteResult, len(req.Keys)),
	}, make([]byte, 0, keyBytes*len(req.Keys)))
}

// writeOne is Write for one key. All that it needs is one allocation instead of four.
func (t *Table) writeOne(ctx context.Context, req WriteRequest) ([]WriteResult, error) {
	var m struct {
		request shard.Request
		key     [1][]byte
		result  [1]WriteResult
		encoded [keyBytes]byte
	}
	m.request.Keys = m.key[:]
	m.request.Results = m.result[:]
	return t.write(ctx, req, &m.request, m.encoded[:0])
}

// write encodes the keys into buf, if it is large enough, and writes.
func (t *Table) write(ctx context.Context, req WriteRequest, r *shard.Request, buf []byte) ([]WriteResult, error) {
	r.Values = req.Keys
	r.Update = req.Update
	r.Fresh = req.Generated
	r.Durable, r.Copied = t.Durable(req.Durability), req.Copied
	for i, v := range r.Values {
		start := len(buf)
		longer, err := appendPrimaryKey(buf, v)
		if err != nil {
			r.Results[i].Err = err
			continue
		}
		buf = longer
		r.Keys[i] = buf[start:len(buf):len(buf)]
	}
	if p := t.layout.Load().single(); p != nil && t.here(p, ReadSingle) {
		if err := p.shard.Write(ctx, r); !t.elsewhere(err) {
			return r.Results, err
		}
		r.Forget()
	}
	return r.Results, t.writeParts(ctx, r)
}

// writeParts gives each part the keys that it has, one part after the other, until all keys have been written.
func (t *Table) writeParts(ctx context.Context, r *shard.Request) error {
	one := *r
	one.Keys = make([][]byte, len(r.Keys))
	written := make([]bool, len(r.Keys))
	var try attempt
	for {
		l := t.layout.Load()
		p, n, err := l.share(r.Keys, written, one.Keys)
		if err == nil && n == 0 {
			return nil
		}
		if err == nil {
			err = t.writePart(ctx, p, &one, written)
		}
		switch {
		case err == nil:
			try = attempt{}
		case errors.Is(err, ErrUnknownOutcome), errors.Is(err, ErrPartlyWritten), errors.Is(err, ErrLostContact) && !errors.Is(err, ErrNotPrimary), errors.Is(err, ErrFateUnknown):
			return err
		case try.again(ctx, t, l, err):
			for i := range one.Keys {
				if written[i] {
					one.Keys[i] = nil
				}
			}
			one.Forget()
		case slices.Contains(written, true):
			return fmt.Errorf("%w: %w", ErrPartlyWritten, t.inShard(firstKey(one.Keys), l.failure(err)))
		default:
			return t.inShard(firstKey(one.Keys), l.failure(err))
		}
	}
}

// share fills in the keys of the part that has the first one which is not done yet, and returns how many these are.
func (l *layout) share(keys [][]byte, done []bool, own [][]byte) (p *Part, n int, err error) {
	clear(own)
	for i, k := range keys {
		if k == nil || done[i] {
			continue
		}
		of := l.route(k)
		if of == nil {
			return nil, 0, ErrMoved
		}
		if p == nil {
			p = of
		}
		if of == p {
			own[i] = k
			n++
		}
	}
	return p, n, nil
}

// writePart writes the keys of one part, and marks them as written.
func (t *Table) writePart(ctx context.Context, p *Part, r *shard.Request, written []bool) error {
	if !t.here(p, ReadSingle) {
		return t.writeRemote(ctx, p, r, written)
	}
	if err := p.shard.Write(ctx, r); err != nil {
		return err
	}
	for i, k := range r.Keys {
		written[i] = written[i] || k != nil
	}
	return nil
}
