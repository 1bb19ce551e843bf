package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"unicode/utf8"

	"rethinkdb/internal/auth"
)

// errNotObject is a handshake message that is JSON but not an object. The original closes the connection without a
// word.
var errNotObject = errors.New("handshake message is not an object")

// message is a message of the handshake V1_0. A field that is missing or of another type is nil.
type message struct {
	protocolVersion      *float64
	authenticationMethod *string
	authentication       *string
}

// parseMessage reads the JSON of a handshake message. Its errors are *auth.Error, which go to the client, or
// errNotObject. Faults of syntax (8) come before those of the values (9), which include duplicate keys.
func parseMessage(b []byte) (message, error) {
	var m message
	if !json.Valid(b) {
		return m, &auth.Error{Code: 8, Msg: "Invalid JSON object."}
	}
	bad := &auth.Error{Code: 9, Msg: "Failed to convert JSON to datum."}
	if !utf8.Valid(b) {
		return m, bad
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if !uniqueKeys(d) {
		return m, bad
	}
	if b = bytes.TrimLeft(b, " \t\r\n"); b[0] != '{' {
		return m, errNotObject
	}
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil { // a number that is out of range
		return m, &auth.Error{Code: 8, Msg: "Invalid JSON object."}
	}
	if f, ok := fields["protocol_version"].(float64); ok && !math.IsInf(f, 0) {
		m.protocolVersion = &f
	}
	if s, ok := fields["authentication_method"].(string); ok {
		m.authenticationMethod = &s
	}
	if s, ok := fields["authentication"].(string); ok {
		m.authentication = &s
	}
	return m, nil
}

// uniqueKeys tells whether no object of the valid JSON in d has a key twice.
func uniqueKeys(d *json.Decoder) bool {
	// The keys of the objects around the current value; nil stands for an array.
	var open []map[string]bool
	key := false // the next token is a key
	for {
		t, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		switch t {
		case json.Delim('{'):
			open, key = append(open, map[string]bool{}), true
			continue
		case json.Delim('['):
			open, key = append(open, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if key {
				name := t.(string)
				keys := open[len(open)-1]
				if keys[name] {
					return false
				}
				keys[name], key = true, false
				continue
			}
		}
		key = len(open) > 0 && open[len(open)-1] != nil
	}
}
