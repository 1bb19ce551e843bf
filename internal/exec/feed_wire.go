package exec

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
)

// Servers tell each other the events of a part's feed as objects, one for each event, whatever the format is that the client wants:
//
//	kind               a number, always
//	new, old           the values; missing where there is none
//	new_item, old_item of the first rows of an order: [place, key] as binaries
//	position           of a feed that can be resumed, as in resume tokens, in base64url
//	of                 the group whose history the position is in, unless that is the part's own
//	skipped            of an overflow
//
// The first one says that the feed is open, and where it begins. A Ready stands between what comes before changes and these.

var errEvent = errors.New("read an event of another server's feed: it is none")

// wireEvent gives an event as servers tell it.
func wireEvent(e *feed.Event) datum.Value {
	fields := make([]datum.Field, 0, 7)
	add := func(key string, v datum.Value) { fields = append(fields, datum.Field{Key: key, Val: v}) }
	add("kind", datum.Int(int64(e.Kind)))
	if !e.New.IsAbsent() {
		add("new", e.New)
	}
	if e.NewItem != nil {
		add("new_item", wireItem(e.NewItem))
	}
	if !e.Old.IsAbsent() {
		add("old", e.Old)
	}
	if e.OldItem != nil {
		add("old_item", wireItem(e.OldItem))
	}
	if e.At != nil {
		add("position", datum.String(encodePosition(e.At)))
	}
	if e.At != nil && e.At.Of != 0 {
		add("of", datum.Int(int64(e.At.Of)))
	}
	if e.Skipped > 0 {
		add("skipped", datum.Int(int64(e.Skipped)))
	}
	return datum.Object(fields)
}

func wireItem(i *feed.Item) datum.Value {
	return datum.Array([]datum.Value{datum.Binary([]byte(i.Place)), datum.Binary([]byte(i.Key))})
}

// readEvent is the opposite of wireEvent.
func readEvent(v datum.Value) (e feed.Event, err error) {
	k, ok := v.Get("kind")
	if !ok || k.Kind() != datum.KindNumber {
		return e, errEvent
	}
	e = feed.Event{Kind: feed.Kind(k.AsNumber()), OldOffset: -1, NewOffset: -1}
	e.New, _ = v.Get("new")
	e.Old, _ = v.Get("old")
	if e.NewItem, err = readItem(v, "new_item", e.New); err != nil {
		return e, err
	}
	if e.OldItem, err = readItem(v, "old_item", e.Old); err != nil {
		return e, err
	}
	if p, ok := v.Get("position"); ok {
		if p.Kind() != datum.KindString {
			return e, errEvent
		}
		if e.At, err = decodePosition(p.AsString()); err != nil {
			return e, err
		}
		e.At.Of = uint32(number(v, "of"))
	}
	e.Skipped = number(v, "skipped")
	return e, nil
}

func readItem(v datum.Value, field string, value datum.Value) (*feed.Item, error) {
	i, ok := v.Get(field)
	if !ok {
		return nil, nil
	}
	if i.Kind() != datum.KindArray || i.Len() != 2 || i.At(0).Kind() != datum.KindBinary || i.At(1).Kind() != datum.KindBinary {
		return nil, errEvent
	}
	return &feed.Item{Place: string(i.At(0).AsBinary()), Key: string(i.At(1).AsBinary()), Value: value}, nil
}

// encodePosition writes a position as it stands in resume tokens.
func encodePosition(p *feed.Position) string {
	return base64.RawURLEncoding.EncodeToString(appendPosition(nil, p))
}

func decodePosition(text string) (*feed.Position, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEvent, err)
	}
	r := tokenReader{b: b, ok: true}
	p := r.position()
	if !r.ok || len(r.b) > 0 {
		return nil, errEvent
	}
	return &p, nil
}

// appendPosition appends what a token says of a position.
func appendPosition(b []byte, p *feed.Position) []byte {
	switch {
	case p.Index == 0:
		return append(b, neverChanges)
	case p.Done == 0:
		return appendPlace(append(b, atPlace), p.Place)
	}
	b = appendPlace(appendPlace(append(b, inBatch), p.Place), p.From)
	return binary.AppendUvarint(b, uint64(p.Done))
}

func (r *tokenReader) position() (p feed.Position) {
	switch r.take(1)[0] {
	case neverChanges:
		return p
	case atPlace:
		p.Place = r.place()
	case inBatch:
		p.Place, p.From, p.Done = r.place(), r.place(), r.uint32()
		r.ok = r.ok && p.Done > 0 && p.From.Compare(p.Place) < 0
	default:
		r.ok = false
	}
	r.ok = r.ok && p.Index > 0
	return p
}
