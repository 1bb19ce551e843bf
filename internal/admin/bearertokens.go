package admin

import (
	"encoding/json"
	"errors"
	"time"

	"rethinkdb/internal/reql"
)

// never is a token without an end.
const never = "never"

// maxBearerLife is a bound for --expires: what is longer is a mistake, or is meant to be never.
const maxBearerLife = 3650 * 24 * time.Hour

// makeBearerToken makes a bearer token of a user and prints it.
func makeBearerToken(s *Shell, a arguments) error {
	token := map[string]any{"user": a.positional[0]}
	if a.has("--description") {
		token["description"] = a.flags["--description"]
	}
	switch text := a.flags["--expires"]; {
	case text == never:
		token["expires_at"] = nil
	case a.has("--expires"):
		life, err := parseLife(text, maxBearerLife)
		if err != nil {
			return err
		}
		token["expires_at"] = term(reql.TermAdd, term(reql.TermNow), life.Seconds())
	}
	type change struct {
		New struct{ Token string } `json:"new_val"`
	}
	results, err := rowsOf[struct {
		Errors  int    `json:"errors"`
		First   string `json:"first_error"`
		Changes []change
	}](s.conn, termWith(map[string]any{"return_changes": true}, reql.TermInsert, system("bearer_tokens"), token))
	if err != nil {
		return err
	}
	if len(results) != 1 || results[0].Errors > 0 || len(results[0].Changes) != 1 {
		if len(results) == 1 && results[0].First != "" {
			return errors.New(results[0].First)
		}
		return errors.New("the server made no token")
	}
	s.printf("%s\n", results[0].Changes[0].New.Token)
	return nil
}

// bearerToken is a row of the table bearer_tokens.
type bearerToken struct {
	ID, User, Description string
	Created               reqlTime  `json:"created_at"`
	Expires               *reqlTime `json:"expires_at"` // nil: never
}

// reqlTime is a time as it comes over the wire.
type reqlTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (t *reqlTime) UnmarshalJSON(text []byte) error {
	var v struct {
		Epoch float64 `json:"epoch_time"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	t.Time = time.UnixMilli(int64(v.Epoch * 1000)).UTC()
	return nil
}

func listBearerTokens(s *Shell, a arguments) error {
	tokens, err := tableOf[bearerToken](s.conn, "bearer_tokens")
	if err != nil {
		return err
	}
	t := columns{{"uuid", "user", "created", "expires", "description"}}
	for _, token := range tokens {
		expires := never
		if token.Expires != nil {
			expires = token.Expires.Format(time.DateOnly)
		}
		t = append(t, []string{a.id(token.ID), token.User, token.Created.Format(time.DateOnly), expires, token.Description})
	}
	s.print(t)
	return nil
}

// removeBearerTokens takes tokens back, by their identifiers or the first characters of those.
func removeBearerTokens(s *Shell, a arguments) error {
	tokens, err := tableOf[bearerToken](s.conn, "bearer_tokens")
	if err != nil {
		return err
	}
	for _, word := range a.positional {
		token, err := byPrefix(tokens, func(t bearerToken) string { return t.ID }, word)
		if err != nil {
			return err
		}
		if err := s.conn.change(term(reql.TermDelete, row("bearer_tokens", token.ID))); err != nil {
			return err
		}
	}
	return nil
}
