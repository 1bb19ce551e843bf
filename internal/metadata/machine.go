package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// keyOwn begins the keys of the catalog that belong to this server alone.
const keyOwn = "catalog/server"

// guard is what each replica judges a change by, and what it tells its watchers.
type guard struct {
	base Version
	keys []string
}

type guardForm struct {
	Base Version  `json:"base"`
	Keys []string `json:"keys"`
}

func (g *guard) encode() []byte {
	b, err := json.Marshal(guardForm{g.base, g.keys})
	if err != nil { // numbers and strings
		panic(err)
	}
	return b
}

// own is the observer of a change of this server.
type own struct {
	s *Store
	g *guard
}

// Record implements replication.Observer: there is no history.
func (o *own) Record() []byte { return nil }

// Applied implements replication.Observer.
func (o *own) Applied(replication.Index) { o.s.accept(o.g) }

// machine is the Store as its group sees it.
type machine struct{ *Store }

var (
	_ replication.Machine = machine{}
	_ replication.Judge   = machine{}
	_ replication.Ranger  = machine{}
)

// Judge implements replication.Judge: a change that was decided on an old version changes nothing.
func (m machine) Judge(_ replication.Index, b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.judged = nil
	var f guardForm
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("a change of the metadata cannot be read: %w", err)
	}
	if f.Base != m.applied {
		return ErrStale
	}
	m.judged = &guard{f.Base, f.Keys}
	return nil
}

// Applied implements replication.Machine.
func (m machine) Applied(replication.Index) {
	m.mu.Lock()
	g := m.judged
	m.mu.Unlock()
	if g != nil {
		m.accept(g)
	}
}

// accept notes a change that reads see now.
func (s *Store) accept(g *guard) {
	s.mu.Lock()
	s.judged = nil
	s.applied = g.base + 1
	s.queue = append(s.queue, event{version: s.applied, keys: g.keys})
	s.mu.Unlock()
	s.poke()
}

func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Leads implements replication.Machine.
func (m machine) Leads(replication.Epoch) {}

// Restored implements replication.Machine.
func (m machine) Restored() {
	v, err := storedVersion(m.store)
	if err != nil {
		return // the store has failed, and is about to end the server
	}
	m.mu.Lock()
	m.applied = v
	m.queue = append(m.queue, event{version: v, all: true})
	m.mu.Unlock()
	m.poke()
}

// Removed implements replication.Machine.
func (m machine) Removed() {}

// Ranges implements replication.Ranger.
func (m machine) Ranges() [][2][]byte {
	return [][2][]byte{
		storage.MetaRange("auth/", "auth0"),
		storage.MetaRange("catalog/", keyOwn),
		storage.MetaRange(keyOwn+"\x00", "catalog0"),
		storage.MetaRange("metadata/", "metadata0"),
	}
}

// Share makes the metadata one that several servers can have. This server has all of it, and is the first.
func (s *Store) Share(ctx context.Context, host *replication.Host, forward Forward) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	single, alone := s.group.(*replication.Single)
	s.mu.Unlock()
	if !alone {
		return nil
	}
	r, err := host.Adopt(ctx, single, machine{s})
	if err != nil {
		return fmt.Errorf("share the metadata: %w", err)
	}
	s.use(r, forward)
	return nil
}

// Resume goes on with a metadata that was shared when the server was stopped; it does nothing with one that was not.
func (s *Store) Resume(ctx context.Context, host *replication.Host, forward Forward) error {
	s.mu.Lock()
	open := s.group != nil
	s.mu.Unlock()
	if open {
		return nil
	}
	r, err := host.Open(ctx, Group, machine{s})
	if err != nil {
		return fmt.Errorf("open the metadata: %w", err)
	}
	s.use(r, forward)
	return nil
}

// ErrShared is the error of Follow when this server shares its metadata with others already.
var ErrShared = errors.New("this server belongs to a cluster already")

// Follow gives up the metadata of this server for that of others, which send it as soon as they have made this server a member.
func (s *Store) Follow(ctx context.Context, host *replication.Host, forward Forward) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	single, alone := s.group.(*replication.Single)
	if alone {
		s.group = nil // until the end of this, so that nobody reads what is about to go
	}
	s.mu.Unlock()
	if !alone {
		return ErrShared
	}
	if err := single.Drop(ctx); err != nil {
		return fmt.Errorf("give up the metadata: %w", err)
	}
	r, err := host.Replica(ctx, Group, machine{s})
	if err != nil {
		return fmt.Errorf("follow the metadata: %w", err)
	}
	s.use(r, forward)
	return nil
}

func (s *Store) use(r *replication.Raft, forward Forward) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.group, s.raft, s.forward = r, r, forward
}

// Raft is the group of a metadata that servers share; nil for one that they do not.
func (s *Store) Raft() *replication.Raft {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raft
}
