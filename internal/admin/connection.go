package admin

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/xdg-go/scram"

	"rethinkdb/internal/wire"
)

const (
	// dialTime and loginTime bound the beginning of a connection; commands take as long as they take.
	dialTime  = 10 * time.Second
	loginTime = 20 * time.Second

	magicV04         = 0x400c2d20
	magicV10         = 0x34c2bdc3
	protocolJSON     = 0x7e6970c7
	maxMessageBytes  = 4096     // of a handshake
	maxResponseBytes = 64 << 20 // of an answer: a batch is a few megabytes at most
)

// user is who the command line logs in as. There is one secret: the authentication key is this user's password.
const user = "admin"

// ErrPassword is a log-in with a wrong password, or without one where one is needed.
var ErrPassword = errors.New("Incorrect authorization key.")

var errStranger = errors.New("the answer is not that of a RethinkDB server")

// errLost is what becomes of a command whose connection ended.
var errLost = errors.New("connection lost to cluster")

// Connection is a connection to the intracluster port of a server, after the log-in. One goroutine at a time may use it.
type Connection struct {
	conn  net.Conn
	in    *bufio.Reader
	token uint64
}

// Connect connects to the intracluster port at an address and logs in.
func Connect(ctx context.Context, address, password string) (*Connection, error) {
	dialer := net.Dialer{Timeout: dialTime}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &Connection{conn: conn, in: bufio.NewReader(conn)}
	err = conn.SetDeadline(time.Now().Add(loginTime))
	switch {
	case err != nil:
	case password == "":
		err = c.logInWithout()
	default:
		err = c.logIn(password)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

// Close ends the connection.
func (c *Connection) Close() error { return c.conn.Close() }

// logInWithout logs in without a password, or finds out that one is needed. It is the handshake V0_4 with an empty key, which a
// server can tell from a guess.
func (c *Connection) logInWithout() error {
	hello := binary.LittleEndian.AppendUint32([]byte(wire.AdminPreface), magicV04)
	hello = binary.LittleEndian.AppendUint32(hello, 0) // the length of the key
	hello = binary.LittleEndian.AppendUint32(hello, protocolJSON)
	if _, err := c.conn.Write(hello); err != nil {
		return err
	}
	text, err := c.readText()
	switch {
	case err != nil:
		return err
	case text != "SUCCESS":
		return errStranger
	}
	return nil
}

// logIn is the handshake V1_0, as drivers do it. The server proves that it knows the password, too.
func (c *Connection) logIn(password string) error {
	hello := binary.LittleEndian.AppendUint32([]byte(wire.AdminPreface), magicV10)
	if _, err := c.conn.Write(hello); err != nil {
		return err
	}
	if _, err := c.readMessage(); err != nil {
		return err
	}
	client, err := scram.SHA256.NewClientUnprepped(user, password, "")
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	// The library's minimum of iterations holds: a server that asks for less wants to guess the password from the proof.
	conversation := client.NewConversation()
	answer := ""
	for first := true; !conversation.Done(); first = false {
		step, err := conversation.Step(answer)
		if err != nil && !first {
			return fmt.Errorf("log in: %w. If no password is set on this server, leave it out", err)
		}
		if err != nil {
			return fmt.Errorf("log in: %w", err)
		}
		if conversation.Done() {
			break
		}
		message := map[string]any{"authentication": step}
		if first {
			message["protocol_version"], message["authentication_method"] = 0, "SCRAM-SHA-256"
		}
		text, err := json.Marshal(message)
		if err != nil {
			return err
		}
		if _, err := c.conn.Write(append(text, 0)); err != nil {
			return err
		}
		if answer, err = c.readMessage(); err != nil {
			return err
		}
	}
	if !conversation.Valid() {
		return errors.New("the server could not prove that it knows the password")
	}
	return nil
}

// wrongPassword is the code of a handshake's refusal.
const wrongPassword = 12

// readText reads a text of the handshake. An error that the server told is its own.
func (c *Connection) readText() (string, error) {
	var text []byte
	for {
		b, err := c.in.ReadByte()
		if err == nil && b == 0 || errors.Is(err, io.EOF) && len(text) > 0 { // a refusal of the port ends with the connection
			break
		}
		if err != nil {
			return "", err
		}
		if text = append(text, b); len(text) > maxMessageBytes {
			return "", errStranger
		}
	}
	refused, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ERROR: ")
	switch {
	case !ok:
		return string(text), nil
	case refused == ErrPassword.Error():
		return "", ErrPassword
	}
	return "", errors.New(refused)
}

// readMessage reads a message of the handshake V1_0 and returns what it has for SCRAM. An error that the server told is its own.
func (c *Connection) readMessage() (authentication string, err error) {
	text, err := c.readText()
	if err != nil {
		return "", err
	}
	var m struct {
		Success        bool   `json:"success"`
		Authentication string `json:"authentication"`
		Error          string `json:"error"`
		Code           int    `json:"error_code"`
	}
	switch err := json.Unmarshal([]byte(text), &m); {
	case err != nil:
		return "", errStranger
	case m.Code == wrongPassword:
		return "", ErrPassword
	case !m.Success:
		return "", errors.New(m.Error)
	}
	return m.Authentication, nil
}
