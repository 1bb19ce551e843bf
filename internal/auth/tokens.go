package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Bearer tokens let programs act as a user over HTTP without that user's password: each can be taken back alone, and ends by itself.
//
// The server makes the secret, of 130 random bits, and shows it once. What it keeps is the SHA-256 of it: unlike a password it cannot
// be guessed, so nothing slower is needed, and for the same reason wrong ones are not slowed down. Looking one up by its hash
// takes as long for every wrong one as far as the secret is concerned.

// Token is what is known of a token.
type Token struct {
	ID          string // by which it is taken back
	User        string
	Description string
	Created     time.Time
	Expires     time.Time // zero: never
}

const (
	tokenPrefix = keyPrefix + "token/"
	// tokenMark begins every secret, so that people and programs that look for leaked secrets know what they have found.
	tokenMark = "rethinkdb_token_"
	// maxTokens bounds what a program that makes tokens and forgets them can make the server keep.
	maxTokens = 10_000
	// maxDescriptionBytes is enough for a sentence.
	maxDescriptionBytes = 500
)

// errToken is the refusal of a token that is unknown, taken back or has expired: a client learns no more.
var errToken = &Error{Code: CodeOther, Msg: "This bearer token is not valid."}

type tokenHash [sha256.Size]byte

// tokens are all tokens. They are immutable once they are in Users.tokens.
type tokens struct {
	byHash map[tokenHash]Token
}

// loadTokens reads the tokens of the store.
func (u *Users) loadTokens() (*tokens, error) {
	t := &tokens{byHash: map[tokenHash]Token{}}
	err := u.store.MetaScan(tokenPrefix, func(key string, value []byte) error {
		id := strings.TrimPrefix(key, tokenPrefix)
		hash, token, err := decodeToken(id, value)
		if err != nil {
			return fmt.Errorf("stored token %s: %w", id, err)
		}
		t.byHash[hash] = token
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load tokens: %w", err)
	}
	return t, nil
}

// Tokens are all tokens, in order of their identifiers; also those that have expired, until the next one is made.
func (u *Users) Tokens() []Token {
	list := slices.Collect(maps.Values(u.tokens.Load().byHash))
	slices.SortFunc(list, func(a, b Token) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// MakeToken makes a token and gives its secret, which nobody can ask for again. A *RowError means that it cannot be made.
func (u *Users) MakeToken(t Token) (secret string, err error) {
	if len(t.Description) > maxDescriptionBytes {
		return "", rowErrorf("Expected a description of at most %d bytes, got %d.", maxDescriptionBytes, len(t.Description))
	}
	if strings.ContainsFunc(t.Description, unicode.IsControl) {
		return "", rowErrorf("Expected a description without control characters.") // it is shown on terminals, and between commands
	}
	if !t.Expires.IsZero() && !t.Expires.After(t.Created) {
		return "", rowErrorf("The token would have expired already.")
	}
	u.writing.Lock()
	defer u.writing.Unlock()
	if a := u.find(t.User); a == nil || a.role {
		return "", rowErrorf("User `%s` not found.", t.User)
	}
	if err := u.revoke(func(old Token) bool { return old.expired(t.Created) }); err != nil {
		return "", err
	}
	if len(u.tokens.Load().byHash) >= maxTokens {
		return "", rowErrorf("There are %d tokens, and no more can be made. Delete some that are not used any more.", maxTokens)
	}
	secret = tokenMark + rand.Text()
	hash := tokenHash(sha256.Sum256([]byte(secret)))
	value, err := encodeToken(hash, t)
	if err != nil {
		return "", fmt.Errorf("encode a token: %w", err)
	}
	if err := u.store.MetaSet(context.Background(), tokenPrefix+t.ID, value); err != nil {
		return "", fmt.Errorf("store a token: %w", err)
	}
	return secret, u.Reload()
}

// RevokeToken takes a token back.
func (u *Users) RevokeToken(id string) error {
	u.writing.Lock()
	defer u.writing.Unlock()
	return u.revoke(func(t Token) bool { return t.ID == id })
}

// revoke removes the tokens that match. The caller holds writing.
func (u *Users) revoke(match func(Token) bool) error {
	some := false
	for _, t := range u.tokens.Load().byHash {
		if !match(t) {
			continue
		}
		some = true
		if err := u.store.MetaDelete(context.Background(), tokenPrefix+t.ID); err != nil {
			return errors.Join(fmt.Errorf("remove a token: %w", err), u.Reload()) // those that are gone count no more
		}
	}
	if !some {
		return nil
	}
	return u.Reload()
}

func (t Token) expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

// CheckToken tells whose a secret is. An *Error means that it is nobody's.
func (u *Users) CheckToken(secret string, now time.Time) (user string, err error) {
	t, ok := u.tokens.Load().byHash[sha256.Sum256([]byte(secret))]
	if !ok || t.expired(now) {
		return "", errToken
	}
	if a := u.find(t.User); a == nil || a.role {
		return "", errToken
	}
	return t.User, nil
}

// storedToken is the form of a token in the store.
type storedToken struct {
	Version     int       `json:"version"`
	Hash        []byte    `json:"sha256"`
	User        string    `json:"user"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
	Expires     time.Time `json:"expires,omitzero"`
}

const tokenVersion = 1

func encodeToken(hash tokenHash, t Token) ([]byte, error) {
	return json.Marshal(&storedToken{tokenVersion, hash[:], t.User, t.Description, t.Created, t.Expires})
}

func decodeToken(id string, b []byte) (hash tokenHash, t Token, err error) {
	var s storedToken
	if err := json.Unmarshal(b, &s); err != nil {
		return hash, t, err
	}
	if s.Version != tokenVersion {
		return hash, t, fmt.Errorf("format version %d; this program knows %d", s.Version, tokenVersion)
	}
	if len(s.Hash) != len(hash) {
		return hash, t, errors.New("damaged hash")
	}
	copy(hash[:], s.Hash)
	return hash, Token{id, s.User, s.Description, s.Created, s.Expires}, nil
}
