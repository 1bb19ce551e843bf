package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestConnectionsBeyondTheLimitAreClosed(t *testing.T) {
	f := start(t, func(o *Options) { o.MaxConnections = 2 })
	addr := strings.TrimPrefix(f.url, "http://")
	dial := func() net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := dial()
	dial()
	for range 3 {
		if n, err := dial().Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a connection beyond the limit got %d bytes, %v", n, err)
		}
	}
	first.Close()
	for end := time.Now().Add(5 * time.Second); ; {
		code, _, _, err := f.do(t.Context(), http.MethodGet, "/", "")
		if err == nil && code == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no answer after a connection was closed: %d, %v", code, err)
		}
		<-time.After(10 * time.Millisecond)
	}
}
