package cluster

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// wire is one of the two connections of a link: one goroutine reads frames from it and one writes to it.
type wire struct {
	conn    net.Conn
	out     *outbox
	streams *streams
	heard   atomic.Int64 // when something came last, in nanoseconds since began
	began   time.Time
}

// newWire makes one of a connection with a server, which this server has dialed or the other one.
func newWire(conn net.Conn, with ServerID, dialed bool) *wire {
	out := newOutbox()
	return &wire{conn: conn, out: out, streams: newStreams(out, with, dialed), began: time.Now()}
}

// maxUnsentBytes is how much the system keeps that it has not sent yet. With more than that, what is urgent would wait behind
// megabytes of what is not, out of the outbox's reach.
const maxUnsentBytes = 128 << 10

// keepUnsentShort asks the system for that. Without it the link works as well, but not as quickly under load.
func keepUnsentShort(conn net.Conn) {
	if socket := socketOf(conn); socket != nil {
		_ = socket.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsentBytes)
		})
	}
}

// socketOf is the socket of a connection, nil if it has none.
func socketOf(conn net.Conn) syscall.RawConn {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if c, ok := conn.(syscall.Conn); ok {
		if socket, err := c.SyscallConn(); err == nil {
			return socket
		}
	}
	return nil
}

// silence is for how long nothing has come.
func (w *wire) silence() time.Duration {
	return time.Since(w.began) - time.Duration(w.heard.Load())
}

// hear notes that the other side lives.
func (w *wire) hear() { w.heard.Store(int64(time.Since(w.began))) }

// Read is that of the connection; part of a large frame is a sign of life, too.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.conn.Read(p)
	if n > 0 {
		w.hear()
	}
	return n, err
}

// read passes on what comes until the connection ends or each fails.
func (w *wire) read(each func(frame) error) error {
	r := bufio.NewReaderSize(w, bufferBytes)
	for {
		f, err := readFrame(r)
		if err != nil {
			return err
		}
		if err := each(f); err != nil {
			return err
		}
	}
}

// write sends what is put into the outbox until ctx ends. It fails if the other side takes nothing for as long as patience says.
func (w *wire) write(ctx context.Context, patience func() time.Duration) error {
	buffer := bufio.NewWriterSize(w.conn, bufferBytes)
	var batch []frame
	for {
		select {
		case <-w.out.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for batch = w.out.take(batch[:0]); len(batch) > 0; batch = w.out.take(batch[:0]) {
			if err := w.conn.SetWriteDeadline(time.Now().Add(patience())); err != nil {
				return err
			}
			for _, f := range batch {
				if err := f.write(buffer); err != nil {
					return err
				}
				if f.stream != nil {
					f.stream.sent(len(f.body))
				}
			}
			clear(batch)
		}
		if err := buffer.Flush(); err != nil {
			return err
		}
	}
}

// cut ends the connection at once, without a word: the other side may be unable to hear it.
func cut(conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	_ = conn.Close() // it is given up in any case
}
