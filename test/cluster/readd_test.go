//go:build cluster

package cluster

import (
	"os"
	"testing"
)

// A server loses its replicas, is stopped, and gets them again: with what its disk had, or as another one with an empty disk.
func TestRemovedAndAddedAgain(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	names := []string{"t", "r"}
	for _, name := range names {
		a.createTable(name, 3)
	}
	writes, registers := startInserts(t, "t", 4, a, b), startRegisters(t, "r", 4, a, b)
	assign := func(on ...*server) {
		for _, name := range names {
			a.assign(name, on...)
		}
	}
	placeAll := func(on ...*server) {
		for _, name := range names {
			a.placeTable(name, on...)
		}
		writes.progress(50)
	}
	for range *long {
		tally.fault("removal")
		placeAll(a, b)
		c.kill()
		writes.progress(50)
		c.start()
		placeAll(c, a, b)

		tally.fault("removal while it is down")
		c.kill()
		assign(a, b)
		writes.progress(50)
		c.start()
		assign(b, a, c) // maybe before it knows that it was removed
		placeAll(a, b, c)

		tally.fault("removal while it is added")
		placeAll(a)
		assign(a, b, c)
		c.kill()
		assign(a, b)
		c.start()
		placeAll(a, b, c)
	}

	tally.fault("loss of a disk")
	c.kill()
	if err := os.RemoveAll(c.dir); err != nil {
		t.Fatal(err)
	}
	c.name = "d" // the cluster still knows a c
	c.start()
	a.awaitServers("a", "b", "d")
	a.await("the new server", allServers, "3")
	placeAll(c, a, b)
	registers.check()
	writes.check(a, b, c)
}

// The number of shards changes under load, with an index, while a feed is read and servers are killed.
func TestNumberOfShards(t *testing.T) {
	all := start(t, "a", "b", "c")
	all[0].createTable("t", 3)
	all[0].createTable("r", 3)
	all[0].createIndex("t", "client")
	feed := startWatcher(t, "t", all...)
	writes, registers := startInserts(t, "t", 4, all...), startRegisters(t, "r", 4, all...)
	writes.progress(200)
	for round := range *long {
		for i, n := range []int{2, 8, 3, 1, 5, 4} {
			for _, name := range []string{"t", "r"} {
				all[i%3].reshard(name, n, 1+(i+round)%3)
			}
			tally.fault("resharding")
			victim := all[(i+round)%3]
			if i%2 == 1 {
				tally.fault("kill")
				victim.kill()
				victim.start()
			}
			for _, name := range []string{"t", "r"} {
				all[0].awaitReplicas(name)
			}
			writes.progress(50)
			registers.progress(50)
		}
	}
	registers.check()
	writes.check(all...)
	writes.checkIndex("client", all...)
	feed.check(writes.rows(all[0], "majority"))
	if feed.anew > 0 {
		t.Errorf("the feed had to begin anew %d times", feed.anew)
	}
}
