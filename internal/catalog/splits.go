package catalog

import (
	"encoding/binary"
	"math"

	"github.com/google/uuid"

	"rethinkdb/internal/datum"
)

// UUIDSplits returns the split points that divide random UUIDs evenly into n shards. New tables get them: nothing is
// known of their keys, and generated keys are UUIDs.
func UUIDSplits(n int) []string {
	splits := make([]string, 0, n-1)
	step := math.MaxUint64 / uint64(n)
	for i := 1; i < n; i++ {
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[:8], step*uint64(i))
		splits = append(splits, SplitKey(datum.String(id.String())))
	}
	return splits
}

// SplitKey returns the split point at a primary key.
func SplitKey(key datum.Value) string {
	b, err := datum.PrimaryKey(key)
	if err != nil {
		panic("catalog: split point at " + key.Print() + ", which cannot be a primary key: " + err.Error())
	}
	return string(b)
}

// FewerSplits returns the split points of n shards, evenly chosen from those of more shards.
func FewerSplits(splits []string, n int) []string {
	out := make([]string, 0, n-1)
	shards := len(splits) + 1
	for i := 1; i < n; i++ {
		out = append(out, splits[i*shards/n-1])
	}
	return out
}
