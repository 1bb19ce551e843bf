package exec

import (
	"errors"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
)

// errNoNews is the answer of a sequence over a feed that has nothing now. Unlike the end of a sequence it may change: the
// sequence can be read again. Sources keep what they have read so far.
var errNoNews = errors.New("the feed has nothing")

// The kinds of feeds, as the notes of answers name them.
const (
	noteRange  = 1
	notePoint  = 2
	noteLimit  = 3
	noteUnion  = 4
	noteStates = 5
)

// feedRows is the source of a feed, of several tables or expressions for a union. First come the initial values of one after
// the other, then changes of all of them.
type feedRows struct {
	// Set before the first event, then constant.
	options feedOptions
	at      *reql.Term // changes
	streams []*feedStream

	// Owned by the reader.
	opened  bool
	begun   bool // the state of initial values has been told, if it is to be
	initial int  // streams whose initial values have been given
	ready   bool // likewise the state of changes
	turn    int  // the stream that is asked first

	// polled: the reader comes again when there is news. Otherwise it waits: an aggregation over the first changes.
	polled bool
}

func (r *feedRows) format() feed.Format {
	return feed.Format{Types: r.options.types, Offsets: r.options.Offsets}
}

// note is the kind of the whole feed.
func (r *feedRows) note() int {
	kind := r.streams[0].source.note()
	for _, s := range r.streams[1:] {
		if s.source.note() != kind {
			return noteUnion
		}
	}
	return kind
}

// event gives the next event; ok is false when there is none yet.
func (r *feedRows) event(fr *frame) (e feed.Event, ok bool, err error) {
	if !r.opened {
		if err := r.open(fr); err != nil {
			return e, false, err
		}
	}
	if !r.begun {
		r.begun = true
		if r.options.states && r.options.initial {
			return feed.Event{Kind: feed.Initializing}, true, nil
		}
	}
	for ; r.initial < len(r.streams); r.initial++ {
		s := r.streams[r.initial]
		if e, ok, err = s.initialEvent(fr); ok || err != nil {
			return e, ok, err
		}
		if e, ok, err = s.replayed(fr); err != nil {
			return e, false, s.failed(err, r.at)
		} else if ok {
			return r.located(s, e), true, nil
		}
	}
	if !r.ready {
		r.ready = true
		if r.options.states {
			return r.located(nil, feed.Event{Kind: feed.Ready}), true, nil
		}
	}
	for range r.streams {
		s := r.streams[r.turn]
		if e, ok, err = s.event(r.at); ok || err != nil {
			return r.located(s, e), ok, err
		}
		r.turn = (r.turn + 1) % len(r.streams)
	}
	return e, false, nil
}

// located takes note of where an event of a stream is, and gives it a token if it is to have one.
func (r *feedRows) located(s *feedStream, e feed.Event) feed.Event {
	if e.At != nil {
		s.position = *e.At
	}
	if r.options.tokens && (e.At != nil || e.Kind == feed.Ready) {
		e.Token = encodeToken(r.streams)
	}
	return e
}

// open subscribes to everything, so that no change is missed from now on.
func (r *feedRows) open(fr *frame) error {
	r.opened = true
	for _, s := range r.streams {
		if err := s.open(fr, &r.options); err != nil {
			return s.failed(err, r.at)
		}
	}
	return nil
}

func (r *feedRows) next(fr *frame) (datum.Value, bool, error) {
	for {
		e, ok, err := r.event(fr)
		switch {
		case err != nil:
			return datum.Value{}, false, err
		case ok:
			return e.Datum(r.format()), true, nil
		case r.polled:
			return datum.Value{}, false, errNoNews
		}
		if err := r.await(fr); err != nil {
			return datum.Value{}, false, err
		}
	}
}

// recheckInterval is how often a query that waits for the first changes asks for the right to see them. Feeds that are polled
// are told of changes of rights.
const recheckInterval = time.Second

// await waits for news, as long as the client may see them.
func (r *feedRows) await(fr *frame) error {
	news := make(chan struct{}, len(r.streams))
	if !r.wait(func() { news <- struct{}{} }) {
		return r.permitted(fr)
	}
	fr.pace.end()
	recheck := time.NewTicker(recheckInterval)
	defer recheck.Stop()
	for {
		select {
		case <-news:
			return r.permitted(fr)
		case <-recheck.C:
			if err := r.permitted(fr); err != nil {
				return err
			}
		case <-fr.q.ctx.Done():
			return errInterrupted
		}
	}
}

// waits tells that all that is left to come are changes.
func (r *feedRows) waits() bool { return r.ready }

// wait makes wake be called once there is an event; false when there is one.
func (r *feedRows) wait(wake func()) bool {
	for _, s := range r.streams {
		if !s.wait(wake) {
			return false
		}
	}
	return true
}

func (r *feedRows) permitted(fr *frame) error {
	for _, s := range r.streams {
		if err := s.source.table.require(fr, ReadRows); err != nil {
			return err
		}
	}
	return nil
}

func (r *feedRows) close() {
	for _, s := range r.streams {
		s.close()
	}
}

// park lets initial values give back what they hold while nobody reads them.
func (r *feedRows) park() error {
	for _, s := range r.streams {
		if s.initial != nil {
			if err := s.initial.park(); err != nil {
				return err
			}
		}
	}
	return nil
}

// feedsOf gives the feeds that the sequence reads.
func (s *seq) feedsOf() []*feedRows {
	switch src := s.src.(type) {
	case *feedRows:
		return []*feedRows{src}
	case wrapper:
		var all []*feedRows
		seqs, _ := src.inputs()
		for _, in := range seqs {
			all = append(all, in.feedsOf()...)
		}
		return all
	}
	return nil
}
