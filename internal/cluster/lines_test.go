package cluster

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *lines) notice(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// count is how often the log has a text.
func (l *lines) count(text string) int { return strings.Count(l.String(), text) }
