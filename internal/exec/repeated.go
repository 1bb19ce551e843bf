package exec

import (
	"log/slog"
	"sync"
	"time"
)

// repeatedErrors writes errors into the log that come again and again, with each write for example for as long as a disk is full: the first one
// at once, once a minute how many more there were, and at last that there are none any more. A log that grew with the number of
// queries would fill the disk, and show nothing else.
type repeatedErrors struct {
	log *slog.Logger

	mu     sync.Mutex // guards what follows; taken alone
	closed bool
	going  map[failure]*repeatedError
}

// failure is what counts as the same error again.
type failure struct{ message, text string }

// repeatedError is one that has come in the last minute.
type repeatedError struct {
	timer       *time.Timer
	more, total int // since the last line, and since the first one
}

const (
	// repeatInterval is between two lines on the same error.
	repeatInterval = time.Minute
	// maxRepeated is how many errors are told apart; others count as one.
	maxRepeated = 64
)

func newRepeatedErrors(log *slog.Logger) *repeatedErrors {
	return &repeatedErrors{log: log, going: map[failure]*repeatedError{}}
}

// report logs an error, or counts it. attributes tell more of the first one.
func (r *repeatedErrors) report(message string, err error, attributes ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := failure{message, err.Error()}
	if len(r.going) >= maxRepeated && r.going[f] == nil {
		f.text = "other errors"
	}
	if e := r.going[f]; e != nil {
		e.more++
		e.total++
		return
	}
	if !r.closed {
		r.going[f] = &repeatedError{timer: time.AfterFunc(repeatInterval, func() { r.look(f) })}
	}
	r.log.Error(message, append([]any{"error", err}, attributes...)...)
}

// look tells what has become of an error in the last minute.
func (r *repeatedErrors) look(f failure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.going[f]
	if e == nil || r.closed {
		return
	}
	if e.more > 0 {
		r.log.Error(f.message+", again", "error", f.text, "times", e.more)
		e.more = 0
		e.timer.Reset(repeatInterval)
		return
	}
	delete(r.going, f)
	if e.total > 0 {
		r.log.Info(f.message+": not any more", "error", f.text, "times", e.total+1)
	}
}

// close ends what would be logged later.
func (r *repeatedErrors) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, e := range r.going {
		e.timer.Stop()
	}
	clear(r.going)
}
