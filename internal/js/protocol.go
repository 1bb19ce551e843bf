package js

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// WorkerArgument is the first argument of the program when it is to be a worker.
const WorkerArgument = "--internal-js-worker"

// A worker reads requests and writes one response to each. Both are frames: four bytes of length and as many of content,
// all numbers little endian. A request is a script and the arguments of any number of calls of it:
//
//	flags (1)  timeout in ms (8)  array limit (4)  length of the script (4)  the script  calls…
//	call:      form (1)  length (4)  argument
//
// Without a call the script's own value is asked for. The response has a result for each call, in order:
//
//	result:    kind (1)  length (4)  content
//
// It ends after the first result that is an error, and may end earlier when much time has passed or much has been written; the
// rest of the calls is then asked for again. There is always at least one result.

// maxFrameBytes bounds a frame: the engine's memory, with room for what encoding adds.
const maxFrameBytes = 256 << 20

// flagFresh begins a query: nothing that requests before it have done can be seen in the engine from now on.
const flagFresh = 1

// Forms of the arguments of a call.
const (
	FormNumber = 'n' // one argument: a number as its 64 bits
	FormJSON   = 'j' // a JSON array of the arguments
	FormTimes  = 't' // the same; objects of the pseudo-type TIME in it are to become Dates
)

// Kinds of results.
const (
	KindNumber     = 'n' // a number as its 64 bits
	KindString     = 's'
	KindJSON       = 'j'
	KindFunction   = 'f' // no content. The script's value is a function
	KindNoFunction = 'v' // no content. The script's value is to be called but is no function
	KindError      = 'e' // its text
	KindTooLong    = 'a' // no content. An array is over the limit
	KindTimeout    = 't' // no content
)

// Request is what a worker is asked to do.
type Request struct {
	Fresh      bool
	TimeoutMS  uint64
	ArrayLimit uint32
	Source     string
	Calls      []byte // in the form of the protocol
}

var errFrame = errors.New("malformed frame")

// AppendRequest appends r as a frame.
func AppendRequest(dst []byte, r Request) []byte {
	le := binary.LittleEndian
	flags := byte(0)
	if r.Fresh {
		flags = flagFresh
	}
	dst = le.AppendUint32(dst, uint32(1+8+4+4+len(r.Source)+len(r.Calls)))
	dst = append(dst, flags)
	dst = le.AppendUint64(dst, r.TimeoutMS)
	dst = le.AppendUint32(dst, r.ArrayLimit)
	dst = appendBytes(dst, r.Source)
	return append(dst, r.Calls...)
}

// ParseRequest reads the content of a frame. The calls are a part of it.
func ParseRequest(b []byte) (Request, error) {
	le := binary.LittleEndian
	if len(b) < 1+8+4 {
		return Request{}, errFrame
	}
	r := Request{Fresh: b[0]&flagFresh != 0, TimeoutMS: le.Uint64(b[1:]), ArrayLimit: le.Uint32(b[9:])}
	source, rest, err := cutBytes(b[13:])
	r.Source, r.Calls = string(source), rest
	return r, err
}

// AppendItem appends a call or a result.
func AppendItem[T string | []byte](dst []byte, kind byte, content T) []byte {
	return appendBytes(append(dst, kind), content)
}

// AppendNumber appends a call or a result that is one number.
func AppendNumber(dst []byte, kind byte, f float64) []byte {
	dst = append(dst, kind, 8, 0, 0, 0)
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

// CutItem takes a call or a result off the beginning of b.
func CutItem(b []byte) (kind byte, content, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, nil, errFrame
	}
	content, rest, err = cutBytes(b[1:])
	return b[0], content, rest, err
}

// NumberOf reads the content of a number.
func NumberOf(content []byte) (float64, error) {
	if len(content) != 8 {
		return 0, errFrame
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(content)), nil
}

func appendBytes[T string | []byte](dst []byte, b T) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b)))
	return append(dst, b...)
}

func cutBytes(b []byte) (content, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errFrame
	}
	n := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return nil, nil, errFrame
	}
	return b[:n:n], b[n:], nil
}

// ReadFrame reads the content of a frame into buf, or into a larger slice when that is too small.
func ReadFrame(r io.Reader, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := int(binary.LittleEndian.Uint32(head[:]))
	if n > maxFrameBytes {
		return nil, fmt.Errorf("frame of %d bytes is over the limit of %d", n, maxFrameBytes)
	}
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	_, err := io.ReadFull(r, buf)
	return buf, err
}

// putLength sets the length of an item whose content was appended after it.
func putLength(at []byte, n int) { binary.LittleEndian.PutUint32(at, uint32(n)) }
