package server

import (
	"encoding/binary"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// tellLead tells all connected servers that this one has become the primary replica of a group. It implements catalog.Options.Leads.
func (g *groups) tellLead(l catalog.Lead) {
	mesh := g.mesh.Load()
	if mesh == nil {
		return
	}
	m := appendLead(nil, l)
	for _, link := range mesh.Connected() {
		_ = mesh.Send(link.ID, classLeads, m) // with the next connection it is told again
	}
}

// leadsTold are the connections over which this server has told which primary replicas it has: when each began, by the other server.
type leadsTold map[cluster.ServerID]time.Time

// tellLeads tells those whose connections are new.
func (c *clustering) tellLeads(told leadsTold) {
	links := c.mesh.Connected()
	up := make(map[cluster.ServerID]bool, len(links))
	var all []byte
	for _, link := range links {
		up[link.ID] = true
		if told[link.ID].Equal(link.Since) {
			continue
		}
		if all == nil {
			for _, l := range c.node.data.catalog.Leads() {
				all = appendLead(all, l)
			}
		}
		if len(all) == 0 || c.mesh.Send(link.ID, classLeads, all) == nil {
			told[link.ID] = link.Since
		}
	}
	for id := range told {
		if !up[id] {
			delete(told, id)
		}
	}
}

// hearLeads takes what another server has told.
func (c *clustering) hearLeads(from cluster.ServerID, m []byte) {
	for len(m) > 0 {
		l, rest, ok := readLead(m)
		if !ok {
			c.node.log.Debug("What a server tells of its primary replicas cannot be read.", "server", string(from))
			return
		}
		c.node.data.catalog.HeardOf(l, catalog.ServerID(from))
		m = rest
	}
}

// appendLead appends the number of the group and the epoch, as varints.
func appendLead(dst []byte, l catalog.Lead) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(l.Group)), uint64(l.Epoch))
}

func readLead(m []byte) (l catalog.Lead, rest []byte, ok bool) {
	group, n := binary.Uvarint(m)
	if n <= 0 || uint64(storage.GroupID(group)) != group {
		return l, nil, false
	}
	epoch, k := binary.Uvarint(m[n:])
	return catalog.Lead{Group: storage.GroupID(group), Epoch: replication.Epoch(epoch)}, m[max(n, n+k):], k > 0
}
