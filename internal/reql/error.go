package reql

import (
	"fmt"
	"strconv"

	"rethinkdb/internal/datum"
)

// ErrorClass is the kind of a run-time error, by its number on the wire (field e of a RUNTIME_ERROR response).
type ErrorClass int32

// The classes of run-time errors.
const (
	Internal        ErrorClass = 1000000
	ResourceLimit   ErrorClass = 2000000
	QueryLogic      ErrorClass = 3000000
	NonExistence    ErrorClass = 3100000
	OpFailed        ErrorClass = 4100000
	OpIndeterminate ErrorClass = 4200000
	User            ErrorClass = 5000000
	Permission      ErrorClass = 6000000
	// EmptyUser is r.error() without a message. It reaches the client as QueryLogic unless a default catches it.
	EmptyUser ErrorClass = -1
)

// ResponseType is the field t of a response.
type ResponseType int32

// The types of responses.
const (
	SuccessAtom     ResponseType = 1
	SuccessSequence ResponseType = 2
	SuccessPartial  ResponseType = 3
	WaitComplete    ResponseType = 4
	ServerInfo      ResponseType = 5
	ClientError     ResponseType = 16
	CompileError    ResponseType = 17
	RuntimeError    ResponseType = 18
)

// Error is an error that goes to the client: class, text and the term that it is blamed on.
type Error struct {
	Type  ResponseType // RuntimeError unless parsing or compiling failed
	Class ErrorClass   // of a RuntimeError
	Msg   string
	Term  *Term // where; nil when the place is unknown
	// TopLevel says that the error is about the whole query: no term is to be blamed.
	TopLevel bool
	// Detail, when set, gives the rest of the text. Many errors about a missing field are caught and never shown, so
	// the row that they quote is printed only when asked for. See Settle.
	Detail func() string
}

// Error gives the whole text.
func (e *Error) Error() string {
	if e.Detail != nil {
		return e.Msg + e.Detail()
	}
	return e.Msg
}

// Settle makes the text independent of the values that it quotes, which may be valid for a moment only.
func (e *Error) Settle() {
	if e.Detail != nil {
		e.Msg, e.Detail = e.Msg+e.Detail(), nil
	}
}

// Errorf makes a run-time error without a place; the term that is being evaluated adds itself.
func Errorf(class ErrorClass, format string, args ...any) *Error {
	return &Error{Type: RuntimeError, Class: class, Msg: fmt.Sprintf(format, args...)}
}

func compileErrorf(t *Term, format string, args ...any) *Error {
	return &Error{Type: CompileError, Class: QueryLogic, Msg: fmt.Sprintf(format, args...), Term: t}
}

func clientErrorf(format string, args ...any) *Error {
	return &Error{Type: ClientError, Class: QueryLogic, Msg: fmt.Sprintf(format, args...)}
}

// AppendError appends the response that tells the client of e, a whole JSON object.
func AppendError(dst []byte, e *Error) []byte {
	dst = append(dst, `{"t":`...)
	dst = strconv.AppendInt(dst, int64(e.Type), 10)
	if e.Type == RuntimeError {
		class := e.Class
		if class == EmptyUser {
			class = QueryLogic
		}
		dst = append(dst, `,"e":`...)
		dst = strconv.AppendInt(dst, int64(class), 10)
	}
	dst = append(dst, `,"r":[`...)
	dst = appendString(dst, e.Error())
	dst = append(dst, `],"b":`...)
	dst = e.Term.AppendBacktrace(dst)
	return append(dst, '}')
}

func appendString(dst []byte, s string) []byte {
	out, err := datum.AppendJSON(dst, datum.String(s))
	if err != nil { // only minval and maxval cannot be written
		return append(dst, `""`...)
	}
	return out
}
