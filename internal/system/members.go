package system

import (
	"context"
	"errors"
	"slices"
	"strings"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// membersTable is cluster_members: one row for each server of the cluster, connected or not. Deleting the row of one that is not takes it out for
// good. (The tables that RethinkDB has show connected servers only. Its servers had nothing to leave; here the metadata needs a majority of them.)
type membersTable struct{ s *System }

func (t membersTable) row(snap *catalog.Snapshot, server catalog.Server, voters []catalog.ServerID) datum.Value {
	return object(
		field("id", str(server.ID)),
		field("name", str(server.Name)),
		field("program", str(server.Program)),
		field("level", datum.Int(int64(server.Level))), // of what its program knows
		field("connected", datum.Bool(snap.Connected(server.ID))),
		field("tables", strArray(snap.TablesOn(server.ID))),
		field("votes", datum.Bool(slices.Contains(voters, server.ID))), // on the metadata
	)
}

func (t membersTable) list(context.Context, view) ([]datum.Value, error) {
	snap, voters := t.s.catalog.Snapshot(), t.s.catalog.Voters()
	var rows []datum.Value
	for _, server := range snap.Members() {
		rows = append(rows, t.row(snap, server, voters))
	}
	return rows, nil
}

func (t membersTable) get(_ context.Context, _ view, key datum.Value) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	if server, ok := snap.Member(catalog.ServerID(keyUUID(key))); ok {
		return t.row(snap, server, t.s.catalog.Voters()), nil
	}
	return datum.Value{}, nil
}

func (t membersTable) write(ctx context.Context, _ view, w rowWrite) (datum.Value, error) {
	if !w.new.IsAbsent() {
		return datum.Value{}, opFailed("The `rethinkdb.cluster_members` system table only allows deletions, not inserts or updates.")
	}
	snap := t.s.catalog.Snapshot()
	server, ok := snap.Member(catalog.ServerID(keyUUID(w.key)))
	if !ok {
		return datum.Value{}, nil
	}
	if err := t.unneeded(ctx, snap, server); err != nil {
		return datum.Value{}, err
	}
	if err := t.s.catalog.RemoveMember(ctx, server.ID); err != nil && !errors.Is(err, catalog.ErrNoMember) {
		return datum.Value{}, cannotRemove(server, err)
	}
	t.s.logger.Info("Removed server `" + server.Name + "` from the cluster.")
	return datum.Value{}, nil
}

// cannotRemove says what to do first.
func cannotRemove(server catalog.Server, err error) error {
	if errors.Is(err, catalog.ErrConnected) {
		return opFailed("Server `%s` is connected. Stop it before you remove it from the cluster.", server.Name)
	}
	if inUse, ok := errors.AsType[*catalog.InUseError](err); ok {
		return opFailed("Server `%s` has replicas of %s. Give them to other servers first, with `reconfigure`; or with its option `emergency_repair` where a majority of the replicas is lost.",
			server.Name, tableList(inUse.Tables))
	}
	return err
}

// maxTablesTold is how many tables an error names.
const maxTablesTold = 10

func tableList(names []string) string {
	list, rest := "the table", ""
	if len(names) > 1 {
		list = "the tables"
	}
	if len(names) > maxTablesTold {
		names, rest = names[:maxTablesTold], " and others"
	}
	return list + " `" + strings.Join(names, "`, `") + "`" + rest
}

// unneeded refuses to remove a server that may have what no other one has yet: the configuration of a table is ahead of its replicas, which
// need the old ones until the new ones have everything.
func (t membersTable) unneeded(ctx context.Context, snap *catalog.Snapshot, server catalog.Server) error {
	if snap.Connected(server.ID) {
		return cannotRemove(server, catalog.ErrConnected)
	}
	if names := snap.TablesOn(server.ID); len(names) > 0 {
		return cannotRemove(server, &catalog.InUseError{Tables: names})
	}
	tables := snap.Tables()
	told, err := t.s.replicasOf(ctx, snap, tables...)
	if err != nil {
		return err
	}
	var leaving, lost []string
	for _, table := range tables {
		name := table.DatabaseName + "." + table.Name()
		switch state := stateOf(snap, &table.Config, told[table.Config.ID]); {
		case !state.reads:
			lost = append(lost, name)
		case state.leaves(server.ID):
			leaving = append(leaving, name)
		}
	}
	switch {
	case len(leaving) > 0:
		return opFailed("Server `%s` still belongs to %s, whose replicas are being moved. Wait until `all_replicas_ready`, and try again.", server.Name, tableList(leaving))
	case len(lost) > 0:
		return opFailed("Server `%s` may have the newest data of %s, of which there is no primary replica at the moment. Wait for the servers of the table, or use `emergency_repair`, and try again.",
			server.Name, tableList(lost))
	}
	return nil
}
