package auth

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// nonceBytes is the length of the server's share of the nonce before base64.
const nonceBytes = 18

// Conversation is the server's side of one SCRAM-SHA-256 log-in (RFC 5802, RFC 7677) without channel binding: two
// calls of Next, then User.
//
// Which error wins when a message has several faults is visible to clients: attributes are judged in the order of their
// letters, as the original does.
type Conversation struct {
	users *Users
	state scramState

	user      string
	known     bool
	verifier  verifier
	nonce     string
	firstBare string // client-first-message-bare
	serverMsg string // server-first-message
}

type scramState uint8

const (
	awaitFirst scramState = iota
	awaitFinal
	authenticated
	failed
)

// Login begins a conversation.
func (u *Users) Login() *Conversation { return &Conversation{users: u} }

// Next takes the client's next message and gives the answer to it. An *Error is for the client; any other error is our
// own trouble.
func (c *Conversation) Next(message string) (answer string, err error) {
	switch c.state {
	case awaitFirst:
		answer, err = c.first(message)
	case awaitFinal:
		answer, err = c.final(message)
	case authenticated:
		err = errAfterSuccess
	default:
		err = errAfterError
	}
	if err != nil {
		c.state = failed
	}
	return answer, err
}

// User is the name of who logged in.
func (c *Conversation) User() (string, error) {
	if c.state != authenticated {
		return "", errNotAuthenticated
	}
	return c.user, nil
}

func (c *Conversation) first(message string) (string, error) {
	rest, ok := strings.CutPrefix(message, "n,")
	if !ok {
		return "", errChannelBinding
	}
	_, bare, ok := strings.Cut(rest, ",") // what is before the comma is an authzid, which nobody uses
	if !ok {
		return "", errEncoding
	}
	c.firstBare = bare
	attrs, err := splitAttributes(bare)
	if err != nil {
		return "", err
	}
	for letter := range attrs {
		value := attrs[letter]
		if value == nil {
			continue
		}
		switch letter {
		case 'm':
			return "", errExtensions
		case 'n':
			if c.user, err = decodeName(*value); err != nil {
				return "", err
			}
		case 'r':
		default:
			return "", errEncoding
		}
	}
	if attrs['n'] == nil || attrs['r'] == nil {
		return "", errEncoding
	}
	c.verifier, c.known = c.users.verifierOf(c.user)

	var nonce [nonceBytes]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return "", fmt.Errorf("make a nonce: %w", err)
	}
	c.nonce = *attrs['r'] + base64.StdEncoding.EncodeToString(nonce[:])
	c.serverMsg = "r=" + c.nonce + ",s=" + base64.StdEncoding.EncodeToString(c.verifier.salt[:]) +
		",i=" + strconv.Itoa(c.verifier.iterations)
	c.state = awaitFinal
	return c.serverMsg, nil
}

func (c *Conversation) final(message string) (string, error) {
	if !c.known {
		return "", errUnknownUser
	}
	withoutProof, _, _ := strings.Cut(message, ",p=")
	authMessage := c.firstBare + "," + c.serverMsg + "," + withoutProof
	attrs, err := splitAttributes(message)
	if err != nil {
		return "", err
	}
	for letter := range attrs {
		value := attrs[letter]
		if value == nil {
			continue
		}
		switch letter {
		case 'c':
			if *value != "biws" { // base64 of "n,,"
				return "", errEncoding
			}
		case 'm':
			return "", errExtensions
		case 'p':
			proof, err := base64.StdEncoding.Strict().DecodeString(*value)
			if err != nil || !c.verifier.proves(proof, authMessage) {
				return "", errPassword
			}
		case 'r':
			if *value != c.nonce {
				return "", errNonce
			}
		default:
			return "", errEncoding
		}
	}
	if attrs['c'] == nil || attrs['r'] == nil || attrs['p'] == nil {
		return "", errEncoding
	}
	c.state = authenticated
	return "v=" + base64.StdEncoding.EncodeToString(c.verifier.serverSignature(authMessage)), nil
}

// splitAttributes reads "a=x,b=y". Each letter (any single byte) may occur once.
func splitAttributes(message string) (*[256]*string, error) {
	var attrs [256]*string
	for message != "" {
		if len(message) < 2 || message[1] != '=' || message[0] == '=' || attrs[message[0]] != nil {
			return nil, errEncoding
		}
		letter := message[0]
		value, rest, _ := strings.Cut(message[2:], ",")
		attrs[letter] = &value
		message = rest
	}
	return &attrs, nil
}

// decodeName undoes the escapes of a saslname and applies SASLprep. Unlike the original, whose decoder skips the
// character after an escape, names with commas and equals signs work.
func decodeName(saslname string) (string, error) {
	if strings.IndexByte(saslname, '=') < 0 {
		return prepareUsername(saslname)
	}
	var b strings.Builder
	for i := 0; i < len(saslname); i++ {
		switch {
		case saslname[i] != '=':
			b.WriteByte(saslname[i])
		case strings.HasPrefix(saslname[i:], "=2C"):
			b.WriteByte(',')
			i += 2
		case strings.HasPrefix(saslname[i:], "=3D"):
			b.WriteByte('=')
			i += 2
		default:
			return "", errUsername
		}
	}
	return prepareUsername(b.String())
}
