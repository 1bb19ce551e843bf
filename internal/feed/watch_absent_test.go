package feed

import (
	"context"
	"testing"

	"rethinkdb/internal/datum"
)

// TestRowsOfAServerThatWasAway has a server give no rows of a growing table for a while: those that it gave before are not new afterwards.
func TestRowsOfAServerThatWasAway(t *testing.T) {
	row := func(at int64, server string) datum.Value {
		return datum.Object([]datum.Field{{Key: "id", Val: datum.Array([]datum.Value{datum.Int(at), datum.String(server)})}})
	}
	var rows []datum.Value
	w := NewWatch(func(context.Context) ([]datum.Value, error) { return rows, nil }, true)
	defer w.Hub().Close()
	for i, step := range []struct {
		rows    []datum.Value
		commits uint64 // so far
	}{
		{[]datum.Value{row(1, "a"), row(2, "b")}, 0},
		{[]datum.Value{row(1, "a")}, 0},
		{[]datum.Value{row(3, "a")}, 1},
		{[]datum.Value{row(3, "a"), row(2, "b")}, 1},
		{[]datum.Value{row(3, "a"), row(4, "b")}, 2},
		{nil, 2},
		{[]datum.Value{row(3, "a"), row(4, "b")}, 2},
	} {
		rows = step.rows
		if err := w.look(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := w.applied.Load(); got != step.commits {
			t.Errorf("after step %d there were %d commits, want %d", i, got, step.commits)
		}
	}
}
