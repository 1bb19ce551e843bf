//go:build cluster

package cluster

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

const (
	volumeMegabytes = 224
	almostFull      = 1 << 20
	maxComplaints   = 30 // in the log of a server: of a few kinds of errors, once a minute each
)

// startOn starts servers on volumes of their own.
func startOn(t *testing.T, volumes []*volume, names ...string) []*server {
	t.Helper()
	var list []*server
	for i, name := range names {
		s := newServer(t, name, "--cache-size", "32")
		s.dir = volumes[i].data()
		list = append(list, s)
	}
	startTogether(list)
	return list
}

// A diskFault is something that happens to the disk of one server while the others are to go on.
type diskFault struct {
	name  string
	begin func(writes *inserts, v *volume, s, other *server)
	end   func(v *volume, s *server)
}

// befall lets the fault happen to two of three servers, first to the one with the primary replicas, while clients write rows and registers. Nothing that was acknowledged is lost.
func (f *diskFault) befall(t *testing.T, volumes []*volume) (all []*server) {
	t.Helper()
	all = startOn(t, volumes, "a", "b", "c")
	all[0].createTable("t", 3)
	all[0].createTable("r", 3)
	writes, registers := startInserts(t, "t", 4, all...), startRegisters(t, "r", 4, all...)
	for i, v := range volumes[:2] {
		for _, name := range []string{"t", "r"} {
			all[2].placeTable(name, all[0], all[1], all[2])
		}
		writes.progress(100)
		began := time.Now()
		tally.fault(f.name)
		f.begin(writes, v, all[i], all[2])
		writes.progress(500)
		registers.progress(100)
		f.end(v, all[i])
		t.Logf("%s of %s: %v without an acknowledged write", f.name, all[i].name, writes.gap(began).Round(time.Millisecond))
		writes.progress(100)
	}
	registers.check()
	writes.check(all...)
	return all
}

// The disk of one server is full while writes go on. The others go on, and that one catches up by itself when there is room again.
func TestFullDisk(t *testing.T) {
	full := diskFault{
		name: "full-disk",
		begin: func(writes *inserts, v *volume, s, other *server) {
			v.fill(almostFull)
			_ = writes.insertLarge(other, s.name) // it may fail
			s.says("The disk is full.")
		},
		end: func(v *volume, s *server) {
			v.clear()
			s.says("The disk has space again.")
		},
	}
	all := full.befall(t, []*volume{newMemory(t, volumeMegabytes), newMemory(t, volumeMegabytes), newMemory(t, volumeMegabytes)})
	complainLittle(t, all)
}

// complainLittle fails if the logs tell of each write that has failed.
func complainLittle(t *testing.T, all []*server) {
	t.Helper()
	for _, m := range all {
		if lines := strings.Count(m.Output(), "a table failed to"); lines > maxComplaints {
			t.Errorf("%s complains %d times", m.name, lines)
		}
	}
}

// The disks of all servers are full. Nothing is acknowledged that is not there later, reads go on, and so do writes when there is room again.
func TestAllDisksFull(t *testing.T) {
	volumes := []*volume{newMemory(t, volumeMegabytes), newMemory(t, volumeMegabytes), newMemory(t, volumeMegabytes)}
	all := startOn(t, volumes, "a", "b", "c")
	all[0].createTable("t", 3)
	all[1].createTable("one", 1)
	writes, one := startInserts(t, "t", 4, all...), startInserts(t, "one", 2, all...)
	writes.progress(100)
	one.progress(100)
	tally.fault("full-disk")
	for _, v := range volumes {
		v.fill(almostFull)
	}
	var large, limited sync.WaitGroup
	large.Go(func() { _ = one.insertLarge(all[0], "large") })
	limited.Go(func() {
		if _, answered := errors.AsType[*harness.ReQLError](writes.insertLarge(all[0], "large")); !answered {
			t.Errorf("a write on its way to full disks is not answered when its time is over")
		}
	})
	writes.awaitRefusal("no space left on device", "isn't connected to a quorum") // the second one if the last disk is not full yet
	one.awaitRefusal("no space left on device")
	for _, m := range all {
		writes.rows(m, "single")
		one.rows(m, "single")
	}
	limited.Wait()
	for _, v := range volumes {
		v.clear()
	}
	large.Wait()
	writes.progress(100)
	one.progress(100)
	writes.check(all...)
	one.check(all...)
	complainLittle(t, all)
}

// The disk of a server fails all syncs from one moment on, and forgets what it had not synced. The others go on. When the machine is started again, the
// server comes back with what it had acknowledged.
func TestFailingSync(t *testing.T) {
	failing := diskFault{
		name:  "failing-sync",
		begin: func(_ *inserts, v *volume, _, _ *server) { v.cutPower() },
		end:   restartOn,
	}
	failing.befall(t, []*volume{newDisk(t, volumeMegabytes), newDisk(t, volumeMegabytes), newDisk(t, volumeMegabytes)})
}

// restartOn repairs a volume and starts its server again.
func restartOn(v *volume, s *server) {
	s.t.Helper()
	s.kill()
	v.repair()
	s.start()
}

// The power of all servers fails at once, and their disks keep only what was synced. What was acknowledged is there when they are back.
func TestPowerCut(t *testing.T) {
	volumes := []*volume{newDisk(t, volumeMegabytes), newDisk(t, volumeMegabytes), newDisk(t, volumeMegabytes)}
	all := startOn(t, volumes, "a", "b", "c")
	all[0].createTable("t", 3)
	all[1].createTable("one", 1)
	writes, one := startInserts(t, "t", 6, all...), startInserts(t, "one", 3, all...)
	for range 2 * *long {
		writes.progress(200)
		one.progress(100)
		tally.fault("power-cut")
		// The servers lose their power first. Otherwise they hear of syncs that were on their way and have failed: ext4 says that such ones have succeeded.
		for _, s := range all {
			s.freeze()
		}
		for _, v := range volumes {
			v.cutPower()
		}
		for i, v := range volumes {
			restartOn(v, all[i])
		}
	}
	writes.progress(100)
	one.progress(100)
	writes.check(all...)
	one.check(all...)
}
