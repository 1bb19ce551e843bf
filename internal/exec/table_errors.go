package exec

import (
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// readError is what the client is told of an error of a table that was to be read.
func (fr *frame) readError(err error) error {
	return fr.tableError(err, "read", reql.OpFailed)
}

// writeError is readError for a write. indeterminate says that earlier writes of the same term have been made.
func (fr *frame) writeError(err error, indeterminate bool) error {
	class := reql.OpFailed
	if indeterminate || errors.Is(err, table.ErrUnknownOutcome) || errors.Is(err, table.ErrPartlyWritten) || errors.Is(err, table.ErrLostContact) && !errors.Is(err, table.ErrNotPrimary) {
		class = reql.OpIndeterminate
	}
	return fr.tableError(err, "write", class)
}

const noQuorumText = "Cannot perform %s: The primary replica isn't connected to a quorum of replicas. The %s was not performed%s"

// noQuorumAdvice ends the error of a table whose primary replica is alone.
var noQuorumAdvice = map[string]string{
	"write": ".",
	"read":  `, you can do an outdated read using ` + "`" + `read_mode="outdated"` + "`.",
}

// tableError passes errors of the user through. What is not the user's fault is logged, because nobody but the operator
// can do anything about it.
func (fr *frame) tableError(err error, what string, class reql.ErrorClass) error {
	switch e := err.(type) { //nolint:errorlint // tables return these as they are
	case *reql.Error:
		if class == reql.OpIndeterminate {
			c := *e
			c.Class = class
			return &c
		}
		return err
	case *datum.Error:
		return err
	}
	switch {
	case err == errInterrupted, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), fr.q.ctx.Err() != nil: //nolint:errorlint // it is never wrapped
		return errInterrupted
	case errors.Is(err, table.ErrDropped):
		return reql.Errorf(class, "Cannot perform %s: The table was dropped.", what)
	}
	switch {
	case errors.Is(err, table.ErrLostContact):
		return reql.Errorf(class, "Cannot perform %s: lost contact with primary replica", what)
	case errors.Is(err, table.ErrNotPrimary), errors.Is(err, table.ErrMoved):
		return reql.Errorf(class, "Cannot perform %s: primary replica for shard %s not available", what, shardOf(err))
	case errors.Is(err, table.ErrNoQuorum):
		return reql.Errorf(class, noQuorumText, what, what, noQuorumAdvice[what])
	case errors.Is(err, table.ErrFateUnknown):
		return reql.Errorf(class, "Cannot perform %s: The primary replica lost contact with the secondary replicas. The %s may or may not have been performed.", what, what)
	}
	fr.q.eng.errors.report("a table failed to "+what, err, "user", fr.q.client.User)
	return reql.Errorf(class, "Cannot perform %s: %s", what, err)
}
