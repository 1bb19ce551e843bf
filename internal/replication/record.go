package replication

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	pb "go.etcd.io/raft/v3/raftpb"

	"rethinkdb/internal/storage"
)

// What a replica of a Raft group remembers besides its log and its rows: records of storage.KindRaft. Only the roster is the same on all
// replicas, and travels with snapshots.
const (
	recordVote     = 'h' // term and vote, 8 bytes each
	recordLeft     = 'g' // the number of the replica that this server had and has dropped because it was removed, 8 bytes: messages to it may still come
	recordIdentity = 'i' // the number of the replica, 8 bytes. It is there ⇔ the group is a Raft group
	recordCut      = 'l' // index and term of the entry before the first one in the log, 8 bytes each
	recordRoster   = 'm' // the roster, as JSON
)

func recordKey(id storage.GroupID, record byte) []byte {
	return append(storage.AppendPrefix(nil, id, storage.KindRaft), record)
}

// A ServerID names a server of the cluster.
type ServerID string

// A Member is a replica of a group.
type Member struct {
	Server  ServerID
	Replica uint64 // its number, given by the group, and never given again
	Voter   bool   // it counts for majorities, and can become the primary replica
}

// roster is who the members of a group are. Changes of it are entries of the log.
type roster struct {
	Servers map[uint64]ServerID // of each replica in Conf
	Next    uint64              // the number of the next new replica. It only grows: who is not in Servers and smaller was removed
	Conf    *pb.ConfState
	Since   uint64 // log index of the change that has made it

	// Firm says that a majority of the members have it on disk that they are the members; until then a member that was removed keeps
	// what it has and answers. For the last change is committed by the votes of those it removes, too, and who restarts knows of a commit only what was applied
	// before and has survived: if it finds itself in the old configuration, it needs them once more. Firm becomes true by an entry that the leader proposes
	// when it has applied the change: whoever has that entry in his log knows that the change was committed (see proves), and the entry is committed by the new members alone.
	Firm bool

	// Of a group that has become a Single: where its log has ended. All else but Next is empty.
	EndIndex, EndTerm uint64 `json:",omitempty"`
}

func (m *roster) encode() []byte {
	b, err := json.Marshal(m)
	if err != nil { // numbers and strings
		panic(err)
	}
	return b
}

func decodeRoster(v []byte) (*roster, error) {
	m := &roster{}
	if err := json.Unmarshal(v, m); err != nil {
		return nil, fmt.Errorf("%w: its roster: %w", ErrCorrupt, err)
	}
	if m.Conf == nil {
		m.Conf = &pb.ConfState{}
	}
	if m.Servers == nil {
		m.Servers = make(map[uint64]ServerID)
	}
	return m, nil
}

// voter tells whether a replica counts for majorities, at least for one of two while the members are being changed.
func (m *roster) voter(replica uint64) bool {
	return slices.Contains(m.Conf.GetVoters(), replica) || slices.Contains(m.Conf.GetVotersOutgoing(), replica)
}

// joint tells whether the group is between two sets of members.
func (m *roster) joint() bool { return len(m.Conf.GetVotersOutgoing()) > 0 }

// replicaOn returns the number of the replica on a server, or 0.
func (m *roster) replicaOn(s ServerID) uint64 {
	for replica, server := range m.Servers {
		if server == s {
			return replica
		}
	}
	return 0
}

// sorted returns the numbers of all replicas.
func (m *roster) sorted() []uint64 {
	all := make([]uint64, 0, len(m.Servers))
	for replica := range m.Servers {
		all = append(all, replica)
	}
	slices.Sort(all)
	return all
}

// removed tells whether a replica was a member and is not any more. If the roster is firm, it can be told.
func (m *roster) removed(replica uint64) bool {
	_, member := m.Servers[replica]
	return !member && replica < m.Next
}

// with returns the roster after a change at a log index, by which conf has become the configuration.
func (m *roster) with(added map[uint64]ServerID, conf *pb.ConfState, at uint64) *roster {
	next := &roster{Servers: make(map[uint64]ServerID), Next: m.Next, Conf: conf, Since: at}
	for replica, server := range added {
		next.Servers[replica] = server
		next.Next = max(next.Next, replica+1)
	}
	for replica, server := range m.Servers {
		next.Servers[replica] = server
	}
	for replica := range next.Servers {
		if !slices.Contains(conf.GetVoters(), replica) && !slices.Contains(conf.GetVotersOutgoing(), replica) &&
			!slices.Contains(conf.GetLearners(), replica) && !slices.Contains(conf.GetLearnersNext(), replica) {
			delete(next.Servers, replica)
		}
	}
	return next
}

// readRoster reads the roster of a group in a state of the store.
func readRoster(r storage.Reader, id storage.GroupID) (m *roster, found bool, err error) {
	v, found, err := r.Get(recordKey(id, recordRoster))
	if err != nil || !found {
		return nil, false, err
	}
	m, err = decodeRoster(v)
	return m, err == nil, err
}

// readPair reads a record of two numbers, which are 0 when it is missing.
func readPair(r storage.Reader, id storage.GroupID, record byte) (a, b uint64, err error) {
	v, found, err := r.Get(recordKey(id, record))
	if err != nil || !found {
		return 0, 0, err
	}
	if len(v) != 16 {
		return 0, 0, fmt.Errorf("%w: its record %c has %d bytes, not 16", ErrCorrupt, record, len(v))
	}
	return binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:]), nil
}

func encodePair(a, b uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a), b)
}

// readReplica reads a record with the number of a replica, which is 0 when it is missing.
func readReplica(r storage.Reader, id storage.GroupID, record byte) (uint64, error) {
	v, found, err := r.Get(recordKey(id, record))
	if err != nil || !found {
		return 0, err
	}
	if len(v) != 8 {
		return 0, fmt.Errorf("%w: its record %c has %d bytes, not 8", ErrCorrupt, record, len(v))
	}
	return binary.BigEndian.Uint64(v), nil
}

// IsRaft tells whether a group of the store has, or had when it was last open, several replicas: Host.Open opens it then.
func IsRaft(r storage.Reader, id storage.GroupID) (bool, error) {
	replica, err := readReplica(r, id, recordIdentity)
	return replica != 0, err
}
