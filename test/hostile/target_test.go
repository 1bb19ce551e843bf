//go:build hostile

package hostile

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

const (
	// maxLatency is what one small read or write of the bystander may take at worst, with a sync to disk in it. Two cores and a
	// neighbour that collects a gigabyte of garbage are allowed for; a server that is stuck is not.
	maxLatency = 3 * time.Second
	// maxUsualLatency is what 99 of 100 of them may take.
	maxUsualLatency = 300 * time.Millisecond
	// maxResident bounds the server's memory during all of the attacks. With this cache queries get resource errors when the
	// heap is over 2,300 MB.
	maxResident = 2900 << 20
	// killResident ends a server that would take the machine with it.
	killResident = 3600 << 20
	// settleTime is how long what an attack leaves behind may take to vanish.
	settleTime = 15 * time.Second

	sampleInterval    = 10 * time.Millisecond
	bystanderInterval = 5 * time.Millisecond
)

// target is a server under attack, and those who watch it.
type target struct {
	*harness.Server
	web   string // address of the web port
	debug string // address of the profiler

	peak    atomic.Int64 // resident bytes, the most since the attack began
	slowest atomic.Int64 // latency of the bystander in nanoseconds, the most since the attack began

	gone atomic.Bool // the server has ended

	stop     chan struct{}
	watchers sync.WaitGroup

	// Owned by the bystander, read after it has ended.
	latencies []time.Duration
	written   int

	report []string
}

// begin starts a server and its watchers.
func begin(t *testing.T) *target {
	t.Helper()
	debug := freeAddress(t)
	s := &target{
		Server: harness.Start(t, "", "--cache-size", "64", "--debug-address", debug, "--core-dumps"), // whose open files are counted
		debug:  debug, stop: make(chan struct{}),
	}
	s.web = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.WebPort))
	c := s.dial(t)
	if _, err := c.Run(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "bystander")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "victim")); err != nil {
		t.Fatal(err)
	}
	s.watchers.Go(func() { s.sample(t) })
	s.watchers.Go(func() { s.bystander(t, c) })
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *target) dial(t *testing.T) *harness.Conn {
	t.Helper()
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// sample keeps the peak of the server's memory.
func (s *target) sample(t *testing.T) {
	for {
		resident, err := s.resident()
		if err != nil {
			s.gone.Store(true)
			t.Errorf("the server's memory: %v", err)
			return
		}
		s.peak.Store(max(s.peak.Load(), resident))
		if resident > killResident {
			s.gone.Store(true)
			t.Errorf("the server grew to %d MB and is killed before the machine suffers", resident>>20)
			if err := s.Kill(); err != nil {
				t.Error(err)
			}
			return
		}
		select {
		case <-time.After(sampleInterval):
		case <-s.stop:
			return
		}
	}
}

func (s *target) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("no VmRSS: the server has ended\n%s", s.Output())
	}
	kilobytes, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kilobytes << 10, err
}

// bystander writes a row with hard durability, reads it again, and so on.
func (s *target) bystander(t *testing.T, c *harness.Conn) {
	table := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "bystander")
	for {
		for _, term := range []any{
			harness.TermOpt(harness.Insert, map[string]any{"durability": "hard"}, table, map[string]any{"id": s.written, "text": "small"}),
			harness.Term(harness.Get, table, s.written),
		} {
			began := time.Now()
			if err := c.SetDeadline(began.Add(patience)); err != nil {
				t.Error(err)
				return
			}
			var answer struct {
				Inserted int    `json:"inserted"`
				Text     string `json:"text"`
			}
			if err := c.One(term, &answer); err != nil {
				t.Errorf("a bystander was answered: %v", err)
				return
			}
			if answer.Inserted != 1 && answer.Text != "small" {
				t.Errorf("a bystander's row was %+v", answer)
				return
			}
			took := time.Since(began)
			s.latencies = append(s.latencies, took)
			s.slowest.Store(max(s.slowest.Load(), int64(took)))
		}
		s.written++
		select {
		case <-time.After(bystanderInterval):
		case <-s.stop:
			return
		}
	}
}

// attack runs one attack, and then looks at what the watchers have seen.
func (s *target) attack(t *testing.T, name string, run func(t *testing.T)) {
	if s.gone.Load() {
		return // the test has failed already
	}
	t.Run(name, func(t *testing.T) {
		s.peak.Store(0)
		s.slowest.Store(0)
		began := time.Now()
		run(t)
		took, slowest := time.Since(began), time.Duration(s.slowest.Load())
		resident, err := s.resident()
		if err != nil {
			t.Fatal(err)
		}
		peak := max(s.peak.Load(), resident)
		s.report = append(s.report, fmt.Sprintf("%6d ms  %5d MB  %5d ms  %s", took.Milliseconds(), peak>>20, slowest.Milliseconds(), t.Name()))
		if slowest > maxLatency {
			t.Errorf("a bystander waited %v", slowest)
		}
		if peak > maxResident {
			t.Errorf("the server grew to %d MB", peak>>20)
		}
	})
}

// goroutines is the number of goroutines of the server.
func (s *target) goroutines(t *testing.T) (n int, stacks string) {
	t.Helper()
	response, err := http.Get("http://" + s.debug + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(text), "goroutine profile: total %d", &n); err != nil {
		t.Fatalf("the profiler answered %.100q: %v", text, err)
	}
	return n, string(text)
}

// files is the number of open file descriptors of the server.
func (s *target) files(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	sockets := 0
	for _, e := range entries { // the store opens and closes files as it likes
		if name, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(s.Pid()), "fd", e.Name())); err == nil && strings.HasPrefix(name, "socket:") {
			sockets++
		}
	}
	return sockets
}

// eventually waits until a condition holds.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !holds(); {
		if time.Now().After(end) {
			t.Errorf("after %v still not: %s", within, what)
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

// end stops the watchers and checks that all that the bystander wrote is there, also after a crash.
func (s *target) end(t *testing.T) {
	t.Helper()
	close(s.stop)
	s.watchers.Wait()
	if s.gone.Load() {
		t.Log(strings.Join(s.report, "\n"))
		return
	}
	table := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "bystander")
	check := func(server *harness.Server, when string) {
		c, err := harness.Dial(server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		rows, err := c.Run(table)
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]bool, s.written)
		for _, row := range rows {
			var r struct{ ID int }
			if err := json.Unmarshal(row, &r); err != nil {
				t.Fatal(err)
			}
			if r.ID >= s.written || seen[r.ID] {
				t.Errorf("%s there is a row %d that was not written", when, r.ID)
				continue
			}
			seen[r.ID] = true
		}
		if lost := slices.Index(seen, false); lost >= 0 {
			t.Errorf("%s row %d of %d is lost", when, lost, s.written)
		}
	}
	check(s.Server, "after the attacks")
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	check(harness.Start(t, s.Dir), "after a crash")
	slices.Sort(s.latencies)
	at := func(quantile float64) time.Duration { return s.latencies[int(quantile*float64(len(s.latencies)-1))] }
	if at(0.99) > maxUsualLatency {
		t.Errorf("one in a hundred of the bystander's requests took %v", at(0.99))
	}
	t.Logf("took, most memory and slowest bystander of each attack:\n%s", strings.Join(s.report, "\n"))
	t.Logf("the bystander wrote and read %d rows; latency: median %v, 99%% %v, 99.9%% %v, at most %v",
		s.written, at(0.5), at(0.99), at(0.999), at(1))
}
