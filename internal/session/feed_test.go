package session_test

import (
	"strings"
	"testing"
)

const opened = `{"t":3,"r":[],"n":[1]}`

func TestAFeedAnswersWhenItHasSomething(t *testing.T) {
	f := start(t)
	f.send(1, `[1,"feed"]`)
	f.expect(1, opened)
	f.send(1, `[2]`)
	f.running(1)
	f.engine.Publish()
	f.expect(1, `{"t":3,"r":[1],"n":[1]}`)
	f.engine.Publish()
	f.engine.Publish()
	f.send(1, `[2]`) // there is something already
	f.expect(1, `{"t":3,"r":[2],"n":[1]}`)
	f.send(1, `[2]`)
	f.send(1, `[2]`) // waits for its turn
	f.engine.Publish()
	f.expect(1, `{"t":3,"r":[1],"n":[1]}`)
	f.engine.Publish()
	f.expect(1, `{"t":3,"r":[1],"n":[1]}`)
}

func TestStopAnswersAFeedThatWaits(t *testing.T) {
	f := start(t)
	f.send(1, `[1,"feed"]`)
	f.expect(1, opened)
	f.send(1, `[2]`)
	f.running(1)
	f.send(1, `[3]`)
	f.expect(1, sequence)
	f.expect(1, sequence)
	f.eventually("the feed is closed", func() bool { return f.engine.Cursors.Load() == 0 })
	f.engine.Publish()
	f.send(1, `[1,5]`) // the token is free
	f.expect(1, `{"t":1,"r":[5]}`)
}

func TestKillAnswersAFeedThatWaits(t *testing.T) {
	f := start(t)
	f.send(1, `[1,"feed"]`)
	f.expect(1, opened)
	f.send(1, `[2]`)
	f.running(1)
	if jobs := f.manager.Jobs(); len(jobs) != 1 || !f.manager.Kill(jobs[0].ID) {
		t.Fatal(jobs)
	}
	f.expect(1, `{"t":18,"e":4200000,"r":["Query terminated by the `+"`rethinkdb.jobs`"+` table."],"b":[]}`)
}

// Feeds of one client that are woken together are answered with few writes.
func TestFeedsOfAClientShareWrites(t *testing.T) {
	f := start(t)
	const feeds = 50
	for token := range int64(feeds) {
		f.send(token, `[1,"feed"]`)
		f.expect(token, opened)
		f.send(token, `[2]`)
	}
	f.running(feeds)
	f.engine.Publish()
	answered, writes := 0, 0
	for answered < feeds {
		answered += strings.Count(<-f.answers, `{"t":3,"r":[1],"n":[1]}`)
		writes++
	}
	if answered != feeds || writes > feeds {
		t.Errorf("%d answers in %d writes", answered, writes)
	}
}

const revoked = `{"t":18,"e":6000000,"r":["revoked"],"b":[]}`

// After a change of rights a feed that waits looks whether its client may still see it, and goes on waiting if so.
func TestRecheckAsksFeedsThatWait(t *testing.T) {
	f := start(t)
	f.send(1, `[1,"feed"]`)
	f.expect(1, opened)
	f.send(1, `[2]`)
	f.running(1)
	f.manager.Recheck("")
	f.engine.Publish()
	f.expect(1, `{"t":3,"r":[1],"n":[1]}`)
	f.send(1, `[2]`)
	f.running(1)
	f.engine.Revoked.Store(true)
	f.manager.Recheck("admin") // whose session it is
	f.send(2, `[1,5]`)
	f.expect(2, `{"t":1,"r":[5]}`)
	f.manager.Recheck("")
	f.expect(1, revoked)
	f.eventually("the feed is closed", func() bool { return f.engine.Cursors.Load() == 0 })
}

// No feed begins to wait with rights that have changed since it was last asked.
func TestRecheckBeforeAFeedWaits(t *testing.T) {
	f := start(t)
	f.send(1, `[1,"feed"]`)
	f.expect(1, opened)
	f.engine.Revoked.Store(true)
	f.manager.Recheck("")
	f.send(1, `[2]`)
	f.expect(1, revoked)
}
