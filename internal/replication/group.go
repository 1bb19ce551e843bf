package replication

import (
	"context"
	"errors"
	"fmt"

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

	// Guard is what Judge is asked about, on each replica, before the command is applied. Empty: it is applied in any case.
	Guard []byte

	// Observer is asked and told in the order of commands. It holds up all writers of the group, so it must be short and must not
	// wait for anything. Nil: nobody.
	Observer Observer

	// Author, if there is one, does not wait longer than his context, which for other commands says nothing once they are on their way: Commit then returns ErrLeft, and
	// Author is told when the fate of the command is known.
	Author Author
}

// An Author is who has made a command.
type Author interface {
	// Settled says that the fate of a command is known after Commit has returned ErrLeft. Until then the command, its batch and whatever keeps others
	// from deciding on the same rows must stay as they are. The call holds up the group, as those of Observer do.
	Settled(err error)
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

	// ErrReplaced says that the group goes on as another kind: Adopt or Retire has made a new Group of it. Nothing was written.
	ErrReplaced = errors.New("the group goes on in another form")
	// ErrRemoved says that the other members have removed this replica.
	ErrRemoved = errors.New("this replica is no member of its group any more")
	// ErrNotPrimary says that another replica decides, or none at the moment. Nothing was written. A *NotPrimaryError is one.
	ErrNotPrimary = errors.New("this replica is not the primary one")
	// ErrNoQuorum says that not enough replicas have answered.
	ErrNoQuorum = errors.New("not enough replicas are in touch")
	// ErrUnknownOutcome says that a command may have been committed, or still be.
	ErrUnknownOutcome = errors.New("it is unknown whether the command was committed: the primary replica has lost its place meanwhile")
	// ErrLeft is an ErrUnknownOutcome: the context of its author has ended while the command was on its way.
	ErrLeft = fmt.Errorf("%w, or the time to wait for it is over", ErrUnknownOutcome)
)

// A NotPrimaryError says who else is the primary replica.
type NotPrimaryError struct {
	Leader ServerID // empty: nobody knows
}

// Error implements error.
func (e *NotPrimaryError) Error() string {
	if e.Leader == "" {
		return ErrNotPrimary.Error() + ", and there is none at the moment"
	}
	return ErrNotPrimary.Error() + ": that is on server " + string(e.Leader)
}

// Is implements what errors.Is asks for.
func (e *NotPrimaryError) Is(target error) bool { return target == ErrNotPrimary }

// A Group is an agreement on one order of writes.
type Group interface {
	// Epoch returns the present epoch, if this replica is the one that decides. Whoever is about to write takes his latches, asks
	// for the epoch, reads the old rows, and puts the epoch into the command: it is refused when it is over by then. So
	// a write that was decided on in one epoch cannot overwrite what another replica wrote later, which it has not seen.
	Epoch() (Epoch, error)

	// Commit puts the command in the group's order and returns its index when reads on this server see it. Nothing says yet
	// that it survives a crash. With an error the command was not applied, unless that is ErrUnknownOutcome. The command's batch may
	// be reused afterwards. Once the command is on its way, Commit waits for its fate, whatever ctx says (but see Author): latches that were
	// released earlier would let the next writer read rows without it.
	Commit(ctx context.Context, cmd *Command) (Index, error)

	// WaitDurable returns when the commands up to and including i survive crashes. Without success their fate is unknown.
	WaitDurable(ctx context.Context, i Index) error

	// State returns the state after the last command that reads see.
	State() State

	// Drop removes everything that the group owns. Commands that come later fail with ErrDropped.
	Drop(ctx context.Context) error
}
