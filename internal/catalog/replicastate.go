package catalog

import (
	"errors"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// ReplicaState is what a server knows of the group of a table by having a replica. Servers tell each other.
type ReplicaState struct {
	// Primary says that this replica decides on writes, or would if enough others were in touch. Only that one knows of Members, and of Quorum.
	Primary bool `json:"primary,omitempty"`
	Term    uint64
	// Quorum says that enough of those that vote are in touch with the primary replica.
	Quorum bool `json:"quorum,omitempty"`
	// Candidate says that this replica has just been chosen, and does not see yet all that was there before.
	Candidate bool `json:"candidate,omitempty"`
	// Following is the server of the primary replica, empty if this one knows of none.
	Following ServerID        `json:"following,omitempty"`
	Readable  bool            `json:"readable,omitempty"` // with read_mode outdated
	Changing  bool            `json:"changing,omitempty"` // who belongs to the group is being changed
	Members   []ReplicaMember `json:"members,omitempty"`
	// Of what this server has, and of whom it knows to have a vote: in a repair the replica goes on that has most.
	Holds  bool                     `json:"holds,omitempty"`
	Era    replication.Era          `json:"era,omitempty"`
	End    replication.LogPosition  `json:"end"`
	Voters [][]replication.ServerID `json:"voters,omitempty"` // the majority of each of these has to agree
}

// ReplicaMember is what the primary replica knows of one of the group.
type ReplicaMember struct {
	Server ServerID              `json:"server"`
	Voter  bool                  `json:"voter,omitempty"`
	Active bool                  `json:"active,omitempty"` // it has answered lately
	Behind bool                  `json:"behind,omitempty"` // it lacks much of the data
	Copy   *replication.Progress `json:"copy,omitempty"`   // it is being sent everything
}

// Replicas tells how many replicas this server has of groups with several, the metadata among them, and of how many the clock goes.
func (c *Catalog) Replicas() (all, awake int) {
	if c.host == nil {
		return 0, 0
	}
	return c.host.Replicas()
}

// ReplicaStates tell what this server knows of the groups that it has a replica of: those of the table, and those that its rows are being copied into.
func (t *Table) ReplicaStates(s *Snapshot) map[storage.GroupID]ReplicaState {
	states := map[storage.GroupID]ReplicaState{}
	for _, p := range t.everyPart() {
		if state, ok := replicaState(s, p.Group()); ok {
			states[p.Number()] = state
		}
	}
	return states
}

func replicaState(s *Snapshot, group replication.Group) (state ReplicaState, ok bool) {
	switch g := group.(type) {
	case replication.Absent:
		return state, false
	case *replication.Raft:
		return s.raftState(g)
	}
	self := ReplicaMember{Server: s.server.ID, Voter: true, Active: true}
	return ReplicaState{Primary: true, Quorum: true, Following: s.server.ID, Readable: true, Members: []ReplicaMember{self},
		Holds: true, Voters: [][]replication.ServerID{{replication.ServerID(s.server.ID)}}}, true
}

func (s *Snapshot) raftState(g *replication.Raft) (state ReplicaState, ok bool) {
	status := g.Status()
	switch {
	case errors.Is(status.Err, replication.ErrRemoved), errors.Is(status.Err, replication.ErrDropped), errors.Is(status.Err, replication.ErrReplaced):
		return state, false
	case errors.Is(status.Err, replication.ErrSuperseded): // it does nothing any more, but could go on
		return held(ReplicaState{}, status), true
	case status.Err != nil:
		return state, true // it does nothing any more
	}
	_, err := g.Epoch()
	state = ReplicaState{
		Primary: status.Role == replication.Leader && err == nil || status.Deposed, Term: status.Term, Candidate: status.Role == replication.Leader && err != nil,
		Following: ServerID(status.Leader), Readable: len(status.Members) > 0,
	}
	state = held(state, status)
	if !state.Primary {
		return state, true
	}
	state.Changing = status.Joint
	active, voters := 0, 0
	for _, m := range status.Members {
		member := ReplicaMember{Server: ServerID(m.Server), Voter: m.Voter, Active: m.Active && s.Connected(ServerID(m.Server)),
			Behind: m.Match+nearlyAll < status.Last, Copy: m.Snapshot}
		if m.Voter {
			voters++
		}
		if m.Voter && member.Active {
			active++
		}
		state.Members = append(state.Members, member)
	}
	state.Quorum = status.Quorum && !status.Deposed && (status.Joint || active > voters/2)
	return state, true
}

// held adds what a replica has.
func held(state ReplicaState, status replication.RaftStatus) ReplicaState {
	state.Holds, state.Era, state.End, state.Voters = len(status.Members) > 0, status.Era, status.End, status.Voters
	return state
}
