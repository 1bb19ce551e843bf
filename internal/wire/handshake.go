package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
)

// The first four bytes of a connection say which handshake follows.
const (
	magicV01 = 0x3f61ba36
	magicV02 = 0x723081e1
	magicV03 = 0x5f75e83e
	magicV04 = 0x400c2d20
	magicV10 = 0x34c2bdc3

	protocolProtobuf = 0x271ffc41
	protocolJSON     = 0x7e6970c7
)

const (
	maxKeyBytes = 2048
	// maxMessageBytes is the length of a handshake message with its NUL byte from which on it is refused.
	maxMessageBytes = 2048
)

const (
	unknownMagic = "Received an unsupported protocol version. This port is for RethinkDB queries. " +
		"Does your client driver version not match the server?"
	noProtobuf       = "The PROTOBUF client protocol is no longer supported"
	tooManyStrangers = "Too many connections have not logged in yet. Try again later."
)

// refusal ends a handshake of a version before V1_0 with a line of text.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// login is the outcome of a handshake.
type login struct {
	user string
	// sequential connections (V0_3) run one query at a time.
	sequential bool
}

// handshake speaks with a client that has just connected. It writes all answers itself, except that errors of the types
// *refusal and *auth.Error are for refuse.
func (c *conn) handshake() (login, error) {
	b, err := c.need(4)
	if err != nil {
		return login{}, err
	}
	magic := binary.LittleEndian.Uint32(b)
	c.rd.consume(4)
	if err := c.admit(magic == magicV10); err != nil {
		c.claim.refusedByGate = true
		return login{}, err
	}
	if err := c.oldVersion(magic); err != nil {
		return login{}, err
	}
	switch magic {
	case magicV10:
		c.claim.method = audit.SCRAM
		return c.handshakeV1()
	case magicV03, magicV04:
		c.claim = claim{method: audit.AuthKey, user: auth.Admin}
		if err := c.handshakeV0(); err != nil {
			return login{}, err
		}
		return login{auth.Admin, magic == magicV03}, nil
	case magicV01, magicV02:
		return login{}, &refusal{noProtobuf}
	}
	return login{}, &refusal{unknownMagic}
}

// admit refuses, in the form of the handshake that the client has begun, an address that is not served.
func (c *conn) admit(v1 bool) error {
	refused := c.srv.opt.Gate.Admit(c.port, c.peer.Addr())
	switch {
	case refused == nil:
		return nil
	case v1:
		c.v1 = true
		return &auth.Error{Code: auth.CodeOther, Msg: refused.Error()}
	}
	return &refusal{refused.Error()}
}

// need waits until n bytes are available.
func (c *conn) need(n int) ([]byte, error) {
	for len(c.rd.available()) < n {
		if err := c.rd.fill(n); err != nil {
			return nil, err
		}
	}
	return c.rd.available()[:n], nil
}

// handshakeV0 reads an authentication key and the choice of a protocol. Anyone with the key is admin.
func (c *conn) handshakeV0() error {
	b, err := c.need(4)
	if err != nil {
		return err
	}
	keyBytes := binary.LittleEndian.Uint32(b)
	c.rd.consume(4)
	if keyBytes > maxKeyBytes {
		return &refusal{"Client provided an authorization key that is too long."}
	}
	if b, err = c.need(int(keyBytes)); err != nil {
		return err
	}
	key := string(b)
	c.rd.consume(int(keyBytes))
	if err := c.srv.opt.Users.CheckKey(c.peer.Addr(), key); err != nil {
		var refused *auth.Error
		switch {
		case !errors.As(err, &refused):
			return err
		case refused.Wait > 0:
			c.claim.reason = auth.Reason(err)
			return &refusal{refused.Msg}
		}
		return &refusal{"Incorrect authorization key."}
	}
	if b, err = c.need(4); err != nil {
		return err
	}
	protocol := binary.LittleEndian.Uint32(b)
	c.rd.consume(4)
	switch protocol {
	case protocolJSON:
		if err := c.enter(); err != nil {
			return &refusal{err.Error()}
		}
		_, err := c.nc.Write([]byte("SUCCESS\x00"))
		return err
	case protocolProtobuf:
		return &refusal{noProtobuf}
	}
	return &refusal{fmt.Sprintf("Unrecognized protocol specified: '%d'", int32(protocol))}
}

// handshakeV1 does the SCRAM log-in.
func (c *conn) handshakeV1() (login, error) {
	c.v1 = true
	greeting := struct {
		// Methods is only there with TLS, where it tells of channel binding.
		Methods []string `json:"authentication_methods,omitempty"`
		Max     int      `json:"max_protocol_version"`
		Min     int      `json:"min_protocol_version"`
		Version string   `json:"server_version"`
		Success bool     `json:"success"`
	}{nil, 0, 0, c.srv.opt.Version, true}
	if c.channel != nil {
		greeting.Methods = []string{auth.MethodScramPlus, auth.MethodScram}
	}
	err := c.writeMessage(greeting)
	if err != nil {
		return login{}, err
	}
	m, err := c.readMessage()
	if err != nil {
		return login{}, err
	}
	switch {
	case m.protocolVersion == nil:
		err = &auth.Error{Code: 1, Msg: "Expected a number for `protocol_version`."}
	case *m.protocolVersion != 0:
		err = &auth.Error{Code: 2, Msg: "Unsupported `protocol_version`."}
	case m.authenticationMethod == nil:
		err = &auth.Error{Code: 3, Msg: "Expected a string for `authentication_method`."}
	}
	if err != nil {
		return login{}, err
	}
	conversation, err := c.srv.opt.Users.Login(c.peer.Addr(), *m.authenticationMethod, c.channel)
	if err != nil {
		return login{}, err
	}
	if *m.authenticationMethod == auth.MethodScramPlus {
		c.claim.method = audit.SCRAMPlus
	}
	if err := c.answer(conversation, m); err != nil {
		return login{}, err
	}
	if m, err = c.readMessage(); err != nil {
		return login{}, err
	}
	if err := c.answer(conversation, m); err != nil {
		return login{}, err
	}
	user, err := conversation.User()
	return login{user: user}, err
}

// enter takes a place for the user who has just logged in. `rethinkdb admin` needs none: with it an operator finds out who has them.
func (c *conn) enter() error {
	if c.port == access.Cluster {
		return nil
	}
	err := c.srv.opt.Sessions.Enter(c.claim.user)
	c.entered = err == nil
	return err
}

func (c *conn) answer(conversation *auth.Conversation, m message) error {
	if m.authentication == nil {
		return &auth.Error{Code: 5, Msg: "Expected a string for `authentication`."}
	}
	text, err := conversation.Next(*m.authentication)
	c.claim.user = conversation.ClaimedUser()
	if err != nil {
		return err
	}
	if _, err := conversation.User(); err == nil {
		if err := c.enter(); err != nil {
			return &auth.Error{Code: auth.CodeOther, Msg: err.Error()}
		}
	}
	return c.writeMessage(struct {
		Authentication string `json:"authentication"`
		Success        bool   `json:"success"`
	}{text, true})
}

// readMessage reads up to a NUL byte.
func (c *conn) readMessage() (message, error) {
	for {
		b := c.rd.available()
		if end := bytes.IndexByte(b[:min(len(b), maxMessageBytes-1)], 0); end >= 0 {
			m, err := parseMessage(b[:end])
			c.rd.consume(end + 1)
			return m, err
		}
		if len(b) >= maxMessageBytes {
			return message{}, &auth.Error{Code: 7, Msg: "Limited read buffer size."}
		}
		if err := c.rd.fill(maxMessageBytes); err != nil {
			return message{}, err
		}
	}
}

// writeMessage writes v as JSON with a NUL byte.
func (c *conn) writeMessage(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encode a handshake message: %w", err)
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
	b.WriteByte(0)
	_, err := c.nc.Write(b.Bytes())
	return err
}

// refuse tells the client why the handshake failed. told is false when err is not for the client.
func (c *conn) refuse(err error) (told bool) {
	var r *refusal
	var ae *auth.Error
	switch {
	case errors.As(err, &r):
		_, err = c.nc.Write([]byte("ERROR: " + r.text + "\n\x00"))
	case errors.As(err, &ae) && c.v1:
		err = c.writeMessage(struct {
			Error   string `json:"error"`
			Code    int    `json:"error_code"`
			Success bool   `json:"success"`
		}{ae.Msg, ae.Code, false})
	default:
		return false
	}
	return err == nil
}
