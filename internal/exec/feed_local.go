package exec

import (
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// localFeed is a stream of a part whose primary replica is on this server.
type localFeed struct {
	source     *feedSource // with the rows of the part
	expression *feed.Expression
	private    *feed.Expression // the expression once more, for the replay

	sub     *feed.Subscription // nil before open
	initial initialRows        // nil when there are no initial values, or none left
	eval    *feedEvaluation    // of initial values
	past    []*feed.Replay     // of inherited histories, which come first
	replay  *feed.Replay       // of the history; nil when there is none, or none left
	leave   func()             // the end of what keeps the history for us; nil when nothing does

	row    datum.Value // an initial value that comes
	copies int         // so many times more
}

func (s *feedStream) openLocal(fr *frame, r *feedRows) (feedRun, error) {
	o := &r.options
	f, err := s.source.in(s.parts[0])
	if err != nil {
		return nil, err
	}
	l := &localFeed{source: f, expression: f.expression(fr, s.identity)}
	if o.initial {
		l.eval = f.evaluation(fr)
	}
	if s.tracked || s.resumed {
		l.private = f.expression(fr, s.identity)
	}
	if err = l.open(fr, s, o); err == nil {
		return l, nil
	}
	l.close()
	return nil, moved(err)
}

// open subscribes, and begins with the initial values if they are wanted.
func (l *localFeed) open(fr *frame, s *feedStream, o *feedOptions) error {
	f := l.source
	if !f.point.IsAbsent() {
		key, err := table.AppendPrimaryKey(nil, f.point)
		if err != nil {
			return blame(err, f.at)
		}
		l.expression.Point = key
		if l.private != nil {
			l.private.Point = key
		}
	}
	if f.part != nil {
		if s.tracked || s.resumed {
			return l.openTracked(fr, f.part, s, o)
		}
		return l.openStored(f.part, o)
	}
	if t, ok := f.table.Table.(watchedTable); ok {
		return l.openWatched(fr, t.Watch(), o)
	}
	return reql.Errorf(reql.QueryLogic, "Cannot call `changes` on this table.")
}

func (l *localFeed) openStored(t followedTable, o *feedOptions) (err error) {
	if l.sub, err = feed.Of(t).Subscribe(l.expression, o.Options); err != nil {
		return err
	}
	f := l.source
	switch {
	case !o.initial:
	case f.ordered:
		l.initial = firstRows{l.sub}
	default:
		snap, err := t.Snapshot()
		if err != nil {
			return err
		}
		l.sub.After(snap.Index)
		l.initial = &snapshotRows{source: f, point: l.expression.Point, snap: snap}
	}
	return nil
}

// openTracked subscribes behind a position or from now on; with tokens to what is on disk. A stream that is not tracked is one whose rows have just moved here.
func (l *localFeed) openTracked(fr *frame, t followedTable, s *feedStream, o *feedOptions) error {
	tokens := o.resumable()
	if s.tracked {
		err := t.KeepHistory(fr.q.ctx, tokens)
		if errors.Is(err, table.ErrHistoryOff) && !tokens && !s.resumed {
			s.tracked = false
			return l.openStored(t, o)
		}
		if err != nil {
			return err
		}
		l.leave = func() { t.LeaveHistory(tokens) }
	}
	hub, options := feed.Of(t), o.Options
	options.Positions = s.tracked
	if tokens {
		hub = hub.Resumable()
	}
	if s.resumed {
		for _, p := range s.past {
			at := p.position
			at.Of = p.group
			l.past = append(l.past, feed.ReplayPast(t.Past(p.group), l.private, at))
		}
		l.replay = hub.Resume(t, l.expression, l.private, options, s.position)
		return nil
	}
	var err error
	if l.sub, err = hub.Subscribe(l.expression, options); err != nil {
		return err
	}
	last, err := l.firstState(t, o)
	if err != nil {
		return err
	}
	s.position.Place = feed.Behind(last)
	l.sub.Begin(s.position.Place)
	if !tokens {
		return nil
	}
	return t.Sync(fr.q.ctx) // a crash must not take back what the client is about to see
}

// firstState gives the last commit that a feed does not tell of, and with initial values reads them in the state behind it.
func (l *localFeed) firstState(t followedTable, o *feedOptions) (last table.LoggedCommit, err error) {
	if !o.initial {
		return t.LastLogged()
	}
	snap, err := t.Snapshot()
	if err != nil {
		return last, err
	}
	l.initial = &snapshotRows{source: l.source, point: l.expression.Point, snap: snap}
	return snap.LastLogged()
}

func (l *localFeed) openWatched(fr *frame, w *feed.Watch, o *feedOptions) (err error) {
	if !o.initial { // so that what has changed since the last look is not taken for later
		if _, _, err := w.State(fr.q.ctx); err != nil {
			return err
		}
	}
	if l.sub, err = w.Hub().Subscribe(l.expression, o.Options); err != nil {
		return err
	}
	rows, index, err := w.State(fr.q.ctx)
	if err != nil || !o.initial {
		return err
	}
	l.sub.After(index)
	l.initial = &listedRows{source: l.source, rows: rows}
	return nil
}

func (l *localFeed) begin(fr *frame) (e feed.Event, ok bool, err error) {
	if e, ok, err = l.initialEvent(fr); ok || err != nil {
		return e, ok, err
	}
	return l.replayed(fr)
}

// replayed gives the next event from the history; ok is false after the last.
func (l *localFeed) replayed(fr *frame) (e feed.Event, ok bool, err error) {
	for len(l.past) > 0 {
		if e, ok, err = l.past[0].Next(fr.q.ctx, fr.tick); ok || err != nil {
			return e, ok, moved(err)
		}
		l.past = l.past[1:]
	}
	if l.replay == nil {
		return e, false, nil
	}
	if e, ok, err = l.replay.Next(fr.q.ctx, fr.tick); ok || err != nil {
		return e, ok, moved(err)
	}
	l.sub, l.replay = l.replay.Subscription(), nil
	return e, false, nil
}

// initialEvent gives the next initial value; ok is false after the last.
func (l *localFeed) initialEvent(fr *frame) (e feed.Event, ok bool, err error) {
	for l.initial != nil {
		if l.copies > 0 {
			l.copies--
			return feed.Event{Kind: feed.Initial, New: l.row}, true, nil
		}
		if first, ok := l.initial.(firstRows); ok {
			if e, ok := first.sub.Initial(); ok {
				return e, true, nil
			}
			l.initial = nil
			break
		}
		row, copies, ok, err := l.initial.next(fr)
		if err != nil {
			return e, false, err
		}
		if !ok {
			l.initial.close()
			l.initial = nil
			break
		}
		if err := fr.tick(); err != nil {
			return e, false, err
		}
		if row.IsAbsent() { // of a single row that is not there
			l.row, l.copies = row, copies
			continue
		}
		if value, ok := l.eval.value(row); ok {
			l.row, l.copies = value, copies
		}
	}
	return e, false, nil
}

func (l *localFeed) event(*frame) (e feed.Event, ok bool, err error) {
	e, ok, err = l.sub.Next()
	if errors.Is(err, table.ErrMoved) {
		return e, ok, errPartEnded
	}
	return e, ok, moved(err)
}

// moved takes the end of what followed a part for the loss of its primary replica. If the table is gone, nobody will find another one.
func moved(err error) error {
	if errors.Is(err, feed.ErrAborted) || errors.Is(err, table.ErrMoved) || errors.Is(err, table.ErrNotPrimary) {
		return errPartLost
	}
	return err
}

func (l *localFeed) wait(wake func()) bool { return l.sub.Wait(wake) }

func (l *localFeed) park() error {
	if l.initial != nil {
		return l.initial.park()
	}
	return nil
}

func (l *localFeed) close() {
	if l.initial != nil {
		l.initial.close()
		l.initial = nil
	}
	if l.replay != nil {
		l.sub = l.replay.Subscription()
		l.replay = nil
	}
	if l.sub != nil {
		l.sub.Close()
	}
	if l.leave != nil {
		l.leave()
		l.leave = nil
	}
}
