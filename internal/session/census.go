package session

import "rethinkdb/internal/access"

// Census counts the clients of the server, and what they have open.
type Census struct {
	Clients map[access.Port]int
	Active  int // clients that wait for an answer
	Queries int // that run, as feeds that wait do not
	Cursors int // that have more, and that nobody is reading
	Feeds   int // the same for feeds, and those whose client waits for news
}

// Census counts at this moment.
func (m *Manager) Census() Census {
	c := Census{Clients: map[access.Port]int{}}
	for _, s := range m.all() {
		c.Clients[s.opt.Client.Port]++
		if s.Running() {
			c.Active++
		}
		s.mu.Lock()
		for _, e := range s.live {
			switch {
			case e.running && !e.parked:
				c.Queries++
			case e.feed != nil:
				c.Feeds++
			case e.cursor != nil:
				c.Cursors++
			}
		}
		s.mu.Unlock()
	}
	return c
}
