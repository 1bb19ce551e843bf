//go:build unix

package wire

import "syscall"

// tryRead reads what is there. When there is nothing it returns false, and the goroutine waits without a buffer.
func (r *reader) tryRead(fd uintptr) bool {
	if r.buf == nil {
		r.take(0)
	}
	for {
		n, err := syscall.Read(int(fd), r.buf[r.end:])
		switch err {
		case nil:
			r.n = n
			return true
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			if !r.early && r.start == r.end {
				r.release()
			}
			return false
		default:
			r.err = err
			return true
		}
	}
}
