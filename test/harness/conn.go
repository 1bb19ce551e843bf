package harness

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Numbers of the terms that the suites send.
const (
	MakeArray   = 2
	DB          = 14
	Table       = 15
	Get         = 16
	Between     = 182
	Filter      = 39
	OrderBy     = 41
	Count       = 43
	Insert      = 56
	Update      = 53
	Replace     = 55
	Delete      = 54
	DBCreate    = 57
	DBDrop      = 58
	DBList      = 59
	TableCreate = 60
	Sync        = 138
	Pluck       = 33
	MinVal      = 180
	MaxVal      = 181
	Range       = 173
	Var         = 10
	Func        = 69
	Bracket     = 170
	IndexCreate = 75
	IndexWait   = 140
	Changes     = 152
	Union       = 44
	GetAll      = 78
	Less        = 19
	Point       = 159
	Circle      = 165
	Intersects  = 166 // get_intersecting
)

// Types of responses.
const (
	SuccessAtom     = 1
	SuccessSequence = 2
	SuccessPartial  = 3
	WaitComplete    = 4
	ClientError     = 16
	CompileError    = 17
	RuntimeError    = 18
)

// Term builds a term.
func Term(number int, args ...any) any {
	if args == nil {
		args = []any{}
	}
	return []any{number, args}
}

// TermOpt builds a term with optional arguments.
func TermOpt(number int, opt map[string]any, args ...any) any {
	if args == nil {
		args = []any{}
	}
	return []any{number, args, opt}
}

// Response is one answer of the server.
type Response struct {
	Type   int               `json:"t"`
	Class  int               `json:"e"`
	Result []json.RawMessage `json:"r"`
}

// ReQLError is an error that the server answered with.
type ReQLError struct {
	Type, Class int
	Text        string
}

func (e *ReQLError) Error() string { return fmt.Sprintf("error %d/%d: %s", e.Type, e.Class, e.Text) }

// Conn is one connection to the driver port. It is not safe for concurrent use.
type Conn struct {
	conn  net.Conn
	in    *bufio.Reader
	token uint64
}

// Versions of the handshake.
const (
	V01 = 0x3f61ba36
	V02 = 0x723081e1
	V03 = 0x5f75e83e
	V04 = 0x400c2d20
)

// Dial connects and shakes hands as version V0_4, as admin without a password.
func Dial(addr string) (*Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return GiveKey(conn, V04, "")
}

// GiveKey shakes hands over a connection, as a version before V1_0 and with an authentication key. After a failure the connection
// is closed; when it is the server's, its words are the end of the error.
func GiveKey(conn net.Conn, version uint32, key string) (*Conn, error) {
	c := &Conn{conn: conn, in: bufio.NewReader(conn)}
	hello := binary.LittleEndian.AppendUint32(nil, version)
	hello = binary.LittleEndian.AppendUint32(hello, uint32(len(key)))
	hello = append(hello, key...)
	hello = binary.LittleEndian.AppendUint32(hello, 0x7e6970c7)
	_, err := conn.Write(hello)
	var answer string
	if err == nil {
		answer, err = c.in.ReadString(0)
	}
	if err == nil && answer != "SUCCESS\x00" {
		err = fmt.Errorf("the server refused the handshake: %s", strings.TrimSuffix(answer, "\n\x00"))
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// SetDeadline bounds everything that follows.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// Send sends a query, [type, term, options] as any value that has that JSON form, and returns its token.
func (c *Conn) Send(query any) (uint64, error) {
	c.token++
	return c.token, c.send(c.token, query)
}

// Continue asks for the next batch of a stream.
func (c *Conn) Continue(token uint64) error { return c.send(token, []any{2}) }

func (c *Conn) send(token uint64, query any) error {
	body, err := json.Marshal(query)
	if err != nil {
		return err
	}
	frame := binary.LittleEndian.AppendUint64(nil, token)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(body)))
	_, err = c.conn.Write(append(frame, body...))
	return err
}

// Receive returns the next response and its token.
func (c *Conn) Receive() (token uint64, r Response, err error) {
	var head [12]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, r, err
	}
	body := make([]byte, binary.LittleEndian.Uint32(head[8:]))
	if _, err := io.ReadFull(c.in, body); err != nil {
		return 0, r, err
	}
	return binary.LittleEndian.Uint64(head[:8]), r, json.Unmarshal(body, &r)
}

// Run sends a term and returns its whole result: one value, or all rows of a stream.
func (c *Conn) Run(term any) ([]json.RawMessage, error) {
	token, err := c.Send([]any{1, term})
	if err != nil {
		return nil, err
	}
	var rows []json.RawMessage
	for {
		got, r, err := c.Receive()
		switch {
		case err != nil:
			return nil, err
		case got != token:
			return nil, fmt.Errorf("answer to query %d while waiting for %d", got, token)
		case r.Type >= ClientError:
			e := &ReQLError{Type: r.Type, Class: r.Class}
			if len(r.Result) > 0 {
				if err := json.Unmarshal(r.Result[0], &e.Text); err != nil {
					return nil, err
				}
			}
			return nil, e
		}
		rows = append(rows, r.Result...)
		if r.Type != SuccessPartial {
			return rows, nil
		}
		if err := c.send(token, []any{2}); err != nil {
			return nil, err
		}
	}
}

// One runs a term and reads its single result into out.
func (c *Conn) One(term, out any) error {
	rows, err := c.Run(term)
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return fmt.Errorf("%d results in place of one", len(rows))
	}
	return json.Unmarshal(rows[0], out)
}
