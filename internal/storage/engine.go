package storage

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

const (
	defaultCacheBytes = 256 << 20
	minCacheBytes     = 16 << 20

	// Memtables live on the budget of the cache: Pebble takes each one it allocates away from the cache. An eighth each and
	// at most three of them leave more than half to blocks. Small memtables mean more flushes and compactions, large ones a
	// longer replay of the log at start; of 16, 32, 64 and 128 MB a load of 1 KB rows was fastest with 64. Each further
	// memtable makes every read of a row that is not there slower by a search in it.
	minMemtableBytes = 4 << 20
	maxMemtableBytes = 64 << 20
	maxMemtables     = 3
)

// separateBytes is the size of a row from which on it lies in a file for large rows.
const separateBytes = 128 << 10

func memtableBytes(cacheBytes int64) uint64 {
	return uint64(min(max(cacheBytes/8, minMemtableBytes), maxMemtableBytes))
}

// engineOptions are Pebble's options; each that differs from the default says why.
func (s *Store) engineOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          s.fs,
		Cache:                       s.cache,
		FormatMajorVersion:          pebble.FormatValueSeparation,
		MemTableSize:                memtableBytes(s.budget.bytes.Load()),
		MemTableStopWritesThreshold: maxMemtables,
		// Two cores are common. The second compaction only starts when level 0 or the debt grows.
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
		L0CompactionThreshold:      4,
		L0StopWritesThreshold:      24, // default 12 stalls a load in bursts
		LBaseMaxBytes:              64 << 20,
		// Start writing early what a sync would otherwise have to write at once.
		WALBytesPerSync: 512 << 10,
		BytesPerSync:    1 << 20,
		// Space of dropped tables comes back without waiting for other writes.
		FlushDelayDeleteRange: 10 * time.Second,
		Logger:                engineLogger{s},
		EventListener:         s.listener(),
	}
	for i := range o.Levels {
		// About 16 rows of 1 KB. 32 KB made scans from disk faster by a third and gets from disk twice as slow.
		o.Levels[i].BlockSize = 16 << 10
		o.Levels[i].IndexBlockSize = 256 << 10
		// An insert first looks for a row with its key. Without a filter that reads a block of every sorted run. At 14 bits
		// a key the filter is wrong once in 700 times; at the usual 10, once in 100, reading those blocks took a tenth of
		// the time of a load.
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(14)
	}
	// Large rows lie in files of their own. A block would consist of one, and whoever looks for a row next to it would read and
	// decompress all of it: with a row of 100 MB in a table, which no cache of 64 MB keeps, inserting 100,000 others took 50
	// seconds, because the filter sends one insert in 700 to its block.
	o.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled: true, MinimumSize: separateBytes, MaxBlobReferenceDepth: 10, RewriteMinimumAge: time.Minute, TargetGarbageRatio: 0.3,
		}
	}
	// MinLZ. Rows take about half the disk; scans from disk are a quarter slower than without, everything else the same.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	return o
}

// engineLogger passes Pebble's messages on.
type engineLogger struct{ s *Store }

func (l engineLogger) Infof(format string, args ...any) {
	l.s.log.Debug(fmt.Sprintf(format, args...), "from", "pebble")
}

func (l engineLogger) Errorf(format string, args ...any) {
	l.s.log.Error(fmt.Sprintf(format, args...), "from", "pebble")
}

func (l engineLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("the storage engine cannot go on: "+format, args...)
	l.s.log.Error(err.Error(), "from", "pebble")
	l.s.die(err)
}

// listener turns Pebble's events into log lines that an operator can act on and counts them for Metrics.
func (s *Store) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) {
			s.bgErrors.Add(1)
			s.log.Error("A flush or compaction failed. It is tried again.", "directory", s.dir, "error", err)
		},
		DataCorruption: func(i pebble.DataCorruptionInfo) {
			s.corrupt.Add(1)
			s.log.Error("A file of the data directory is corrupt. Restore it from a backup or a replica.",
				"directory", s.dir, "path", i.Path, "error", i.Details)
		},
		DiskSlow: func(i pebble.DiskSlowInfo) {
			s.log.Warn("The disk is slow.", "directory", s.dir, "operation", i.OpType.String(), "path", i.Path,
				"duration", i.Duration)
		},
		WriteStallBegin: func(i pebble.WriteStallBeginInfo) {
			s.stalls.Add(1)
			s.stallMu.Lock()
			s.stallAt = time.Now()
			s.stallMu.Unlock()
		},
		WriteStallEnd: func() {
			s.stallMu.Lock()
			d := time.Since(s.stallAt)
			s.stallMu.Unlock()
			if d > time.Second {
				s.log.Warn("Writes had to wait for the disk.", "directory", s.dir, "duration", d)
			}
		},
	}
}
