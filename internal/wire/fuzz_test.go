package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
	"rethinkdb/internal/session"
	"rethinkdb/internal/session/sessiontest"
)

func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"protocol_version":0,"authentication_method":"SCRAM-SHA-256","authentication":"n,,n=admin,r=abc"}`))
	f.Add([]byte(`{"a":[{"b":[]},{}],"a":1}`))
	f.Add([]byte(" {\"\\ud800\":\xff}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := parseMessage(b)
		if ae := (*auth.Error)(nil); err != nil && !errors.Is(err, errNotObject) && !(errors.As(err, &ae) && (ae.Code == 8 || ae.Code == 9)) {
			t.Fatal(err)
		}
	})
}

// scripted is a connection whose peer sends fixed pieces and then closes.
type scripted struct {
	net.Conn
	pieces [][]byte
	out    bytes.Buffer
}

func (c *scripted) Read(b []byte) (int, error) {
	for len(c.pieces) > 0 && len(c.pieces[0]) == 0 {
		c.pieces = c.pieces[1:]
	}
	if len(c.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.pieces[0])
	c.pieces[0] = c.pieces[0][n:]
	return n, nil
}

func (c *scripted) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *scripted) Close() error                     { return nil }
func (c *scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *scripted) SetDeadline(time.Time) error      { return nil }
func (c *scripted) SetReadDeadline(time.Time) error  { return nil }
func (c *scripted) SetWriteDeadline(time.Time) error { return nil }

// FuzzConnection feeds a whole connection, from the magic number on, in two pieces.
func FuzzConnection(f *testing.F) {
	v04 := []byte("\x20\x2d\x0c\x40\x00\x00\x00\x00\xc7\x70\x69\x7e")
	f.Add(v04, []byte("\x07\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00[1,1]"))
	f.Add(append(bytes.Clone(v04), 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255), []byte{})
	f.Add([]byte("\xc3\xbd\xc2\x34"), []byte(`{"protocol_version":0}`+"\x00"))
	f.Add([]byte("\x3e\xe8\x75\x5f\x03\x00"), []byte("\x00\x00abc"))
	users, err := auth.OpenUsers(&authtest.Store{})
	if err != nil {
		f.Fatal(err)
	}
	opt := Options{Engine: sessiontest.New(), Sessions: session.NewManager(), Users: users,
		Logger: slog.New(slog.DiscardHandler), Version: "2.4.4"}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		s := NewServer(opt)
		c := newConn(s, &scripted{pieces: [][]byte{bytes.Clone(a), bytes.Clone(b)}}, access.Driver, time.Now().Add(handshakeTime))
		s.conns = append(s.conns, c)
		s.strangers.Add(c.peer.Addr())
		s.wg.Add(1)
		c.run()
	})
}

// The reader gives the same frames however the bytes arrive.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00ab\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), uint16(3))
	f.Add(bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 0}, 4000), uint16(700))
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			pieces = append(pieces, rest[:n:n])
			rest = rest[n:]
		}
		r := newReader(&scripted{pieces: pieces}, nil)
		r.endHandshake()
		for {
			token, length, body, want := r.frame()
			if body == nil {
				if length >= tooLargeBytes || r.fill(want) != nil {
					break
				}
				continue
			}
			if token != int64(binary.LittleEndian.Uint64(stream)) || !bytes.Equal(body, stream[12:12+length]) {
				t.Fatalf("frame %d %q at %q", token, body, stream[:12])
			}
			stream = stream[12+length:]
			r.consume(want)
		}
		if !bytes.Equal(r.available(), stream) && binaryLength(stream) < tooLargeBytes {
			t.Fatalf("%d bytes left over, want %d", len(r.available()), len(stream))
		}
		r.release()
	})
}

func binaryLength(b []byte) uint32 {
	if len(b) < headerBytes {
		return 0
	}
	return binary.LittleEndian.Uint32(b[8:])
}
