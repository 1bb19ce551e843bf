package login

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/auth"
)

const (
	// secretBytes of randomness are in the secret of a session: nobody guesses it, so that nothing slows down who tries.
	secretBytes = 32
	// Lifetime is the longest life of a session, whatever its user does: a working day, and who stays longer logs in again.
	Lifetime = 12 * time.Hour
	// maxOfUser is how many sessions a user may have at the same time. One more ends the one that was used least recently, so that
	// somebody who never logs out can still log in.
	maxOfUser = 20
	// maxSessions of all users; the same holds for it.
	maxSessions = 2000
	// lookEvery is how often sessions are ended that have expired.
	lookEvery = 10 * time.Second
)

// Options of Sessions.
type Options struct {
	// Idle is the time after which a session ends that nobody has used; 0 is none.
	Idle time.Duration
	// Credential is what a user's password is known by at the moment. ok is false when there is no such user.
	Credential func(user string) (c auth.Credential, ok bool)
}

// Session is what may be known of a session.
type Session struct {
	ID      string // not its secret
	User    string
	Browser Browser // that has logged in
	ByProxy bool    // a proxy has asked for the password, and handed it on
	Since   time.Time
	Used    time.Time // when its user last did something
	Expires time.Time // unless its user does something before, and at last
}

// Sessions are all sessions of a server. Its methods may be called at the same time.
//
// What a browser keeps is a random secret; what is kept here is its SHA-256, so that neither a dump of the memory nor a way to measure how
// long the search takes helps anybody to a session. A session holds as long as its user has the password that it began with: that is
// looked up each time it is used, so no change of a password can be overtaken by a log-in that was under way.
type Sessions struct {
	// Set by New and Attach, then constant.
	opt   Options
	ended func(ids []string)

	mu       sync.Mutex // guards what follows
	sessions map[secretHash]*session
	timer    *time.Timer // looks for sessions that have expired; nil if there are no sessions
	closed   bool
}

type secretHash [sha256.Size]byte

type session struct {
	Session
	credential auth.Credential
}

// New makes an empty set of sessions. Close it.
func New(o Options) *Sessions {
	return &Sessions{opt: o, ended: func([]string) {}, sessions: map[secretHash]*session{}}
}

// Attach has a function told of sessions that have ended, by their IDs. It waits for nobody, and calls no method of Sessions. Attach is called
// before the first session begins.
func (s *Sessions) Attach(ended func(ids []string)) { s.ended = ended }

// Idle is the time after which a session ends that nobody has used; 0 is none.
func (s *Sessions) Idle() time.Duration { return s.opt.Idle }

// Begin makes a session for a user who has proved to have a password, perhaps by way of a proxy. The secret is for the browser and for
// nobody else.
func (s *Sessions) Begin(user string, c auth.Credential, b Browser, byProxy bool) (secret string, _ Session) {
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails: the program would have ended
	secret = base64.RawURLEncoding.EncodeToString(random)
	now := time.Now()
	one := &session{Session{ID: uuid.NewString(), User: user, Browser: b, ByProxy: byProxy, Since: now, Used: now}, c}
	s.setExpiry(one)
	s.mu.Lock()
	ended := s.makeRoom(user)
	if !s.closed {
		s.sessions[sha256.Sum256([]byte(secret))] = one
		if s.timer == nil {
			s.timer = time.AfterFunc(lookEvery, s.look)
		}
	}
	s.mu.Unlock()
	s.tell(ended)
	return secret, one.Session
}

func (s *Sessions) setExpiry(one *session) {
	one.Expires = one.Since.Add(Lifetime)
	if idle := one.Used.Add(s.opt.Idle); s.opt.Idle > 0 && idle.Before(one.Expires) {
		one.Expires = idle
	}
}

// makeRoom ends sessions until there is room for one more of a user. The caller holds mu.
func (s *Sessions) makeRoom(user string) (ended []string) {
	ofUser := func(one *session) bool { return one.User == user }
	for n := s.count(ofUser); n >= maxOfUser; n-- {
		ended = append(ended, s.endOldest(ofUser))
	}
	for len(s.sessions) >= maxSessions {
		ended = append(ended, s.endOldest(func(*session) bool { return true }))
	}
	return ended
}

func (s *Sessions) count(match func(*session) bool) (n int) {
	for _, one := range s.sessions {
		if match(one) {
			n++
		}
	}
	return n
}

// endOldest ends the session that was used least recently of those that match. The caller holds mu.
func (s *Sessions) endOldest(match func(*session) bool) (id string) {
	var oldest secretHash
	for hash, one := range s.sessions {
		if match(one) && (id == "" || one.Used.Before(s.sessions[oldest].Used)) {
			oldest, id = hash, one.ID
		}
	}
	delete(s.sessions, oldest)
	return id
}

// Find gives the session with that secret, if it is this browser's and has not ended. Only what a person does makes it last longer;
// what an open page asks by itself does not.
func (s *Sessions) Find(secret string, b Browser, person bool) (_ Session, ok bool) {
	hash := secretHash(sha256.Sum256([]byte(secret)))
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.sessions[hash]
	if one == nil || !one.Browser.same(b) || !now.Before(one.Expires) || !s.holds(one) {
		return Session{}, false
	}
	if person {
		one.Used = now
		s.setExpiry(one)
	}
	return one.Session, true
}

// holds tells whether the user of a session still has the password that it began with.
func (s *Sessions) holds(one *session) bool {
	c, ok := s.opt.Credential(one.User)
	return ok && c == one.credential
}

// List gives all sessions that have not ended, in order of their IDs.
func (s *Sessions) List() []Session {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Session
	for one := range maps.Values(s.sessions) {
		if now.Before(one.Expires) && s.holds(one) {
			all = append(all, one.Session)
		}
	}
	slices.SortFunc(all, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// End ends the sessions that match.
func (s *Sessions) End(match func(Session) bool) {
	s.mu.Lock()
	ended := s.endMatching(func(one *session) bool { return match(one.Session) })
	s.mu.Unlock()
	s.tell(ended)
}

// Recheck ends the sessions of users who are no more or have another password. It is called after each change of a user.
func (s *Sessions) Recheck() {
	s.mu.Lock()
	ended := s.endMatching(func(one *session) bool { return !s.holds(one) })
	s.mu.Unlock()
	s.tell(ended)
}

// look ends the sessions that have expired.
func (s *Sessions) look() {
	now := time.Now()
	s.mu.Lock()
	ended := s.endMatching(func(one *session) bool { return !now.Before(one.Expires) })
	if len(s.sessions) == 0 || s.closed {
		s.timer = nil
	} else {
		s.timer.Reset(lookEvery)
	}
	s.mu.Unlock()
	s.tell(ended)
}

// endMatching ends sessions. The caller holds mu, and tells of it without.
func (s *Sessions) endMatching(match func(*session) bool) (ended []string) {
	maps.DeleteFunc(s.sessions, func(_ secretHash, one *session) bool {
		if !match(one) {
			return false
		}
		ended = append(ended, one.ID)
		return true
	})
	return ended
}

func (s *Sessions) tell(ended []string) {
	if len(ended) > 0 {
		s.ended(ended)
	}
}

// Close ends all sessions, and lets no more begin.
func (s *Sessions) Close() {
	s.mu.Lock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
	ended := s.endMatching(func(*session) bool { return true })
	s.mu.Unlock()
	s.tell(ended)
}
