package catalog

import (
	"errors"
	"time"

	"rethinkdb/internal/table"
)

// historyLimits gives the limits of the change history of a table.
func (c *Catalog) historyLimits(cfg *TableConfig) HistoryLimits {
	if cfg.History != nil {
		return *cfg.History
	}
	return c.history
}

const (
	// trimInterval is how often change histories are looked after. They may be over their limits by what is written meanwhile.
	trimInterval = time.Second
	// trimPause is how long that rests after an error, for example when the disk is full.
	trimPause = time.Minute
)

// trimHistories keeps the change histories of all tables within their limits, until the catalog is closed.
func (c *Catalog) trimHistories() {
	timer := time.NewTimer(trimInterval)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-c.background.Done():
			return
		}
		pause := trimInterval
		for _, t := range c.current.Load().tables {
			if err := c.trimHistory(t); err != nil && c.background.Err() == nil {
				pause = trimPause
				c.log.Warn("The change history of a table could not be trimmed. This is tried again.", "table", t.ID(), "error", err)
			}
		}
		timer.Reset(pause)
	}
}

// trimHistory keeps the histories of those parts of a table within their limits whose primary replicas are here.
func (c *Catalog) trimHistory(t *Table) error {
	now := time.Now()
	for _, p := range t.parts {
		if !p.Here() {
			continue
		}
		if err := p.TrimHistory(c.background, now); err != nil && !errors.Is(err, table.ErrDropped) && !errors.Is(err, table.ErrNotPrimary) {
			return err
		}
	}
	return nil
}
