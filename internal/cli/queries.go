package cli

import (
	"strconv"
	"time"

	"rethinkdb/internal/server"
)

// maxQueryTime bounds the options about the time of queries: what is longer is a mistake about the unit.
const maxQueryTime = 30 * 24 * time.Hour

// queries reads the options that watch over queries.
func (s settings) queries(c *server.Config) (err error) {
	if c.QueryTimeout, err = s.duration("--query-timeout", time.Second); err != nil {
		return err
	}
	c.SlowQuery, err = s.duration("--slow-query-log", time.Millisecond)
	return err
}

// duration reads a time in a unit, 0 when the option was not given.
func (s settings) duration(long string, unit time.Duration) (time.Duration, error) {
	if !s.has(long) {
		return 0, nil
	}
	n, err := strconv.ParseFloat(s.one(long), 64)
	if err != nil || !(n >= 0) {
		return 0, refusef("ERROR: %s should be a number that is not negative, got '%s'", long[2:], s.one(long))
	}
	if n > float64(maxQueryTime/unit) {
		return 0, refusef("ERROR: %s is too large. Must be at most %d", long[2:], maxQueryTime/unit)
	}
	return time.Duration(n * float64(unit)), nil
}
