package catalog

import (
	"context"
	"errors"
	"time"

	"rethinkdb/internal/reql"
)

// A proxy stores nothing, so a table cannot begin there: the server that is to have the primary replica of its first shard creates it.

// Elsewhere has another server create a table, of which it gets the record. It returns why that is refused, in words for the user, empty if it
// is not. ErrUnreached says that the server was not asked; after another error nobody knows.
type Elsewhere func(ctx context.Context, server ServerID, id TableID, record []byte) (refused string, err error)

// ErrUnreached is the error of an Elsewhere that could not ask.
var ErrUnreached = errors.New("the server cannot be reached")

// createElsewhere is CreateTable on a proxy.
func (c *Catalog) createElsewhere(ctx context.Context, cfg TableConfig) (*Table, error) {
	server, _ := c.current.Load().Member(cfg.Shards[0].Primary)
	refused, err := c.elsewhere(ctx, cfg.Shards[0].Primary, cfg.ID, encodeTable(cfg))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, ErrUnreached):
		return nil, reql.Errorf(reql.OpFailed, "Could not contact server `%s`, which is to have the primary replica. The table was not created.", server.Name)
	case err != nil:
		return nil, reql.Errorf(reql.OpIndeterminate, "We lost contact with server `%s`, which is to have the primary replica. The table may or may not have been created.", server.Name)
	case refused != "":
		return nil, reql.Errorf(reql.OpFailed, "%s", refused)
	}
	return c.awaitTable(ctx, cfg.ID)
}

// hearTime is how long a proxy waits until it hears of a table that was created for it.
const hearTime = 10 * time.Second

// awaitTable returns a table that another server has created, as soon as this one has heard of it.
func (c *Catalog) awaitTable(ctx context.Context, id TableID) (*Table, error) {
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	for {
		changed := c.Changed()
		if t, ok := c.current.Load().tables[id]; ok {
			return t, nil
		}
		select {
		case <-changed:
		case <-c.background.Done():
			return nil, errCatalogClosed
		case <-ctx.Done():
			return nil, ErrTableGone
		}
	}
}

// CreateRecorded creates a table for a proxy.
func (c *Catalog) CreateRecorded(ctx context.Context, id TableID, record []byte) (refused string, err error) {
	cfg, err := decodeTable(id, record)
	if err != nil {
		return "", err
	}
	_, err = c.CreateTable(ctx, cfg)
	if e, ok := errors.AsType[*reql.Error](err); ok && e.Class == reql.OpFailed {
		return e.Msg, nil
	}
	return "", err
}
