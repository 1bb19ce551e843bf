package auth

import (
	"errors"
	"fmt"
)

// Error is a refusal during the handshake. Code and Msg go to the client as they are: drivers raise ReqlAuthError for
// codes 10 to 20 and ReqlDriverError for the rest.
type Error struct {
	Code int
	Msg  string
}

func (e *Error) Error() string { return e.Msg }

// CodeOther is the code of refusals that have none of their own.
const CodeOther = 20

// IsRefusal tells an error that says no to the client from trouble of our own.
func IsRefusal(err error) bool {
	var refused *Error
	return errors.As(err, &refused)
}

// The refusals of the handshake. Codes 10 to 18 are the errors of RFC 5802 in its order.
var (
	errMethod           = &Error{4, "Unsupported `authentication_method`."}
	errEncoding         = &Error{10, "Invalid encoding"}
	errExtensions       = &Error{11, "Extensions not supported"}
	errPassword         = &Error{12, "Wrong password"} // or an unknown user, whom RethinkDB tells apart as code 17
	errBindingMismatch  = &Error{13, "Channel bindings don't match"}
	errDowngrade        = &Error{14, "Server does support channel binding"}
	errChannelBinding   = &Error{15, "Channel binding is not supported"}
	errBindingMissing   = &Error{15, "`SCRAM-SHA-256-PLUS` needs a channel binding"}
	errBindingMethod    = &Error{15, "Channel binding needs `SCRAM-SHA-256-PLUS`"}
	errBindingType      = &Error{16, "Unsupported channel binding type"}
	errUsername         = &Error{18, "Invalid username encoding"}
	errEmptyUsername    = &Error{18, "Empty username"}
	errLongUsername     = &Error{18, "Username too long"}
	errNonce            = &Error{CodeOther, "Other error"} // there is no code of its own for a wrong nonce
	errOtherIdentity    = &Error{CodeOther, "Acting as another user is not supported"}
	errAfterError       = &Error{CodeOther, "A previous error occurred, no more messages expected."}
	errAfterSuccess     = &Error{CodeOther, "Already authenticated, no more messages expected."}
	errNotAuthenticated = &Error{CodeOther, "No authenticated user"}
)

// RowError is the refusal of a write to the system tables `users` and `permissions`, in the wording that the client
// sees. It fails that row only.
type RowError struct{ Msg string }

func (e *RowError) Error() string { return e.Msg }

func rowErrorf(format string, args ...any) error {
	return &RowError{fmt.Sprintf(format, args...)}
}
