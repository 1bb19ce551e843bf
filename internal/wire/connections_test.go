package wire_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/wire"
)

func TestConnectionsBeyondTheLimitAreClosed(t *testing.T) {
	s := start(t, func(o *wire.Options) { o.MaxConnections = 2 })
	first := connect(t, s.addr)
	connect(t, s.addr)
	for range 3 {
		if n, err := dial(t, s.addr).Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // as Read returns it
			t.Errorf("a connection beyond the limit got %d bytes, %v", n, err)
		}
	}
	if got := strings.Count(s.log.String(), "limit of open files"); got != 1 {
		t.Errorf("the log tells of it %d times", got)
	}
	first.Close()
	for end := time.Now().Add(patience); s.Connections() == 2; {
		if time.Now().After(end) {
			t.Fatal("the connection is still there")
		}
		<-time.After(time.Millisecond)
	}
	connect(t, s.addr)
}
