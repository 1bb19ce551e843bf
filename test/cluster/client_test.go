//go:build cluster

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"time"

	"rethinkdb/test/harness"
)

var long = flag.Int("long", 1, "how many times as long as in the short form clients work under faults")

// outcome is what a client knows of what it has asked for.
type outcome int

const (
	done    outcome = iota
	refused         // it has not happened
	unknown         // it may have happened, and may happen yet
)

// Classes of errors.
const (
	classFailed        = 4100000
	classIndeterminate = 4200000
)

// requestTime is how long a client waits for an answer before it goes to another server.
const requestTime = 8 * time.Second

// client asks one server after the other: the next one as soon as one does not answer.
type client struct {
	servers []*server
	at      int // whom it asks
	conn    *harness.Conn
	refusal error // the last one
}

// run runs a term. An error is one that nobody should get.
func (c *client) run(term any) (rows []json.RawMessage, o outcome, err error) {
	if c.conn == nil {
		if c.conn, err = c.servers[c.at].connect(requestTime); err != nil {
			c.conn = nil
			c.next()
			return nil, refused, nil //nolint:nilerr // that is what the outcome says
		}
	}
	if err := c.conn.SetDeadline(time.Now().Add(requestTime)); err != nil {
		return nil, refused, err
	}
	rows, err = c.conn.Run(term)
	answer, answered := errors.AsType[*harness.ReQLError](err)
	switch {
	case err == nil:
		return rows, done, nil
	case !answered:
		c.close()
		c.next()
		return nil, unknown, nil
	case answer.Class == classFailed:
		c.refusal = err
		return nil, refused, nil
	case answer.Class == classIndeterminate:
		return nil, unknown, nil
	}
	return nil, unknown, fmt.Errorf("%s: %s: %w", c.servers[c.at].name, show(term), err)
}

// write runs a term that writes one row, and tells whether that has changed the row.
func (c *client) write(term any) (changed bool, o outcome, err error) {
	rows, o, err := c.run(term)
	if err != nil || o != done {
		return false, o, err
	}
	var result struct {
		Inserted, Replaced, Unchanged, Errors int
		FirstError                            string `json:"first_error"`
	}
	if err := json.Unmarshal(rows[0], &result); err != nil {
		return false, done, err
	}
	if result.Errors > 0 {
		return false, done, fmt.Errorf("%s: %s: %s", c.servers[c.at].name, show(term), result.FirstError)
	}
	return result.Inserted+result.Replaced == 1, done, nil
}

func (c *client) next() { c.at = (c.at + 1) % len(c.servers) }

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close() // it may be broken
		c.conn = nil
	}
}

// rest keeps a client that is refused from asking all the time.
func rest(ctx context.Context) {
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ctx.Done():
	}
}
