//go:build security

package security

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

const slowedDown = "Too many wrong passwords for this user from your address. Try again in "

// Who guesses passwords is slowed down, on each way to log in. Everybody else logs in as ever, and so does a guesser who waits.
func TestGuessing(t *testing.T) {
	makeNetwork(t)
	s := startServer(t, "--bind", "all", "--initial-password", password, "--protected-mode", "off")
	early, err := private4.dial(s.DriverPort)
	if err != nil {
		t.Fatal(err)
	}
	connected, err := harness.GiveKey(early, harness.V04, password)
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	for _, way := range []struct {
		name  string
		from  peer
		guess func(v visitor) (string, error)
	}{
		{"driver", private4, func(v visitor) (string, error) { _, text, err := v.driver(s); return text, err }},
		{"web", public4, func(v visitor) (string, error) { _, text, err := v.web(s); return text, err }},
		{"rethinkdb admin", private6, func(v visitor) (string, error) { return v.admin(t, s), nil }},
	} {
		text, tries := "", 0
		// Six, unless the machine stands still for longer than the pauses last.
		for ; tries < 20 && !strings.Contains(text, slowedDown); tries++ {
			if text, err = way.guess(visitor{way.from, "wrong"}); err != nil {
				t.Fatal(err)
			}
		}
		if tries == 20 || tries < 6 {
			t.Errorf("%s: after %d guesses: %s", way.name, tries, text)
		}
	}
	for _, p := range []peer{loopback, public6} {
		expect(t, s, visitor{p, password}, [3]outcome{in, in, in})
	}
	if _, err := connected.Run(1); err != nil {
		t.Errorf("who had logged in before: %v", err)
	}
	for got := outcome(""); got != in; { // the pause is short; the suite's own deadline bounds this
		if got, _, err = (visitor{private4, password}).driver(s); err != nil {
			t.Fatal(err)
		}
	}
}

// admin runs `rethinkdb admin`, which prints why it is refused.
func (v visitor) admin(t *testing.T, s *harness.Server) string {
	t.Helper()
	join := net.JoinHostPort(v.to, strconv.Itoa(s.ClusterPort))
	words := v.host.Words("env", "RETHINKDB_PASSWORD="+v.password, harness.Binary(t), "admin", "--join", join, "ls")
	out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput()
	if err == nil {
		t.Errorf("rethinkdb admin with password %q has succeeded:\n%s", v.password, out)
	}
	return string(out)
}
