package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"rethinkdb/internal/peer"
)

// purpose is what a connection is for.
type purpose string

const (
	forControl purpose = "control"
	forBulk    purpose = "bulk"
	forJoining purpose = "join"
)

// greeting is what the dialer says first, when both servers have proved who they are.
type greeting struct {
	Purpose  purpose `json:"purpose"`
	Instance string  `json:"instance"` // of this run of the server
	Record   Record  `json:"record"`
	Link     string  `json:"link,omitempty"` // which link the connection begins, or belongs to
	Over     string  `json:"over,omitempty"` // the last link with the listener that the dialer began or had; it has none now
}

// reply is what the listener says.
type reply struct {
	Refusal  *peer.Refusal `json:"refusal,omitempty"`
	Instance string        `json:"instance,omitempty"`
	Record   Record        `json:"record,omitzero"`
	Welcome  *Welcome      `json:"welcome,omitempty"` // for who joins
}

const (
	maxGreetingBytes = 64 << 10
	// maxReplyBytes is enough for the members of a cluster of a thousand servers.
	maxReplyBytes = 4 << 20
)

// greet introduces this server, and returns what the listener says.
func (m *Mesh) greet(ctx context.Context, conn net.Conn, g greeting) (r reply, err error) {
	defer context.AfterFunc(ctx, func() { cut(conn) })()
	patience := peer.HandshakeTime
	if g.Purpose == forJoining {
		patience += admission
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return r, err
	}
	g.Instance, g.Record = m.instance, m.self()
	if err := peer.Send(conn, g); err != nil {
		return r, err
	}
	if err := peer.Receive(conn, maxReplyBytes, &r); err != nil {
		return r, err
	}
	if r.Refusal != nil {
		return r, r.Refusal.Readable()
	}
	return r, errors.Join(refusal(r.Record.check()), conn.SetDeadline(time.Time{}), context.Cause(ctx))
}

// recognize judges whether the peer, as the handshake has found it, is the member that it says it is. A proxy need not be one: it keeps
// nothing, and has proved as much as a server that joins.
func (m *Mesh) recognize(p peer.Peer, r Record) *peer.Refusal {
	m.mu.RLock()
	k, removed := m.members[r.ID], m.removed[r.ID]
	m.mu.RUnlock()
	switch self := m.self(); {
	case string(r.ID) != p.ID:
		return &peer.Refusal{Kind: peer.BadMessage, Text: "The server has told two names of itself."}
	case r.Cluster != self.Cluster:
		return otherCluster(self, r)
	case k == nil && r.Proxy:
		return nil
	case k == nil && removed:
		return &peer.Refusal{Kind: peer.Removed, Text: fmt.Sprintf("%s has been removed from the cluster. Start it with an empty data directory and --join.", r.title())}
	case k == nil:
		return &peer.Refusal{Kind: peer.NoMember, Text: fmt.Sprintf("%s does not know %s as a member of its cluster.", self.title(), r.title())}
	}
	if known := k.known().Fingerprint; known != p.Fingerprint && known != (peer.Fingerprint{}) && !p.Vouched() {
		return &peer.Refusal{Kind: peer.BadProof, Text: fmt.Sprintf("%s has the key %s, and is known by %s. If its key was made anew, join again with a token (rethinkdb admin make join-token).", r.title(), p.Fingerprint, known)}
	}
	return nil
}

func otherCluster(self, r Record) *peer.Refusal {
	return &peer.Refusal{Kind: peer.OtherCluster, Text: fmt.Sprintf("%s belongs to another cluster than %s. To move a server, start it with an empty data directory and --join; "+
		"to move data, use rethinkdb dump and rethinkdb restore.", r.title(), self.title())}
}
