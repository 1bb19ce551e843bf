package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// hungUp tells whether the peer has closed its side of the connection, even if there are bytes left to read.
func hungUp(raw syscall.RawConn) bool {
	if raw == nil {
		return false
	}
	hung := false
	err := raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(poll, 0)
		hung = err == nil && n == 1 && poll[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return err == nil && hung
}
