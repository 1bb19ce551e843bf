package storage

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// BenchmarkSearchRow looks for rows that the cache does not have, in a store whose rows are on the last level.
func BenchmarkSearchRow(b *testing.B) {
	s := open(b, b.TempDir(), Options{CacheBytes: 64 << 20})
	defer closeStore(b, s)
	const rows = 100_000
	r := rand.New(rand.NewPCG(1, 2))
	value := make([]byte, 1000)
	key := func(i int) []byte { // neighbours are anywhere
		return binary.BigEndian.AppendUint64(AppendPrefix(nil, 1, KindRow), uint64(i)*0x9E3779B97F4A7C15)
	}
	batch := s.NewBatch()
	defer batch.Close()
	for i := range rows {
		for j := range value {
			value[j] = byte(r.IntN(64))
		}
		batch.Set(key(i), value)
		if i%1000 == 999 {
			if err := s.Apply(batch); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
	lower, upper := KindRange(1, KindRow)
	if err := s.db.Compact(context.Background(), lower, upper, true); err != nil {
		b.Fatal(err)
	}
	for name, from := range map[string]int{"there": 0, "absent": rows} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, found, err := s.PeekRow(key(from + i%rows)); err != nil || found != (from == 0) {
					b.Fatal(found, err)
				}
			}
		})
	}
}
