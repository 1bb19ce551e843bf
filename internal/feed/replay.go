package feed

import (
	"context"

	"rethinkdb/internal/table"
)

// A Log is the history of a table.
type Log interface {
	ReadHistory(ctx context.Context, epoch table.Epoch, from table.CommitIndex, maxBytes int) (commits []table.LoggedCommit, more bool, err error)
	Sync(ctx context.Context) error
}

// replayBytes is how much of the history is read at a time. In between nothing is held of the store.
const replayBytes = 256 << 10

// A Replay gives the events of a feed since a position in the history, and then joins those who follow the table. It is used by one
// goroutine.
//
// To miss nothing and repeat nothing, it first reads to the end of the history, then subscribes, and reads to the end once more. The
// second time it comes at least to the last commit before the subscription, and the subscription leaves out what was read:
//
//	read up to i, and a subscriber for what comes after j ≤ i.
//
// Subscribing at once would be as right, but the events of a busy table would pile up while a long history is read.
type Replay struct {
	// Set by Resume, then constant.
	log        Log
	hub        *Hub
	of         uint32      // as of Position
	expression *Expression // evaluated here
	live       *Expression // evaluated by the group
	options    Options

	place   Place // behind everything that was looked at
	begun   bool  // the commit of place is not the one to begin in any more
	commits []table.LoggedCommit
	change  int // of commits[0], the next
	more    bool
	events  []Event

	batch  *merged  // until the squashed batch of which some events are left is made
	resume Position // of the batch

	sub *Subscription // of the live events
	end bool          // caught up
}

// Resume begins behind a position. private is the expression once more, to be evaluated at the same time as e.
func (h *Hub) Resume(log Log, e, private *Expression, o Options, after Position) *Replay {
	r := ReplayPast(log, private, after)
	r.hub, r.live, r.options = h, e, o
	return r
}

// ReplayPast begins behind a position in a history that has ended: one that was inherited from another group. There will be no Subscription.
func ReplayPast(log Log, e *Expression, after Position) *Replay {
	r := &Replay{log: log, expression: e, of: after.Of, place: after.Place}
	if after.Done > 0 {
		r.place, r.batch, r.resume = after.From, newMerged(false), after
	}
	return r
}

// Next gives the next event; ok is false when all of the history has been given, and Subscription has what comes. tick is called
// for each change that is looked at, and ends Next with its error.
func (r *Replay) Next(ctx context.Context, tick func() error) (e Event, ok bool, err error) {
	for {
		switch {
		case len(r.events) > 0:
			e = r.events[0]
			r.events = r.events[1:]
			return e, true, nil
		case len(r.commits) > 0:
			if err := tick(); err != nil {
				return Event{}, false, err
			}
			if err := r.evaluate(); err != nil {
				return Event{}, false, err
			}
		case r.end:
			return Event{}, false, nil
		default:
			if err := r.read(ctx); err != nil {
				return Event{}, false, err
			}
		}
	}
}

// read reads the next commits, and finds out whether these were the last.
func (r *Replay) read(ctx context.Context) (err error) {
	if r.commits, r.more, err = r.log.ReadHistory(ctx, r.place.Epoch, r.place.Index, replayBytes); err != nil {
		return err
	}
	if err := r.log.Sync(ctx); err != nil { // see gate
		return err
	}
	if r.begun {
		r.commits = r.commits[1:]
	}
	r.begun, r.change = true, 0
	if r.more || len(r.commits) > 0 {
		return nil
	}
	switch {
	case r.batch != nil:
		return table.ErrHistoryLost // its end is not in the history
	case r.hub == nil:
		r.end = true
		return nil
	case r.sub == nil:
		r.sub, err = r.hub.Subscribe(r.live, r.options)
		return err
	}
	r.sub.Begin(r.place)
	r.end = true
	return nil
}

// evaluate looks at the next change of the first commit, or finishes that.
func (r *Replay) evaluate() error {
	c := &r.commits[0]
	if r.batch != nil && (c.Index > r.resume.Index || c.Index == r.resume.Index && c.Epoch != r.resume.Epoch) {
		return table.ErrHistoryLost // this is not where the batch has ended
	}
	if r.change == len(c.Changes) {
		r.commits = r.commits[1:]
		r.change, r.place = 0, Behind(*c)
		if r.batch != nil && c.Index == r.resume.Index {
			r.finishBatch()
		}
		return nil
	}
	var l chain
	if change := &c.Changes[r.change]; c.Index != r.place.Index || change.Number >= r.place.Change {
		r.expression.change(commit{index: c.Index, epoch: c.Epoch}, change, &l)
	}
	r.change++
	for n := l.first; n != nil; n = n.next.Load() {
		at := n.place()
		switch {
		case at.Compare(r.place) <= 0: // given before
		case r.batch != nil && at.Compare(r.resume.Place) <= 0:
			r.batch.add(n)
		default:
			if r.batch != nil {
				r.finishBatch()
			}
			e := n.event()
			e.At = &Position{Place: at, Of: r.of}
			r.events = append(r.events, e)
		}
	}
	return nil
}

// finishBatch gives what is left of the squashed batch.
func (r *Replay) finishBatch() {
	events := r.batch.events()
	locate(events, r.resume.From, r.resume.Place)
	for i := range events {
		events[i].At.Of = r.of
	}
	r.events = append(r.events, events[min(int(r.resume.Done), len(events)):]...)
	r.batch = nil
}

// Subscription is that of the live events, nil as long as there is none.
func (r *Replay) Subscription() *Subscription { return r.sub }
