package exec

import (
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Selecting data
	//
	// table.changes() → infinite sequence
	// selection.changes() → infinite sequence
	// row.changes() → infinite sequence
	//
	// A changefeed: an object of `old_val` and `new_val` for each change from now on, where null is no row. It can be had of a
	// table, a range of it by between, getAll or getIntersecting, the first rows of an order (orderBy with an index and limit, min
	// and max with an index), a single row, and a union of these. Before it rows may be mapped and filtered: a change then is what
	// it does to the outcome, and a row that comes to pass a filter is new. Behind it may be anything that takes a row at a time,
	// or a limit. The feed ends when its client stops it, loses the right to read the table, or the table is dropped.
	//
	// Options:
	// - squash (bool or number; false): changes of one row that wait for the client become one; a number is how many seconds to
	//   collect them
	// - include_initial (bool; false): begins with the rows that there are, as objects of `new_val` only
	// - include_states (bool; false): adds objects of `state`: "initializing" before initial values, "ready" after them
	// - include_offsets (bool; false): adds `old_offset` and `new_offset`, the places among the first rows of an order
	// - include_types (bool; false): adds `type`: "add", "remove", "change", "initial" or "state"
	// - include_resume_token (bool; false): adds `resume_token` to changes, and to the state "ready": a string that says how to go
	//   on behind them. Such a feed tells of a change when it is on disk. Not for the first rows of an order, and not for system tables
	// - resume_after (string; none): a `resume_token`. The feed goes on behind it, also after the server was started again, and
	//   has no initial values. The rest of the query has to be the same. See docs/changefeeds.md
	// - changefeed_queue_size (integer; 100000): how many changes may wait for the client. With one more all of them are dropped,
	//   and an object of `error` says how many
	//
	// Errors:
	// - QueryLogic: Cannot call `changes` on an eager stream.
	// - QueryLogic: Cannot call `changes` after a non-deterministic function.
	// - QueryLogic: Cannot get changes on the first elements of an unordered stream.
	// - QueryLogic: Cannot call a terminal (`reduce`, `count`, etc.) on an infinite stream (such as a changefeed).
	// - OpFailed: Changefeed aborted (unavailable).
	// - OpFailed: Cannot resume the changefeed: …
	//
	//	> r.table("heroes").get(1).changes(include_initial: true).limit(1)("new_val")("name")
	//	"Ada"
	register(reql.TermChanges, spec{min: 1, max: 1, val: evalChanges, compile: compileChanges, det: detNever, slow: true,
		opts: []string{"squash", "changefeed_queue_size", "include_initial", "include_states", "include_offsets", "include_types",
			"include_resume_token", "resume_after"}})
}

// watched is the data of a min or max that changes stands around: it is not to read a row.
var watched any = new(struct{ byChanges bool })

func compileChanges(b *builder, n *opNode) error {
	if err := b.send(n.t); err != nil {
		return err
	}
	if arg, ok := n.args[0].(*opNode); ok && (arg.t.Type == reql.TermMin || arg.t.Type == reql.TermMax) {
		arg.data = watched
	}
	return nil
}

// feedOptions are the optional arguments of changes.
type feedOptions struct {
	feed.Options
	initial, states, types bool
	tokens                 bool // events say how to go on behind them
}

// resumable tells that the client wants to go on with the feed some other time.
func (o *feedOptions) resumable() bool { return o.Positions }

// defaultQueueSize is how many changes wait for a client that does not fetch them.
const defaultQueueSize = 100_000

func evalChanges(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	o, err := c.feedOptions()
	if err != nil {
		return val{}, err
	}
	var sources []*feedSource
	switch x := v.x.(type) {
	case *singleVal:
		sources = []*feedSource{x.feedSource(c.fr, c.n.t.Args[0])}
	case *sliceVal, *tableVal:
		var sl *sliceVal
		if sl, err = v.slice(c.fr); err == nil {
			sources = []*feedSource{sl.feedSource(c.fr, v.at)}
		}
	default:
		if !v.isSeq() {
			return val{}, v.wrongKind(c.fr, kindSelection)
		}
		var s *seq
		if s, err = v.seq(c.fr); err == nil {
			if s.at == nil {
				s.at = v.at
			}
			sources, err = s.feedSources(c.fr)
			s.close()
		}
	}
	if err != nil {
		return val{}, err
	}
	r := &feedRows{options: o, at: c.n.t, identity: c.feedIdentity(), parcel: c.fr.q.plan.sent[c.n.t]}
	for i, s := range sources {
		if err := s.table.require(c.fr, ReadRows); err != nil {
			return val{}, unexpected(err)
		}
		if err := s.check(c, &o); err != nil {
			return val{}, err
		}
		if o.resumable() {
			if err := s.unresumable(c, r.identity.part(i)); err != nil {
				return val{}, err
			}
		}
		if err := r.add(c.fr, s, i); err != nil {
			return val{}, err
		}
	}
	if c.fr.q.plan.part != nil {
		err = r.restrict(c.fr.q.plan.part)
	} else {
		err = c.resume(r)
	}
	if err != nil {
		return val{}, err
	}
	return val{x: feedSeq(r, c.fr), at: c.n.t}, nil
}

// endlessFeed is the error of reading a feed to its end, or of taking single rows of it.
const endlessFeed = "Cannot call a terminal (`reduce`, `count`, etc.) on an infinite stream (such as a changefeed)."

// feedSeq gives a feed as a sequence.
func feedSeq(r *feedRows, fr *frame) *seq {
	return &seq{src: r, infinite: true, fr: fr, at: r.at, infiniteText: endlessFeed}
}

func (c call) feedOptions() (o feedOptions, err error) {
	if o.QueueSize, err = c.queueSize(); err != nil {
		return o, err
	}
	if o.Squash, o.Interval, err = c.squash(); err != nil {
		return o, err
	}
	for _, x := range [...]struct {
		name string
		to   *bool
	}{{"include_initial", &o.initial}, {"include_states", &o.states}, {"include_types", &o.types}, {"include_offsets", &o.Offsets}, {"include_resume_token", &o.tokens}} {
		if *x.to, _, err = c.optBool(x.name); err != nil {
			return o, err
		}
	}
	_, resumed, err := c.opt("resume_after")
	if err != nil {
		return o, err
	}
	o.Positions = o.tokens || resumed
	return o, nil
}

func (c call) queueSize() (int, error) {
	n, ok, err := c.optInt("changefeed_queue_size")
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return defaultQueueSize, nil
	case n < 1:
		return 0, topLevel("Illegal changefeed queue size `%d`.  (Must be >= 1.)", n)
	}
	return int(min(n, 1<<40)), nil
}

// maxSquash is the longest interval of squashing.
const maxSquash = 365 * 24 * time.Hour

func (c call) squash() (squash bool, interval time.Duration, err error) {
	d, at, ok, err := c.optDatum("squash")
	switch {
	case err != nil || !ok:
		return false, 0, err
	case d.Kind() == datum.KindBool:
		return d.AsBool(), 0, nil
	case d.Kind() != datum.KindNumber:
		return false, 0, failAt(at, reql.QueryLogic, "Expected BOOL or NUMBER but found %s.", d.TypeName())
	case d.AsNumber() < 0:
		return false, 0, failAt(at, reql.QueryLogic, "Expected BOOL or a positive NUMBER but found a negative NUMBER.")
	}
	return true, time.Duration(min(d.AsNumber()*float64(time.Second), float64(maxSquash))), nil
}
