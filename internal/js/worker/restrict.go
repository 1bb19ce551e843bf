package worker

import (
	"fmt"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// niceness lets the server's other work go first.
const niceness = 10

// restrict gives up what the process does not need. Whatever a script does to the engine, it finds no environment, no files
// that are open or that it may write, and little memory.
func restrict() error {
	debug.SetMemoryLimit(dataBytes / 2)
	for _, l := range []struct {
		what  string
		which int
		limit uint64
	}{
		{"data", unix.RLIMIT_DATA, dataBytes},
		{"core files", unix.RLIMIT_CORE, 0},
		{"file sizes", unix.RLIMIT_FSIZE, 0},
		{"open files", unix.RLIMIT_NOFILE, 8},
	} {
		if err := unix.Setrlimit(l.which, &unix.Rlimit{Cur: l.limit, Max: l.limit}); err != nil {
			return fmt.Errorf("limit %s: %w", l.what, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up gaining privileges: %w", err)
	}
	// Of the group, which is this process: of the process, it would be of this thread only.
	if err := unix.Setpriority(unix.PRIO_PGRP, 0, niceness); err != nil {
		return fmt.Errorf("lower the priority: %w", err)
	}
	return nil
}

// wasLarge tells whether the process has ever used so much memory that a script may have met its limit.
func wasLarge() bool {
	var use unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &use)
	return err == nil && use.Maxrss*1024 > memoryBytes/4*3
}

// hungUp tells whether the other end of a pipe is closed.
func hungUp(fd uintptr) bool {
	poll := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n > 0 && poll[0].Revents&unix.POLLHUP != 0
}
