package system

import (
	"context"
	"errors"
	"math"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

const (
	// firstLook, then twice as long each time up to lookAgain, is how long who waits for a table waits before it asks again. What happens to replicas is not told to all servers.
	firstLook = 4 * time.Millisecond
	lookAgain = 50 * time.Millisecond
	// createPatience is how long table_create waits for the replicas of a new table.
	createPatience = 10 * time.Second
)

// Wait is wait.
func (s *System) Wait(ctx context.Context, db exec.DB, tableName string, o exec.WaitOptions) (datum.Value, error) {
	if db.ID == DatabaseID {
		return datum.Value{}, special("the system tables in it are always available and don't need to be waited on.")
	}
	waiting := ctx
	if o.HasTimeout {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeoutCause(ctx, time.Duration(min(o.TimeoutSeconds, math.MaxInt64/int64(time.Second)))*time.Second, errTimedOut)
		defer cancel()
	}
	n, err := s.await(waiting, o.WaitFor, func() ([]*catalog.Table, error) { return s.namedTables(db, tableName) })
	if errors.Is(err, errTimedOut) {
		return datum.Value{}, opFailed("Timed out while waiting for tables.")
	}
	return object(field("ready", datum.Int(int64(n)))), err
}

var errTimedOut = errors.New("the time to wait is over")

// namedTables are one table, or all of a database when tableName is "".
func (s *System) namedTables(db exec.DB, tableName string) ([]*catalog.Table, error) {
	if tableName == "" {
		d, err := s.findDatabase(db)
		if err != nil {
			return nil, err
		}
		return d.Tables(), nil
	}
	t, err := s.findTable(db, tableName)
	return []*catalog.Table{t}, err
}

// await waits until tables are as ready as waitFor says, and returns how many these are. which is asked again and again: tables come and go.
func (s *System) await(ctx context.Context, waitFor string, which func() ([]*catalog.Table, error)) (int, error) {
	for pause := firstLook; ; pause = min(2*pause, lookAgain) {
		changed := s.catalog.Changed()
		tables, err := which()
		if err != nil {
			return 0, err
		}
		ready, err := s.ready(ctx, waitFor, tables)
		if ready || err != nil {
			return len(tables), err
		}
		select {
		case <-changed:
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// ready tells whether all the tables are as ready as waitFor says.
func (s *System) ready(ctx context.Context, waitFor string, tables []*catalog.Table) (bool, error) {
	snap := s.catalog.Snapshot()
	told, err := s.replicasOf(ctx, snap, tables...)
	if err != nil {
		return false, err
	}
	for _, t := range tables {
		if state := stateOf(snap, &t.Config, told[t.Config.ID]); !state.is(waitFor) {
			return false, nil
		}
	}
	return true, nil
}

// awaitCreated waits for the replicas of a new table, as long as that makes sense: the table is there all the same.
func (s *System) awaitCreated(ctx context.Context, t *catalog.Table) {
	ctx, cancel := context.WithTimeout(ctx, createPatience)
	defer cancel()
	_, err := s.await(ctx, "", func() ([]*catalog.Table, error) {
		t, ok := s.catalog.Snapshot().TableByID(t.Config.ID)
		if !ok {
			return nil, catalog.ErrTableGone
		}
		return []*catalog.Table{t}, nil
	})
	if err != nil {
		s.logger.Debug("A new table is not ready yet.", "table", t.ID(), "error", err)
	}
}
