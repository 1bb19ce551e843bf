package cluster

import "errors"

// Errors of messages, calls and streams.
var (
	// ErrNotConnected: nothing was sent.
	ErrNotConnected = errors.New("there is no connection to the server")
	// ErrCrowded: too much waits to be sent to the server, and this was not.
	ErrCrowded = errors.New("too much waits to be sent to the server")
	// ErrTooLong: it is more than MaxMessageBytes, or its kind more than 64, and was not sent.
	ErrTooLong = errors.New("the message is too long")
	// ErrLost: the connection ended. What was asked for may have been done or not.
	ErrLost = errors.New("the connection to the server was lost")
	// ErrClosed: this server leaves.
	ErrClosed = errors.New("the server is stopping")
)

var (
	errProtocol = errors.New("what came is not of the protocol between servers")
	errSilent   = errors.New("it was silent for longer than the heartbeat timeout")
	errReplaced = errors.New("the server has connected anew")
	errRemoved  = errors.New("the server is no member any more")
	errNoBulk   = errors.New("the second connection did not come")
)

// Failure is an error of a handler, as the other side gets it. A handler that returns another error fails with its text and no
// kind.
type Failure struct {
	Kind string // for programs; at most 64 bytes
	Text string
}

func (f *Failure) Error() string { return f.Text }

// Kinds of failures that the mesh itself answers with.
const (
	FailedUnknown  = "mesh unknown"  // there is no handler of that kind
	FailedCrowded  = "mesh crowded"  // the server has too many calls or streams of this one
	FailedTooLong  = "mesh too long" // the answer is more than MaxMessageBytes
	FailedCanceled = "mesh canceled" // whoever opened the stream gave it up, or the handler did
)

// maxFailureBytes bounds the text of a failure.
const maxFailureBytes = 64 << 10

// failed is the frame that tells of an error.
func failed(k frameKind, id uint64, err error) frame {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		f = &Failure{Text: err.Error()}
	}
	return frame{kind: k, id: id, label: f.Kind[:min(len(f.Kind), maxLabelBytes)], body: []byte(f.Text[:min(len(f.Text), maxFailureBytes)])}
}

// failureOf is what such a frame tells of.
func failureOf(f frame) *Failure { return &Failure{Kind: f.label, Text: string(f.body)} }
