package server

import (
	"errors"
	"io"
	"net"
	"time"

	"rethinkdb/internal/peer"
)

const (
	// sentenceTime is how long a client that is refused has to read why, and one that sends nothing to say what it is.
	sentenceTime = time.Second
	// lingerBytes is how much of a client that is refused is read, so that it gets to read why: closing a socket with unread
	// bytes destroys what is on its way.
	lingerBytes = 64 << 10
)

// heard is a connection whose first bytes have been read, and are read again.
type heard struct {
	*net.TCPConn
	first []byte
}

func (h *heard) Read(p []byte) (int, error) {
	if len(h.first) == 0 {
		return h.TCPConn.Read(p)
	}
	n := copy(p, h.first)
	h.first = h.first[n:]
	return n, nil
}

// hear returns what a client sends first. Of who sends nothing for a while that is nothing: there are clients that wait for the
// server to speak.
func hear(conn *net.TCPConn) []byte {
	first := make([]byte, peer.PlainBytes)
	if err := conn.SetReadDeadline(time.Now().Add(sentenceTime)); err != nil {
		return nil
	}
	n, _ := conn.Read(first) // what fails now fails again
	return first[:n]
}

// refuse says why and waits for the client to have read it.
func refuse(conn net.Conn, why []byte) error {
	if err := conn.SetDeadline(time.Now().Add(sentenceTime)); err != nil {
		return err
	}
	_, err := conn.Write(why)
	return errors.Join(err, linger(conn))
}

// linger ends what the server says, and reads on for a moment.
func linger(conn net.Conn) error {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	if err := errors.Join(half.CloseWrite(), conn.SetDeadline(time.Now().Add(sentenceTime))); err != nil {
		return err
	}
	// Whatever ends the reading, the client has had its time.
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
	return nil
}
