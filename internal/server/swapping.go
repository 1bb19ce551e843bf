package server

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A server whose memory is swapped out is slow for reasons that nothing else shows. So it counts how often it had to wait for a page.

const (
	swapInterval = time.Minute
	// swapFaults is how many pages a minute may come from the disk, and calmMinutes how long it must be fewer until the issue goes; both are the reference's.
	swapFaults  = 200
	calmMinutes = 10
)

// swapWatch judges the memory of the process, once a minute.
type swapWatch struct {
	swapping atomic.Bool

	// Owned by watch.
	faults int64 // at the last look; negative before the first
	calm   int   // minutes since there were too many
}

// look takes note of how many page faults that waited for the disk the process has had in all, and of how much of it is in swap space.
func (w *swapWatch) look(faults, swappedBytes int64) {
	before := w.faults
	w.faults = faults
	switch {
	case before >= 0 && faults-before > swapFaults && swappedBytes > 0: // else they are of files, such as the program's
		w.calm = 0
		w.swapping.Store(true)
	case w.swapping.Load():
		if w.calm++; w.calm >= calmMinutes {
			w.swapping.Store(false)
		}
	}
}

// watchSwap begins to watch, until the server is closed.
func (n *node) watchSwap() { n.watching.Go(func() { n.swap.watch(n.background) }) }

// watch looks each minute until ctx ends.
func (w *swapWatch) watch(ctx context.Context) {
	w.faults = -1
	tick := time.NewTicker(swapInterval)
	defer tick.Stop()
	for {
		var usage unix.Rusage
		text, err := os.ReadFile("/proc/self/status")
		if err == nil && unix.Getrusage(unix.RUSAGE_SELF, &usage) == nil { // else nobody knows, and nothing is said
			w.look(usage.Majflt, swapped(text))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// swapped reads the swap space of a process out of /proc/PID/status.
func swapped(status []byte) (bytesSwapped int64) {
	_, rest, found := bytes.Cut(status, []byte("VmSwap:"))
	fields := bytes.Fields(rest)
	if !found || len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
