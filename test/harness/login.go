package harness

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/xdg-go/scram"
)

// LogIn connects and logs in with the handshake V1_0.
func LogIn(addr, user, password string) (*Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	c := &Conn{conn: conn, in: bufio.NewReader(conn)}
	if err := c.logIn(user, password); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

func (c *Conn) logIn(user, password string) error {
	client, err := scram.SHA256.NewClientUnprepped(user, password, "")
	if err != nil {
		return err
	}
	if _, err := c.conn.Write(binary.LittleEndian.AppendUint32(nil, 0x34c2bdc3)); err != nil { // V1_0
		return err
	}
	if _, err := c.readMessage(); err != nil {
		return err
	}
	conversation := client.WithMinIterations(1).NewConversation()
	for challenge := ""; ; {
		reply, err := conversation.Step(challenge)
		if err != nil || conversation.Done() {
			return err
		}
		m, err := json.Marshal(map[string]any{"protocol_version": 0, "authentication_method": "SCRAM-SHA-256", "authentication": reply})
		if err != nil {
			return err
		}
		if _, err := c.conn.Write(append(m, 0)); err != nil {
			return err
		}
		if challenge, err = c.readMessage(); err != nil {
			return err
		}
	}
}

// readMessage reads a message of the handshake and returns what it has for SCRAM.
func (c *Conn) readMessage() (authentication string, err error) {
	text, err := c.in.ReadString(0)
	if err != nil {
		return "", err
	}
	var m struct {
		Success        bool
		Authentication string
	}
	text = strings.TrimSuffix(text, "\x00")
	if err := json.Unmarshal([]byte(text), &m); err != nil || !m.Success {
		return "", fmt.Errorf("the server refused the handshake: %s", text)
	}
	return m.Authentication, nil
}
