package server

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"rethinkdb/internal/system"
)

// usage is what the server takes of its machine. What cannot be read is 0: the figures are for people who look, and are read
// again a second later.
func (n *node) usage() system.Usage {
	var u system.Usage
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		u.MemoryBytes = residentPages(text) * int64(os.Getpagesize())
	}
	var st unix.Statfs_t
	if err := unix.Statfs(n.directory, &st); err == nil {
		u.DiskFreeBytes, u.DiskTotalBytes = int64(st.Bavail)*st.Bsize, int64(st.Blocks)*st.Bsize
	}
	return u
}

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
