//go:build cluster

package cluster

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tally counts what the suite has done.
var tally = &summary{faults: map[string]int{}}

type summary struct {
	mu         sync.Mutex // guards what follows
	histories  int
	operations int
	unchecked  int // histories that could not be checked in time
	anomalies  int
	faults     map[string]int
}

// history counts what clients have done to a table, and what is wrong with that.
func (s *summary) history(operations, anomalies int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.histories++
	s.operations += operations
	s.anomalies += anomalies
}

// undecided counts a history that is too hard to check.
func (s *summary) undecided(operations int) {
	s.history(operations, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unchecked++
}

// fault counts a fault by its first word.
func (s *summary) fault(what string) {
	kind, _, _ := strings.Cut(what, " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[kind]++
}

func (s *summary) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var faults []string
	for _, kind := range slices.Sorted(maps.Keys(s.faults)) {
		faults = append(faults, fmt.Sprintf("%s %d", kind, s.faults[kind]))
	}
	return fmt.Sprintf("%d histories of %d operations; %s; %d histories undecided, %d anomalies",
		s.histories, s.operations, strings.Join(faults, ", "), s.unchecked, s.anomalies)
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	fmt.Println("summary:", tally)
	os.Exit(code)
}
