package exec

import (
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// followedTable is a table with rows on disk, whose commits can be followed.
type followedTable interface {
	feed.Followed
	feed.Log
	Snapshot() (*table.Snapshot, error)
	KeepHistory(context.Context) error
	LeaveHistory()
	LastLogged() (table.LoggedCommit, error)
}

// watchedTable is a table whose rows are made when they are asked for: a system table.
type watchedTable interface {
	Watch() *feed.Watch
}

// feedStream is a feed of one source.
type feedStream struct {
	source     *feedSource
	expression *feed.Expression

	sub     *feed.Subscription // nil before open, and for what never changes
	initial initialRows        // nil when there are no initial values, or none left
	eval    *feedEvaluation    // of initial values

	row    datum.Value // an initial value that comes
	copies int         // so many times more

	// Of a feed that can be resumed.
	mark     feedMark
	position feed.Position    // behind the last event; zero for what never changes
	resumed  bool             // the position is that of a token
	private  *feed.Expression // the expression once more, for the replay
	replay   *feed.Replay     // of the history; nil when there is none, or none left
	history  followedTable    // which keeps its history for us
}

// stream gives a feed of the source.
func (f *feedSource) stream(fr *frame, id feedIdentity, o *feedOptions) *feedStream {
	s := &feedStream{source: f}
	if f.fails != nil || f.point.IsAbsent() && f.keys == nil && f.scan == nil {
		return s
	}
	if o.initial {
		s.eval = f.evaluation(fr)
	}
	s.expression = f.expression(fr, id)
	if o.resumable() {
		s.private = f.expression(fr, id)
	}
	return s
}

// open subscribes, and begins with the initial values if they are wanted.
func (s *feedStream) open(fr *frame, o *feedOptions) error {
	f := s.source
	if s.expression == nil {
		if o.initial {
			return f.fails
		}
		return nil
	}
	if !f.point.IsAbsent() {
		key, err := table.AppendPrimaryKey(nil, f.point)
		if err != nil {
			return blame(err, f.at)
		}
		s.expression.Point = key
		if s.private != nil {
			s.private.Point = key
		}
	}
	switch t := f.table.Table.(type) {
	case followedTable:
		if o.resumable() {
			return s.openResumable(fr, t, o)
		}
		return s.openStored(t, o)
	case watchedTable:
		return s.openWatched(fr, t.Watch(), o)
	}
	return reql.Errorf(reql.QueryLogic, "Cannot call `changes` on this table.")
}

func (s *feedStream) openStored(t followedTable, o *feedOptions) (err error) {
	if s.sub, err = feed.Of(t).Subscribe(s.expression, o.Options); err != nil {
		return err
	}
	f := s.source
	switch {
	case !o.initial:
	case f.ordered:
		s.initial = firstRows{s.sub}
	default:
		snap, err := t.Snapshot()
		if err != nil {
			return err
		}
		s.sub.After(snap.Index)
		s.initial = &snapshotRows{source: f, point: s.expression.Point, snap: snap}
	}
	return nil
}

// openResumable subscribes to what is on disk, behind the position of a token or from now on.
func (s *feedStream) openResumable(fr *frame, t followedTable, o *feedOptions) error {
	if err := t.KeepHistory(fr.q.ctx); err != nil {
		return err
	}
	s.history = t
	hub := feed.Of(t).Resumable()
	if s.resumed {
		s.replay = hub.Resume(t, s.expression, s.private, o.Options, s.position)
		return nil
	}
	var err error
	if s.sub, err = hub.Subscribe(s.expression, o.Options); err != nil {
		return err
	}
	last, err := s.firstState(t, o)
	if err != nil {
		return err
	}
	s.position.Place = feed.Behind(last)
	s.sub.Begin(s.position.Place)
	return t.Sync(fr.q.ctx) // a crash must not take back what the client is about to see
}

// firstState gives the last commit that a feed does not tell of, and with initial values reads them in the state behind it.
func (s *feedStream) firstState(t followedTable, o *feedOptions) (last table.LoggedCommit, err error) {
	if !o.initial {
		return t.LastLogged()
	}
	snap, err := t.Snapshot()
	if err != nil {
		return last, err
	}
	s.initial = &snapshotRows{source: s.source, point: s.expression.Point, snap: snap}
	return snap.LastLogged()
}

func (s *feedStream) openWatched(fr *frame, w *feed.Watch, o *feedOptions) (err error) {
	if !o.initial { // so that what has changed since the last look is not taken for later
		if _, _, err := w.State(fr.q.ctx); err != nil {
			return err
		}
	}
	if s.sub, err = w.Hub().Subscribe(s.expression, o.Options); err != nil {
		return err
	}
	rows, index, err := w.State(fr.q.ctx)
	if err != nil || !o.initial {
		return err
	}
	s.sub.After(index)
	s.initial = &listedRows{source: s.source, rows: rows}
	return nil
}

// replayed gives the next event from the history; ok is false after the last.
func (s *feedStream) replayed(fr *frame) (e feed.Event, ok bool, err error) {
	if s.replay == nil {
		return e, false, nil
	}
	if e, ok, err = s.replay.Next(fr.q.ctx, fr.tick); ok || err != nil {
		return e, ok, err
	}
	s.sub, s.replay = s.replay.Subscription(), nil
	return e, false, nil
}

// initialEvent gives the next initial value; ok is false after the last.
func (s *feedStream) initialEvent(fr *frame) (e feed.Event, ok bool, err error) {
	for s.initial != nil {
		if s.copies > 0 {
			s.copies--
			return feed.Event{Kind: feed.Initial, New: s.row}, true, nil
		}
		if first, ok := s.initial.(firstRows); ok {
			if e, ok := first.sub.Initial(); ok {
				return e, true, nil
			}
			s.initial = nil
			break
		}
		row, copies, ok, err := s.initial.next(fr)
		if err != nil {
			return e, false, err
		}
		if !ok {
			s.initial.close()
			s.initial = nil
			break
		}
		if err := fr.tick(); err != nil {
			return e, false, err
		}
		if row.IsAbsent() { // of a single row that is not there
			s.row, s.copies = row, copies
			continue
		}
		if value, ok := s.eval.value(row); ok {
			s.row, s.copies = value, copies
		}
	}
	return e, false, nil
}

// event gives the next change; ok is false when there is none yet.
func (s *feedStream) event(changes *reql.Term) (e feed.Event, ok bool, err error) {
	if s.sub == nil {
		return e, false, nil
	}
	if e, ok, err = s.sub.Next(); err != nil {
		err = s.failed(err, changes)
	}
	return e, ok, err
}

// feedAborted is what clients are told when a feed's table has gone, or its primary replica.
const feedAborted = "Changefeed aborted (unavailable)."

// failed is what the client is told of the end of a feed.
func (s *feedStream) failed(err error, changes *reql.Term) error {
	at := s.source.at
	if at == nil {
		at = changes
	}
	switch {
	case errors.Is(err, feed.ErrAborted), errors.Is(err, table.ErrDropped):
		return failAt(at, reql.OpFailed, feedAborted)
	case errors.Is(err, feed.ErrIndexGone), errors.Is(err, table.ErrIndexDropped):
		return failAt(at, reql.OpFailed, "The secondary index `%s` was replaced by a different one.", s.expression.Order.IndexName)
	case errors.Is(err, table.ErrHistoryGone):
		return cannotResume(changes, reql.OpFailed, "the change history of table `"+s.source.table.displayName()+"` does not reach back to the token any more.")
	case errors.Is(err, table.ErrHistoryLost):
		return cannotResume(changes, reql.OpFailed, "table `"+s.source.table.displayName()+"` is not, or no longer, in the state that the token is of. It may have been restored from a backup.")
	case errors.Is(err, table.ErrHistoryOff):
		return failAt(changes, reql.OpFailed, "Table `%s` keeps no change history, so its feeds have no resume tokens.", s.source.table.displayName())
	case errors.Is(err, context.Canceled), errors.Is(err, errInterrupted):
		return errInterrupted
	}
	switch err.(type) { //nolint:errorlint // never wrapped
	case *reql.Error, *datum.Error:
		return err
	}
	return failAt(at, reql.OpFailed, "Changefeed aborted: %s", err)
}

func (s *feedStream) wait(wake func()) bool { return s.sub == nil || s.sub.Wait(wake) }

func (s *feedStream) close() {
	if s.initial != nil {
		s.initial.close()
		s.initial = nil
	}
	if s.replay != nil {
		s.sub = s.replay.Subscription()
	}
	if s.sub != nil {
		s.sub.Close()
	}
	if s.history != nil {
		s.history.LeaveHistory()
		s.history = nil
	}
}
