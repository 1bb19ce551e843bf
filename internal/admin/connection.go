package admin

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xdg-go/scram"

	"rethinkdb/internal/peer"
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

// Codes of a handshake's refusals.
const (
	wrongPassword   = 12
	bindingMismatch = 13
)

// user is who the command line logs in as. There is one secret: the authentication key is this user's password.
const user = "admin"

// ErrPassword is a log-in with a wrong password, or without one where one is needed.
var ErrPassword = errors.New("Incorrect authorization key.")

// errMeddler is a log-in that was bound to another connection than the one that the server has.
var errMeddler = errors.New("the connection of the server is not the one of this command: somebody is between the two. The log-in gave nothing away, but this network is not safe")

var errStranger = errors.New("the answer is not that of a RethinkDB server")

// ErrLost is what becomes of a command whose connection ended.
var ErrLost = errors.New("connection lost to cluster")

// Options are what a connection needs besides an address.
type Options struct {
	Password    string
	Certificate *tls.Certificate // for servers that ask for one; nil: none
	Server      peer.Expected
}

// Connection is a connection to the intracluster port of a server, after the log-in. One goroutine at a time may use it.
type Connection struct {
	conn    *tls.Conn
	in      *bufio.Reader
	token   uint64
	address string
}

// Connect connects to the intracluster port at an address, with TLS, and logs in. The log-in is bound to the TLS connection: with
// a password, both sides know afterwards that nobody is between them, whatever certificate the server has.
func Connect(ctx context.Context, address string, o Options) (*Connection, error) {
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := peer.Open(dialing, address, peer.ClientConfig(peer.AdminProtocol, o.Certificate, o.Server))
	if err != nil {
		return nil, err
	}
	c := &Connection{conn: conn, in: bufio.NewReader(conn), address: address}
	err = conn.SetDeadline(time.Now().Add(loginTime))
	switch {
	case err != nil:
	case o.Password == "":
		err = c.logInWithout()
	default:
		err = c.logIn(o.Password)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.NetConn().Close() // there is nothing more to say
		return nil, peer.Explain(err)
	}
	return c, nil
}

// Key is the fingerprint of the server's key.
func (c *Connection) Key() peer.Fingerprint {
	return peer.FingerprintOf(c.conn.ConnectionState().PeerCertificates[0])
}

// Close ends the connection.
func (c *Connection) Close() error { return c.conn.Close() }

// logInWithout logs in without a password, or finds out that one is needed. It is the handshake V0_4 with an empty key, which a
// server can tell from a guess.
func (c *Connection) logInWithout() error {
	hello := binary.LittleEndian.AppendUint32(nil, magicV04)
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
	if _, err := c.conn.Write(binary.LittleEndian.AppendUint32(nil, magicV10)); err != nil {
		return err
	}
	if _, err := c.readMessage(); err != nil {
		return err
	}
	client, err := scram.SHA256.NewClientUnprepped(user, password, "")
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	state := c.conn.ConnectionState()
	binding, err := scram.NewTLSExporterBinding(&state)
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	// The library's minimum of iterations holds: a server that asks for less wants to guess the password from the proof.
	conversation := client.NewConversationWithChannelBinding(binding)
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
			message["protocol_version"], message["authentication_method"] = 0, "SCRAM-SHA-256-PLUS"
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
	case m.Code == bindingMismatch:
		return "", errMeddler
	case !m.Success:
		return "", errors.New(m.Error)
	}
	return m.Authentication, nil
}
