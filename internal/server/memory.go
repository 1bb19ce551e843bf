package server

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
)

const (
	megabyte = int64(1) << 20
	gigabyte = int64(1) << 30

	minQueryMemoryBytes = 64 * megabyte

	// minAutoCacheBytes is the least that `auto` chooses; it is also the size at which a chosen cache earns a warning.
	minAutoCacheBytes = 100 * megabyte
)

// autoCacheBytes is RethinkDB's rule: half of what is free, after leaving a gigabyte for the server and its queries.
func autoCacheBytes(availableBytes int64) int64 {
	return max(minAutoCacheBytes, (availableBytes-gigabyte)/2)
}

// availableBytes is the memory this process may still take: free memory and page cache of the machine, or of the control group
// when that has less.
func availableBytes() (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("read the free memory: %w", err)
	}
	available, err := parseMeminfo(text)
	if err != nil {
		return 0, err
	}
	// A container sees the memory of the whole machine in /proc; its own limit is here (cgroup v2). No file, no limit.
	limit, okLimit := readBytes("/sys/fs/cgroup/memory.max")
	used, okUsed := readBytes("/sys/fs/cgroup/memory.current")
	if okLimit && okUsed {
		available = min(available, max(0, limit-used))
	}
	return available, nil
}

// setCache changes the size of the cache while the server runs.
func (n *node) setCache(bytes int64) error {
	store := n.data.store
	automatic := bytes < 0
	if automatic {
		available, err := availableBytes()
		if err != nil {
			return err
		}
		bytes = autoCacheBytes(available + store.Metrics().CacheBytes) // which it may take again
	}
	if most := totalMemory(); bytes > most && most > 0 {
		return fmt.Errorf("The proposed cache size of %d MB is larger than the maximum legal value for this platform (%d MB).", bytes/megabyte, most/megabyte)
	}
	bytes = store.ResizeCache(bytes)
	n.pace.resize(bytes)
	n.engine.LimitMemory(queryLimit(bytes))
	if automatic {
		n.log.Info(fmt.Sprintf("Automatically using cache size of %d MB", bytes/megabyte))
	} else {
		n.log.Info(fmt.Sprintf("Cache size is set to %d MB", bytes/megabyte))
	}
	return nil
}

// queryMemory is what one query may collect. The least lets a query have what RethinkDB allows it without options: an array of
// 100,000 small rows.
func queryMemory(configured, cacheBytes int64) int64 {
	if configured > 0 {
		return configured
	}
	return max(cacheBytes/4, minQueryMemoryBytes)
}

func parseMeminfo(text []byte) (int64, error) {
	var sum int64
	found := 0
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if name != "MemFree" && name != "Cached" {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the free memory: line %q: %w", lines.Text(), err)
		}
		sum += kilobytes << 10
		found++
	}
	if found != 2 {
		return 0, fmt.Errorf("read the free memory: no MemFree and Cached in /proc/meminfo")
	}
	return sum, nil
}

func readBytes(path string) (int64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil // "max" is no limit
}

// chooseCache settles the size of the cache and says what is doubtful about it.
func chooseCache(configured int64, log *slog.Logger) int64 {
	available, err := availableBytes()
	if err != nil {
		log.Warn(err.Error())
		available = 2 * gigabyte // an ordinary small machine; the operator has been told
	}
	cache := configured
	if cache == 0 {
		cache = autoCacheBytes(available)
		log.Info(fmt.Sprintf("Automatically using cache size of %d MB", cache/megabyte))
	}
	switch {
	case cache > available:
		log.Warn("Cache size is larger than available memory.")
	case cache+gigabyte > available:
		log.Warn(fmt.Sprintf("Cache size does not leave much memory for server and query overhead (available memory: %d MB).", available/megabyte))
	}
	if cache <= minAutoCacheBytes {
		log.Warn("Cache size is very low and may impact performance.")
	}
	return cache
}
