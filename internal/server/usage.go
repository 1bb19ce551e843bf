package server

import (
	"bytes"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"rethinkdb/internal/system"
)

// usage is what the server takes of its machine. What cannot be read is 0: the figures are for people who look, and are read
// again a second later.
func (n *node) usage() system.Usage {
	u := system.Usage{MemoryTotalBytes: totalMemory()}
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		u.MemoryBytes = residentPages(text) * int64(os.Getpagesize())
	}
	var st unix.Statfs_t
	if err := unix.Statfs(n.directory, &st); err == nil {
		u.DiskFreeBytes, u.DiskTotalBytes = int64(st.Bavail)*st.Bsize, int64(st.Blocks)*st.Bsize
	}
	return u
}

// totalMemory is the memory of the machine, or what the control group has of it: 0 when neither can be read. It does not change.
var totalMemory = sync.OnceValue(func() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	total := int64(info.Totalram) * int64(info.Unit)
	if limit, ok := readBytes("/sys/fs/cgroup/memory.max"); ok {
		total = min(total, limit)
	}
	return total
})

// residentPages reads the second number of /proc/PID/statm.
func residentPages(statm []byte) int64 {
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages
}
