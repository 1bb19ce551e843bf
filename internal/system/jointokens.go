package system

import (
	"context"
	"encoding/base64"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/peer"
)

// joinTokens is join_tokens: a row for each token with which a server may join. Who makes a token keeps its secret, and inserts
// the public half of its key, which is never shown again: `rethinkdb admin make join-token` does. Deleting a row revokes it.
type joinTokens struct{ s *System }

const joinTokensFormat = "The row you're trying to put into `rethinkdb.join_tokens` has the wrong format. "

// alsoTakes makes config a condition: who may make a token may bring in a server, which sees everything.
func (joinTokens) alsoTakes() auth.Permission { return auth.Config }

func (t joinTokens) row(r peer.TokenRecord) datum.Value {
	return object(
		field("id", str(r.ID.String())),
		field("created_at", timeValue(r.Created)),
		field("expires_at", timeValue(r.Expires)),
		field("reusable", datum.Bool(r.Reusable)),
	)
}

func (t joinTokens) list(context.Context, view) ([]datum.Value, error) {
	var rows []datum.Value
	for _, r := range t.s.tokens.List() {
		rows = append(rows, t.row(r))
	}
	return rows, nil
}

func (t joinTokens) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

func (t joinTokens) write(ctx context.Context, _ view, w rowWrite) (datum.Value, error) {
	switch {
	case w.new.IsAbsent() && w.old.IsAbsent():
		return datum.Value{}, nil
	case w.new.IsAbsent():
		id, _ := peer.ParseTokenID(w.key.AsString())
		return datum.Value{}, t.s.tokens.Remove(ctx, id)
	case !w.old.IsAbsent() && datum.Equal(w.old, w.new):
		return w.old, nil
	case !w.old.IsAbsent():
		return datum.Value{}, opFailed("It's illegal to change rows of the `rethinkdb.join_tokens` table. Delete the row and make a new token.")
	}
	r, err := t.read(w)
	if err != nil {
		return datum.Value{}, wrap(joinTokensFormat, err)
	}
	if err := t.s.tokens.Add(ctx, r); err != nil {
		return datum.Value{}, opFailed("The join token was not made: %s.", err)
	}
	return t.row(r), nil
}

// read reads a new row.
func (t joinTokens) read(w rowWrite) (r peer.TokenRecord, err error) {
	f, err := openFields(w.new)
	if err != nil {
		return r, err
	}
	f.optional(primaryKey)
	var ok bool
	if w.key.Kind() == datum.KindString && !w.generated {
		r.ID, ok = peer.ParseTokenID(w.key.AsString())
	}
	if !ok {
		return r, opFailed("In `id`: Expected 16 hexadecimal digits; got %s", w.key.Print())
	}
	key, err := f.required("public_key")
	if err != nil {
		return r, err
	}
	if key.Kind() == datum.KindString {
		r.Key, _ = base64.StdEncoding.DecodeString(key.AsString()) // Add says how long it has to be
	}
	expires, err := f.required("expires_at")
	if err != nil {
		return r, err
	}
	if r.Expires, err = timeFrom(expires); err != nil {
		return r, wrap("In `expires_at`: ", err)
	}
	r.Created = t.s.now()
	reusable := f.optional("reusable")
	if !reusable.IsAbsent() && reusable.Kind() != datum.KindBool {
		return r, opFailed("In `reusable`: Expected a boolean; got %s", reusable.Print())
	}
	r.Reusable = reusable.AsBool()
	return r, f.done()
}
