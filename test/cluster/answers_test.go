//go:build cluster

package cluster

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"rethinkdb/test/harness"
)

// connect connects a client from the server's own machine. within bounds the handshake.
func (s *server) connect(within time.Duration) (*harness.Conn, error) {
	var conn net.Conn
	var err error
	if s.host != "" {
		conn, err = s.host.DialWithin(within, "127.0.0.1", "127.0.0.1", s.driverPort)
	} else {
		conn, err = net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.driverPort)), within)
	}
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	return harness.GiveKey(conn, harness.V04, "")
}

// try runs a term on a connection of its own, and returns its result as JSON.
func (s *server) try(term any) (string, error) {
	c, err := s.connect(patience)
	if err != nil {
		return "", err
	}
	rows, err := c.Run(term)
	if closed := c.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", err
	}
	parts := make([]string, len(rows))
	for i, r := range rows {
		parts[i] = string(r)
	}
	return strings.Join(parts, ","), nil
}

// within runs a term with a time limit.
func (s *server) within(limit time.Duration, term any) error {
	c, err := s.connect(patience)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Send([]any{1, term, map[string]any{"timeout": limit.Seconds()}}); err != nil {
		return err
	}
	_, r, err := c.Receive()
	if err == nil && r.Type >= harness.ClientError {
		err = &harness.ReQLError{Type: r.Type, Class: r.Class, Text: string(r.Result[0])}
	}
	return err
}

// answer runs a term, and ends the test if that fails.
func (s *server) answer(term any) string {
	s.t.Helper()
	answer, err := s.try(term)
	if err != nil {
		s.t.Fatalf("%s: %s: %v", s.name, show(term), err)
	}
	return answer
}

// await asks until the answer is what is wanted.
func (s *server) await(what string, term any, want string) {
	s.t.Helper()
	got, err := "", error(nil)
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(20 * time.Millisecond) { // before it is asked again
		if got, err = s.try(term); err == nil && got == want {
			return
		}
	}
	s.t.Fatalf("%s does not see %s: %s answers %s, %v", s.name, what, show(term), got, err)
}

// kill ends the process as a crash would.
func (s *server) kill() {
	s.t.Helper()
	if err := s.Kill(); err != nil {
		s.t.Fatal(err)
	}
}

// signal stops the process, or lets it go on.
func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(s.Pid(), sig); err != nil {
		s.t.Fatal(err)
	}
}

// freeze stops the process, and returns when none of its threads can do anything any more: one that is in a system call may end that, but no more.
func (s *server) freeze() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
	s.eventually("stops with all threads", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.Pid()))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err != nil {
				return false // it has ended
			}
			_, state, _ := strings.Cut(string(text), ") ")
			if !strings.HasPrefix(state, "T") && !strings.HasPrefix(state, "D") {
				return false
			}
		}
		return true
	})
}

func show(term any) string {
	text, err := json.Marshal(term)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
