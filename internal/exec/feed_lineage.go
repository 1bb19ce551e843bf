package exec

import (
	"errors"
	"slices"
	"time"

	"rethinkdb/internal/feed"
	"rethinkdb/internal/table"
)

// A table may be divided in another way while feeds follow it, or between a resume token and the feed that goes on behind it: its rows are in other groups then, each of which has inherited
// from those that had its rows before (internal/shard/inheritance.go). So a stream of a part is behind a position in the part's own history, or before all of that: behind positions
// in inherited ones, which it reads first, the oldest first. What is missing among those has been read already.

// groupPosition is a position in the history of a group.
type groupPosition struct {
	group    uint32
	position feed.Position
}

// trail is how far a stream has come.
type trail struct {
	group    uint32          // of its part
	past     []groupPosition // in what the part has inherited; not empty: nothing of its own history was read
	position feed.Position   // in its own history
	done     bool            // its own history has ended, and was read to its end
}

// errDivided says that a stream cannot go on in the groups that have its rows now.
var errDivided = errors.New("the table was divided into other shards since")

// lineal is a table of which it is known how its rows have been divided.
type lineal interface {
	partedTable
	Lineage() []table.Division
}

// divisionOf finds the division that has all of the groups of some trails; negative for none.
func divisionOf(lineage []table.Division, from []trail) int {
	return slices.IndexFunc(lineage, func(d table.Division) bool {
		return !slices.ContainsFunc(from, func(t trail) bool { return d.Has(table.GroupID(t.group)) < 0 })
	})
}

// adopt makes the streams of a source go on where some trails have ended. These are of one division of the table, be it the present one or one before.
func adopt(streams []*feedStream, lineage []table.Division, from []trail) error {
	at := divisionOf(lineage, from)
	if at < 0 {
		return table.ErrHistoryLost
	}
	for _, s := range streams {
		to, ok, err := descend(lineage, at, from, s.group())
		if err != nil {
			return err
		}
		if !ok {
			return errDivided
		}
		s.past, s.position, s.resumed = to.past, to.position, true
	}
	return nil
}

// descend finds the trail of a part of the present division from those of the division at. It is ok if there is one.
func descend(lineage []table.Division, at int, from []trail, group uint32) (to trail, ok bool, err error) {
	last := len(lineage) - 1
	if at == last {
		i := slices.IndexFunc(from, func(t trail) bool { return t.group == group })
		if i < 0 {
			return to, false, nil
		}
		return from[i], true, nil
	}
	present := &lineage[last]
	part := present.Has(table.GroupID(group))
	if part < 0 {
		return to, false, nil
	}
	to.group = group
	for n := range last {
		d := &lineage[n]
		for i, g := range d.Groups {
			if !d.Overlaps(i, present, part) {
				continue
			}
			p, read, err := positionIn(lineage, n, i, at, from, part)
			if err == nil && p.Done > 0 && (n < at || scattered(d, i, present)) {
				err = errDivided // within a batch of squashed changes, of which no part has all any more
			}
			if err != nil {
				return to, false, err
			}
			if !read {
				to.past = append(to.past, groupPosition{uint32(g), p})
			}
		}
	}
	to.position, err = startOf(present, part)
	return to, true, err
}

// positionIn gives where to begin in the history of the ith group of division n, for who was at some trails of division at and wants the rows of a part. read says that there is
// nothing to be read of it.
func positionIn(lineage []table.Division, n, i, at int, from []trail, part int) (p feed.Position, read bool, err error) {
	d, was, present := &lineage[n], &lineage[at], &lineage[len(lineage)-1]
	group := uint32(d.Groups[i])
	switch {
	case n > at:
		p, err = startOf(d, i)
		return p, false, err
	case n == at:
		k := slices.IndexFunc(from, func(t trail) bool { return t.group == group })
		if k < 0 || from[k].done { // a feed of some keys does not watch all parts
			return p, true, nil
		}
		return from[k].position, false, nil
	}
	read = true
	first := true
	for _, t := range from {
		k := was.Has(table.GroupID(t.group))
		if !was.Overlaps(k, present, part) || !d.Overlaps(i, was, k) {
			continue
		}
		j := slices.IndexFunc(t.past, func(x groupPosition) bool { return x.group == group })
		if first {
			if first, read = false, j < 0; !read {
				p = t.past[j].position
			}
			continue
		}
		if read != (j < 0) || !read && p != t.past[j].position {
			return p, false, errDivided // one part has come further than another one, and now their rows are together
		}
	}
	return p, read, nil
}

// scattered tells whether the rows of a group are in several ones of the present division.
func scattered(d *table.Division, i int, present *table.Division) bool {
	n := 0
	for j := range present.Groups {
		if d.Overlaps(i, present, j) {
			n++
		}
	}
	return n > 1
}

// startOf is the position before everything in the own history of a group.
func startOf(d *table.Division, i int) (p feed.Position, err error) {
	start, ok := d.Start(i)
	if !ok {
		return p, table.ErrHistoryGone
	}
	p.Place = feed.Behind(table.LoggedCommit{Epoch: start.Epoch, Index: start.Index})
	return p, nil
}

// advance takes note of the position of an event.
func (s *feedStream) advance(p feed.Position) {
	if p.Of == 0 {
		s.past, s.position = nil, p
		return
	}
	if i := slices.IndexFunc(s.past, func(x groupPosition) bool { return x.group == p.Of }); i >= 0 {
		s.past = s.past[i:]
		p.Of = 0
		s.past[0].position = p
	}
}

// successors gives streams like this one, of all parts that there are now, which go on where some trails have ended.
func (s *feedStream) successors(t lineal, from []trail) (streams []*feedStream, err error) {
	for {
		lineage := t.Lineage()
		streams = s.fresh()
		if lineage[len(lineage)-1].Has(table.GroupID(streams[0].group())) >= 0 { // else this very moment the table gets another layout
			return streams, adopt(streams, lineage, from)
		}
	}
}

// trail is how far the stream has come.
func (s *feedStream) trail() trail {
	return trail{group: s.group(), past: s.past, position: s.position, done: s.done}
}

// gone tells whether the stream's rows are in other groups now.
func (s *feedStream) gone() bool {
	t, ok := s.source.table.Table.(partedTable)
	if !ok || len(s.parts) == 0 {
		return false
	}
	return !slices.ContainsFunc(t.Parts(), func(p *table.Part) bool { return uint32(p.Number()) == s.group() })
}

// lost makes errPartLost of errors that come of reading what is no more, because the rows are in other groups.
func (s *feedStream) lost(err error) error {
	for _, is := range []error{table.ErrHistoryGone, table.ErrHistoryLost, table.ErrHistoryOff, table.ErrDropped} {
		if errors.Is(err, is) && s.gone() {
			return errPartLost
		}
	}
	return err
}

// streamEnded takes note that a stream has ended because its rows are in other groups. When all streams of its source have, others take their place.
func (r *feedRows) streamEnded(s *feedStream) {
	s.ended = true
	var all []*feedStream
	for _, x := range r.streams {
		if x.number != s.number {
			continue
		}
		if !x.ended {
			return
		}
		all = append(all, x)
	}
	for _, x := range all {
		if x.begun {
			x.begun = false
			r.behind++
		}
	}
}

// redivide replaces the streams of a source, which have all ended, by those of the groups that have the rows now.
func (r *feedRows) redivide(fr *frame, number int) error {
	first := slices.IndexFunc(r.streams, func(s *feedStream) bool { return s.number == number })
	end := first
	var from []trail
	all := true // everything was read of what has ended
	for end < len(r.streams) && r.streams[end].number == number {
		s := r.streams[end]
		from = append(from, s.trail())
		all = all && s.done
		end++
	}
	for i := range from {
		if from[i].done = all; !all && from[i].position.Index == 0 {
			return errPartLost
		}
	}
	old := r.streams[first]
	t, ok := old.source.table.Table.(lineal)
	if !ok {
		return errPartLost
	}
	for until := time.Now().Add(movePatience); !old.gone(); {
		if time.Now().After(until) {
			return errPartLost
		}
		select {
		case <-time.After(placePause):
		case <-fr.q.ctx.Done():
			return errInterrupted
		}
	}
	streams, err := old.successors(t, from)
	if err != nil {
		return err
	}
	r.streams = slices.Concat(r.streams[:first], streams, r.streams[end:])
	r.behind += len(streams) - len(from)
	r.turn = 0
	return nil
}
