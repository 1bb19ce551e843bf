package exec

import (
	"context"
	"strings"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// Who may do what with a table is decided by Cluster.Authorize, which a query asks through tableVal.require at each place
// where it touches the table: when it reads a row or opens a scan, again for each batch of a cursor (seq.permitted), and
// for each batch of rows that it writes. Naming a table needs no right. Scans are opened through scan.source and secondary
// indexes come from tableVal.index, so that there is no way to rows past the question.
//
// Nothing is remembered between two questions, so a right that is taken away is missed at once. For admin a question costs
// a few nanoseconds, for others some look-ups in maps.

// Right is something that a client may or may not do with a table.
type Right uint8

// The rights.
const (
	ReadRows  Right = iota
	WriteRows       // which takes the right to read them as well
	Configure
)

// require checks that the client has a right to the table.
func (t *tableVal) require(fr *frame, r Right) error {
	if err := fr.q.eng.cluster.Authorize(fr.q.client, r, t.Table); err != nil || t.read.Mode != table.ReadMajority || r != ReadRows {
		return err
	}
	if several, ok := t.Table.(readier); ok {
		if err := several.Ready(fr.q.ctx, t.read.Mode); err != nil {
			return fr.readError(err)
		}
	}
	return nil
}

// readier is a table that can have several replicas. Ready returns when a read sees what it has to in a mode.
type readier interface {
	Ready(ctx context.Context, m table.ReadMode) error
}

// unexpected is the error of a right that is missing where the reference does not expect it: an internal error of the whole
// query, with the usual text in it. Others are errors of the class Permission.
func unexpected(err error) error {
	e, ok := err.(*reql.Error) //nolint:errorlint // never wrapped
	if !ok || e.Class != reql.Permission {
		return err
	}
	return &reql.Error{Type: reql.RuntimeError, Class: reql.Internal, TopLevel: true, Msg: unexpectedPrefix + e.Msg}
}

// unexpectedPrefix begins an internal error that is the user's all the same.
const unexpectedPrefix = "Unexpected exception: "

// isOurs tells whether an error is for the operator to know.
func isOurs(e *reql.Error) bool {
	return e.Class == reql.Internal && !strings.HasPrefix(e.Msg, unexpectedPrefix)
}
