//go:build hostile

package hostile

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

const (
	v01, v02, v03, v04 = 0x3f61ba36, 0x723081e1, 0x5f75e83e, 0x400c2d20
	v10                = 0x34c2bdc3

	protobuf, jsonProtocol = 0x271ffc41, 0x7e6970c7
)

// randomBytes are the same in every run.
func randomBytes(n int, seed uint64) string {
	rng := rand.NewPCG(seed, 1)
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint64())
	}
	return string(b)
}

// words are little-endian integers of 32 bits.
func words(w ...uint32) string { return string(frameBytes(w...)) }

// first is a first message of the handshake V1_0.
func first(json string) string { return words(v10) + json + "\x00" }

func scram(text string) string {
	return first(fmt.Sprintf(`{"protocol_version":0,"authentication_method":"SCRAM-SHA-256","authentication":%q}`, text))
}

func attackHandshakes(t *testing.T, s *target) {
	const unsupported = "ERROR: Received an unsupported protocol version."
	const noProtobuf = "ERROR: The PROTOBUF client protocol is no longer supported\n\x00"
	for _, c := range []struct{ name, send, want string }{
		{"four random bytes", randomBytes(4, 1), unsupported},
		{"random bytes", randomBytes(1000, 2), unsupported},
		{"a megabyte of random bytes", randomBytes(1<<20, 3), unsupported},
		{"zeros", strings.Repeat("\x00", 4096), unsupported},
		{"an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", unsupported},
		{"a TLS client hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + randomBytes(502, 4), unsupported},
		{"the protocol of another database", "\x00\x00\x00\x52\x00\x03\x00\x00user\x00root\x00\x00", unsupported},
		{"version 0.1", words(v01), noProtobuf},
		{"version 0.2 with a key", words(v02, 3) + "key", noProtobuf},
		{"protocol buffers", words(v04, 0, protobuf), noProtobuf},
		{"an unknown protocol", words(v03, 0, 0xffffffff), "ERROR: Unrecognized protocol specified: '-1'\n\x00"},
		{"a key of 4 GiB", words(v04, 0xffffffff), "ERROR: Client provided an authorization key that is too long.\n\x00"},
		{"a key that is a byte too long", words(v03, 2049) + strings.Repeat("k", 2049), "ERROR: Client provided an authorization key that is too long.\n\x00"},
		{"the longest key", words(v04, 2048) + strings.Repeat("k", 2048) + words(jsonProtocol), "ERROR: Incorrect authorization key.\n\x00"},
		{"a key that is not UTF-8", words(v04, 4) + "\xff\xfe\x80\x00" + words(jsonProtocol), "ERROR: Incorrect authorization key.\n\x00"},
		{"a message without an end", words(v10) + strings.Repeat("x", 4096), `"error":"Limited read buffer size.","error_code":7`},
		{"a megabyte without an end", words(v10) + strings.Repeat("x", 1<<20), `"error":"Limited read buffer size.","error_code":7`},
		{"an empty message", first(""), `"error":"Invalid JSON object.","error_code":8`},
		{"a message that is no JSON", first("}{"), `"error":"Invalid JSON object.","error_code":8`},
		{"a message of brackets", first(nest("[", "", "]", 1000)), ""},
		{"a message that is not UTF-8", first("{\"protocol_version\":0,\"x\":\"\xff\"}"), `"error_code":9`},
		{"a message with a key twice", first(`{"protocol_version":0,"protocol_version":0}`), `"error_code":9`},
		{"a message that is a number", first("12"), ""},
		{"a message without a version", first("{}"), `"error_code":1`},
		{"a version that is out of range", first(`{"protocol_version":1e999}`), `"error_code":`},
		{"a version to come", first(`{"protocol_version":1}`), `"error":"Unsupported ` + "`protocol_version`" + `.","error_code":2`},
		{"another method", first(`{"protocol_version":0,"authentication_method":"PLAIN","authentication":"x"}`), `"error_code":4`},
		{"no authentication", first(`{"protocol_version":0,"authentication_method":"SCRAM-SHA-256"}`), `"error_code":5`},
		{"SCRAM without a header", scram("x"), `"error_code":15`},
		{"SCRAM with a channel binding", scram("p=tls-unique,,n=admin,r=x"), `"error_code":15`},
		{"SCRAM with an extension", scram("n,,m=x,n=admin,r=x"), `"error_code":11`},
		{"SCRAM without a user", scram("n,,n=,r=x"), `"error_code":18`},
		{"SCRAM without a nonce", scram("n,,n=admin"), `"error_code":10`},
		{"SCRAM with a bad escape", scram("n,,n=a=2,r=x"), `"error_code":18`},
		{"SCRAM with random attributes", scram("n,,q=1,w=2,e=3"), `"error_code":10`},
		{"a proof that is none", scram("n,,n=admin,r=x") + `{"authentication":"c=biws,r=x,p=eA=="}` + "\x00", `"success":false`},
		{"an unknown user", scram("n,,n=mallory,r=x") + `{"authentication":"c=biws,r=x,p=eA=="}` + "\x00", `"success":false`},
		{"a second message that is no JSON", scram("n,,n=admin,r=x") + "nonsense\x00", `"error_code":8`},
	} {
		s.attack(t, c.name, func(t *testing.T) {
			conn := dial(t, s.Addr())
			conn.send(c.send)
			wants(t, conn.rest(), c.want)
		})
	}

	s.attack(t, "a connection that says nothing and leaves", func(t *testing.T) {
		conn := dial(t, s.Addr())
		conn.closeWrite()
		wants(t, conn.rest(), "")
	})
	s.attack(t, "a handshake that comes byte by byte", func(t *testing.T) {
		conn := dial(t, s.Addr())
		for _, b := range []byte(hello) {
			conn.send(string([]byte{b}))
			<-time.After(2 * time.Millisecond)
		}
		conn.expect("SUCCESS\x00")
		conn.alive()
	})
	s.attack(t, "500 handshakes that do not go on", func(t *testing.T) {
		var conns []*client
		for i := range 500 {
			conn := dial(t, s.Addr())
			conn.send([]string{"", "\x20", hello[:7], words(v10), words(v04, 2048) + "k", words(v10) + `{"protocol`}[i%6])
			conns = append(conns, conn)
		}
		// One address may have 200 of them, and is refused in words until some are gone.
		conns[499].expect("ERROR: Too many connections have not logged in yet. Try again later.\n\x00")
		for _, conn := range conns {
			conn.close()
		}
		loginSoon(t, s.Addr()).alive()
	})
	s.attack(t, "2,000 handshakes one after the other", func(t *testing.T) {
		for range 2000 {
			conn := dial(t, s.Addr())
			conn.send(words(v10))
			conn.close()
		}
		loginSoon(t, s.Addr()).alive()
	})
	s.attack(t, "200 wrong proofs at the same time", func(t *testing.T) {
		var conns []*client
		for range 200 {
			conn := dial(t, s.Addr())
			conn.send(scram("n,,n=admin,r=x") + `{"authentication":"c=biws,r=x,p=eA=="}` + "\x00")
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			wants(t, conn.rest(), `"success":false`)
		}
	})
}
