package remotepart

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/table"
)

// Find gives the part that has a group, if this server knows of it.
type Find func(a table.Address) (*table.Part, bool)

// Server answers other servers.
type Server struct {
	Find Find
}

// Answer answers a request that came as a call.
func (s *Server) Answer(ctx context.Context, message []byte) ([]byte, error) {
	q, err := readRequest(message)
	if err != nil {
		return nil, err
	}
	if q.Op == opScan || q.Op == opLoad {
		return nil, fmt.Errorf("%w: a scan or a load needs a stream", errMalformed)
	}
	return s.answer(ctx, q), nil
}

// answer does what is asked for.
func (s *Server) answer(ctx context.Context, q *request) []byte {
	p, rows, err := s.open(ctx, q)
	if err != nil {
		return appendError(nil, err)
	}
	out, err := operate(ctx, rows, q, []byte{byte(statusDone)})
	if err == nil && !q.Op.writes() { // what was written was checked
		err = p.Check(q.Mode)
	}
	if err != nil {
		return appendError(nil, err)
	}
	return out
}

func (s *Server) open(ctx context.Context, q *request) (*table.Part, *shard.Shard, error) {
	p, ok := s.Find(q.Part)
	if !ok {
		return nil, nil, table.ErrNotPrimary // one of the two servers has not heard of everything yet
	}
	rows, err := p.Local(ctx, q.Mode)
	return p, rows, err
}

func (o operation) writes() bool { return o == opWrite || o == opCopy || o == opInherit }

// operate appends what a request other than a scan comes to.
func operate(ctx context.Context, rows *shard.Shard, q *request, dst []byte) ([]byte, error) {
	switch q.Op {
	case opGetMany:
		found := make([]datum.Value, len(q.Keys))
		if err := rows.GetMany(ctx, q.Keys, found); err != nil {
			return nil, err
		}
		return appendRows(dst, found), nil
	case opCount:
		return binary.AppendUvarint(dst, uint64(rows.Count())), nil
	case opCountIndex:
		x, ok := rows.Index(q.Index)
		if !ok {
			return nil, table.ErrIndexDropped
		}
		n, err := x.Count(ctx, shard.IndexScanOptions{Ranges: q.Ranges})
		return binary.AppendUvarint(dst, uint64(n)), err
	case opSync:
		return dst, rows.Sync(ctx)
	case opWrite, opCopy:
		list, err := write(ctx, rows, q)
		return appendOutcomes(dst, list), err
	case opInherit:
		first, err := rows.Inherit(ctx, q.Entries)
		return binary.AppendUvarint(binary.BigEndian.AppendUint64(dst, uint64(first.Epoch)), uint64(first.Index)), err
	}
	return nil, errMalformed
}

// errStale is the error of a row that is not what the writer has decided on.
var errStale = errors.New("the row has changed")

// write writes those rows that are as they were.
func write(ctx context.Context, rows *shard.Shard, q *request) ([]table.RemoteOutcome, error) {
	r := &shard.Request{Durable: q.Durable, Copied: q.Op == opCopy, Results: make([]shard.Result, len(q.Rows))}
	var scratch []byte
	for i := range q.Rows {
		c := &q.Rows[i]
		pk, _ := c.Row.Get(rows.PrimaryKey())
		r.Keys = append(r.Keys, c.Key)
		r.Values = append(r.Values, pk)
		r.Fresh = append(r.Fresh, c.Fresh)
	}
	r.Update = func(i int, old datum.Value) (datum.Value, error) {
		c := &q.Rows[i]
		var is digest
		if is, scratch = digestOf(old, scratch); !c.Fresh && is != c.Old {
			return datum.Value{}, errStale
		}
		return c.Row, nil
	}
	if err := rows.Write(ctx, r); err != nil {
		return nil, err
	}
	list := make([]table.RemoteOutcome, len(q.Rows))
	for i, res := range r.Results {
		switch {
		case res.Err == errStale: //nolint:errorlint // it is never wrapped
			list[i] = table.RemoteOutcome{Stale: true, Known: true, Old: res.Old}
		case res.Err != nil:
			list[i].Err = res.Err
		}
	}
	return list, nil
}
