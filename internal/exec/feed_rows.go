package exec

import (
	"errors"
	"slices"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
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

// feedRows is the source of a feed, of several parts, tables or expressions for a union. First come the initial values of one after
// the other, then changes of all of them.
type feedRows struct {
	// Set before the first event, then constant.
	options  feedOptions
	at       *reql.Term // changes
	identity feedIdentity
	parcel   *parcel // the feed, for other servers; nil without any
	streams  []*feedStream
	served   bool // another server has asked for it, and gets the events as they are
	ends     bool // and wants to know when the rows are in other groups

	// Owned by the reader.
	opened bool
	begun  bool // the state of initial values has been told, if it is to be
	ready  bool // likewise the state of changes
	turn   int  // the stream that is asked first
	behind int  // streams that have not come to changes

	// polled: the reader comes again when there is news. Otherwise it waits: an aggregation over the first changes.
	polled bool
}

// add adds the streams of a source.
func (r *feedRows) add(fr *frame, f *feedSource, number int) (err error) {
	like := feedStream{source: f, number: number, identity: r.identity.part(number), tracked: r.options.resumable() || fr.q.eng.others() != nil && f.logged()}
	if r.options.resumable() {
		if like.mark, err = f.mark(like.identity); err != nil {
			return err
		}
	}
	r.streams = append(r.streams, like.fresh()...)
	return nil
}

// fresh gives streams of the same source, of all parts that there are now.
func (s *feedStream) fresh() (streams []*feedStream) {
	for parts := s.source.parts(); len(parts) > 0; {
		n := 1
		if s.source.ordered {
			n = len(parts)
		}
		streams = append(streams, &feedStream{source: s.source, number: s.number, identity: s.identity, tracked: s.tracked, mark: s.mark, parts: parts[:n:n]})
		parts = parts[n:]
	}
	return streams
}

func (r *feedRows) format() feed.Format {
	return feed.Format{Types: r.options.types, Offsets: r.options.Offsets}
}

// appendJSON appends an event as the client, or the server that has asked, wants it.
func (r *feedRows) appendJSON(dst []byte, e *feed.Event) ([]byte, error) {
	if r.served {
		return datum.AppendJSON(dst, wireEvent(e))
	}
	return e.AppendJSON(dst, r.format())
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
		if r.served {
			return feed.Event{Kind: feed.Opened, At: r.streams[0].at()}, true, nil
		}
	}
	if !r.begun {
		r.begun = true
		if r.options.states && r.options.initial && !r.served {
			return feed.Event{Kind: feed.Initializing}, true, nil
		}
	}
	if r.behind > 0 {
		if e, ok, err = r.catchUp(fr); ok || err != nil {
			return e, ok, err
		}
	}
	if !r.ready {
		r.ready = true
		if r.options.states || r.served {
			return r.located(nil, feed.Event{Kind: feed.Ready}), true, nil
		}
	}
	for range r.streams {
		s := r.streams[r.turn]
		if s.run != nil {
			e, ok, err = s.run.event(fr)
			switch {
			case errors.Is(err, errPartEnded):
				return r.endsHere(s)
			case r.moves(fr, s, err): // the reader comes again, with time to wait
				return feed.Event{}, false, nil
			case err != nil:
				return e, false, r.failed(s, err)
			case ok:
				return r.located(s, e), true, nil
			}
		}
		r.turn = (r.turn + 1) % len(r.streams)
	}
	return e, false, nil
}

// catchUp gives the next event of those that come before changes; ok is false after the last. Streams that were lost are opened again.
func (r *feedRows) catchUp(fr *frame) (e feed.Event, ok bool, err error) {
	for i := 0; i < len(r.streams); i++ {
		s := r.streams[i]
		if s.begun {
			continue
		}
		if s.ended {
			if err := r.redivide(fr, s.number); err != nil {
				return e, false, r.failed(s, err)
			}
			i = -1
			continue
		}
		if s.run == nil && s.resumed {
			err := s.open(fr, r, movePatience)
			if errors.Is(err, errPartLost) && s.gone() && !r.served {
				s.begun = true // unless it is the last of its source that ends
				r.behind--
				r.streamEnded(s)
				i = -1
				continue
			}
			if err != nil {
				return e, false, r.failed(s, err)
			}
		}
		if s.run != nil {
			e, ok, err = s.run.begin(fr)
			err = s.lost(err)
			switch {
			case r.moves(fr, s, err):
				i--
				continue
			case err != nil:
				return e, false, r.failed(s, err)
			case ok:
				return r.located(s, e), true, nil
			}
		}
		r.settle(s)
	}
	return e, false, nil
}

// settle takes note that what comes from a stream now are changes.
func (r *feedRows) settle(s *feedStream) {
	s.begun, s.past = true, nil
	r.behind--
	if !s.tracked { // it has known its position only because its rows have just moved
		s.position, s.resumed = feed.Position{}, false
	}
}

// endsHere is the end of a stream, of which everything was given, because its rows are in other groups.
func (r *feedRows) endsHere(s *feedStream) (e feed.Event, ok bool, err error) {
	switch {
	case r.served && r.ends:
		s.run.close()
		s.run = nil
		return feed.Event{Kind: feed.Ended}, true, nil
	case r.served:
		return e, false, strayed()
	}
	s.run.close()
	s.run, s.done = nil, true
	r.streamEnded(s)
	return e, false, nil // the reader comes again, with time to wait
}

// moves makes a stream go on where its part's primary replica is now, if err is that it was lost. That takes a position in the part's history. For the first rows of an order it is
// enough to know what was told of them.
func (r *feedRows) moves(fr *frame, s *feedStream, err error) bool {
	if !errors.Is(err, errPartLost) || fr.q.eng.others() == nil && !s.gone() || r.served {
		return false
	}
	if _, first := s.run.(*firstFeed); first && s.begun { // it opens its own streams again
		s.begun = false
		r.behind++
		return true
	}
	if s.position.Index == 0 || !s.begun && !s.resumed {
		return false
	}
	s.run.close()
	s.run, s.resumed = nil, true
	if s.begun {
		s.begun = false
		r.behind++
	}
	return true
}

// failed is what the end of a stream is for the feed.
func (r *feedRows) failed(s *feedStream, err error) error {
	if r.served && errors.Is(err, errPartLost) {
		return strayed()
	}
	if !r.options.resumable() { // no client has asked to resume anything
		for _, is := range []error{table.ErrHistoryGone, table.ErrHistoryLost, table.ErrHistoryOff, errDivided} {
			if errors.Is(err, is) {
				err = errPartLost
			}
		}
	}
	return s.failed(err, r.at)
}

// located takes note of where an event of a stream is, and gives it a token if it is to have one.
func (r *feedRows) located(s *feedStream, e feed.Event) feed.Event {
	if e.At != nil && (s.tracked || !s.begun) {
		s.advance(*e.At)
	}
	if r.options.tokens && !r.served && (e.At != nil || e.Kind == feed.Ready) {
		e.Token = encodeToken(r.streams)
	}
	return e
}

// open subscribes to everything, so that no change is missed from now on.
func (r *feedRows) open(fr *frame) error {
	r.opened, r.behind = true, len(r.streams)
	for i := 0; i < len(r.streams); {
		s := r.streams[i]
		err := s.open(fr, r, placePatience)
		switch {
		case err == nil:
			i++
		case errors.Is(err, errPartLost) && s.gone() && !r.served:
			if i, err = r.begunAnew(fr, s); err != nil {
				return r.failed(s, err)
			}
		default:
			return r.failed(s, err)
		}
	}
	return nil
}

// begunAnew replaces the streams of a source of which nothing has been given yet, because its rows are in other groups than a moment ago. It returns which is the first.
func (r *feedRows) begunAnew(fr *frame, s *feedStream) (first int, err error) {
	first = slices.IndexFunc(r.streams, func(x *feedStream) bool { return x.number == s.number })
	for _, x := range r.streams[first:] {
		if x.number == s.number {
			x.close()
		}
	}
	if s.resumed {
		return first, r.redivide(fr, s.number)
	}
	n := prefix(r.streams[first:], func(x *feedStream) bool { return x.number == s.number })
	streams := s.fresh()
	r.streams = slices.Concat(r.streams[:first], streams, r.streams[first+n:])
	r.behind += len(streams) - n
	return first, nil
}

// restrict leaves only the stream that another server has asked for.
func (r *feedRows) restrict(p *partRequest) error {
	r.served, r.ends = true, p.Ends
	for _, s := range r.streams {
		i := slices.IndexFunc(s.parts, func(at partPlace) bool { return slices.Contains(p.Groups, at.group) })
		if s.number != p.Source || i < 0 {
			continue
		}
		s.parts, r.streams = s.parts[i:i+1], []*feedStream{s}
		if s.source.ordered {
			s.source, s.identity = s.source.unfiltered(s.identity)
			r.options = r.options.items()
		}
		if p.After == "" {
			return nil
		}
		at, err := decodePosition(p.After)
		if err != nil {
			return err
		}
		s.position, s.resumed, r.options.initial = *at, true, false
		for _, x := range p.Past {
			if at, err = decodePosition(x.After); err != nil {
				return err
			}
			s.past = append(s.past, groupPosition{x.Group, *at})
		}
		return nil
	}
	return r.failed(nil, errPartLost)
}

func (r *feedRows) next(fr *frame) (datum.Value, bool, error) {
	for {
		e, ok, err := r.event(fr)
		switch {
		case err != nil:
			return datum.Value{}, false, err
		case ok && r.served:
			return wireEvent(&e), true, nil
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
	news := make(chan struct{}, 1)
	wake := func() {
		select {
		case news <- struct{}{}:
		default: // a stream may wake more than once
		}
	}
	if !r.wait(wake) {
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
func (r *feedRows) waits() bool { return r.ready && r.behind == 0 }

// wait makes wake be called once there is an event; false when there is one.
func (r *feedRows) wait(wake func()) bool {
	if r.behind > 0 {
		return false
	}
	for _, s := range r.streams {
		if s.run != nil && !s.run.wait(wake) {
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
		if s.run != nil {
			if err := s.run.park(); err != nil {
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
