package exec

import (
	"context"
	"errors"
	"sync"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/watchdog"
)

// remoteFeed is a stream of a part whose primary replica is on another server. That one gets the whole term of the feed, and evaluates the part of
// it that is meant; its answers are the events.
type remoteFeed struct {
	// Set by openRemote, then constant.
	stream  *feedStream
	parcel  *parcel
	router  Router
	server  string
	cursor  RemoteCursor
	lookout *lookout

	// Owned by the reader.
	rows  []datum.Value // events that were not given yet
	ready bool          // what follows are changes

	mu    sync.Mutex // guards what follows
	lost  bool       // the primary replica has moved
	awake func()     // the reader, who waits
}

func (s *feedStream) openRemote(fr *frame, r *feedRows, server string) (feedRun, error) {
	f := &remoteFeed{stream: s, parcel: r.parcel, router: fr.q.eng.others(), server: server, lookout: &fr.q.eng.lookout}
	if f.parcel == nil || f.router == nil {
		return nil, errPartLost
	}
	request := partRequest{Groups: []uint32{s.parts[0].group}, Source: s.number, Ends: true}
	if s.resumed {
		request.After = encodePosition(&s.position)
		for _, p := range s.past {
			request.Past = append(request.Past, partPast{p.group, encodePosition(&p.position)})
		}
	}
	q, err := f.parcel.message(fr, &request, false)
	if err != nil {
		return nil, err
	}
	ctx, stop := watchdog.Context(fr.q.ctx, f.check)
	defer stop()
	answer, cursor, err := f.router.Start(ctx, server, fr.q.client, q)
	if err != nil {
		return nil, f.failure(fr, err)
	}
	f.cursor = cursor
	if err := f.opened(answer); err != nil {
		f.close()
		return nil, err
	}
	f.lookout.add(f)
	return f, nil
}

// opened reads the first answer.
func (f *remoteFeed) opened(answer []byte) error {
	if err := f.take(answer, f.cursor != nil); err != nil {
		return err
	}
	e, err := f.read()
	if err == nil && e.Kind != feed.Opened {
		err = errEvent
	}
	if e.At != nil && len(f.stream.past) == 0 {
		f.stream.position = *e.At
	}
	return err
}

// take reads an answer.
func (f *remoteFeed) take(answer []byte, more bool) error {
	if astray(answer) {
		return errPartLost
	}
	r, err := f.parcel.read(answer)
	if err == nil && !more {
		err = errPartLost // a feed has no end
	}
	f.rows = r.rows
	return err
}

// failure is what the loss of the other server is for the feed.
func (f *remoteFeed) failure(fr *frame, err error) error {
	switch {
	case fr.q.ctx.Err() != nil:
		return errInterrupted
	case errors.Is(err, ErrNotReached), errors.Is(err, ErrAstray), errors.Is(err, ErrLostContact):
		return errPartLost
	}
	return err
}

// read gives the next event that is there.
func (f *remoteFeed) read() (e feed.Event, err error) {
	if len(f.rows) == 0 {
		return e, errEvent
	}
	e, err = readEvent(f.rows[0])
	f.rows = f.rows[1:]
	return e, err
}

// fetch gets the next answer. It waits for it, unless it is known to be there, for as long as the primary replica is where it was.
func (f *remoteFeed) fetch(ctx context.Context, fr *frame) error {
	answer, more, err := f.cursor.Next(ctx)
	if err != nil {
		return f.failure(fr, err)
	}
	return f.take(answer, more)
}

func (f *remoteFeed) begin(fr *frame) (e feed.Event, ok bool, err error) {
	if f.ready {
		return e, false, nil
	}
	for len(f.rows) == 0 {
		ctx, stop := watchdog.Context(fr.q.ctx, f.check)
		err := f.fetch(ctx, fr)
		stop()
		if err != nil {
			return e, false, err
		}
	}
	e, err = f.read()
	if err == nil && e.Kind == feed.Ended { // what was read is not known to be everything
		err = errPartLost
	}
	if err == nil && e.Kind == feed.Ready {
		f.ready = true
		return e, false, nil
	}
	return e, err == nil, err
}

func (f *remoteFeed) event(fr *frame) (e feed.Event, ok bool, err error) {
	for len(f.rows) == 0 {
		if f.gone() {
			return e, false, errPartLost
		}
		if f.cursor.Wait(func() {}) {
			return e, false, nil
		}
		if err := f.fetch(fr.q.ctx, fr); err != nil {
			return e, false, err
		}
	}
	e, err = f.read()
	if err == nil && e.Kind == feed.Ended {
		err = errPartEnded
	}
	return e, err == nil, err
}

func (f *remoteFeed) wait(wake func()) bool {
	if len(f.rows) > 0 {
		return false
	}
	f.mu.Lock()
	f.awake = wake
	lost := f.lost
	f.mu.Unlock()
	return !lost && f.cursor.Wait(wake)
}

func (f *remoteFeed) gone() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

// check tells whether the part's primary replica is known to be on another server now. That of a server which is frozen or cut off comes to
// another one long before the connection with it breaks.
func (f *remoteFeed) check() error {
	server, here, err := f.stream.parts[0].where(f.router)
	if err == nil && (here || server != f.server) {
		return ErrLostContact
	}
	return nil
}

// look ends the stream if check says so.
func (f *remoteFeed) look() {
	if f.check() == nil {
		return
	}
	f.mu.Lock()
	f.lost = true
	wake := f.awake
	f.awake = nil
	f.mu.Unlock()
	if wake != nil {
		wake()
	}
}

func (f *remoteFeed) park() error { return nil }

func (f *remoteFeed) close() {
	f.lookout.remove(f)
	if f.cursor != nil {
		f.cursor.Close()
	}
}
