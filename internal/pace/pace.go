package pace

import (
	"context"
	"time"
)

// A Pace works and rests in turn, and compares how fast clients get on meanwhile: that decides how long the rests are. So nothing has to be known of disks,
// processors and networks, nor of who else is at work. If the work costs clients nothing, there are hardly any rests, and without clients there are only short ones now and then, in case the
// work is what keeps them from doing anything.
//
//	share of the time at work × (1 − speed of clients at work / their speed at rest) ≤ budget
//
// A fixed share, half of the time, was there before. On a machine with few processors it has cost clients two thirds of their throughput; on others it was slower than
// necessary. The time that a client waits would be another measure, but clients who wait for each other hide it.
//
// One goroutine uses it.
type Pace struct {
	clients func() int64 // tells how much they have done so far
	now     func() time.Time
	sleep   func(ctx context.Context, d time.Duration) error

	since      time.Time // the work goes on
	done       int64     // by clients until then
	rested     time.Time // last; zero at first
	seen       time.Time // clients do something, last; zero for never
	work, rest speed
}

// Budget is the share of their throughput that clients may lose to all such work of a server together. They are to keep 70 %: what a rest has to make up for, such as
// the compaction of what was written, is not seen as work. With 0.25 they kept 51 to 70 % in six moves, with 0.15 74 to 98 % in three.
const Budget = 0.15

const (
	// workTime is how long the work goes on between two rests, and maxRest how long a rest may be.
	workTime = 25 * time.Millisecond
	maxRest  = time.Second
	// maxShare of the time is work as long as there are clients: otherwise nobody would notice that the rests have become too short.
	maxShare = 0.8
	minShare = 0.02
	// quiet is how long clients have done nothing when there seem to be none.
	quiet = 500 * time.Millisecond
	// lookout is how long a rest is that is taken each lookoutInterval to see whether there are clients.
	lookout         = 10 * time.Millisecond
	lookoutInterval = time.Second
	// enough is how many things clients must have done before speeds are compared. Until then half of the time is theirs.
	enough = 50
)

// New returns a Pace for work that is about to begin. clients tells how much they have done so far.
func New(clients func() int64) *Pace {
	return &Pace{clients: clients, now: time.Now, sleep: Sleep, since: time.Now(), done: clients()}
}

// Due tells whether it is time for a rest: the caller finishes what it has begun, and calls Rest.
func (p *Pace) Due() bool { return p.now().Sub(p.since) >= workTime }

// Rest waits for as long as clients need. budget is how much of their throughput this work may cost them.
func (p *Pace) Rest(ctx context.Context, budget float64) error {
	done := p.clients()
	worked := p.now().Sub(p.since)
	p.work.add(done-p.done, worked)
	p.look(done)
	began := p.now()
	var d time.Duration
	switch {
	case !p.seen.IsZero() && began.Sub(p.seen) < quiet:
		share := p.share(budget)
		d = min(time.Duration(float64(worked)*(1-share)/share), maxRest)
	case began.Sub(p.rested) >= lookoutInterval:
		d = lookout
	}
	if d > 0 {
		if err := p.sleep(ctx, d); err != nil {
			return err
		}
		p.rested = p.now()
		before := done
		done = p.clients()
		p.rest.add(done-before, p.rested.Sub(began))
		p.look(done)
	}
	p.since = p.now()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// look takes note of what clients have done so far.
func (p *Pace) look(done int64) {
	if done != p.done {
		p.done, p.seen = done, p.now()
	}
}

// share is the part of the time that the work gets.
func (p *Pace) share(budget float64) float64 {
	if p.work.done+p.rest.done < enough || p.rest.done < 1 {
		return 0.5
	}
	loss := 1 - p.work.rate()/p.rest.rate()
	if loss*maxShare <= budget {
		return maxShare
	}
	return max(budget/loss, minShare)
}

// speed is how much was done lately.
type speed struct{ done, seconds float64 }

// memory is how much time counts in full: what is as long ago counts for a third.
const memory = 2 // seconds

func (s *speed) add(done int64, d time.Duration) {
	keep := memory / (memory + d.Seconds())
	s.done = s.done*keep + float64(max(done, 0))
	s.seconds = s.seconds*keep + d.Seconds()
}

func (s *speed) rate() float64 {
	if s.seconds == 0 {
		return 0
	}
	return s.done / s.seconds
}

// Sleep waits for a time, or returns why ctx has ended before.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
