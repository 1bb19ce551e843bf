package system

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/table"
)

// splitter finds the split points for a table whose number of shards changes. More shards than before divide the rows
// that there are evenly, for which all keys are read; that must not happen under the lock of the catalog, so points
// then returns needSplits, and updateTable reads the keys and tries again.
type splitter struct {
	table  *catalog.Table
	undone string // what is not done if the rows cannot be read: a sentence

	shards int // that found is for
	found  []string
}

type needSplits int

func (n needSplits) Error() string {
	return fmt.Sprintf("split points for %d shards are not known yet", int(n))
}

// points returns the split points for n shards of a table with configuration cfg.
func (s *splitter) points(cfg catalog.TableConfig, n int) ([]string, error) {
	switch {
	case n == len(cfg.Shards):
		return cfg.SplitPoints, nil
	case n < len(cfg.Shards):
		return catalog.FewerSplits(cfg.SplitPoints, n), nil
	case n == s.shards:
		return s.found, nil
	}
	return nil, needSplits(n)
}

// find makes points know the split points for n shards.
func (s *splitter) find(ctx context.Context, n int) error {
	splits, enough, err := evenSplits(ctx, s.table, n)
	if err != nil {
		return unreachable(err, s.table, s.undone)
	}
	if !enough {
		splits = catalog.UUIDSplits(n)
	}
	s.shards, s.found = n, splits
	return nil
}

// unreachable is what the user is told when the rows of a table could not be read. undone says what was not done.
func unreachable(err error, t *catalog.Table, undone string) error {
	if errors.Is(err, table.ErrDropped) {
		return catalog.ErrTableGone
	}
	lost := func(reason error) bool { return errors.Is(err, reason) }
	if !slices.ContainsFunc([]error{table.ErrNotPrimary, table.ErrNoQuorum, table.ErrLostContact, table.ErrMoved}, lost) {
		return err
	}
	return opFailed("The server(s) hosting table `%s.%s` are currently unreachable. %s If you do not expect the server(s) to recover, you can use "+
		"`emergency_repair` to restore availability of the table. <http://rethinkdb.com/api/javascript/reconfigure/#emergency-repair-mode>", t.DatabaseName, t.Name(), undone)
}

// evenSplits returns the split points at which n shards hold the same number of the table's rows. enough is false when
// there are fewer rows than shards.
func evenSplits(ctx context.Context, t *catalog.Table, n int) (splits []string, enough bool, err error) {
	count, err := t.Count(ctx, table.ReadOptions{})
	if err != nil || count < int64(n) || count == 0 {
		return nil, false, err
	}
	rows, err := t.Scan(ctx, table.ScanOptions{Transient: true})
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for i := int64(0); len(splits) < n-1; i++ {
		row, ok, err := rows.Next(ctx)
		if err != nil {
			return nil, false, err
		}
		if !ok { // rows were deleted since they were counted
			return nil, false, nil
		}
		if i == int64(len(splits)+1)*count/int64(n) {
			key, _ := row.Get(t.PrimaryKey())
			splits = append(splits, catalog.SplitKey(key.Own()))
		}
	}
	return splits, true, nil
}

// updateTable changes a table's configuration by edit, which may ask splits for split points.
func (s *System) updateTable(ctx context.Context, splits *splitter,
	edit func(snap *catalog.Snapshot, cfg *catalog.TableConfig) error,
) (after *catalog.Table, err error) {
	for {
		var need needSplits
		_, after, err := s.catalog.UpdateTable(ctx, splits.table.Config.ID, edit)
		if !errors.As(err, &need) {
			return after, err
		}
		if err := splits.find(ctx, int(need)); err != nil {
			return nil, err
		}
	}
}
