package remotepart

import (
	"context"
	"errors"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// When nobody has the primary replica of a part, the error says of which shard.
func TestErrorsNameTheShard(t *testing.T) {
	split := func(n int) string {
		key, err := table.AppendPrimaryKey(nil, datum.Int(int64(n)))
		if err != nil {
			t.Fatal(err)
		}
		return string(key)
	}
	near, err := table.Create(t.Context(), newStore(t), table.Config{ID: "t", PrimaryKey: "id", Groups: []storage.GroupID{1, 2},
		Splits: []string{split(10), split(20), split(30)}, Parts: []int{0, 1, 1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	far, err := newElsewhere(t, nil, true).Open(near)
	if err != nil {
		t.Fatal(err)
	}
	far.UseRemote(&Client{Locate: func(a table.Address) (string, bool) { return "", false }})
	ctx, cancel := context.WithCancel(t.Context()) // nobody waits for a primary replica
	cancel()
	check := func(what string, err error, low, high string) {
		t.Helper()
		if e, ok := errors.AsType[*table.ShardError](err); !ok || !errors.Is(err, table.ErrNotPrimary) || string(e.Low) != low || string(e.High) != high {
			t.Errorf("%s: %v of %+v", what, err, e)
		}
	}
	for id, bounds := range map[int][2]string{5: {"", split(10)}, 10: {split(10), split(20)}, 25: {split(20), split(30)}, 30: {split(30), ""}} {
		key := datum.Int(int64(id))
		_, err := far.Get(ctx, key, table.ReadOptions{})
		check("a row that is read", err, bounds[0], bounds[1])
		_, err = far.Write(ctx, table.WriteRequest{Keys: []datum.Value{key}, Update: func(int, datum.Value) (datum.Value, error) { return row(id, 1), nil }})
		check("a row that is written", err, bounds[0], bounds[1])
		rows, err := far.Scan(ctx, table.ScanOptions{Range: table.Range{Low: key}})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = rows.Next(ctx)
		check("rows", err, bounds[0], bounds[1])
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err = far.Count(ctx, table.ReadOptions{})
	check("all rows", err, "", split(10))
}

// A server that is asked in vain is told of, by calls and by scans.
func TestServersThatAreAskedInVain(t *testing.T) {
	_, near, _ := newPair(t)
	e := newElsewhere(t, nil, true)
	far, err := e.Open(near)
	if err != nil {
		t.Fatal(err)
	}
	e.loop.server.Find = func(table.Address) (*table.Part, bool) { return nil, false }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := 0
	far.UseRemote(&Client{Transport: e.loop, Locate: func(table.Address) (string, bool) { return "other", true }, Astray: func(a table.Address, server string) {
		if told++; a.Group != 1 || server != "other" {
			t.Errorf("group %d is not on server %q", a.Group, server)
		}
		cancel() // or it would be looked for
	}})
	if _, err := far.Get(ctx, datum.Int(1), table.ReadOptions{}); !errors.Is(err, table.ErrNotPrimary) || told != 1 {
		t.Errorf("a row that is not there: %v, and %d were told", err, told)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	rows, err := far.Scan(ctx, table.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := rows.Next(ctx); !errors.Is(err, table.ErrNotPrimary) || told != 2 {
		t.Errorf("rows that are not there: %v, and %d were told", err, told)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}
