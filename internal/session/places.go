package session

import "fmt"

// CrowdedError refuses a client whose user has as many connections as a user may have.
type CrowdedError struct {
	User  string
	Limit int
}

func (e *CrowdedError) Error() string {
	return fmt.Sprintf("User `%s` has %d connections, which is the most that a user may have on this server (--connections-per-user). Close some first.",
		e.User, e.Limit)
}

// LimitUsers sets how many clients of one user may be there at the same time, 0 for any number. It is called before the first client.
func (m *Manager) LimitUsers(limit int) { m.limit = limit }

// Enter takes a place for a client of a user, before the client hears that it may come in. It is given back by the end of a session
// with the option Entered, or else by Leave.
func (m *Manager) Enter(user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.limit > 0 && m.places[user] >= m.limit {
		return &CrowdedError{user, m.limit}
	}
	m.places[user]++
	return nil
}

// Leave gives back a place.
func (m *Manager) Leave(user string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.places[user]--; m.places[user] == 0 {
		delete(m.places, user)
	}
}
