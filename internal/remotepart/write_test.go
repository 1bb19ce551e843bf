package remotepart

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// newPair gives a table, and a view of it from another server.
func newPair(t *testing.T) (l *loop, near, far *table.Table) {
	t.Helper()
	near, err := table.Create(t.Context(), newStore(t), table.Config{ID: "t", PrimaryKey: "id", Groups: []storage.GroupID{1}})
	if err != nil {
		t.Fatal(err)
	}
	e := newElsewhere(t, nil, true)
	if far, err = e.Open(near); err != nil {
		t.Fatal(err)
	}
	return e.loop, near, far
}

func row(id, n int) datum.Value {
	return datum.Object([]datum.Field{{Key: "id", Val: datum.Int(int64(id))}, {Key: "n", Val: datum.Int(int64(n))}})
}

func numberIn(row datum.Value) int {
	v, ok := row.Get("n")
	if !ok {
		return 0
	}
	return int(v.AsNumber())
}

// count adds one to each of some rows.
func count(t *testing.T, tbl *table.Table, ids ...int) ([]table.WriteResult, error) {
	t.Helper()
	req := table.WriteRequest{Durability: table.DurabilitySoft, Update: func(i int, old datum.Value) (datum.Value, error) {
		return row(ids[i], numberIn(old)+1), nil
	}}
	for _, id := range ids {
		req.Keys = append(req.Keys, datum.Int(int64(id)))
	}
	return tbl.Write(t.Context(), req)
}

// Writers here and there count the same rows up, some of them twice in one write. None of it is lost.
func TestNoUpdateIsLost(t *testing.T) {
	_, near, far := newPair(t)
	const writers, writes = 3, 60
	var wg sync.WaitGroup
	for _, tbl := range []*table.Table{near, far} {
		for range writers {
			wg.Go(func() {
				for range writes {
					results, err := count(t, tbl, 1, 2, 1)
					if err != nil || results[0].Err != nil || results[2].Err != nil || numberIn(results[2].New) < numberIn(results[0].New)+1 {
						t.Errorf("write: %+v, %v", results, err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for id, want := range map[int]int{1: 4 * writers * writes, 2: 2 * writers * writes} {
		if got, err := far.Get(t.Context(), datum.Int(int64(id)), table.ReadOptions{}); err != nil || numberIn(got) != want {
			t.Errorf("row %d counts %d, not %d: %v", id, numberIn(got), want, err)
		}
	}
}

// A write whose answer is lost may have been made, and says so. One that was not sent is tried again.
func TestLostWrites(t *testing.T) {
	l, near, far := newPair(t)
	lost := 0
	l.lose = func(request []byte) error {
		if lost++; lost < 3 {
			return ErrNotReached
		}
		return nil
	}
	if _, err := count(t, far, 1); err != nil {
		t.Fatal(err)
	}
	l.drop = func(request []byte) error {
		if operation(request[0]) == opWrite {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	if _, err := count(t, far, 1); !errors.Is(err, table.ErrLostContact) || errors.Is(err, table.ErrNotPrimary) {
		t.Errorf("a write without an answer: %v", err)
	}
	if got, err := near.Get(t.Context(), datum.Int(1), table.ReadOptions{}); numberIn(got) != 2 || err != nil {
		t.Errorf("row 1 is %s, %v", got.Print(), err)
	}
}

// Errors of rows are those that the table gives where it is.
func TestErrorsOfRows(t *testing.T) {
	_, near, far := newPair(t)
	x, err := near.AddIndex(t.Context(), table.IndexConfig{Number: 1, Unique: true, Ready: true, Name: func() string { return "n" },
		Function: func(row datum.Value) (datum.Value, bool) { return row.Get("n") }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := near.DropIndex(t.Context(), x); err != nil {
			t.Error(err)
		}
	}()
	write := func(tbl *table.Table) string {
		results, err := tbl.Write(t.Context(), table.WriteRequest{Keys: []datum.Value{datum.Int(1), datum.Int(2), datum.Int(3), datum.Int(4)},
			Update: func(i int, _ datum.Value) (datum.Value, error) {
				switch i {
				case 2:
					return row(1, 5), nil // another primary key
				case 3:
					return datum.Value{}, errors.New("the function has failed")
				}
				return row(i+1, 7), nil // the same value twice
			}})
		text := fmt.Sprint(err)
		for _, r := range results {
			var double *table.DuplicateError
			text += fmt.Sprintln(r.Changed, r.Err, errors.As(r.Err, &double))
		}
		return text
	}
	got := write(far)
	if _, err := far.Write(t.Context(), table.WriteRequest{Keys: []datum.Value{datum.Int(1)}, Update: func(int, datum.Value) (datum.Value, error) { return datum.Null, nil }}); err != nil {
		t.Fatal(err)
	}
	if want := write(near); got != want || !strings.Contains(want, "Duplicate value") {
		t.Errorf("from elsewhere:\n%s\nthere:\n%s", got, want)
	}
}

// Rows that are longer than an answer, and writes that are longer than a call, take other ways.
func TestLongRows(t *testing.T) {
	_, near, far := newPair(t)
	long := func(i int) datum.Value {
		return datum.Object([]datum.Field{{Key: "id", Val: datum.Int(int64(i))}, {Key: "text", Val: datum.String(strings.Repeat("x", (2+i)<<20))}})
	}
	keys := []datum.Value{datum.Int(0), datum.Int(1), datum.Int(2), datum.Int(3), datum.Int(4)}
	_, err := far.Write(t.Context(), table.WriteRequest{Keys: keys, Durability: table.DurabilitySoft, Update: func(i int, _ datum.Value) (datum.Value, error) { return long(i), nil }})
	if err != nil {
		t.Fatal(err)
	}
	got, err := far.GetMany(t.Context(), keys, table.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := near.GetMany(t.Context(), keys, table.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		if !datum.Equal(got[i], want[i]) || !datum.Equal(got[i], long(i)) {
			t.Errorf("row %d is not what was written", i)
		}
	}
}
