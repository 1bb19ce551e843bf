package replication

import "time"

// gathering is the moment after a round, in which nothing of the group is under way.
//
// Whoever has waited for the round is told now, and most come back with their next command: 16 clients that each wait for an answer would otherwise split into
// two halves, one of which is always too late for a round, so that rounds are half as large as they could be, and cost twice as much for each command. So the next round
// waits for as many commands as the last one has answered, besides those that are there. For how long depends on whether that was worth it lately (patience). Who writes
// alone waits for nobody.
//
// Likewise the others need not be told at once that the round is committed: when the next one begins soon, that says it, too.
//
// Nothing can wait for ever: what comes last of that which is expected ends the gathering, or else the timer does, and should neither happen, the next tick of the
// group's clock.
type gathering struct {
	began time.Time // when the last round did
	size  int       // commands in it; 0: none was begun since the last gathering

	on       bool
	there    int         // commands that were queued when it began
	answered int         // by the last round: so many more are expected
	timer    *time.Timer // ends it; nil as long as there was none

	patience int    // it takes at most as long as the last round, times two to this power
	number   uint64 // of gatherings, every so many of which have the greatest patience, whatever was learned before
}

const (
	// maxGathering bounds a gathering, so that a slow disk does not make it long.
	maxGathering = 4 * time.Millisecond

	// Clients that come back at once do so within a round, or two when the processors are busy. For those who do something else between their writes not much more
	// than an eighth of the time of a round is lost.
	maxPatience = 1
	minPatience = -3
	probeEvery  = 32
)

// noteRound notes that a round begins. The caller holds mu.
func (r *Raft) noteRound(size int) {
	g := &r.gather
	if g.on { // all have come
		g.learn(true)
	}
	g.stop()
	g.began, g.size = time.Now(), size
}

// gatherNext begins to gather commands for the next round, now that the last one is committed. The caller holds mu.
func (r *Raft) gatherNext() {
	g := &r.gather
	if g.size == 0 {
		return
	}
	g.on, g.there, g.answered, g.size = true, len(r.queue), g.size, 0
	g.number++
	if r.host.o.driven {
		return
	}
	wait := min(g.stretch(time.Since(g.began)), maxGathering)
	if g.timer == nil {
		g.timer = time.AfterFunc(wait, r.gathered)
	} else {
		g.timer.Reset(wait)
	}
}

// complete tells whether a round may begin with a queue of this length.
func (g *gathering) complete(queued int) bool { return !g.on || queued >= g.there+g.answered }

// gathered ends the gathering because its time is over, and has a worker go on.
func (r *Raft) gathered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := &r.gather
	if !g.on {
		return
	}
	g.learn(len(r.queue)-g.there >= g.answered*3/4)
	g.stop()
	r.host.work.add(r)
}

// stop ends the gathering. The caller holds mu, and sees to it that what has waited goes on.
func (g *gathering) stop() {
	g.on = false
	if g.timer != nil {
		g.timer.Stop()
	}
}

// probing tells whether this gathering tries whether great patience is worth it again.
func (g *gathering) probing() bool { return g.number%probeEvery == 0 }

// stretch makes the time of a round that for which the next one may wait.
func (g *gathering) stretch(round time.Duration) time.Duration {
	switch {
	case g.probing():
		return round << maxPatience
	case g.patience < 0:
		return round >> -g.patience
	default:
		return round << g.patience
	}
}

// learn adapts the patience to whether nearly all have come in time. When few do, clients are busy with something else.
func (g *gathering) learn(came bool) {
	switch {
	case came && g.probing():
		g.patience = maxPatience
	case came:
		g.patience = min(g.patience+1, maxPatience)
	case !g.probing():
		g.patience = max(g.patience-1, minPatience)
	}
}
