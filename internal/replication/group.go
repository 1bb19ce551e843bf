package replication

import (
	"context"
	"errors"

	"rethinkdb/internal/storage"
)

// An Index is the place of a command in the order of its group: 1, 2, 3, … without gaps.
type Index uint64

// An Epoch is a span of time in which one replica alone decides on the writes of its group. Greater is later. A group with one
// replica has one epoch, 0.
type Epoch uint64

// A Command is the complete result of a write, ready to be applied by every replica without evaluating anything again: row
// changes, index entries, whatever belongs to the same atomic step.
type Command struct {
	Batch *storage.Batch // the group adds its own state to it
	Rows  int64          // by how much the number of rows in the group changes
	Epoch Epoch          // in which the command was decided on: the group's, asked for before the first row was read

	// Observer is asked and told in the order of commands. It holds up all writers of the group, so it must be short and must not
	// wait for anything. Nil: nobody.
	Observer Observer
}

// An Observer takes part in a command.
type Observer interface {
	// Record gives what the history of the group keeps of the command, nil for nothing. It joins the batch, under the command's
	// index. Commands get their places in the order of these calls; others may be recorded before this one is applied.
	Record() []byte
	// Applied says that reads see the command, and not yet the next one. A command that fails has no such call.
	Applied(Index)
}

// State is what a group keeps besides the rows, in the same batch as the rows. The zero State is that of a new group.
type State struct {
	Applied Index // of the last command
	Rows    int64
}

// Errors of groups.
var (
	ErrDropped = errors.New("the group was dropped")
	ErrCorrupt = errors.New("the state of the group is corrupt")
)

// A Group is an agreement on one order of writes.
type Group interface {
	// Epoch returns the present epoch, if this replica is the one that decides. Whoever is about to write takes his latches, asks
	// for the epoch, reads the old rows, and puts the epoch into the command: it is refused when it is over by then. So
	// a write that was decided on in one epoch cannot overwrite what another replica wrote later, which it has not seen.
	Epoch() (Epoch, error)

	// Commit puts the command in the group's order and returns its index when reads on this server see it. Nothing says yet
	// that it survives a crash. With an error the command was not applied. The command's batch may be reused afterwards.
	Commit(ctx context.Context, cmd *Command) (Index, error)

	// WaitDurable returns when the commands up to and including i survive crashes. Without success their fate is unknown.
	WaitDurable(ctx context.Context, i Index) error

	// State returns the state after the last command that reads see.
	State() State

	// Drop removes everything that the group owns. Commands that come later fail with ErrDropped.
	Drop(ctx context.Context) error
}
