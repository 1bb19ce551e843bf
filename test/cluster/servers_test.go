//go:build cluster

package cluster

import (
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// patience is for what takes as long as the machine wants.
const patience = time.Minute

// server is one of a cluster, which can be started again in its place.
type server struct {
	*harness.Server
	t          *testing.T
	name       string
	dir        string
	port       int          // of the cluster
	driverPort int          // 0 for another one at each start
	host       harness.Host // empty for this machine
	words      []string
	program    string // another build; empty for the one under test
}

// start starts servers, each of which joins the one before it.
func start(t *testing.T, names ...string) []*server {
	t.Helper()
	var list []*server
	for _, name := range names {
		list = append(list, newServer(t, name))
	}
	startTogether(list)
	return list
}

// startTogether starts servers on this machine, each of which joins the one before it.
func startTogether(list []*server) {
	var names []string
	for i, s := range list {
		s.t.Helper()
		if i > 0 {
			s.words = append(s.words, "--join", list[i-1].clusterAddr())
		}
		s.start()
		names = append(names, s.name)
	}
	for _, s := range list {
		s.awaitServers(names...)
	}
	awaitAll(list)
}

// awaitAll waits until all know all.
func awaitAll(list []*server) {
	for _, s := range list {
		s.t.Helper()
		s.await("all servers", allServers, strconv.Itoa(len(list)))
	}
}

// allServers counts the servers that a server knows.
var allServers = harness.Term(harness.Count, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "server_config"))

func newServer(t *testing.T, name string, words ...string) *server {
	t.Helper()
	return &server{t: t, name: name, dir: filepath.Join(t.TempDir(), name), port: freePort(t), driverPort: freePort(t), words: words}
}

// lastPort is the port that freePort has given last, or where it begins. Tests of this package do not run side by side.
var lastPort = 20_000 + time.Now().Nanosecond()%5_000

// freePort is one that stays free most probably: the system gives none from below 32768 to connections, and no other caller gets it.
func freePort(t *testing.T) int {
	t.Helper()
	for lastPort++; lastPort < 32_000; lastPort++ {
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(lastPort)); err == nil {
			l.Close()
			return lastPort
		}
	}
	t.Fatal("no port is free")
	return 0
}

func (s *server) start() {
	s.t.Helper()
	words := append([]string{"--driver-port", strconv.Itoa(s.driverPort), "--no-http-admin", "--cluster-port", strconv.Itoa(s.port), "--server-name", s.name}, s.words...)
	if s.program != "" {
		s.Server = harness.StartProgram(s.t, s.program, s.dir, words...)
		return
	}
	var by []string
	if s.host != "" {
		by = s.host.Words()
	}
	s.Server = harness.StartIn(s.t, by, s.dir, words...)
}

func (s *server) clusterAddr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// ask runs a term on the server, until it does what it should: a cluster needs a moment for everything.
func ask[A any](s *server, term any, want func(A) bool) A {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		var a A
		err := once(s, term, &a)
		if err == nil && want(a) {
			return a
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("server %s answers %v with %v, %v\n%s", s.name, term, a, err, s.Output())
		}
		time.Sleep(20 * time.Millisecond) // between attempts
	}
}

func once(s *server, term, answer any) error {
	c, err := harness.Dial(s.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	return c.One(term, answer)
}

// do runs a term that succeeds.
func (s *server) do(term any) {
	s.t.Helper()
	ask(s, term, func(any) bool { return true })
}

// awaitServers waits until the server is connected with those of these names and no others, as it says itself.
func (s *server) awaitServers(names ...string) {
	s.t.Helper()
	var last map[string]bool
	s.eventually("is connected with "+strings.Join(names, ", "), func() bool {
		last = map[string]bool{s.name: true}
		for line := range strings.Lines(s.Output()) {
			if name, ok := quoted(line, `Connected to server "`); ok {
				last[name] = true
			} else if name, ok := quoted(line, `Disconnected from server "`); ok {
				delete(last, name)
			}
		}
		want := map[string]bool{}
		for _, n := range names {
			want[n] = true
		}
		return maps.Equal(last, want)
	})
}

func quoted(line, before string) (string, bool) {
	rest, ok := strings.CutPrefix(line, before)
	name, _, _ := strings.Cut(rest, `"`)
	return name, ok
}

// eventually waits until something about the server holds.
func (s *server) eventually(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) { // between looks
		if time.Now().After(deadline) {
			s.t.Fatalf("server %s never %s\n%s", s.name, what, s.Output())
		}
	}
}

// others are the servers without one.
func others(servers []*server, without *server) []*server {
	var list []*server
	for _, s := range servers {
		if s != without {
			list = append(list, s)
		}
	}
	return list
}

// says waits until the server has printed a text.
func (s *server) says(text string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("says %q", text), func() bool { return strings.Contains(s.Output(), text) })
}
