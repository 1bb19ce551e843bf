package replication

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/storage"
)

// One row of 1 KB for each command, all hard, on the disk of $TMPDIR. Compare with BenchmarkSync, which is what the disk can do.
func BenchmarkCommit(b *testing.B) {
	for _, replicas := range []int{0, 1, 3} {
		for _, proposers := range []int{1, 16, 256} {
			name := fmt.Sprintf("Raft%d/%d", replicas, proposers)
			if replicas == 0 {
				name = fmt.Sprintf("Single/%d", proposers)
			}
			b.Run(name, func(b *testing.B) {
				g, store := benchGroup(b, replicas)
				benchCommit(b, g, store, proposers)
			})
		}
	}
}

func benchGroup(b *testing.B, replicas int) (Group, *storage.Store) {
	dir := b.TempDir() // made first, so that it is removed when the servers have stopped
	c := &cluster{network: newNetwork(b), id: 7, machines: make(map[ServerID]*silent)}
	if replicas == 0 {
		p := c.startIn("s1", dir, storage.Options{})
		g, err := Create(b.Context(), p.store, c.id)
		if err != nil {
			b.Fatal(err)
		}
		return g, p.store
	}
	var want []Member
	for i := range replicas {
		s := ServerID(fmt.Sprint("s", i))
		c.startIn(s, filepath.Join(dir, string(s)), storage.Options{})
		want = append(want, Member{Server: s, Voter: true})
	}
	c.found(want)
	g := c.leader()
	return g, g.store
}

func benchCommit(b *testing.B, g Group, store *storage.Store, proposers int) {
	value := make([]byte, 1024)
	epoch, err := g.Epoch()
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime()
	for range proposers {
		wg.Go(func() {
			batch := store.NewBatch()
			defer batch.Close()
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				batch.Reset()
				batch.Set(rowKey(7, fmt.Sprintf("%016d", i)), value)
				index, err := g.Commit(context.Background(), &Command{Batch: batch, Rows: 1, Epoch: epoch})
				if err == nil {
					err = g.WaitDurable(context.Background(), index)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(b.N), "cpu-µs/op") // steadier on a busy machine
}

// BenchmarkSync appends 1 KB to a file and syncs it.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	value := make([]byte, 1024)
	for b.Loop() {
		if _, err := f.Write(value); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
}
