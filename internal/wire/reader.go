package wire

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

const (
	headerBytes = 12
	// earlyBytes is the buffer of a connection that has not logged in. The longest message before that is an
	// authentication key: 4+2048+4 bytes after the magic number.
	earlyBytes = 2304
	// smallBytes is the buffer of an idle connection under TLS.
	smallBytes = 512
	// tooLargeBytes is the length from which on a query is refused.
	tooLargeBytes = 128 << 20
)

// Buffers come in these sizes and are shared by all connections; what is larger is made for its query and left to the
// collector. Without the sharing 10,000 connections that were active once would hold 330 MB.
var (
	blockSizes = [...]int{32 << 10, 128 << 10, 512 << 10, 2 << 20}
	blocks     [len(blockSizes)]sync.Pool
)

func takeBlock(class int) *[]byte {
	if b, ok := blocks[class].Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, blockSizes[class])
	return &b
}

// reader cuts the stream of a connection into frames.
//
// A connection that waits holds no buffer: on a plain socket the read is tried first, and only if there is nothing to
// read the buffer goes back and the goroutine waits for the socket. A long frame gets larger buffers as its bytes
// arrive, so that a length that was only claimed costs nothing; a buffer is at most 16 times what has arrived.
type reader struct {
	conn net.Conn
	raw  syscall.RawConn              // nil under TLS, where conn is read instead
	try  func(fd uintptr) (done bool) // for raw.Read; made once, so that it is not allocated for each

	small []byte  // what to wait with under TLS, where waiting needs a buffer
	early bool    // the handshake is not over: the buffer is small and does not grow
	block *[]byte // what buf is a part of; nil when buf is early or was made for one frame
	class int     // of block
	buf   []byte
	start int // buf[start:end] was read and not consumed
	end   int

	n   int // result of try
	err error
}

func newReader(conn net.Conn, raw syscall.RawConn) *reader {
	r := &reader{conn: conn, raw: raw, early: true, buf: make([]byte, earlyBytes)}
	r.try = r.tryRead
	return r
}

// available are the bytes that were read and not consumed. They are valid until the next fill.
func (r *reader) available() []byte { return r.buf[r.start:r.end] }

// consume drops the first n available bytes.
func (r *reader) consume(n int) {
	r.start += n
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
}

// endHandshake lets the reader use large buffers from now on.
func (r *reader) endHandshake() {
	r.early = false
	if r.start == r.end {
		r.buf = nil
	}
}

// release gives the buffer back; nothing is available.
func (r *reader) release() {
	if r.block != nil {
		blocks[r.class].Put(r.block)
		r.block = nil
	}
	r.buf, r.start, r.end = nil, 0, 0
}

// fill reads at least one more byte. want is how many available bytes the caller hopes for in the end.
func (r *reader) fill(want int) error {
	switch {
	case r.early:
		r.compact()
	case r.start == r.end:
		if r.raw == nil {
			r.release()
			if r.small == nil {
				r.small = make([]byte, smallBytes)
			}
			r.buf = r.small
		} else if r.block == nil || r.class > 0 {
			r.release()
			r.take(0)
		}
	case r.end == len(r.buf):
		if r.compact(); r.end == len(r.buf) {
			r.grow(want)
		}
	case want > len(r.buf)-r.start:
		r.compact()
	}
	if r.end == len(r.buf) {
		return errFull
	}
	if r.raw == nil {
		n, err := r.conn.Read(r.buf[r.end:])
		r.end += n
		if n == 0 && err == nil {
			err = io.ErrNoProgress
		}
		if n > 0 {
			err = nil // it comes again
		}
		return err
	}
	r.n, r.err = 0, nil
	if err := r.raw.Read(r.try); err != nil {
		return err
	}
	if r.err != nil {
		return r.err
	}
	if r.n == 0 {
		return io.EOF
	}
	r.end += r.n
	return nil
}

// errFull is a message that is longer than the handshake's buffer.
var errFull = errors.New("message too long")

func (r *reader) take(class int) {
	r.block, r.class = takeBlock(class), class
	r.buf = *r.block
}

// compact moves what is available to the front.
func (r *reader) compact() {
	if r.start > 0 {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
}

// grow gets a larger buffer for want bytes, but not more than the bytes that have arrived justify.
func (r *reader) grow(want int) {
	have := r.end
	size := min(want, 16*have)
	class := 0
	for class < len(blockSizes) && (blockSizes[class] < size || blockSizes[class] <= len(r.buf)) {
		class++
	}
	old, oldBlock, oldClass := r.buf[:have], r.block, r.class
	if class < len(blockSizes) {
		r.take(class)
	} else {
		r.block, r.class = nil, len(blockSizes)
		r.buf = make([]byte, max(min(want, 4*have), have+1))
	}
	copy(r.buf, old)
	if oldBlock != nil {
		blocks[oldClass].Put(oldBlock)
	}
}

// hasFrame tells whether a whole frame is available.
func (r *reader) hasFrame() bool {
	b := r.available()
	return len(b) >= headerBytes && len(b)-headerBytes >= int(binary.LittleEndian.Uint32(b[8:]))
}

// frame looks for a whole frame among the available bytes. want is how many bytes it needs to be there.
func (r *reader) frame() (token int64, length uint32, body []byte, want int) {
	b := r.available()
	if len(b) < headerBytes {
		return 0, 0, nil, headerBytes
	}
	token = int64(binary.LittleEndian.Uint64(b))
	length = binary.LittleEndian.Uint32(b[8:])
	if length >= tooLargeBytes {
		return token, length, nil, headerBytes
	}
	want = headerBytes + int(length)
	if len(b) < want {
		return token, length, nil, want
	}
	return token, length, b[headerBytes:want:want], want
}
