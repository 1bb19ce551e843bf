package system

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/storage"
)

// reports are what servers tell of their replicas of one group, and tableReports those of the groups of one table.
type (
	reports      map[catalog.ServerID]catalog.ReplicaState
	tableReports map[storage.GroupID]reports
)

// add takes what a server tells of its replicas.
func (r tableReports) add(from catalog.ServerID, states map[storage.GroupID]catalog.ReplicaState) {
	for group, state := range states {
		if r[group] == nil {
			r[group] = reports{}
		}
		r[group][from] = state
	}
}

// ownReplicas are the states of this server's replicas of one table, or of all when id is empty.
func (s *System) ownReplicas(snap *catalog.Snapshot, id catalog.TableID) map[catalog.TableID]map[storage.GroupID]catalog.ReplicaState {
	all := map[catalog.TableID]map[storage.GroupID]catalog.ReplicaState{}
	var tables []*catalog.Table
	if id == "" {
		tables = snap.Tables()
	} else if t, ok := snap.TableByID(id); ok {
		tables = []*catalog.Table{t}
	}
	for _, t := range tables {
		if states := t.ReplicaStates(snap); len(states) > 0 {
			all[t.Config.ID] = states
		}
	}
	return all
}

// replicasOf asks the servers for their replicas of some tables.
func (s *System) replicasOf(ctx context.Context, snap *catalog.Snapshot, tables ...*catalog.Table) (map[catalog.TableID]tableReports, error) {
	all := map[catalog.TableID]tableReports{}
	shared := false
	for _, t := range tables {
		told, states := tableReports{}, t.ReplicaStates(snap)
		told.add(snap.Server().ID, states)
		all[t.Config.ID] = told
		shared = shared || !onlyHere(&t.Config, states)
	}
	to := s.others(snap)
	if !shared || len(to) == 0 {
		return all, nil
	}
	r := request{Kind: askReplicas}
	if len(tables) == 1 {
		r.Table = tables[0].Config.ID
	}
	for _, a := range s.ask(ctx, to, r) {
		var told map[catalog.TableID]map[storage.GroupID]catalog.ReplicaState
		if a.err == nil {
			a.err = json.Unmarshal(a.text, &told)
		}
		if a.err != nil {
			s.logger.Debug("A server does not tell of its replicas.", "server", string(a.from), "error", a.err)
		}
		for id, states := range told {
			if known, ok := all[id]; ok {
				known.add(a.from, states)
			}
		}
	}
	return all, context.Cause(ctx)
}

// onlyHere tells whether other servers have, and are to have, nothing of a table.
func onlyHere(c *catalog.TableConfig, states map[storage.GroupID]catalog.ReplicaState) bool {
	present := c.Present()
	for _, g := range present.Groups {
		if state, ok := states[g]; !ok || len(state.Members) != 1 {
			return false
		}
	}
	return c.Move == nil && len(servers(c)) == 1
}

// servers are those that are to have a replica of a table, in the order of the configuration.
func servers(c *catalog.TableConfig) []catalog.ServerID {
	var ids []catalog.ServerID
	for _, s := range c.Shards {
		for _, id := range s.Replicas {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// The states of a replica.
const (
	stateReady        = "ready"
	stateTransition   = "transitioning"       // it is to leave, or is changing its part
	stateBackfilling  = "backfilling"         // it is being sent what it lacks
	stateDisconnected = "disconnected"        // its server is not in touch
	stateNeedPrimary  = "waiting_for_primary" // it knows of no primary replica
	stateNeedQuorum   = "waiting_for_quorum"  // it is about to be the primary one
)

// availability is what table_status says of a part of a table.
type availability struct {
	primary  catalog.ServerID // empty without one
	states   map[catalog.ServerID]string
	leaving  []catalog.ServerID // have a replica, and are to have none
	reached  bool               // at least one replica is there
	outdated bool               // ready for outdated reads
	reads    bool               // ready for reads and writes
	finished bool               // all is as the configuration says
}

// available works out what the reports mean for a part in a layout.
func available(snap *catalog.Snapshot, l *catalog.Layout, at int, told reports) availability {
	a := availability{states: map[catalog.ServerID]string{}, reached: len(told) > 0}
	var lead catalog.ReplicaState
	for id, state := range told {
		a.outdated = a.outdated || state.Readable
		if state.Primary && (a.primary == "" || state.Term > lead.Term) {
			a.primary, lead = id, state
		}
	}
	a.reads = a.primary != "" && lead.Quorum
	wanted := l.Servers(at)
	for _, m := range lead.Members {
		if !slices.Contains(wanted, m.Server) {
			a.leaving = append(a.leaving, m.Server)
		}
	}
	for _, id := range wanted {
		_, voter := l.Member(at, id)
		a.states[id] = a.state(snap, id, voter, told, &lead)
	}
	for _, id := range a.leaving {
		a.states[id] = stateTransition
		if !snap.Connected(id) {
			a.states[id] = stateDisconnected
		}
	}
	a.finished = a.reads && len(a.leaving) == 0 && !lead.Changing && a.primary == l.Primary(at) &&
		!slices.ContainsFunc(slices.Collect(maps.Values(a.states)), func(state string) bool { return state != stateReady })
	return a
}

// state is that of one replica. voter says whether it is to vote.
func (a *availability) state(snap *catalog.Snapshot, id catalog.ServerID, voter bool, told reports, lead *catalog.ReplicaState) string {
	own, has := told[id]
	i := slices.IndexFunc(lead.Members, func(m catalog.ReplicaMember) bool { return m.Server == id })
	switch {
	case !snap.Connected(id):
		return stateDisconnected
	case id == a.primary:
		return stateReady
	case a.primary == "" && own.Candidate:
		return stateNeedQuorum
	case a.primary == "" && has:
		return stateNeedPrimary
	case a.primary == "": // nobody has told it yet that it is to have one, or it does not answer
		return stateDisconnected
	case !lead.Quorum && has: // nothing new reaches it, but it lacks nothing either
		return stateReady
	case i < 0:
		return stateBackfilling
	}
	switch m := lead.Members[i]; {
	case m.Copy != nil, m.Active && m.Behind:
		return stateBackfilling
	case !m.Active && has:
		return stateNeedPrimary
	case !m.Active:
		return stateDisconnected
	case m.Voter != voter: // before it votes, nothing is safer for its being there
		return stateTransition
	case !has, own.Following != a.primary: // it is about to find out
		return stateTransition
	}
	return stateReady
}
