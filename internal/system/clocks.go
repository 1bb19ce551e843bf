package system

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// maxSkew is how far clocks may be apart. Nothing that keeps data safe depends on them, but r.now() and the end of documents with a time to live do,
// which is told in seconds; and so does whoever compares the logs of servers.
const maxSkew = time.Second

// clockSkew are the servers whose clocks differ from this one's. A clock was read at some moment between question and answer, so that half of that
// time is forgiven.
func (s *System) clockSkew(ctx context.Context, f Format) []Issue {
	snap := s.catalog.Snapshot()
	to := s.others(snap)
	if len(to) == 0 || s.proxy {
		return nil
	}
	asked := time.Now()
	own := s.now()
	var issues []Issue
	for _, a := range s.ask(ctx, to, request{Kind: askClock}) {
		var nanoseconds int64
		if a.err != nil || json.Unmarshal(a.text, &nanoseconds) != nil {
			continue // it is missing, or of an older program
		}
		took := a.at.Sub(asked)
		if ahead := time.Unix(0, nanoseconds).Sub(own.Add(took / 2)); ahead.Abs()-took/2 > maxSkew {
			issues = append(issues, clockIssue(snap, f, a.from, ahead))
		}
	}
	return issues
}

func clockIssue(snap *catalog.Snapshot, f Format, other catalog.ServerID, ahead time.Duration) Issue {
	self := snap.Server().ID
	first, second := self, other // in an order that is the same wherever it is asked for
	if second < first {
		first, second, ahead = second, first, -ahead
	}
	seconds := math.Round(ahead.Seconds()) // which stay the same for who follows the table
	order := "ahead of"
	if ahead < 0 {
		order = "behind"
	}
	name := func(id catalog.ServerID) string { return Names.server(snap, id).AsString() }
	return Issue{
		Type: "clock_skew",
		Description: fmt.Sprintf("The clock of server `%s` is about %v s %s that of server `%s`. The time that queries see, and when documents expire, depends on the server that they come to. "+
			"Have the clocks of all servers set by NTP.", name(second), math.Abs(seconds), order, name(first)),
		Subject: string(first) + string(second),
		Info:    object(field("servers", f.servers(snap, []catalog.ServerID{first, second})), field("seconds", datum.Number(seconds))),
	}
}
