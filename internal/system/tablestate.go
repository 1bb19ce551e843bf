package system

import (
	"slices"

	"rethinkdb/internal/catalog"
)

// tableState is what table_status says of a table.
type tableState struct {
	shards   []availability   // in the layout that users see
	primary  catalog.ServerID // of the first part; empty without one
	reached  bool             // at least one replica is there
	outdated bool             // ready for outdated reads
	reads    bool             // ready for reads and writes
	finished bool             // all is as the configuration says
}

// stateOf works out what the reports mean for a table with this configuration.
func stateOf(snap *catalog.Snapshot, c *catalog.TableConfig, told tableReports) tableState {
	present := c.Present()
	parts := make([]availability, len(present.Groups))
	s := tableState{outdated: true, reads: true, finished: c.Move == nil}
	for i, g := range present.Groups {
		a := available(snap, &present, i, told[g])
		parts[i] = a
		s.reached = s.reached || a.reached
		s.outdated = s.outdated && a.outdated
		s.reads = s.reads && a.reads
		s.finished = s.finished && a.finished
	}
	if parts[0].reads { // the replicas still call one that has lost the majority their primary one
		s.primary = parts[0].primary
	}
	for i := range c.Shards {
		if c.Move == nil {
			s.shards = append(s.shards, parts[present.Part(i)])
		} else {
			s.shards = append(s.shards, moving(snap, &c.Shards[i], parts[present.Part(present.ShardAt(c.SplitPoints, i))]))
		}
	}
	return s
}

// moving is the availability of a shard whose rows are being copied: they are still in a part of another layout.
func moving(snap *catalog.Snapshot, s *catalog.ShardConfig, from availability) availability {
	a := from
	a.states, a.leaving, a.finished = map[catalog.ServerID]string{}, nil, false
	for id, state := range from.states {
		a.states[id] = state
		if !slices.Contains(s.Replicas, id) {
			a.leaving = append(a.leaving, id)
		}
		if state == stateReady && id != from.primary {
			a.states[id] = stateTransition
		}
	}
	for _, id := range s.Replicas {
		if _, has := from.states[id]; has {
			continue
		}
		a.states[id] = stateBackfilling
		if !snap.Connected(id) {
			a.states[id] = stateDisconnected
		}
	}
	return a
}

// missing are the names of the servers with replicas that are not in touch, sorted.
func (s *tableState) missing(snap *catalog.Snapshot) []string {
	var names []string
	for i := range s.shards {
		for id, state := range s.shards[i].states {
			if name := Names.server(snap, id).AsString(); state == stateDisconnected && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// leaves tells whether a server has a replica of a shard, and is to have none.
func (s *tableState) leaves(id catalog.ServerID) bool {
	return slices.ContainsFunc(s.shards, func(a availability) bool { return slices.Contains(a.leaving, id) })
}

// is tells whether a table is as ready as wait_for says.
func (s *tableState) is(waitFor string) bool {
	switch waitFor {
	case "ready_for_outdated_reads":
		return s.outdated
	case "ready_for_reads", "ready_for_writes":
		return s.reads
	}
	return s.finished
}
