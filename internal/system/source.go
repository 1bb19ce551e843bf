package system

import (
	"context"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

// view is how one use of a system table sees it.
type view struct {
	format Format
	// client runs the query; nil is the server itself, which may see everything.
	client *exec.Client
}

// A source is what is particular to one system table. Rows are objects whose field id is the primary key.
type source interface {
	// list returns all rows in any order.
	list(ctx context.Context, v view) ([]datum.Value, error)
	// get returns the row with that key, absent if there is none. Any datum may come as the key.
	get(ctx context.Context, v view, key datum.Value) (datum.Value, error)
	// write makes the row into what w says and returns what it then is, absent for none. The adapter holds the table's
	// lock, so that nothing has changed the row through the table since it was read.
	write(ctx context.Context, v view, w rowWrite) (datum.Value, error)
}

// A restricted source takes another permission on the table from those who read it, besides read.
type restricted interface{ alsoTakes() auth.Permission }

// A secretive source takes in rows what it never tells. told is the row for the result of a write, which is compared with the old one
// before that: a new password is a change.
type secretive interface {
	told(row datum.Value) datum.Value
}

// rowWrite is the change of one row of a system table. It is also made when old equals new, and when both are absent
// (the deletion of a row that is not there), as some tables refuse even that.
type rowWrite struct {
	key datum.Value
	// generated says that the server made up the key of an insert.
	generated bool
	old, new  datum.Value // absent: no such row
}

// readOnly refuses every write with one text. Tables that are read only embed it.
type readOnly string

func (r readOnly) write(context.Context, view, rowWrite) (datum.Value, error) {
	return datum.Value{}, opFailed("%s", string(r))
}

// illegalToWrite is the refusal of most read-only tables.
func illegalToWrite(table string) readOnly {
	return readOnly("It's illegal to write to the `rethinkdb." + table + "` table.")
}

// getByListing is for sources whose rows are few: it finds a row by listing all.
func getByListing(ctx context.Context, s source, v view, key datum.Value) (datum.Value, error) {
	rows, err := s.list(ctx, v)
	if err != nil {
		return datum.Value{}, err
	}
	for _, row := range rows {
		if id, _ := row.Get("id"); datum.Equal(id, key) {
			return row, nil
		}
	}
	return datum.Value{}, nil
}
