package auth

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// guesses slows down who guesses passwords. Wrong passwords are counted for each pair of a user's name and an address, so that
// neither an address keeps a user out who comes from elsewhere, nor a name the other users of an address. One count is forgotten
// each minute. The fifth wrong password within a minute is followed by a pause of a second, and each further one by a pause
// twice as long, up to a minute: a person who mistypes waits for a moment, and a program gets one try a minute.
//
// During a pause every password is refused unseen, also the right one: otherwise the pause would slow down nothing. The client
// is told so at once, because to keep it waiting would hold a connection and a goroutine for whoever wants to exhaust them.
// Passwords are judged one after the other, so that connections that guess at the same time get no more tries than one that does
// not. A right password forgets nothing: on a shared address, somebody else's log-ins would else give new tries to a guesser.
//
// Who has many addresses, or invents names, cannot make this grow: at maxGuessers an entry makes room that has little
// to remember.
type guesses struct {
	// Set by newGuesses, then constant.
	now  func() time.Time
	seed maphash.Seed

	mu      sync.Mutex // guards what follows
	entries map[guesser]guessed
}

const (
	// guessesBefore is how many wrong passwords are followed by no pause, within guessTime, the time to forget one.
	guessesBefore = 4
	guessTime     = time.Minute
	// maxGuesses is where the count ends, because its pause is the longest one.
	maxGuesses   = guessesBefore + 7
	firstPause   = time.Second
	longestPause = time.Minute
	// maxGuessers bounds the entries, of about 100 bytes each.
	maxGuessers = 1 << 14
	// evictionSample is how many entries are looked at to find one that can go.
	evictionSample = 16
)

// guesser is who guesses for which user. The name is hashed, because there may be long ones.
type guesser struct {
	addr netip.Prefix
	user uint64
}

// guessed is what is remembered of a guesser. The count is in forgotten: it is how many times guessTime that is away.
type guessed struct {
	forgotten time.Time
	pause     time.Time // the end of the last pause
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, seed: maphash.MakeSeed(), entries: map[guesser]guessed{}}
}

// guesser makes the key of an attempt. Somebody with IPv6 has a whole network of 64 bits, or more.
func (g *guesses) guesser(user string, peer netip.Addr) guesser {
	peer = peer.Unmap().WithZone("")
	bits := peer.BitLen()
	if peer.Is6() {
		bits = 64
	}
	network, err := peer.Prefix(bits)
	if err != nil { // not an address: all such are one
		network = netip.Prefix{}
	}
	return guesser{network, maphash.String(g.seed, user)}
}

// wait tells how long the pause of a guesser still lasts; it is not positive without one.
func (g *guesses) wait(who guesser) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.entries[who].pause.Sub(g.now())
}

// judge takes note of a password that has turned out to be right or wrong. If the guesser has come to be in a pause meanwhile, it
// tells how long that lasts, and the outcome does not count.
func (g *guesses) judge(who guesser, right bool) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	e, known := g.entries[who]
	if wait = e.pause.Sub(now); wait > 0 || right {
		return wait
	}
	if !known && len(g.entries) >= maxGuessers {
		g.evict(now)
	}
	if e.forgotten.Before(now) {
		e.forgotten = now
	}
	e.forgotten = e.forgotten.Add(guessTime)
	if latest := now.Add(maxGuesses * guessTime); e.forgotten.After(latest) {
		e.forgotten = latest
	}
	count := (e.forgotten.Sub(now) + guessTime - 1) / guessTime
	if count > guessesBefore {
		pause := min(firstPause<<(count-guessesBefore-1), longestPause)
		e.pause = now.Add(pause)
		e.forgotten = e.forgotten.Add(pause) // nothing is forgotten meanwhile
	}
	g.entries[who] = e
	return 0
}

// evict makes room. Of some entries the one goes that is forgotten first anyway, so those in a pause stay longest. The caller
// holds mu.
func (g *guesses) evict(now time.Time) {
	var victim guesser
	var earliest time.Time
	n := 0
	for who, e := range g.entries { // begins anywhere
		if e.forgotten.Before(now) {
			delete(g.entries, who)
			continue
		}
		if n == 0 || e.forgotten.Before(earliest) {
			victim, earliest = who, e.forgotten
		}
		if n++; n == evictionSample {
			break
		}
	}
	if len(g.entries) >= maxGuessers {
		delete(g.entries, victim)
	}
}
