package system

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// The modes of emergency_repair. The executor knows no others.
const (
	repairRollback = "unsafe_rollback"          // groups that have lost the majority of their voters go on with what is left
	repairErase    = "unsafe_rollback_or_erase" // and those that have lost everything begin anew
	repairRecommit = "_debug_recommit"          // the present configuration is written once more
)

// repair is reconfigure with emergency_repair. It decides how each group of a table that has lost its majority goes on, which becomes a part of the
// configuration; every server then does its part as it learns of it, be it next year (catalog.GroupRepair).
func (s *System) repair(ctx context.Context, t *catalog.Table, o exec.TableOptions) (datum.Value, error) {
	told, silent, err := s.askAbout(ctx, t)
	if err != nil {
		return datum.Value{}, err
	}
	var before, after catalog.TableConfig
	errDryRun := errors.New("dry run")
	_, repaired, err := s.catalog.UpdateTable(ctx, t.Config.ID, func(snap *catalog.Snapshot, cfg *catalog.TableConfig) error {
		before, after = *cfg, *cfg
		if o.EmergencyRepair == repairRecommit && len(told) == 0 {
			return notRepaired(t)
		}
		if o.EmergencyRepair != repairRecommit {
			r := repairing{snap: snap, all: told, config: cfg.Clone()}
			r.config.CallOff()
			r.repair(o.EmergencyRepair == repairErase)
			if err := r.refuse(t, o.EmergencyRepair, silent); err != nil {
				return err
			}
			after = r.config
		}
		if o.DryRun {
			return errDryRun
		}
		*cfg = after
		return nil
	})
	snap := s.catalog.Snapshot()
	result := []datum.Field{field("config_changes", changes(tableConfigRow(snap, before, Names), tableConfigRow(snap, after, Names)))}
	switch {
	case errors.Is(err, errDryRun):
		return object(append(result, field("repaired", datum.Int(0)))...), nil
	case err != nil:
		return datum.Value{}, err
	}
	changed, err := s.statusChanges(ctx, told, before, repaired.Config, false)
	return object(append(result, field("repaired", datum.Int(1)), field("status_changes", changed))...), err
}

// askAbout asks all connected servers for their replicas of a table. silent are those that do not answer.
func (s *System) askAbout(ctx context.Context, t *catalog.Table) (told tableReports, silent []catalog.ServerID, err error) {
	snap := s.catalog.Snapshot()
	told = tableReports{}
	told.add(snap.Server().ID, t.ReplicaStates(snap))
	for _, a := range s.ask(ctx, s.others(snap), request{Kind: askReplicas, Table: t.Config.ID}) {
		var states map[catalog.TableID]map[storage.GroupID]catalog.ReplicaState
		if a.err == nil {
			a.err = json.Unmarshal(a.text, &states)
		}
		if a.err != nil {
			silent = append(silent, a.from)
		}
		told.add(a.from, states[t.Config.ID])
	}
	return told, silent, context.Cause(ctx)
}

// repairing works out the configuration of a table after its repair.
type repairing struct {
	snap   *catalog.Snapshot
	all    tableReports
	told   reports // of the group that is at hand
	config catalog.TableConfig

	rolledBack bool // a group goes on with what is left
	lost       bool // of a group nothing is left
	concerned  []catalog.ServerID
}

// repair repairs what needs it. Groups of which nothing is left begin anew, if they may be erased.
func (r *repairing) repair(erase bool) {
	for _, group := range r.config.Groups {
		r.told = r.all[group]
		r.group(group, erase)
	}
	r.merge()
}

func (r *repairing) group(group storage.GroupID, erase bool) {
	holders, latest := r.holders()
	pending := r.config.Repair(group)
	p := replication.Repair{Era: latest + 1}
	if pending != nil {
		p.Era = max(latest, pending.Era) + 1
	}
	switch {
	case pending != nil && pending.Era > latest && r.alive(catalog.ServerID(pending.First)) && (pending.Erase || r.told[catalog.ServerID(pending.First)].Holds):
		// is about to be repaired
	case len(holders) == 0:
		r.lost = true
		if erase {
			p.First, p.Erase = replication.ServerID(r.substitute()), true
			r.begin(group, catalog.ServerID(p.First))
			r.config.SetRepair(catalog.GroupRepair{Group: group, Repair: p})
		}
	case !r.works(latest) && r.quorumLost(r.told[holders[0]]):
		r.rolledBack = true
		p.First, p.Last = replication.ServerID(holders[0]), r.told[holders[0]].End
		for _, id := range holders[1:] {
			p.Others = append(p.Others, replication.ServerID(id))
		}
		r.goOn(group, holders)
		r.config.SetRepair(catalog.GroupRepair{Group: group, Repair: p})
	}
}

// alive tells whether a server is in touch.
func (r *repairing) alive(id catalog.ServerID) bool { return r.snap.Connected(id) }

// holders are the servers that have something of a group in its latest era, the one with the longest log first.
func (r *repairing) holders() (ids []catalog.ServerID, latest replication.Era) {
	for _, state := range r.told {
		latest = max(latest, state.Era)
	}
	for id, state := range r.told {
		if state.Holds && state.Era == latest {
			ids = append(ids, id)
		}
		for _, set := range state.Voters {
			for _, voter := range set {
				r.concerned = append(r.concerned, catalog.ServerID(voter))
			}
		}
	}
	slices.SortFunc(ids, func(a, b catalog.ServerID) int {
		switch x, y := r.told[a].End, r.told[b].End; {
		case y.Less(x):
			return -1
		case x.Less(y):
			return 1
		}
		return strings.Compare(string(b), string(a))
	})
	return ids, latest
}

// works tells whether there is a primary replica which finds that enough others are in touch, whatever this server is in touch with.
func (r *repairing) works(latest replication.Era) bool {
	for _, state := range r.told {
		if state.Primary && state.Quorum && state.Era == latest {
			return true
		}
	}
	return false
}

// quorumLost tells whether half of those that vote, or more, are not in touch.
func (r *repairing) quorumLost(state catalog.ReplicaState) bool {
	for _, set := range state.Voters {
		alive := 0
		for _, id := range set {
			if r.alive(catalog.ServerID(id)) {
				alive++
			}
		}
		if 2*alive <= len(set) {
			return true
		}
	}
	return false
}

// goOn makes the shards of a group have voting replicas where servers are in touch, and nowhere else. The others stay as replicas that do not vote.
func (r *repairing) goOn(group storage.GroupID, holders []catalog.ServerID) {
	for _, i := range r.config.ShardsOf(group) {
		shard := &r.config.Shards[i]
		voters := slices.DeleteFunc(slices.Clone(shard.Replicas), func(id catalog.ServerID) bool {
			return !r.alive(id) || slices.Contains(shard.NonVoting, id)
		})
		if len(voters) == 0 {
			voters = slices.DeleteFunc(slices.Clone(shard.Replicas), func(id catalog.ServerID) bool { return !r.alive(id) })
		}
		if len(voters) == 0 { // it was about to be moved to servers that are lost, too
			voters = holders
			shard.Replicas = catalog.Descending(append(slices.Clone(shard.Replicas), holders...))
		}
		shard.NonVoting = slices.DeleteFunc(slices.Clone(shard.Replicas), func(id catalog.ServerID) bool { return slices.Contains(voters, id) })
		if !slices.Contains(voters, shard.Primary) {
			shard.Primary = catalog.Descending(voters)[0]
		}
	}
}

// begin gives the shards of a group one replica, which is new.
func (r *repairing) begin(group storage.GroupID, on catalog.ServerID) {
	for _, i := range r.config.ShardsOf(group) {
		r.config.Shards[i] = catalog.ShardConfig{Primary: on, Replicas: []catalog.ServerID{on}}
	}
}

// substitute is the server that a group is begun anew on: one that is to have a replica of the table, if there is one.
func (r *repairing) substitute() catalog.ServerID {
	ids := servers(&r.config)
	slices.Sort(ids)
	if i := slices.IndexFunc(ids, r.alive); i >= 0 {
		return ids[i]
	}
	return r.snap.Server().ID
}

// merge makes one of neighbouring shards of a group that have become the same, as the reference does.
func (r *repairing) merge() {
	if !r.rolledBack && !r.lost {
		return
	}
	c := &r.config
	for i := len(c.Shards) - 1; i > 0; i-- {
		a, b := &c.Shards[i-1], &c.Shards[i]
		if c.GroupOf(i-1) == c.GroupOf(i) && a.Primary == b.Primary && slices.Equal(a.Replicas, b.Replicas) && slices.Equal(a.NonVoting, b.NonVoting) {
			c.Shards = slices.Delete(c.Shards, i, i+1)
			c.SplitPoints = slices.Delete(c.SplitPoints, i-1, i)
		}
	}
}

// refuse is why a table is not repaired: it need not be, or it cannot be.
func (r *repairing) refuse(t *catalog.Table, mode string, silent []catalog.ServerID) error {
	for _, id := range silent {
		if r.lost && slices.Contains(servers(&t.Config), id) || slices.Contains(r.concerned, id) {
			return opFailed("The server `%s` is connected but does not answer, so that it is unknown what it has of table `%s`. The table was not repaired.",
				Names.server(r.snap, id).AsString(), t.DatabaseName+"."+t.Name())
		}
	}
	switch {
	case r.rolledBack, r.lost && mode == repairErase:
		return nil
	case !r.lost:
		return opFailed("This table doesn't need to be repaired.")
	case len(r.all) == 0:
		return notRepaired(t)
	}
	return opFailed("One or more shards of this table have no available replicas. Since there are no available copies of the data that was stored in those " +
		"shards, those shards cannot be repaired. If you run the command again with `emergency_repair` set to `unsafe_rollback_or_erase`, those shards will " +
		"be reset to an empty, but writeable state; but if the missing replicas later reconnect, the original data that was stored on them will be lost permanently.")
}

// notRepaired is the refusal to repair a table of which nothing is there.
func notRepaired(t *catalog.Table) error {
	return unreachable(replication.ErrNotPrimary, t, "The table was not repaired. At least one of a table's replicas must be accessible in order to repair it.")
}
