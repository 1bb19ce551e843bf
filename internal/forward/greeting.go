package forward

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"

	"rethinkdb/internal/access"
	"rethinkdb/internal/session"
)

// maxHops is how often a query may go on to another server. Where tables are is not known everywhere at the same moment: while a
// primary replica moves, a query may come to where it was, or where it is not yet.
const maxHops = 2

// greeting says for whom the queries of a stream are. It is a frame of JSON with the token 0.
type greeting struct {
	User string         `json:"user"`
	Addr netip.AddrPort `json:"addr"`
	Port access.Port    `json:"port"`
	Hops int            `json:"hops"`
}

const (
	headBytes = 12
	// maxGreetingBytes is more than any greeting has.
	maxGreetingBytes = 64 << 10
	// maxRequestBytes is what the driver port takes, and what substituted variables may add.
	maxRequestBytes = 256 << 20
	// maxAnswerBytes is more than a server has memory for in one answer.
	maxAnswerBytes = 1<<31 - 1
)

func greetingOf(c session.Client) greeting {
	return greeting{User: c.User, Addr: c.Addr, Port: c.Port, Hops: c.Hops + 1}
}

func (g greeting) client() session.Client {
	return session.Client{User: g.User, Addr: g.Addr, Port: g.Port, Hops: g.Hops}
}

func readGreeting(r io.Reader) (g greeting, err error) {
	_, body, err := readFrame(r, maxGreetingBytes)
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal(body, &g)
}

func readFrame(r io.Reader, limit uint32) (token int64, body []byte, err error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	token = int64(binary.LittleEndian.Uint64(head[:]))
	n := binary.LittleEndian.Uint32(head[8:])
	if n > limit {
		return token, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r, body)
	return token, body, err
}

func appendFrame(dst []byte, token int64, body []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(token))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(body)))
	return append(dst, body...)
}
