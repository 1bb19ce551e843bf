package replication

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// What 1,000 groups with three replicas cost when nothing happens: processor time and memory of each server. Three servers are in this process.
func BenchmarkIdle(b *testing.B) {
	const groups = 1000
	n := newNetwork(b)
	n.tick = defaultTick
	var want []Member
	for i := range 3 {
		s := ServerID(fmt.Sprint("s", i))
		n.startIn(s, b.TempDir(), storage.Options{})
		want = append(want, Member{Server: s, Voter: true})
	}
	before := heap()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for first := range 16 {
		wg.Go(func() {
			for id := first + 1; id <= groups; id += 16 {
				c := &cluster{network: n, id: storage.GroupID(id), machines: make(map[ServerID]*silent)}
				c.foundIn(ctx, []Member{want[id%3], want[(id+1)%3], want[(id+2)%3]})
			}
		})
	}
	wg.Wait()
	until(b, "nothing happens in any group", func() bool {
		for _, p := range n.all() {
			if all, awake := p.host.Replicas(); all != groups || awake > 0 {
				return false
			}
		}
		return true
	})
	b.ResetTimer()
	for b.Loop() {
		begin, at := processorTime(), time.Now()
		time.Sleep(3 * time.Second)
		b.ReportMetric(100*(processorTime()-begin).Seconds()/time.Since(at).Seconds()/3, "%core/server")
	}
	b.ReportMetric(float64(heap()-before)/3/(1<<20), "MB/server")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
