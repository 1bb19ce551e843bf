package auth

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// nonceBytes is the length of the server's share of the nonce before base64.
const nonceBytes = 18

// The authentication methods. The second one binds the log-in to the TLS connection below it, so that whoever sits between
// the client and the server cannot pass it on.
const (
	MethodScram     = "SCRAM-SHA-256"
	MethodScramPlus = "SCRAM-SHA-256-PLUS"
)

// Conversation is the server's side of one SCRAM-SHA-256 log-in (RFC 5802, RFC 7677): two calls of Next, then User.
//
// Which error wins when a message has several faults is visible to clients: attributes are judged in the order of their
// letters, as the original does. Up to the proof, nothing depends on whether there is such a user, and a wrong proof is
// answered alike.
type Conversation struct {
	users   *Users
	peer    netip.Addr
	method  string
	channel Channel // nil without TLS
	state   scramState

	header    gs2Header
	user      string
	known     bool
	guesser   guesser
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

// Login begins a conversation by one of the methods with a client at an address. channel is the TLS connection that the client uses, nil if it uses
// none; MethodScramPlus needs it.
func (u *Users) Login(peer netip.Addr, method string, channel Channel) (*Conversation, error) {
	if method != MethodScram && (method != MethodScramPlus || channel == nil) {
		return nil, errMethod
	}
	return &Conversation{users: u, peer: peer, method: method, channel: channel}, nil
}

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

// ClaimedUser is the name that the client has given, empty if it has not come to that. Until User says so it is nobody's.
func (c *Conversation) ClaimedUser() string { return c.user }

func (c *Conversation) first(message string) (answer string, err error) {
	if c.header, c.firstBare, err = c.parseGS2(message); err != nil {
		return "", err
	}
	attrs, err := splitAttributes(c.firstBare)
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
			if !printable(*value) {
				return "", errEncoding
			}
		default:
			return "", errEncoding
		}
	}
	if attrs['n'] == nil || attrs['r'] == nil {
		return "", errEncoding
	}
	c.verifier, c.known = c.users.verifierOf(c.user)
	c.guesser = c.users.guesses.guesser(c.user, c.peer)
	if err := c.users.mayTry(&c.verifier, c.guesser); err != nil {
		return "", err
	}

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
	withoutProof, _, _ := strings.Cut(message, ",p=")
	authMessage := c.firstBare + "," + c.serverMsg + "," + withoutProof
	attrs, err := splitAttributes(message)
	if err != nil {
		return "", err
	}
	var signature []byte
	for letter := range attrs {
		value := attrs[letter]
		if value == nil {
			continue
		}
		switch letter {
		case 'c':
			if err := c.header.verify(*value); err != nil {
				return "", err
			}
		case 'm':
			return "", errExtensions
		case 'p':
			proof, err := base64.StdEncoding.Strict().DecodeString(*value)
			if err != nil {
				return "", errPassword
			}
			var ok bool
			signature, ok = c.verifier.proves(proof, authMessage)
			if err := c.users.judge(&c.verifier, c.guesser, ok && c.known); err != nil {
				return "", err
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
	if c.header.authzid != "" && c.header.authzid != c.user {
		return "", errOtherIdentity
	}
	c.state = authenticated
	return "v=" + base64.StdEncoding.EncodeToString(signature), nil
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

// printable tells whether s has only the characters of a nonce: ASCII without controls and spaces.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
