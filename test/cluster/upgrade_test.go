//go:build cluster

package cluster

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"rethinkdb/test/harness"
)

// The servers of a cluster are brought up to date one after the other, while clients write. What comes with the newer program is not used until
// all have it; then the older one is not let in any more.
func TestRollingUpgrade(t *testing.T) {
	newer := harness.Build(t, "rethinkdb/internal/server.build=newer", "rethinkdb/internal/catalog.knownLevel=3")
	const raised = "All servers know the features of level 3 now"
	all := start(t, "a", "b", "c")
	all[0].createTable("t", 3)
	writes := startInserts(t, "t", 4, all...)
	for i, s := range all {
		writes.progress(100)
		if err := s.Stop(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		writes.progress(100)
		s.program = newer
		s.start()
		s.await("all servers", allServers, "3")
		s.awaitReplicas("t")
		if i == 0 { // a new server of the newer program joins those of the older one
			d := newServer(t, "d", "--join", all[1].clusterAddr())
			d.program = newer
			d.start()
			d.await("all servers", allServers, "4")
			d.kill()
			all[1].eventually("removes d, which is gone", func() bool {
				_, removed := all[1].admin("rm", "machine", "d")
				return removed
			})
		}
		if i < 2 {
			for _, other := range all {
				if strings.Contains(other.Output(), raised) {
					t.Fatalf("%s uses what %s does not know", other.name, all[2].name)
				}
			}
		}
	}
	writes.progress(100)
	all[0].eventually("hears of the new level", func() bool {
		for _, s := range all {
			if strings.Contains(s.Output(), raised) {
				return true
			}
		}
		return false
	})
	writes.check(all...)

	old := newServer(t, "e", "--join", all[0].clusterAddr())
	old.start()
	old.says("The cluster is at level 3 of the program's features, and the server knows those up to level 2.")
	b := all[1]
	if err := b.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), harness.Binary(t), "--directory", b.dir, "--driver-port", "0", "--http-port", "0", "--cluster-port", "0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "it is at level 3 of the program's features, and this program knows those up to level 2: use a newer version of the program.") {
		t.Errorf("the older program opens the directory: %v\n%s", err, out)
	}
}
