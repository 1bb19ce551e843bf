package system

import (
	"context"
	"time"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
)

// bearerTokens is the table bearer_tokens: what is known of the bearer tokens of the web port. RethinkDB has none. A row that is inserted
// becomes a token, whose secret is in the new row of return_changes and nowhere else; a row that is deleted takes it back.
type bearerTokens struct{ s *System }

// tokenLifetime is how long a token lasts of which nothing is said.
const tokenLifetime = 90 * 24 * time.Hour

// alsoTakes makes config a condition: a token is a way in.
func (bearerTokens) alsoTakes() auth.Permission { return auth.Config }

func tokenRow(t auth.Token) datum.Value {
	expires := datum.Null
	if !t.Expires.IsZero() {
		expires = timeValue(t.Expires)
	}
	return object(
		field("id", str(t.ID)),
		field("user", str(t.User)),
		field("description", str(t.Description)),
		field("created_at", timeValue(t.Created)),
		field("expires_at", expires),
	)
}

func (t bearerTokens) list(context.Context, view) ([]datum.Value, error) {
	var rows []datum.Value
	for _, token := range t.s.users.Tokens() {
		rows = append(rows, tokenRow(token))
	}
	return rows, nil
}

func (t bearerTokens) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

func (t bearerTokens) write(_ context.Context, _ view, w rowWrite) (datum.Value, error) {
	switch {
	case w.new.IsAbsent() && w.old.IsAbsent():
		return datum.Value{}, nil
	case w.new.IsAbsent():
		return datum.Value{}, authError(t.s.users.RevokeToken(w.key.AsString()))
	case !w.old.IsAbsent() && datum.Equal(w.old, w.new):
		return w.old, nil
	case !w.old.IsAbsent():
		return datum.Value{}, opFailed("It's illegal to change rows of the `rethinkdb.bearer_tokens` table. Insert a new one and delete this one.")
	case !w.generated:
		return datum.Value{}, opFailed("The primary key of a row of the `rethinkdb.bearer_tokens` table is chosen by the server. Leave it out.")
	}
	token, err := t.read(w.new)
	if err != nil {
		return datum.Value{}, wrap("The row you're trying to put into `rethinkdb.bearer_tokens` has the wrong format. ", err)
	}
	token.ID = w.key.AsString()
	secret, err := t.s.users.MakeToken(token)
	if err != nil {
		return datum.Value{}, authError(err)
	}
	row := tokenRow(token)
	fields := []datum.Field{field("token", str(secret))}
	for i := range row.Len() {
		key, v := row.FieldAt(i)
		fields = append(fields, field(key, v))
	}
	return object(fields...), nil
}

// read reads a row that is inserted.
func (t bearerTokens) read(row datum.Value) (token auth.Token, err error) {
	f, err := openFields(row)
	if err != nil {
		return token, err
	}
	f.optional(primaryKey)
	user, err := f.required("user")
	if err != nil {
		return token, err
	}
	if user.Kind() != datum.KindString {
		return token, opFailed("In `user`: Expected a string; got %s", user.Print())
	}
	token.User = user.AsString()
	if d := f.optional("description"); !d.IsAbsent() {
		if d.Kind() != datum.KindString {
			return token, opFailed("In `description`: Expected a string; got %s", d.Print())
		}
		token.Description = d.AsString()
	}
	token.Created = t.s.now().UTC().Truncate(time.Millisecond)
	switch e := f.optional("expires_at"); {
	case e.IsAbsent():
		token.Expires = token.Created.Add(tokenLifetime)
	case e.Kind() == datum.KindNull: // never
	default:
		if token.Expires, err = timeFrom(e); err != nil {
			return token, wrap("In `expires_at`: ", err)
		}
	}
	return token, f.done()
}
