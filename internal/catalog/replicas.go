package catalog

import (
	"rethinkdb/internal/replication"
	"rethinkdb/internal/table"
)

// Primary tells where the primary replica of the table's first part is. See PrimaryOf.
func (t *Table) Primary(s *Snapshot) (server ServerID, here, ok bool) {
	return t.PrimaryOf(s, t.parts[0])
}

// PrimaryOf tells where the primary replica of a part is: here, or on the server that is returned; ok is false if nobody knows of one.
// A server without a replica names the one that it has heard of, or another one that is connected and has one.
func (t *Table) PrimaryOf(s *Snapshot, p *table.Part) (server ServerID, here, ok bool) {
	switch g := p.Group().(type) {
	case *replication.Raft:
		if _, err := g.Epoch(); err == nil {
			return s.server.ID, true, true
		}
		if id, known := s.primaries.since(p.Number(), g.Term()); known && id != s.server.ID && s.Connected(id) {
			return id, false, true // the replica here was removed, and nobody has told it
		}
		if leader, known := g.Leader(); known {
			return ServerID(leader), false, leader != replication.ServerID(s.server.ID)
		}
		id, known := s.primaries.at(p.Number()) // it may have nothing yet, and wait for its snapshot
		return id, false, known && id != s.server.ID && s.Connected(id)
	case replication.Absent:
		if id, known := s.primaries.at(p.Number()); known && id != s.server.ID && s.Connected(id) {
			return id, false, true
		}
		return t.anyReplica(s, p)
	}
	return s.server.ID, true, true
}

// anyReplica chooses a connected server with a replica of a part, the primary one before others.
func (t *Table) anyReplica(s *Snapshot, p *table.Part) (server ServerID, here, ok bool) {
	for _, q := range t.everyPart() {
		if q.Number() != p.Number() {
			continue
		}
		for _, id := range append([]ServerID{q.primary()}, q.layout.Servers(q.at)...) {
			if id != s.server.ID && s.Connected(id) {
				return id, false, true
			}
		}
	}
	return "", false, false
}

// Readable tells whether this server has replicas of all parts that may be read with read_mode outdated.
func (t *Table) Readable() bool {
	for _, p := range t.parts {
		if !p.Readable() {
			return false
		}
	}
	return true
}
