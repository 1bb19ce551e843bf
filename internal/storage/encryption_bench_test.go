package storage

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// BenchmarkEncryption compares an encrypted store with a plain one: loading it, and reading rows that hardly any cache has, or that
// are all in it. Run it with -count to have both in turn.
func BenchmarkEncryption(b *testing.B) {
	const rows = 50_000
	r := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 1000)
	for i := range value {
		value[i] = byte(r.IntN(64))
	}
	key := func(i int) []byte { // neighbours are anywhere
		return binary.BigEndian.AppendUint64(AppendPrefix(nil, 1, KindRow), uint64(i)*0x9E3779B97F4A7C15)
	}
	load := func(b *testing.B, s *Store) {
		batch := s.NewBatch()
		defer batch.Close()
		for i := range rows {
			binary.BigEndian.PutUint64(value, r.Uint64())
			batch.Set(key(i), slices.Clone(value))
			if i%200 == 199 {
				if err := s.Commit(context.Background(), batch, true); err != nil {
					b.Fatal(err)
				}
				batch.Reset()
			}
		}
	}
	ways := []struct {
		name string
		e    Encryption
	}{{"plain", Encryption{}}, {"encrypted", Encryption{Key: newKey(b)}}}
	for _, way := range ways {
		b.Run("load/"+way.name, func(b *testing.B) {
			for b.Loop() {
				s := open(b, b.TempDir(), Options{CacheBytes: 64 << 20, Encryption: way.e})
				load(b, s)
				closeStore(b, s)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
	}
	for name, cacheBytes := range map[string]int64{"cold": minCacheBytes, "hot": 256 << 20} {
		for _, way := range ways {
			s := open(b, b.TempDir(), Options{CacheBytes: cacheBytes, Encryption: way.e})
			load(b, s)
			lower, upper := KindRange(1, KindRow)
			if err := s.db.Compact(context.Background(), lower, upper, true); err != nil {
				b.Fatal(err)
			}
			b.Run("read/"+name+"/"+way.name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, found, err := s.PeekRow(key(i % rows)); err != nil || !found {
						b.Fatal(found, err)
					}
				}
			})
			closeStore(b, s)
		}
	}
}
