package cluster

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// frameKind is what a frame is about. A receiver leaves alone those that it does not know, so that later versions can add some.
type frameKind byte

// On the control connection.
const (
	heartbeat frameKind = iota + 1
	message             // id: its class; body: the message
	call                // id: of the call; label: its kind; body: the request
	answer              // id: of the call; body: the answer
	failure             // id: of the call; label and body: a Failure's kind and text
	cancel              // id: of the call, whose answer nobody waits for any more
)

// On the bulk connection. The id is always the stream's.
const (
	open   frameKind = iota + 16 // label: its kind
	data                         // body: bytes
	window                       // body: how many more bytes may come, in four bytes
	end                          // the sender has said everything
	reset                        // the stream is over for both; label and body: a Failure's kind and text
)

// frame is the unit of both connections.
type frame struct {
	kind  frameKind
	id    uint64
	label string // at most maxLabelBytes
	body  []byte // at most MaxMessageBytes

	stream *Stream // of data that waits to be sent: it hears of it
}

const (
	// MaxMessageBytes bounds messages, requests and answers. What is larger needs a stream.
	MaxMessageBytes = 16 << 20
	maxLabelBytes   = 64
	// headerBytes: the kind, the length of the label, the id in eight bytes and the length of the body in four, lowest first. The
	// label and the body follow.
	headerBytes = 1 + 1 + 8 + 4
	// bufferBytes is four records of TLS.
	bufferBytes = 64 << 10
)

// bytes is what a frame takes in a queue.
func (f frame) bytes() int { return headerBytes + len(f.label) + len(f.body) }

func (f frame) write(w *bufio.Writer) error {
	var head [headerBytes]byte
	head[0], head[1] = byte(f.kind), byte(len(f.label))
	binary.LittleEndian.PutUint64(head[2:], f.id)
	binary.LittleEndian.PutUint32(head[10:], uint32(len(f.body)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	if _, err := w.WriteString(f.label); err != nil {
		return err
	}
	_, err := w.Write(f.body)
	return err
}

// readFrame reads a frame, whose body is the caller's.
func readFrame(r *bufio.Reader) (f frame, err error) {
	var head [headerBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return f, err
	}
	f.kind, f.id = frameKind(head[0]), binary.LittleEndian.Uint64(head[2:])
	labelBytes, bodyBytes := int(head[1]), binary.LittleEndian.Uint32(head[10:])
	if labelBytes > maxLabelBytes || bodyBytes > MaxMessageBytes {
		return f, fmt.Errorf("a frame of kind %d with a label of %d bytes and a body of %d: %w", f.kind, labelBytes, bodyBytes, errProtocol)
	}
	if labelBytes > 0 {
		label := make([]byte, labelBytes)
		if _, err := io.ReadFull(r, label); err != nil {
			return f, hangup(err)
		}
		f.label = string(label)
	}
	if bodyBytes > 0 {
		f.body = make([]byte, bodyBytes)
		if _, err := io.ReadFull(r, f.body); err != nil {
			return f, hangup(err)
		}
	}
	return f, nil
}

// hangup is an error in the midst of a frame, where an end is none.
func hangup(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
