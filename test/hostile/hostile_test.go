//go:build hostile

package hostile

import (
	"testing"
)

// TestHostileInput runs every attack on one server, one after the other.
func TestHostileInput(t *testing.T) {
	s := begin(t)
	login(t, s.Addr()).alive() // a first connection starts what then stays
	quiet, _ := s.goroutines(t)
	sockets := s.files(t)

	for _, group := range []struct {
		name string
		run  func(*testing.T, *target)
	}{
		{"handshakes", attackHandshakes},
		{"frames", attackFrames},
		{"cluster port", attackClusterPort},
		{"queries", attackQueries},
		{"nesting", attackNesting},
		{"large values", attackLargeValues},
		{"memory bombs", attackMemory},
		{"endless queries", attackEndless},
		{"tokens", attackTokens},
		{"readers", attackReaders},
		{"web port", attackWeb},
		{"floods", attackFloods},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, s) })
	}
	if s.gone.Load() {
		s.end(t)
		return
	}

	// A few goroutines may have started for good, such as those of a compaction; each client has at least one.
	const few = 10
	eventually(t, settleTime, "no goroutine of a client is left", func() bool {
		n, _ := s.goroutines(t)
		return n <= quiet+few
	})
	eventually(t, settleTime, "no socket of a client is left", func() bool { return s.files(t) <= sockets+few })
	if n, stacks := s.goroutines(t); n > quiet+few {
		t.Logf("%d goroutines in place of %d:\n%.20000s", n, quiet, stacks)
	}
	s.end(t)
}
