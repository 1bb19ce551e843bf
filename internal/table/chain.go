package table

import (
	"context"

	"rethinkdb/internal/datum"
)

// parkedRows are those of a scan that can be parked.
type parkedRows interface {
	Rows
	Parker
}

// chain is the rows of some scans, those of one after those of another.
type chain struct {
	next func() (parkedRows, error) // begins a scan; nil when there are no more
	rows parkedRows                 // that is being read; nil: none is
}

// Next implements Rows.
func (c *chain) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	for {
		if c.rows == nil {
			if c.rows, err = c.next(); c.rows == nil || err != nil {
				return datum.Value{}, false, err
			}
		}
		if row, ok, err = c.rows.Next(ctx); ok || err != nil {
			return row, ok, err
		}
		if err = c.Close(); err != nil {
			return datum.Value{}, false, err
		}
	}
}

// Park implements Parker.
func (c *chain) Park() error {
	if c.rows == nil {
		return nil
	}
	return c.rows.Park()
}

// Close implements Rows.
func (c *chain) Close() error {
	rows := c.rows
	if c.rows = nil; rows == nil {
		return nil
	}
	return rows.Close()
}

// inOrder begins one scan for each of some things.
func inOrder[T any](things []T, begin func(T) (parkedRows, error)) *chain {
	return &chain{next: func() (parkedRows, error) {
		if len(things) == 0 {
			return nil, nil
		}
		first := things[0]
		things = things[1:]
		return begin(first)
	}}
}
