package exec

import (
	"context"
	"errors"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// followedTable is a table with rows on disk, whose commits can be followed: one part of a table.
type followedTable interface {
	feed.Followed
	feed.Log
	Snapshot() (*table.Snapshot, error)
	Past(group uint32) table.Past
	KeepHistory(ctx context.Context, tokens bool) error
	LeaveHistory(tokens bool)
	LastLogged() (table.LoggedCommit, error)
}

// watchedTable is a table whose rows are made when they are asked for: a system table.
type watchedTable interface {
	Watch() *feed.Watch
}

// feedStream is a feed of one part of a source, or of all parts for the first rows of an order. It is evaluated where the part's primary replica is; when that moves, a stream that knows its
// position is opened anew there.
type feedStream struct {
	source   *feedSource
	number   int // of the source, among those of the feed
	identity feedIdentity
	parts    []partPlace // one, except for the first rows of an order

	run   feedRun // nil before open, and for what never changes
	begun bool    // what comes before changes has been given

	// Of a stream that can go on somewhere else: where the part's primary replica is then, or with a token.
	tracked  bool            // its position is known all the time
	mark     feedMark        // with tokens
	position feed.Position   // behind the last event; zero for what never changes
	past     []groupPosition // before all of that: see feed_lineage.go
	resumed  bool            // the stream is to begin behind position

	ended bool // the rows are in other groups now
	done  bool // and everything that was committed before has been given
}

// feedRun is a stream as it is evaluated, here or on another server. One goroutine at a time uses it. errPartLost is the error of one whose part
// has its primary replica elsewhere now.
type feedRun interface {
	// begin gives the next event of those that come before changes: an initial value, or one of the history. ok is false after the last.
	begin(fr *frame) (e feed.Event, ok bool, err error)
	// event gives the next change; ok is false when there is none yet.
	event(fr *frame) (e feed.Event, ok bool, err error)
	// wait makes wake be called once there may be a change; false when there is one.
	wait(wake func()) bool
	// park gives back what initial values hold while nobody reads them.
	park() error
	close()
}

var (
	// errPartLost says that the feed of a part does not go on where it was.
	errPartLost = errors.New("the part's primary replica is somewhere else")
	// errPartEnded says that the rows of a part are in other groups, and that everything was given that was committed before.
	errPartEnded = errors.New("the part's rows have moved to other groups")
)

// static tells that nothing the stream shows can ever change.
func (s *feedStream) static() bool {
	f := s.source
	return f.fails != nil || f.point.IsAbsent() && f.keys == nil && f.scan == nil
}

// group is the number of the part's group.
func (s *feedStream) group() uint32 {
	if len(s.parts) == 0 {
		return 0
	}
	return s.parts[0].group
}

// at is where the stream is in the history, nil if that does not matter.
func (s *feedStream) at() *feed.Position {
	if s.position.Index == 0 {
		return nil
	}
	p := s.position
	return &p
}

// movePatience is how long a feed that has lost its part's primary replica waits for another one. It is longer than an election takes after a server
// has frozen.
const movePatience = 10 * time.Second

// open begins the stream where the part's primary replica is. While that moves, or a new one is elected, it waits for it.
func (s *feedStream) open(fr *frame, r *feedRows, patience time.Duration) error {
	if s.static() {
		if r.options.initial {
			return s.source.fails
		}
		return nil
	}
	for until := time.Now().Add(patience); ; {
		err := s.openOnce(fr, r)
		if err == nil || !errors.Is(err, errPartLost) || r.served || s.gone() || fr.q.eng.others() == nil || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(placePause):
		case <-fr.q.ctx.Done():
			return errInterrupted
		}
	}
}

func (s *feedStream) openOnce(fr *frame, r *feedRows) error {
	run, err := s.begin(fr, r)
	if err == nil {
		s.run = run
	}
	return s.lost(err)
}

// begin opens the stream where its rows are.
func (s *feedStream) begin(fr *frame, r *feedRows) (feedRun, error) {
	if len(s.parts) > 1 {
		return s.openFirst(fr, r)
	}
	server, here, err := s.parts[0].primary(fr)
	switch {
	case err != nil:
		return nil, err
	case here && (!s.source.ordered || r.options.Items || fr.q.eng.others() == nil):
		return s.openLocal(fr, r)
	case r.served: // who has asked looks again
		return nil, errPartLost
	case s.source.ordered && !r.options.Items: // so that it can go on when the rows move
		return s.openFirst(fr, r)
	}
	return s.openRemote(fr, r, server)
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
	case errors.Is(err, errPartLost), errors.Is(err, feed.ErrAborted), errors.Is(err, table.ErrDropped), errors.Is(err, ErrNoTable):
		return failAt(at, reql.OpFailed, feedAborted)
	case errors.Is(err, feed.ErrIndexGone), errors.Is(err, table.ErrIndexDropped):
		return failAt(at, reql.OpFailed, "The secondary index `%s` was replaced by a different one.", s.source.scan.index)
	case errors.Is(err, table.ErrHistoryGone):
		return cannotResume(changes, reql.OpFailed, "the change history of table `"+s.source.table.displayName()+"` does not reach back to the token any more.")
	case errors.Is(err, table.ErrHistoryLost):
		return cannotResume(changes, reql.OpFailed, "table `"+s.source.table.displayName()+"` is not, or no longer, in the state that the token is of. It may have been divided into other shards, or restored from a backup.")
	case errors.Is(err, errDivided):
		return cannotResume(changes, reql.OpFailed, "table `"+s.source.table.displayName()+"` was divided into other shards since.")
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

func (s *feedStream) close() {
	if s.run != nil {
		s.run.close()
	}
}
