package remotepart

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/table"
)

// loadRows loads rows from far away, without their end.
func loadRows(t *testing.T, far *table.Table, n int) (table.Loader, error) {
	t.Helper()
	l, err := far.Load(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		key, err := datum.PrimaryKey(datum.Int(int64(i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Add(t.Context(), key, datum.AppendEncoded(nil, row(i, i))); err != nil {
			return l, err
		}
	}
	return l, nil
}

func countRows(t *testing.T, tbl *table.Table) int {
	t.Helper()
	n, err := tbl.Count(t.Context(), table.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func TestLoad(t *testing.T) {
	_, near, far := newPair(t)
	l, err := loadRows(t, far, 20_000)
	if err == nil {
		err = l.Finish(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Abort(); err != nil {
		t.Errorf("end of a load that is over: %v", err)
	}
	if n := countRows(t, near); n != 20_000 {
		t.Errorf("%d rows were loaded", n)
	}
	if got, err := near.Get(t.Context(), datum.Int(12_345), table.ReadOptions{}); err != nil || numberIn(got) != 12_345 {
		t.Errorf("row 12345 is %s: %v", got.Print(), err)
	}
}

// A load that is not finished leaves no rows, and one whose stream ends says that nobody knows.
func TestLoadsThatEndEarly(t *testing.T) {
	loop, near, far := newPair(t)
	l, err := loadRows(t, far, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Abort(); err != nil {
		t.Fatal(err)
	}
	loop.wg.Wait()
	if n := countRows(t, near); n != 0 {
		t.Errorf("a load that was ended has left %d rows", n)
	}
	ctx, lose := context.WithCancel(t.Context())
	if l, err = far.Load(ctx, 0); err != nil {
		t.Fatal(err)
	}
	lose()
	for i := 0; err == nil; i++ {
		err = l.Add(t.Context(), binary.BigEndian.AppendUint32(nil, uint32(i)), datum.AppendEncoded(nil, row(i, i)))
	}
	if !errors.Is(err, table.ErrLostContact) || errors.Is(err, table.ErrNotPrimary) {
		t.Errorf("a load whose stream has ended: %v", err)
	}
	if err := l.Abort(); err != nil {
		t.Error(err)
	}
}

// What cannot be loaded is refused before anything was sent.
func TestLoadsThatAreRefused(t *testing.T) {
	loop, near, far := newPair(t)
	part := near.Parts()[0]
	single := part.Group()
	part.SetGroup(replication.Absent{})
	if _, err := far.Load(t.Context(), 0); !errors.Is(err, table.ErrNotPrimary) {
		t.Errorf("load into a part that is elsewhere: %v", err)
	}
	part.SetGroup(single)
	loop.lose = func([]byte) error { return ErrNotReached }
	if _, err := far.Load(t.Context(), 0); !errors.Is(err, table.ErrNotPrimary) {
		t.Errorf("load into a part that is not reached: %v", err)
	}
}

// Rows that are none, and keys that do not ascend, are refused.
func TestMalformedLoads(t *testing.T) {
	loop, near, _ := newPair(t)
	good := datum.AppendEncoded(nil, row(1, 1))
	for name, frame := range map[string][]byte{
		"no row":         appendBytes(appendBytes(nil, []byte("a")), []byte{250, 1}),
		"no value":       appendBytes(nil, []byte("a")),
		"too short":      binary.AppendUvarint(nil, 100),
		"not in order":   appendBytes(appendBytes(appendBytes(appendBytes(nil, []byte("b")), good), []byte("a")), good),
		"the same again": appendBytes(appendBytes(appendBytes(appendBytes(nil, []byte("a")), good), []byte("a")), good),
	} {
		var in bytes.Buffer
		for _, b := range [][]byte{appendRequest(nil, &request{Op: opLoad, Part: table.Address{Table: "t", Group: 1}}), frame, nil} {
			if err := writeFrame(&in, b); err != nil {
				t.Fatal(err)
			}
		}
		err := loop.server.Serve(t.Context(), struct {
			io.Reader
			io.Writer
		}{&in, io.Discard})
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if n := countRows(t, near); n != 0 {
		t.Errorf("%d rows of malformed loads were taken", n)
	}
}
