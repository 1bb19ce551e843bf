package server

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// Some things servers tell each other when they happen, and all of them over each new connection: which primary replicas they have, and for which proxies they vouch. What is
// lost with a connection comes again with the next one.

// newsTold are the connections over which this server has told everything: when each began, by the other server.
type newsTold map[cluster.ServerID]time.Time

// tellNews tells those whose connections are new.
func (c *clustering) tellNews(told newsTold) {
	links := c.mesh.Connected()
	up := make(map[cluster.ServerID]bool, len(links))
	guests := encodeGuests(c.mesh.Guests()) // in any case: it notes which are here
	var leads []byte
	for _, link := range links {
		up[link.ID] = true
		if told[link.ID].Equal(link.Since) {
			continue
		}
		if leads == nil {
			for _, l := range c.node.data.catalog.Leads() {
				leads = appendLead(leads, l)
			}
		}
		err := c.tell(link, classLeads, leads)
		if err == nil && !link.Proxy {
			err = c.tell(link, classGuests, guests)
		}
		if err == nil {
			told[link.ID] = link.Since
		}
	}
	for id := range told {
		if !up[id] {
			delete(told, id)
		}
	}
}

// tell sends a message, if there is anything to say.
func (c *clustering) tell(link cluster.Link, class cluster.Class, m []byte) error {
	if len(m) == 0 {
		return nil
	}
	return c.mesh.Send(link.ID, class, m)
}

// tellLead tells all connected servers that this one has become the primary replica of a group. It implements catalog.Options.Leads.
func (g *groups) tellLead(l catalog.Lead) {
	mesh := g.mesh.Load()
	if mesh == nil {
		return
	}
	m := appendLead(nil, l)
	for _, link := range mesh.Connected() {
		_ = mesh.Send(link.ID, classLeads, m) // tellNews comes after it if it is lost
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

// takeIn makes a proxy that has joined with a token known to all connected servers by its key.
func (c *clustering) takeIn(candidate cluster.Candidate) {
	if candidate.Peer.Token == nil { // it can prove itself to each of them
		return
	}
	g := cluster.Guest{ID: candidate.ID, Fingerprint: candidate.Fingerprint}
	c.mesh.Vouch(g)
	for _, link := range c.mesh.Connected() {
		if !link.Proxy {
			_ = c.tell(link, classGuests, encodeGuests([]cluster.Guest{g})) // as above
		}
	}
}

// hearGuests takes the word of a member for proxies.
func (c *clustering) hearGuests(from cluster.ServerID, m []byte) {
	if _, member := c.node.data.catalog.Snapshot().Member(catalog.ServerID(from)); !member {
		return // a proxy vouches for nobody
	}
	var guests []cluster.Guest
	if err := json.Unmarshal(m, &guests); err != nil {
		c.node.log.Debug("What a server tells of proxies cannot be read.", "server", string(from), "error", err)
		return
	}
	c.mesh.Vouch(guests...)
}

func encodeGuests(guests []cluster.Guest) []byte {
	if len(guests) == 0 {
		return nil
	}
	b, err := json.Marshal(guests)
	if err != nil { // texts
		panic(err)
	}
	return b
}
