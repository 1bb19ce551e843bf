package replication

import "context"

// Absent is a group that has its replicas on other servers. There is nothing to read of it here, and nothing can be written.
type Absent struct{}

var _ Group = Absent{}

// Epoch implements Group.
func (Absent) Epoch() (Epoch, error) { return 0, &NotPrimaryError{} }

// Commit implements Group.
func (Absent) Commit(context.Context, *Command) (Index, error) { return 0, &NotPrimaryError{} }

// WaitDurable implements Group.
func (Absent) WaitDurable(context.Context, Index) error { return nil }

// State implements Group.
func (Absent) State() State { return State{} }

// Drop implements Group.
func (Absent) Drop(context.Context) error { return nil }
