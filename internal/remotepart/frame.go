package remotepart

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// maxFrameBytes is the longest frame of a stream: one row, which may be as long as a write, and what comes with it.
const maxFrameBytes = maxRequestBytes

// writeFrame writes bytes with their length, in four bytes.
func writeFrame(w io.Writer, b []byte) error {
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(b)))
	_, err := w.Write(head[:])
	if err == nil && len(b) > 0 { // a pipe would wait for somebody who reads nothing
		_, err = w.Write(b)
	}
	return err
}

// readFrame reads a frame into memory of its own, which grows with what comes.
func readFrame(r io.Reader) ([]byte, error) { return readFrameInto(nil, r) }

// readFrameInto reads a frame into the memory of b, if there is enough.
func readFrameInto(b []byte, r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrameBytes {
		return nil, fmt.Errorf("%w: a frame has %d bytes", errMalformed, n)
	}
	if b = b[:0]; cap(b) == 0 {
		b = make([]byte, 0, min(n, firstFrameBytes))
	}
	for uint32(len(b)) < n {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		k, err := r.Read(b[len(b):min(cap(b), int(n))])
		b = b[:len(b)+k]
		if err != nil && uint32(len(b)) < n {
			return nil, fmt.Errorf("read a frame: %w", noEOF(err))
		}
	}
	return b, nil
}

// firstFrameBytes is how much memory a frame gets before anything of it is there.
const firstFrameBytes = 1 << 20

func noEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // a reader returns it as it is
		return io.ErrUnexpectedEOF
	}
	return err
}

// newStreamReader saves reads of the few bytes before each frame.
func newStreamReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 64<<10) }
