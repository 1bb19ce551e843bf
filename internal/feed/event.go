package feed

import (
	"strconv"
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// Event is one element of a feed.
type Event struct {
	Kind Kind

	// Old and New are the values before and after, absent where there is none. An initial value has only New.
	Old, New datum.Value

	// OldOffset and NewOffset are the places in the first rows of an order, negative where there is none. They count only
	// where the format asks for them.
	OldOffset, NewOffset int

	// Skipped is how many elements an overflow has cost.
	Skipped int

	// OldItem and NewItem are what has left the first rows of an order and what has come, if these are wanted.
	OldItem, NewItem *Item

	// At is where a change is in the history, and Token what a client has to say to go on behind the event, if these are wanted.
	At    *Position
	Token string

	shared *node // of a change that others get as well: its JSON is made once
}

// Kind tells events apart.
type Kind uint8

// The kinds.
const (
	Change Kind = iota
	Initial
	Initializing // the state in which initial values come
	Ready        // the state in which changes come
	Overflow     // the subscriber was too slow
	Opened       // nothing will be missed; this is only told to other servers
	Ended        // the rows are in other groups from now on, and everything before that has been told; likewise
)

// Format says how events are shown.
type Format struct{ Types, Offsets bool }

// Datum gives the event as a value.
func (e *Event) Datum(f Format) datum.Value {
	fields := make([]datum.Field, 0, 5)
	add := func(key string, v datum.Value) { fields = append(fields, datum.Field{Key: key, Val: v}) }
	state := ""
	switch e.Kind {
	case Overflow:
		add("error", datum.String(e.overflowText()))
		return datum.Object(fields)
	case Initializing, Ready:
		state = e.state()
	default:
		change := e.Kind == Change
		if f.Offsets {
			add("new_offset", offset(e.NewOffset))
		}
		add("new_val", orNull(e.New))
		if change {
			if f.Offsets {
				add("old_offset", offset(e.OldOffset))
			}
			add("old_val", orNull(e.Old))
		}
	}
	if e.Token != "" {
		add(tokenField, datum.String(e.Token))
	}
	if state != "" {
		add("state", datum.String(state))
	}
	if f.Types {
		add("type", datum.String(e.typ()))
	}
	return datum.Object(fields)
}

// AppendJSON appends the event as JSON.
func (e *Event) AppendJSON(dst []byte, f Format) ([]byte, error) {
	if e.shared == nil || f.Offsets {
		return datum.AppendJSON(dst, e.Datum(f))
	}
	if e.Token == "" {
		return e.shared.appendJSON(dst, f.Types)
	}
	// The token may be of several feeds, so it is not shared.
	dst, err := e.shared.appendJSON(dst, false)
	if err != nil {
		return dst, err
	}
	dst = append(append(dst[:len(dst)-1], `,"`+tokenField+`":"`...), e.Token...)
	if f.Types {
		dst = append(append(dst, `","type":"`...), e.typ()...)
	}
	return append(dst, `"}`...), nil
}

// tokenField is the field of the token in the events of a feed.
const tokenField = "resume_token"

func (e *Event) overflowText() string {
	return "Changefeed cache over array size limit, skipped " + strconv.Itoa(e.Skipped) + " elements."
}

func (e *Event) state() string {
	if e.Kind == Ready {
		return "ready"
	}
	return "initializing"
}

func (e *Event) typ() string {
	switch {
	case e.Kind == Initial:
		return "initial"
	case e.Kind != Change:
		return "state"
	case e.Old.IsAbsent():
		return "add"
	case e.New.IsAbsent():
		return "remove"
	}
	return "change"
}

func orNull(v datum.Value) datum.Value {
	if v.IsAbsent() {
		return datum.Null
	}
	return v
}

func offset(n int) datum.Value {
	if n < 0 {
		return datum.Null
	}
	return datum.Int(int64(n))
}

// node is a change in the list of a group. All subscribers of the group walk along the same list, each at its own pace; what
// the slowest has passed is garbage.
type node struct {
	next atomic.Pointer[node]

	// Set before the node is linked, then constant.
	index    table.CommitIndex
	epoch    table.Epoch
	change   uint32 // of the commit
	number   uint64 // of the events of the group, in their order
	bytes    uint64 // of all events up to this one
	old, new datum.Value
	key      []byte // of the row, if it is not an item
	nth      int    // of several of the row
	oldItem  *Item  // in the first rows of an order
	newItem  *Item
	skipped  int // it stands for that many changes that nobody has evaluated

	json [2]atomic.Pointer[[]byte] // without types and with them; made by whoever needs it first
}

// nodeBytes is what a node takes beside its values.
const nodeBytes = 256

func (n *node) size() uint64 { return uint64(nodeBytes + len(n.key) + n.old.Bytes() + n.new.Bytes()) }

func (n *node) event() Event {
	if n.skipped > 0 {
		return Event{Kind: Overflow, Skipped: n.skipped}
	}
	return Event{Old: n.old, New: n.new, shared: n}
}

func (n *node) appendJSON(dst []byte, types bool) ([]byte, error) {
	variant := &n.json[0]
	if types {
		variant = &n.json[1]
	}
	if b := variant.Load(); b != nil {
		return append(dst, *b...), nil
	}
	e := Event{Old: n.old, New: n.new}
	start := len(dst)
	dst, err := datum.AppendJSON(dst, e.Datum(Format{Types: types}))
	if err != nil {
		return dst, err
	}
	b := append([]byte(nil), dst[start:]...)
	variant.Store(&b)
	return dst, nil
}
