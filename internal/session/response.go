package session

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"

	"rethinkdb/internal/reql"
)

// A frame is a token (8 bytes), the length of the response (4 bytes) and the response, little-endian. The driver port
// and the web port have it in common.
const headerBytes = 12

// maxResponseBytes is what the length field of a frame can say; the original refuses its largest value too.
const maxResponseBytes = math.MaxUint32 - 1

// beginFrame appends a header whose length endFrame fills in.
func beginFrame(dst []byte, token int64) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(token))
	return append(dst, 0, 0, 0, 0)
}

// endFrame completes the frame that begins at mark.
func endFrame(dst []byte, mark int) []byte {
	n := len(dst) - mark - headerBytes
	if n > maxResponseBytes {
		dst = reql.AppendError(dst[:mark+headerBytes], reql.Errorf(reql.ResourceLimit,
			"Response size (%d) greater than maximum (%d).", n, uint32(maxResponseBytes)))
		n = len(dst) - mark - headerBytes
	}
	binary.LittleEndian.PutUint32(dst[mark+8:], uint32(n))
	return dst
}

const (
	emptySequence = `{"t":2,"r":[],"n":[]}`
	waitComplete  = `{"t":4,"r":[]}`
)

func clientError(format string, args ...any) *reql.Error {
	return &reql.Error{Type: reql.ClientError, Class: reql.QueryLogic, Msg: fmt.Sprintf(format, args...)}
}

func duplicateToken(token int64) *reql.Error { return clientError("ERROR: duplicate token %d", token) }

func unknownToken(token int64) *reql.Error {
	return clientError("Token %d not in stream cache.", token)
}

func indeterminate(text string) *reql.Error { return reql.Errorf(reql.OpIndeterminate, "%s", text) }

// TooLargeQuery appends the frame that answers a request of size bytes, which is more than the maximum.
func TooLargeQuery(dst []byte, token int64, size, maximum uint32) []byte {
	mark := len(dst)
	dst = beginFrame(dst, token)
	dst = reql.AppendError(dst, clientError("Query size (%d) greater than maximum (%d).", size, maximum))
	return endFrame(dst, mark)
}

// Failure appends the frame that answers a request with a ClientError of that text.
func Failure(dst []byte, token int64, text string) []byte {
	mark := len(dst)
	dst = beginFrame(dst, token)
	dst = reql.AppendError(dst, clientError("%s", text))
	return endFrame(dst, mark)
}

// completed tells whether a response carries a whole result, as opposed to an error or a part of a stream.
func completed(response []byte) bool {
	return bytes.HasPrefix(response, []byte(`{"t":1,`)) || bytes.HasPrefix(response, []byte(`{"t":2,`))
}

// successful tells whether a response carries a result or a part of one.
func successful(response []byte) bool {
	return completed(response) || bytes.HasPrefix(response, []byte(`{"t":3,`))
}

var notesKey = []byte(`,"n":[`)

// appendDuration gives the response that begins at mark a profile that says how long it took, unless it has one: what
// the web port adds to each. It goes before the notes, where the key p belongs.
func appendDuration(dst []byte, mark int, took time.Duration) []byte {
	response := dst[mark:]
	if len(response) == 0 || response[len(response)-1] != '}' {
		return dst
	}
	at := len(response) - 1
	if bytes.HasPrefix(response, []byte(`{"t":2,`)) || bytes.HasPrefix(response, []byte(`{"t":3,`)) {
		if i := bytes.LastIndex(response, notesKey); i >= 0 { // notes are numbers: nothing behind them has such a key
			at = i
		}
	}
	tail := string(response[at:])
	dst = append(dst[:mark+at], `,"p":[{"duration(ms)":`...)
	dst = strconv.AppendFloat(dst, float64(took)/float64(time.Millisecond), 'g', -1, 64)
	dst = append(dst, `}]`...)
	return append(dst, tail...)
}
