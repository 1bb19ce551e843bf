package exec

import (
	"sync"
	"time"

	"rethinkdb/internal/watchdog"
)

// lookout looks after feeds on other servers: which one has frozen cannot be told by its connection for a while. It has a timer only while there
// are such feeds.
type lookout struct {
	mu    sync.Mutex // guards what follows; taken alone
	feeds map[*remoteFeed]struct{}
	timer *time.Timer // runs while there are feeds
}

func (l *lookout) add(f *remoteFeed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.feeds == nil {
		l.feeds = map[*remoteFeed]struct{}{}
	}
	l.feeds[f] = struct{}{}
	if l.timer == nil {
		l.timer = time.AfterFunc(watchdog.Interval, l.look)
	}
}

func (l *lookout) remove(f *remoteFeed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.feeds, f)
	if len(l.feeds) == 0 && l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
}

// look looks at all feeds.
func (l *lookout) look() {
	l.mu.Lock()
	feeds := make([]*remoteFeed, 0, len(l.feeds))
	for f := range l.feeds {
		feeds = append(feeds, f)
	}
	l.mu.Unlock()
	for _, f := range feeds {
		f.look()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Reset(watchdog.Interval)
	}
}
