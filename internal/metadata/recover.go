package metadata

import (
	"context"
	"errors"
	"fmt"

	"rethinkdb/internal/replication"
)

// ErrNotShared is the error of Recover when this server shares its metadata with nobody.
var ErrNotShared = errors.New("this server shares its metadata with no others")

// Recover has the metadata go on with what this server has of it, without the majority of the servers that have kept it so far: those are lost for good, and so are changes
// that only they knew. When it returns nil this server decides alone; others become members again as somebody makes them.
func (s *Store) Recover(ctx context.Context, host *replication.Host, p *replication.Repair) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	old, forward := s.raft, s.forward
	s.mu.Unlock()
	if old == nil {
		return ErrNotShared
	}
	r, err := host.Repair(ctx, Group, old, p, machine{s})
	if err != nil {
		return fmt.Errorf("recover the metadata: %w", err)
	}
	s.use(r, forward)
	if _, err := r.AwaitEpoch(ctx); err != nil {
		return fmt.Errorf("recover the metadata: %w", err)
	}
	return nil
}
