package auth

import (
	"errors"
	"fmt"
	"time"
)

// Error is a refusal during the handshake. Code and Msg go to the client as they are: drivers raise ReqlAuthError for
// codes 10 to 20 and ReqlDriverError for the rest.
type Error struct {
	Code int
	Msg  string
	// Wait is how long to wait before another try, whatever the password: there have been too many wrong ones. 0 otherwise.
	Wait time.Duration
}

func (e *Error) Error() string { return e.Msg }

// Reason is the refusal for the audit log, which counts equal ones: without the seconds to wait.
func Reason(err error) string {
	var refused *Error
	if errors.As(err, &refused) && refused.Wait > 0 {
		return "Too many wrong passwords"
	}
	return err.Error()
}

// slowedDown is the refusal during a pause.
func slowedDown(wait time.Duration) *Error {
	seconds := int64((wait + time.Second - 1) / time.Second)
	plural := "s"
	if seconds == 1 {
		plural = ""
	}
	return &Error{Code: CodeOther, Wait: wait,
		Msg: fmt.Sprintf("Too many wrong passwords for this user from your address. Try again in %d second%s.", seconds, plural)}
}

// CodeOther is the code of refusals that have none of their own.
const CodeOther = 20

func refusal(code int, msg string) *Error { return &Error{Code: code, Msg: msg} }

// The refusals of the handshake. Codes 10 to 18 are the errors of RFC 5802 in its order.
var (
	errMethod           = refusal(4, "Unsupported `authentication_method`.")
	errEncoding         = refusal(10, "Invalid encoding")
	errExtensions       = refusal(11, "Extensions not supported")
	errPassword         = refusal(12, "Wrong password") // or an unknown user, whom RethinkDB tells apart as code 17
	errBindingMismatch  = refusal(13, "Channel bindings don't match")
	errDowngrade        = refusal(14, "Server does support channel binding")
	errChannelBinding   = refusal(15, "Channel binding is not supported")
	errBindingMissing   = refusal(15, "`SCRAM-SHA-256-PLUS` needs a channel binding")
	errBindingMethod    = refusal(15, "Channel binding needs `SCRAM-SHA-256-PLUS`")
	errBindingType      = refusal(16, "Unsupported channel binding type")
	errUsername         = refusal(18, "Invalid username encoding")
	errEmptyUsername    = refusal(18, "Empty username")
	errLongUsername     = refusal(18, "Username too long")
	errNonce            = refusal(CodeOther, "Other error") // there is no code of its own for a wrong nonce
	errOtherIdentity    = refusal(CodeOther, "Acting as another user is not supported")
	errAfterError       = refusal(CodeOther, "A previous error occurred, no more messages expected.")
	errAfterSuccess     = refusal(CodeOther, "Already authenticated, no more messages expected.")
	errNotAuthenticated = refusal(CodeOther, "No authenticated user")
)

// RowError is the refusal of a write to the system tables `users` and `permissions`, in the wording that the client
// sees. It fails that row only.
type RowError struct{ Msg string }

func (e *RowError) Error() string { return e.Msg }

func rowErrorf(format string, args ...any) error {
	return &RowError{fmt.Sprintf(format, args...)}
}
