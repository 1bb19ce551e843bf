package session_test

import (
	"maps"
	"testing"

	"rethinkdb/internal/access"
	"rethinkdb/internal/session"
)

func TestCensus(t *testing.T) {
	f := start(t, func(o *session.Options) { o.Client.Port = access.Web })
	f.send(1, "[1,[173,[10]]]")
	f.expect(1, firstFour)
	f.send(2, `[1,"feed"]`)
	f.expect(2, opened)
	f.send(3, `[1,"feed"]`)
	f.expect(3, opened)
	f.send(3, "[2]") // one feed waits for its client, and one for news
	f.send(4, `[1,"block"]`)
	want := session.Census{Clients: map[access.Port]int{access.Web: 1}, Active: 1, Queries: 1, Cursors: 1, Feeds: 2}
	f.eventually("everything is counted", func() bool {
		got := f.manager.Census()
		return maps.Equal(got.Clients, want.Clients) && got.Active == want.Active && got.Queries == want.Queries && got.Cursors == want.Cursors && got.Feeds == want.Feeds
	})
}
