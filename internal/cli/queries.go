package cli

import (
	"strconv"
	"time"

	"rethinkdb/internal/server"
	"rethinkdb/internal/system"
)

// maxQueryTime bounds the options about the time of queries: what is longer is a mistake about the unit.
const maxQueryTime = 30 * 24 * time.Hour

// queries reads the options that watch over queries.
func (s settings) queries(c *server.Config) (err error) {
	if c.QueryTimeout, err = s.duration("--query-timeout", time.Second); err != nil {
		return err
	}
	if c.QueryMemoryBytes, err = s.queryMemory(); err != nil {
		return err
	}
	if c.SlowQuery, err = s.duration("--slow-query-log", time.Millisecond); err != nil {
		return err
	}
	if c.ConnectionsPerUser, err = s.integer("--connections-per-user"); err != nil {
		return err
	}
	if c.ConnectionsPerUser < 0 {
		return refusef("ERROR: connections-per-user should be a number that is not negative, got '%s'", s.one("--connections-per-user"))
	}
	if c.Scripts, err = system.ParseScripts(s.one("--javascript")); err != nil {
		return refusef("Option '--javascript' is not valid: %s.", err)
	}
	return s.history(c)
}

// maxHistoryAge bounds --changefeed-history-age.
const maxHistoryAge = 365 * 24 * time.Hour

// history reads how much is kept for feeds that come back.
func (s settings) history(c *server.Config) error {
	if !s.has("--changefeed-history-size") {
		return nil // a proxy has no tables
	}
	size, err := strconv.ParseUint(s.one("--changefeed-history-size"), 10, 63)
	if err != nil || size > maxCacheMegabytes {
		return refusef("ERROR: changefeed-history-size should be a number from 0 to %d, got '%s'", maxCacheMegabytes, s.one("--changefeed-history-size")).
			hint("The number is in megabytes.")
	}
	age, err := strconv.ParseUint(s.one("--changefeed-history-age"), 10, 63)
	if err != nil || age == 0 || age > uint64(maxHistoryAge/time.Second) {
		return refusef("ERROR: changefeed-history-age should be a number from 1 to %d, got '%s'", maxHistoryAge/time.Second, s.one("--changefeed-history-age")).
			hint("The number is in seconds.")
	}
	c.HistoryBytes, c.HistoryAge = int64(size)<<20, time.Duration(age)*time.Second
	return nil
}

// queryMemory is the memory for one query in bytes, 0 for the default.
func (s settings) queryMemory() (int64, error) {
	if !s.has("--query-memory") {
		return 0, nil
	}
	text := s.one("--query-memory")
	megabytes, err := strconv.ParseUint(text, 10, 63)
	if err != nil || megabytes == 0 || megabytes > maxCacheMegabytes {
		return 0, refusef("ERROR: query-memory should be a number from 1 to %d, got '%s'", maxCacheMegabytes, text).hint("The number is in megabytes.")
	}
	return int64(megabytes) << 20, nil
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
