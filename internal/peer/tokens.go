package peer

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	tokenKeyPrefix = "peer/token/"
	recordVersion  = 1

	// MaxTokens is how many tokens there may be at a time: far more than servers that join, and little to read at a start.
	MaxTokens = 1000
	// MaxTokenLife is how long a token may be good. One that is forgotten must not stay a way in.
	MaxTokenLife = 30 * 24 * time.Hour
)

// Store keeps tokens across restarts. Writes are durable when they return.
type Store interface {
	MetaSet(ctx context.Context, key string, value []byte) error
	MetaDelete(ctx context.Context, key string) error
	MetaScan(prefix string, each func(key string, value []byte) error) error
}

// TokenRecord is what a server keeps of a token.
type TokenRecord struct {
	ID       TokenID
	Key      ed25519.PublicKey
	Created  time.Time
	Expires  time.Time
	Reusable bool // any number of servers may use it until it expires; otherwise one
	// User is the key of the server that has used a token that is not reusable. That one may use it again, because it may not have
	// heard that it had joined.
	User *Fingerprint
}

// Errors of changes of tokens.
var (
	ErrTokenExists  = errors.New("there is such a token already")
	ErrTokenKey     = errors.New("the public key of a token has 32 bytes")
	ErrTokenExpiry  = fmt.Errorf("a token expires in the future, and within %d days", int(MaxTokenLife/(24*time.Hour)))
	ErrTooManyToken = fmt.Errorf("there are %d tokens; remove some", MaxTokens)
)

// Tokens are the tokens that lead to this server. All methods may be called at the same time.
type Tokens struct {
	store Store
	now   func() time.Time

	mu      sync.Mutex // guards records, and is held while they are written, so that a token is used once
	records map[TokenID]TokenRecord
}

// OpenTokens loads the tokens.
func OpenTokens(store Store, now func() time.Time) (*Tokens, error) {
	t := &Tokens{store: store, now: now, records: map[TokenID]TokenRecord{}}
	err := store.MetaScan(tokenKeyPrefix, func(key string, value []byte) error {
		id, ok := ParseTokenID(strings.TrimPrefix(key, tokenKeyPrefix))
		if !ok {
			return fmt.Errorf("stored join token %q: bad key", key)
		}
		r, err := decodeRecord(value)
		if err != nil {
			return fmt.Errorf("stored join token %s: %w", id, err)
		}
		r.ID = id
		t.records[id] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load join tokens: %w", err)
	}
	return t, nil
}

// Any tells whether there is a token that lets somebody in, and be it the one who has used it and not joined yet.
func (t *Tokens) Any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, r := range t.records {
		if now.Before(r.Expires) {
			return true
		}
	}
	return false
}

// List returns the tokens that somebody may still use who has not yet, those that expire first in front.
func (t *Tokens) List() []TokenRecord {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var list []TokenRecord
	for _, r := range t.records {
		if now.Before(r.Expires) && r.User == nil {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b TokenRecord) int {
		return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return list
}

// Add keeps a token, and forgets those that have expired.
func (t *Tokens) Add(ctx context.Context, r TokenRecord) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if err := t.sweep(ctx, now); err != nil {
		return err
	}
	_, exists := t.records[r.ID]
	switch {
	case exists:
		return ErrTokenExists
	case len(t.records) >= MaxTokens:
		return ErrTooManyToken
	case len(r.Key) != ed25519.PublicKeySize:
		return ErrTokenKey
	case !r.Expires.After(now) || r.Expires.After(now.Add(MaxTokenLife)):
		return ErrTokenExpiry
	}
	return t.keep(ctx, r)
}

// keep stores a token. The caller holds mu.
func (t *Tokens) keep(ctx context.Context, r TokenRecord) error {
	value, err := encodeRecord(r)
	if err != nil {
		return err
	}
	if err := t.store.MetaSet(ctx, tokenKeyPrefix+r.ID.String(), value); err != nil {
		return fmt.Errorf("store a join token: %w", err)
	}
	t.records[r.ID] = r
	return nil
}

// Remove revokes a token; it is no error if there is none.
func (t *Tokens) Remove(ctx context.Context, id TokenID) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.remove(ctx, id)
}

// remove is Remove for who holds mu.
func (t *Tokens) remove(ctx context.Context, id TokenID) error {
	if _, ok := t.records[id]; !ok {
		return nil
	}
	if err := t.store.MetaDelete(ctx, tokenKeyPrefix+id.String()); err != nil {
		return fmt.Errorf("remove a join token: %w", err)
	}
	delete(t.records, id)
	return nil
}

// sweep forgets what has expired.
func (t *Tokens) sweep(ctx context.Context, now time.Time) error {
	for id, r := range t.records {
		if !now.Before(r.Expires) {
			if err := t.remove(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// redeem judges the proof that somebody has a token, and gives the token to that server alone unless it is reusable: before anybody
// may act on the outcome, so that of two servers with one token one gets in.
func (t *Tokens) redeem(ctx context.Context, id TokenID, proof []byte, ch channel) (ok bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, known := t.records[id]
	if !known {
		r.Key = make(ed25519.PublicKey, ed25519.PublicKeySize) // to take as long
	}
	valid := ed25519.Verify(r.Key, statement(byToken, dialing, ch.binding), proof)
	if !known || !valid || !t.now().Before(r.Expires) {
		return false, nil
	}
	if r.Reusable {
		return true, nil
	}
	if r.User != nil {
		return *r.User == ch.fingerprint, nil
	}
	r.User = &ch.fingerprint
	if err := t.keep(ctx, r); err != nil {
		return false, err
	}
	return true, nil
}

// Spend removes a token whose user has joined for good, unless it is reusable.
func (t *Tokens) Spend(ctx context.Context, id TokenID) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.records[id].Reusable {
		return nil
	}
	return t.remove(ctx, id)
}

// storedRecord is the form of a record in the store.
type storedRecord struct {
	Version  int       `json:"version"`
	Key      []byte    `json:"key"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	Reusable bool      `json:"reusable,omitempty"`

	User *Fingerprint `json:"user,omitempty"`
}

func encodeRecord(r TokenRecord) ([]byte, error) {
	return json.Marshal(storedRecord{recordVersion, r.Key, r.Created, r.Expires, r.Reusable, r.User})
}

func decodeRecord(value []byte) (TokenRecord, error) {
	var s storedRecord
	switch err := json.Unmarshal(value, &s); {
	case err != nil:
		return TokenRecord{}, err
	case s.Version != recordVersion || len(s.Key) != ed25519.PublicKeySize:
		return TokenRecord{}, fmt.Errorf("version %d with a key of %d bytes", s.Version, len(s.Key))
	}
	return TokenRecord{Key: s.Key, Created: s.Created, Expires: s.Expires, Reusable: s.Reusable, User: s.User}, nil
}
