package remotepart

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/table"
)

// requests are one of each kind.
func requests() []*request {
	part := table.Address{Table: "6f1e34ab-4d2e-4a86-b3a9-3b6d3a3d6f60", Group: 7}
	ranges := []shard.IndexRange{{Low: []byte("a"), High: []byte("b"), Copies: 3}, {Low: []byte("c")}}
	old, _ := digestOf(row(1, 2), nil)
	return []*request{
		{Op: opGetMany, Part: part, Mode: table.ReadMajority, Keys: [][]byte{[]byte("k"), []byte("l")}},
		{Op: opCount, Part: part},
		{Op: opCountIndex, Part: part, Index: 3, Ranges: ranges},
		{Op: opSync, Part: part},
		{Op: opCopy, Part: part, Durable: true, Rows: []change{{Key: []byte("k"), Fresh: true, Row: row(1, 3)}}},
		{Op: opInherit, Part: part, Entries: []shard.Inherited{{Of: 7, Index: 300, Entry: append([]byte{1}, make([]byte, 24)...)}}},
		{Op: opWrite, Part: part, Durable: true, Rows: []change{{Key: []byte("k"), Old: old, Row: row(1, 3)}, {Key: []byte("l"), Fresh: true}}},
		{Op: opScan, Part: part, Mode: table.ReadOutdated, Bounds: shard.Bounds{Low: []byte{1}}, Descending: true},
		{Op: opScan, Part: part, Index: 2, Ranges: ranges, Distinct: true, Values: true},
	}
}

func TestRequestsAreReadAsTheyWere(t *testing.T) {
	for _, q := range requests() {
		got, err := readRequest(appendRequest(nil, q))
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		for i := range got.Rows {
			if show(got.Rows[i].Row) != show(q.Rows[i].Row) {
				t.Errorf("row %d is %s, not %s", i, show(got.Rows[i].Row), show(q.Rows[i].Row))
			}
			got.Rows[i].Row = q.Rows[i].Row // which is a view now
		}
		if !reflect.DeepEqual(got, q) {
			t.Errorf("%+v was read as %+v", q, got)
		}
	}
}

func show(v datum.Value) string {
	if v.IsAbsent() {
		return "nothing"
	}
	return v.Print()
}

func TestErrorsKeepTheirMeaning(t *testing.T) {
	for _, err := range append(failures[:], &replication.NotPrimaryError{Leader: "x"}, table.ErrNotPrimary, errors.New("other"), errors.Join(table.ErrFateUnknown, table.ErrPartlyWritten)) {
		got := readStatus(&reader{b: appendError(nil, err)})
		for _, f := range append(failures[:], table.ErrNotPrimary) {
			if errors.Is(got, f) != errors.Is(err, f) {
				t.Errorf("%v became %v, which is %v: %t", err, got, f, errors.Is(got, f))
			}
		}
	}
	refused := &datum.Error{Class: datum.Resource, Msg: "too long"}
	if got := readStatus(&reader{b: appendError(nil, refused)}); !reflect.DeepEqual(got, refused) {
		t.Errorf("%v became %v", refused, got)
	}
}

// Whatever comes, a request that can be read is the same when it is written and read again, and is answered.
func FuzzRequest(f *testing.F) {
	for _, q := range requests() {
		f.Add(appendRequest(nil, q))
	}
	server := &Server{Find: func(table.Address) (*table.Part, bool) { return nil, false }}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := readRequest(b)
		if err != nil {
			return
		}
		again, err := readRequest(appendRequest(nil, q))
		if err != nil || len(again.Keys) != len(q.Keys) || len(again.Rows) != len(q.Rows) || len(again.Ranges) != len(q.Ranges) {
			t.Fatalf("%+v became %+v: %v", q, again, err)
		}
		for _, c := range q.Rows {
			_ = show(c.Row)
		}
		if q.Op != opScan {
			if _, err := server.Answer(context.Background(), b); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Answers and frames of scans are read, or refused.
func FuzzAnswer(f *testing.F) {
	f.Add(appendRows([]byte{byte(statusDone)}, []datum.Value{row(1, 2), {}}), uint8(0))
	f.Add(appendOutcomes([]byte{byte(statusDone)}, []table.RemoteOutcome{{}, {Stale: true, Known: true, Old: row(1, 2)}, {Err: &datum.Error{Msg: "x"}},
		{Err: &table.DuplicateError{Index: "i", Holder: row(1, 2), Row: row(2, 2)}}}), uint8(1))
	f.Add(appendRow(appendBytes([]byte{byte(statusDone), frameRows}, []byte("entry")), row(1, 2)), uint8(2))
	f.Add(appendError(nil, table.ErrDropped), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, how uint8) {
		r := &reader{b: b}
		if readStatus(r) != nil {
			return
		}
		switch how % 2 {
		case 0:
			for range r.count() {
				_ = show(r.value())
			}
		case 1:
			list, err := readOutcomes(r, 4)
			for _, o := range list {
				_ = show(o.Old)
				if err == nil && o.Err != nil {
					_ = o.Err.Error()
				}
			}
		}
		var framed bytes.Buffer
		if err := writeFrame(&framed, b); err != nil {
			t.Fatal(err)
		}
		s := &rows{index: how&2 != 0, distinct: how&4 != 0, stream: still{&framed}, in: newStreamReader(&framed)}
		for {
			row, at, ok, err := s.Next(context.Background())
			if err != nil || !ok {
				return
			}
			_, _ = show(row), at.Cut()
		}
	})
}

// still is a stream that ends.
type still struct{ *bytes.Buffer }

func (still) CloseWrite() error { return nil }
func (still) Close() error      { return nil }
