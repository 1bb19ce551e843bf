package web

import (
	"errors"
	"testing"
)

// Health is told without a log-in, and by any name; what the server says of itself is the rest of it.
func TestHealth(t *testing.T) {
	f := withPasswords(t)
	expect := func(path string, code int, text string) {
		t.Helper()
		if w := f.get(path); w.Code != code || w.Body.String() != text {
			t.Errorf("%s: %d %s, want %d %s", path, w.Code, w.Body, code, text)
		}
	}
	expect("/health/live", 200, `{"status":"ok"}`)
	expect("/health/ready", 200, `{"status":"ok"}`)
	expect("/health", 403, "")
	f.unready = errors.New("the disk is full")
	expect("/health/live", 200, `{"status":"ok"}`)
	expect("/health/ready", 503, `{"status":"unavailable","reason":"the disk is full"}`)
	f.expect("POST", "/health/live", "", 405, "", "")
}

func TestHealthUnderAnyName(t *testing.T) {
	f := protected(t)
	f.expectVisit(visit{from: "192.168.1.2", path: "/health/live", host: "balancer.example"}, 200, "ok")
	f.expectVisit(visit{from: "192.168.1.2", host: "balancer.example"}, 403, "--http-host")
	f.expectVisit(visit{from: "203.0.113.7", path: "/health/live"}, 403, "no password yet")
}
