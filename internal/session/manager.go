package session

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Manager knows all sessions of the server, so that their queries can be listed and killed: the system table `jobs`.
type Manager struct {
	limit  int           // of clients of one user; 0 for none. Set before the first client, then constant
	rights atomic.Uint64 // counts calls of Recheck

	mu       sync.Mutex // guards what follows; taken before Session.mu
	sessions map[*Session]struct{}
	places   map[string]int // of each user who has any
}

// NewManager makes a manager without sessions.
func NewManager() *Manager {
	return &Manager{sessions: map[*Session]struct{}{}, places: map[string]int{}}
}

// Job is a query of a client: one that runs, or one whose cursor is open.
type Job struct {
	ID     uuid.UUID
	Client Client
	Began  time.Time
	// Query is the text of the query, empty when its plan does not say (it does by implementing fmt.Stringer).
	Query string
}

func (m *Manager) add(s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[s] = struct{}{}
}

func (m *Manager) remove(s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, s)
}

// Sessions is the number of clients. Those of other servers, which send on some of their queries, are counted there.
func (m *Manager) Sessions() int { return len(m.clients()) }

// Active is the number of clients that wait for an answer.
func (m *Manager) Active() int {
	n := 0
	for _, s := range m.clients() {
		if s.Running() {
			n++
		}
	}
	return n
}

// clients are the sessions of clients of this server.
func (m *Manager) clients() []*Session {
	return slices.DeleteFunc(m.all(), func(s *Session) bool { return s.opt.Client.Hops > 0 })
}

func (m *Manager) all() []*Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]*Session, 0, len(m.sessions))
	for s := range m.sessions {
		all = append(all, s)
	}
	return all
}

// Jobs lists the queries, except those that are being stopped, those that are so quick that they were never a job, and parts of queries of
// other servers.
func (m *Manager) Jobs() []Job {
	var jobs []Job
	var texts []fmt.Stringer
	for _, s := range m.clients() {
		s.mu.Lock()
		for _, e := range s.live {
			if e.why != uninterrupted {
				continue
			}
			if e.id == uuid.Nil {
				e.id = uuid.New()
			}
			jobs = append(jobs, Job{ID: e.id, Client: s.opt.Client, Began: e.began})
			texts = append(texts, e.text)
		}
		if w := s.waiting; w != nil && w.why == uninterrupted {
			if w.id == uuid.Nil {
				w.id = uuid.New()
			}
			jobs = append(jobs, Job{ID: w.id, Client: s.opt.Client, Began: w.began})
			texts = append(texts, w.text)
		}
		s.mu.Unlock()
	}
	for i, text := range texts { // after the locks: a query's text may be long
		if text != nil {
			jobs[i].Query = text.String()
		}
	}
	return jobs
}

// Kill stops a query, which is then answered with an error. It tells whether there was such a query.
func (m *Manager) Kill(id uuid.UUID) bool {
	for _, s := range m.all() {
		if s.kill(id) {
			return true
		}
	}
	return false
}

// Recheck has all feeds that wait look whether their clients may still see them, except those of one user. It is called after a
// change of rights, and waits for nobody. Other cursors ask before each batch.
func (m *Manager) Recheck(except string) {
	m.rights.Add(1) // before the look at who is parked, so that nobody parks behind our back
	for _, s := range m.all() {
		if s.opt.Client.User == except {
			continue
		}
		s.mu.Lock()
		var waiting []*entry
		for _, e := range s.live {
			if e.parked {
				waiting = append(waiting, e)
			}
		}
		s.mu.Unlock()
		for _, e := range waiting {
			s.wakeUp(e)
		}
	}
}

func (s *Session) kill(id uuid.UUID) bool {
	s.mu.Lock()
	if w := s.waiting; w != nil && w.id == id && id != uuid.Nil {
		w.interrupt(killed)
		s.mu.Unlock()
		return true
	}
	for _, e := range s.live {
		if e.id != id {
			continue
		}
		s.interrupt(e, killed)
		// The token of a cursor that nobody is reading stays until its next CONTINUE, so that the client learns why it
		// ended. Only what the cursor holds goes.
		var cursor Cursor
		if !e.running {
			cursor, e.cursor, e.feed = e.cursor, nil, nil
		}
		s.mu.Unlock()
		s.closeCursor(cursor)
		return true
	}
	s.mu.Unlock()
	return false
}
