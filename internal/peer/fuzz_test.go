package peer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"io"
	"net/netip"
	"testing"
	"time"
)

// scripted is a stream on which the other side has said everything already.
type scripted struct {
	io.Reader
	io.Writer
}

func message(text string) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...)
}

// FuzzAccept has anybody speak to a server that asks for a proof: nothing gets in, and nothing of the server gets out.
func FuzzAccept(f *testing.F) {
	f.Add(message(`{"min_version":1,"max_version":1,"methods":["secret"]}`), message(`{"proof":"AAAA","server":{"id":"a","name":"b"}}`))
	f.Add(message(`{"min_version":1,"max_version":3,"methods":["token"],"token":"0102030405060708"}`), message(`{"proof":""}`))
	f.Add(message(`{"max_version":-1,"features":["x",null],"methods":null}`), []byte("\xff\xff\xff\x7f"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), []byte(nil))
	keys, err := parseSecrets([]byte("0123456789abcdef"))
	if err != nil {
		f.Fatal(err)
	}
	list, err := OpenTokens(memory{}, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	list.records[TokenID{1, 2, 3, 4, 5, 6, 7, 8}] = TokenRecord{Key: make(ed25519.PublicKey, 32), Expires: time.Now().Add(time.Hour)}
	l := Listener{
		Options: Options{
			Self:       func() Server { return Server{ID: "hidden id", Name: "hidden name"} },
			Secret:     secretOf(keys),
			NeedsProof: func(netip.Addr) bool { return true },
		},
		Tokens: list,
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var said bytes.Buffer
		stream := scripted{bytes.NewReader(append(bytes.Clone(first), second...)), &said}
		if p, err := l.accept(context.Background(), channel{stream: stream, binding: []byte("a channel")}); err == nil {
			t.Errorf("%+v got in", p)
		}
		if bytes.Contains(said.Bytes(), []byte("hidden")) || said.Len() > 4096 {
			t.Errorf("the server said %q", said.Bytes())
		}
	})
}

// FuzzDial has a server that wants to prove itself connect to anybody.
func FuzzDial(f *testing.F) {
	f.Add(message(`{"version":1,"method":"secret"}`), message(`{"proof":"AAAA","server":{"id":"a","name":"b"}}`))
	f.Add(message(`{"version":1,"method":"none"}`), message(`{}`))
	f.Add(message(`{"refusal":{"kind":"proof","text":"no\u0007"}}`), []byte(nil))
	f.Add(message(`{"version":1,"method":"secret"}`), message(`{"refusal":{"kind":"unavailable","text":"full"}}`))
	keys, err := parseSecrets([]byte("0123456789abcdef"))
	if err != nil {
		f.Fatal(err)
	}
	d := Dialer{Options: Options{Self: func() Server { return Server{ID: "id"} }, Secret: secretOf(keys)}}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		stream := scripted{bytes.NewReader(append(bytes.Clone(first), second...)), io.Discard}
		p, err := d.dial(channel{stream: stream, binding: []byte("a channel")})
		if err == nil {
			t.Errorf("%+v was trusted", p)
			return
		}
		for _, r := range err.Error() {
			if r < ' ' || r == 0x7f {
				t.Errorf("the error has a control character: %q", err)
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	token, err := NewToken(Fingerprint{1}, []string{"a:1", "[::1]:29015"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token.Reveal())
	f.Add(tokenPrefix)
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseToken(text)
		if err == nil && token.Reveal() != text {
			t.Errorf("%q is %q", text, token.Reveal())
		}
	})
}

func FuzzAnswerPlain(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Add([]byte(oldHeader))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, first []byte) {
		if n := len(AnswerPlain(first)); n == 0 || n > 1024 {
			t.Errorf("%q is answered with %d bytes", first, n)
		}
	})
}
