package audit

import (
	"net/netip"
	"slices"
	"time"
)

// What strangers and busy clients do again and again must neither fill the disk nor push older entries out of the files that are
// kept. So of equal events the first is written at once, and the others that come within repeatTime as one line with their
// number. Of different ones only so many are told apart at a time: from one address, where the names of users are left out of
// what comes on top of that, and of one kind, after which only the port and the method are kept. Strangers who do their worst get
// about 300 lines a minute, some 200 MB a day.
const repeatTime = time.Minute

// distinct is how many different events of a kind are told apart at a time.
type distinct struct{ all, ofSource int }

// limits are those of the kinds whose repetitions are counted. Who has logged in is no stranger.
var limits = map[Kind]distinct{LogIn: {500, 100}, LogInRefused: {50, 10}, PeerRefused: {50, 10}, Denied: {50, 10}}

// sameness is what equal events have in common.
type sameness struct {
	kind                Kind
	user                string
	addr                netip.Addr
	port                string
	method              Method
	reason, action, on  string
	certificate, detail string
}

// source is where events of a kind come from.
type source struct {
	kind Kind
	from netip.Addr
}

// repeats counts equal events. The zero value is ready.
type repeats struct {
	open    map[sameness]*Event // the first one, with the number of those that were not written yet and the time of the last
	kinds   map[Kind]int        // how many of open have the kind
	sources map[source]int      // and come from the address
}

// take takes an event, and tells whether it is to be written now.
func (r *repeats) take(e *Event) bool {
	limit, counted := limits[e.Kind]
	if !counted {
		return true
	}
	if r.open == nil {
		r.open, r.kinds, r.sources = map[sameness]*Event{}, map[Kind]int{}, map[source]int{}
	}
	key := samenessOf(e)
	if r.open[key] == nil && r.sources[sourceOf(e)] >= limit.ofSource {
		e.User, e.Certificate, e.Action, e.On, e.Detail = "", "", "", "", ""
		e.Reason = "many different ones from this address"
		key = samenessOf(e)
	}
	if r.open[key] == nil && r.kinds[e.Kind] >= limit.all {
		*e = Event{Kind: e.Kind, Port: e.Port, Method: e.Method, Reason: "many different ones", time: e.time}
		key = samenessOf(e)
	}
	if seen := r.open[key]; seen != nil {
		seen.count++
		seen.time = e.time
		return false
	}
	first := *e
	first.since = e.time
	first.Peer = netip.AddrPortFrom(e.Peer.Addr(), 0) // each repetition has a port of its own
	r.open[key] = &first
	r.kinds[e.Kind]++
	r.sources[sourceOf(e)]++
	return true
}

// expire returns what is to be written of the repetitions whose time is over at now, in the order of their first.
func (r *repeats) expire(now time.Time) []*Event {
	var due []*Event
	for key, e := range r.open {
		if now.Sub(e.since) < repeatTime {
			continue
		}
		delete(r.open, key)
		r.kinds[e.Kind]--
		if s := sourceOf(e); r.sources[s] > 1 {
			r.sources[s]--
		} else {
			delete(r.sources, s)
		}
		if e.count > 0 {
			due = append(due, e)
		}
	}
	slices.SortFunc(due, func(a, b *Event) int { return a.since.Compare(b.since) })
	return due
}

func samenessOf(e *Event) sameness {
	return sameness{e.Kind, e.User, e.Peer.Addr(), e.Port, e.Method, e.Reason, e.Action, e.On, e.Certificate, e.Detail}
}

// sourceOf takes all addresses of an IPv6 network that one host can choose from for the same.
func sourceOf(e *Event) source {
	addr := e.Peer.Addr()
	if addr.Is6() && !addr.Is4In6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	return source{e.Kind, addr}
}
