package cluster

import (
	"slices"
	"strings"
	"time"

	"rethinkdb/internal/peer"
)

// A Guest is a proxy that has joined with a token, by the key that it has shown. It is no member, so that nothing which all servers have names its key; and a token is good
// for one server. So the one that has taken it in vouches for it to the others, who know it by its key then as they know members. Who is told when is up to whoever uses the mesh.
type Guest struct {
	ID          ServerID         `json:"id"`
	Fingerprint peer.Fingerprint `json:"fingerprint"`
}

const (
	// guestTime is how long a guest without a link is remembered. A proxy that was away for longer, or is started again, needs another token.
	guestTime = 24 * time.Hour
	// maxGuests bounds how many there are. Further ones reach the server that their token leads to.
	maxGuests = 4096
)

// stay is what is known of a guest.
type stay struct {
	guest Guest
	seen  time.Time // it had a link, or somebody vouched for it
}

// Vouch makes the mesh know guests.
func (m *Mesh) Vouch(guests ...Guest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetGuests()
	for _, g := range guests {
		if _, known := m.guests[g.Fingerprint]; known || len(m.guests) < maxGuests {
			m.guests[g.Fingerprint] = stay{g, time.Now()}
		}
	}
}

// Guests are those that others are to know, too. Asked for now and then, they are those that are here, or were lately.
func (m *Mesh) Guests() []Guest {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgetGuests()
	var list []Guest
	for _, s := range m.guests {
		list = append(list, s.guest)
	}
	slices.SortFunc(list, func(a, b Guest) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return list
}

// guestWith finds the guest with a key. The caller holds mu.
func (m *Mesh) guestWith(f peer.Fingerprint) (id ServerID, ok bool) {
	s, ok := m.guests[f]
	return s.guest.ID, ok && time.Since(s.seen) <= guestTime
}

// forgetGuests forgets those that have been away for long. The caller holds mu.
func (m *Mesh) forgetGuests() {
	for f, s := range m.guests {
		switch {
		case m.links[s.guest.ID] != nil:
			m.guests[f] = stay{s.guest, time.Now()}
		case time.Since(s.seen) > guestTime:
			delete(m.guests, f)
		}
	}
}
