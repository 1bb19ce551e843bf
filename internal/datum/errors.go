package datum

import "fmt"

// ErrorClass says which of ReQL's error classes an Error belongs to.
type ErrorClass uint8

const (
	Logic        ErrorClass = iota // ReqlQueryLogicError
	NonExistence                   // ReqlNonExistenceError: what default() catches
	Resource                       // ReqlResourceLimitError
)

func (c ErrorClass) String() string {
	switch c {
	case Logic:
		return "query logic"
	case NonExistence:
		return "non-existence"
	case Resource:
		return "resource limit"
	}
	return fmt.Sprintf("ErrorClass(%d)", uint8(c))
}

// Error is what a client may see. Who runs the query attaches the backtrace.
type Error struct {
	Class ErrorClass
	Msg   string
}

func (e *Error) Error() string { return e.Msg }

func errorf(class ErrorClass, format string, args ...any) *Error {
	return &Error{Class: class, Msg: fmt.Sprintf(format, args...)}
}

// typeError is an error about the type of v: asking something of a null is a NonExistence error, so that
// default() catches it, and of anything else a Logic error.
func typeError(v Value, format string, args ...any) *Error {
	if v.kind() == KindNull {
		return errorf(NonExistence, format, args...)
	}
	return errorf(Logic, format, args...)
}

// ExpectedType is the error of a value that is not of the wanted kind.
func ExpectedType(want Kind, v Value) *Error {
	return typeError(v, "Expected type %s but found %s.", want, v.TypeName())
}
