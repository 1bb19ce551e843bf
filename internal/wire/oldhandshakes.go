package wire

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/access"
)

// noOldHandshakes is the refusal of Options.NoOldHandshakes.
const noOldHandshakes = "This server refuses the handshakes of drivers from before RethinkDB 2.3, which send the authentication key as it is. Use a newer driver."

// oldVersions are the handshakes from before 2.3: their clients send the authentication key itself.
var oldVersions = map[uint32]string{magicV01: "V0_1", magicV02: "V0_2", magicV03: "V0_3", magicV04: "V0_4"}

// OldHandshake tells of the uses of one of the handshakes from before 2.3.
type OldHandshake struct {
	Version string
	Peer    netip.Addr // who used it last
	At      time.Time
	Count   int64 // since the start of the server
}

// oldHandshakes remembers the last use of each.
type oldHandshakes struct {
	mu   sync.Mutex // guards seen, alone
	seen map[string]OldHandshake
}

func (o *oldHandshakes) note(version string, peer netip.Addr) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil {
		o.seen = map[string]OldHandshake{}
	}
	o.seen[version] = OldHandshake{version, peer.Unmap(), time.Now(), o.seen[version].Count + 1}
}

// OldHandshakes are those that were used since the start of the server, in order.
func (s *Server) OldHandshakes() []OldHandshake {
	s.old.mu.Lock()
	defer s.old.mu.Unlock()
	var list []OldHandshake
	for _, o := range s.old.seen {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b OldHandshake) int { return cmp.Compare(a.Version, b.Version) })
	return list
}

// oldVersion notes a handshake from before 2.3 on the driver port, and refuses it if the server is told to. It is asked about every
// handshake.
func (c *conn) oldVersion(magic uint32) error {
	version, old := oldVersions[magic]
	if !old || c.port != access.Driver {
		return nil
	}
	if c.srv.opt.NoOldHandshakes {
		return &refusal{noOldHandshakes}
	}
	c.srv.old.note(version, c.peer.Addr())
	return nil
}
