//go:build cluster

package cluster

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rethinkdb/test/harness"
)

// startProxy starts a proxy of a server's cluster.
func startProxy(s *server, words ...string) *server {
	s.t.Helper()
	p := harness.StartProxy(s.t, append([]string{"--join", s.clusterAddr()}, words...)...)
	return &server{Server: p, t: s.t, name: "proxy", driverPort: p.DriverPort, port: p.ClusterPort}
}

// A proxy serves a whole cluster. Servers come and go beneath it.
func TestProxy(t *testing.T) {
	all := start(t, "a", "b", "c")
	p := startProxy(all[1])
	p.await("the servers, of which it is none", allServers, "3")
	p.createTable("t", 3)
	p.answer(harness.Term(harness.Insert, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "users"), map[string]any{"id": "bob", "password": "secret"}))
	all[2].await("the user", harness.Term(harness.Count, harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "users")), "2")

	w := watcher{t: t, table: "t", seen: map[string]int{}}
	began, fed := make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(began) })
	go func() {
		fed <- w.follow(p, func() bool { // is called first when the feed tells its state
			begin()
			return w.seen["one"] > 0 && w.seen["two"] > 0
		})
		begin()
	}()
	<-began
	p.answer(harness.Term(harness.Insert, table("t"), map[string]any{"id": "one"}))
	all[0].answer(harness.Term(harness.Insert, table("t"), map[string]any{"id": "two"}))
	if err := <-fed; err != nil {
		t.Fatal(err)
	}

	// It writes through every failover, and finds the servers again that were away, be it the one that has told it of the metadata.
	writes := startInserts(t, "t", 4, p)
	writes.mayHave("one")
	writes.mayHave("two")
	for _, victim := range all {
		writes.progress(100)
		victim.kill()
		writes.progress(100)
		victim.start()
		p.says(`Connected to server "` + victim.name + `"`)
		p.awaitServers("proxy", "a", "b", "c")
		p.awaitReplicas("t")
	}
	p.answer(harness.Term(harness.DBCreate, "made_at_the_proxy"))
	writes.check(all...)

	// Who is called proxy appears with the servers' connections, and not with the servers.
	another := startProxy(all[0])
	another.await("the new database", harness.Term(harness.Count, harness.Term(harness.DBList)), "3")
	p.kill()
	all[0].says("Disconnected from proxy proxy-")
	another.await("what the other one has written", harness.Term(harness.Bracket, harness.Term(harness.Get, table("t"), "one"), "id"), `"one"`)
}

// A proxy divides tables among servers, and reads and writes their rows wherever these are.
func TestProxyDividesTables(t *testing.T) {
	all := start(t, "a", "b", "c")
	p := startProxy(all[0])
	p.await("the servers", allServers, "3")
	p.createTable("t", 1)
	var rows []any
	for i := range 200 {
		rows = append(rows, map[string]any{"id": i})
	}
	for n, shards := range []int{3, 1, 4} {
		p.answer(harness.TermOpt(termReconfigure, map[string]any{"shards": shards, "replicas": 2}, table("t")))
		p.awaitReplicas("t")
		p.answer(harness.Term(harness.Insert, table("t"), harness.Term(harness.MakeArray, rows[50*n:50*(n+1)]...)))
		for _, s := range []*server{p, all[0], all[1], all[2]} {
			s.await("the rows", harness.Term(harness.Count, table("t")), strconv.Itoa(50*(n+1)))
		}
	}
}

// A token is enough for a proxy to be connected with all servers of a cluster that takes nobody without a proof, also after these have been started again.
func TestProxyByToken(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []*server
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, newServer(t, name, "--cluster-secret-file", secret))
	}
	startTogether(all)
	token, ok := all[1].admin("make", "join-token")
	if !ok {
		t.Fatal(token)
	}
	p := startProxy(all[1], "--join-token", strings.TrimSpace(token))
	p.awaitServers("proxy", "a", "b", "c")
	p.createTable("t", 3)
	for _, victim := range all {
		victim.kill()
		victim.start()
		p.awaitServers("proxy", "a", "b", "c")
	}
	p.answer(harness.Term(harness.Insert, table("t"), map[string]any{"id": 1}))
}
