//go:build hostile

package hostile

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// claim is the header of a frame whose body is said to have that length.
func claim(token int64, length uint32) string {
	return string(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(nil, uint64(token)), length))
}

func attackFrames(t *testing.T, s *target) {
	session := hello + frame(1, start(T(tRange))) + frame(1, "[2]") + frame(1, "[3]") + frame(2, "[4]") + frame(3, "[5]") +
		frame(4, start(T(tAdd, 1, 2)))
	s.attack(t, "a session that is cut off after each byte", func(t *testing.T) {
		for n := range len(session) {
			conn := dial(t, s.Addr())
			conn.send(session[:n])
			conn.closeWrite()
			conn.rest()
		}
	})
	s.attack(t, "a session that is cut off after each byte without a word", func(t *testing.T) {
		for n := range len(session) {
			conn := dial(t, s.Addr())
			conn.send(session[:n])
			if err := conn.conn.SetLinger(0); err != nil { // ends with a reset
				t.Fatal(err)
			}
			conn.close()
		}
	})
	s.attack(t, "a session with each byte damaged", func(t *testing.T) {
		for n := range len(session) {
			damaged := []byte(session)
			damaged[n] ^= byte(1 + n%255)
			conn := dial(t, s.Addr())
			conn.send(string(damaged))
			conn.closeWrite()
			conn.rest()
		}
	})

	const tooLarge = "greater than maximum (134217727)."
	for _, c := range []struct {
		name   string
		length uint32
	}{
		{"a frame of 4 GiB", 0xffffffff},
		{"a frame of 2 GiB", 1 << 31},
		{"a frame of 1 GiB", 1 << 30},
		{"a frame that is a byte too long", 1 << 27},
	} {
		s.attack(t, c.name, func(t *testing.T) {
			conn := login(t, s.Addr())
			conn.send(claim(5, c.length) + "[1,1]")
			token, answer := conn.answer()
			wants(t, answer, fmt.Sprintf(`{"t":16,"r":["Query size (%d) %s"],"b":[]}`, c.length, tooLarge))
			if token != 5 {
				t.Errorf("the answer is for query %d", token)
			}
			wants(t, conn.rest(), "")
		})
	}
	s.attack(t, "100 frames of 127 MiB that do not come", func(t *testing.T) {
		for range 100 {
			login(t, s.Addr()).send(claim(1, 127<<20) + "[1,")
		}
		login(t, s.Addr()).alive()
	})
	s.attack(t, "a frame that comes byte by byte", func(t *testing.T) {
		conn := login(t, s.Addr())
		for _, b := range []byte(frame(9, start(T(tAdd, 1, 2)))) {
			conn.send(string([]byte{b}))
			<-time.After(time.Millisecond)
		}
		_, answer := conn.answer()
		wants(t, answer, `{"t":1,"r":[3]}`)
	})
	s.attack(t, "random frames", func(t *testing.T) {
		conn := login(t, s.Addr())
		for i := range 2000 {
			wants(t, conn.ask(randomBytes(i%200, uint64(i))), `{"t":16,`)
		}
		conn.alive()
	})

	const buggy = `{"t":16,"r":["Client is buggy (failed to deserialize query)."],"b":[]}`
	for _, c := range []struct{ name, body, want string }{
		{"an empty body", "", buggy},
		{"a NUL byte", "\x00", buggy},
		{"text after a NUL byte", "[1,1]\x00 and more", `{"t":1,"r":[1]}`},
		{"a body that is no JSON", "select 1", buggy},
		{"half of a query", `[1,[24,[1,`, buggy},
		{"a query and a bracket", "[1,1]]", buggy},
		{"a string that is not UTF-8", "[1,\"\xff\xfe\"]", `is not a UTF-8 string`},
		{"a string with an overlong encoding", "[1,\"\xc0\x80\"]", `is not a UTF-8 string`},
		{"a string with a surrogate", "[1,\"\xed\xa0\x80\"]", "[\"\xed\xa0\x80\"]"},
		{"half of an escaped surrogate", `[1,"\ud800"]`, buggy},
		{"an escape that does not exist", `[1,"\q"]`, buggy},
		{"a string without an end", `[1,"abc`, buggy},
		{"a control character", "[1,\"\x01\"]", buggy},
		{"a key that is not UTF-8", "[1,{\"\xff\":1}]", `is not a UTF-8 string|{"t":1,|{"t":16,`},
		{"a number that is too large", "[1,1e999]", buggy},
		{"a number with 10,000 digits", "[1," + strings.Repeat("9", 10000) + "]", buggy},
		{"a number that is too small", "[1,1e-999]", `{"t":1,"r":[0]}`},
		{"a number with a zero in front", "[1,01]", buggy},
		{"a number without digits", "[1,-]", buggy},
		{"a number that is none", "[1,NaN]", buggy},
		{"a query type that is out of range", "[99999999999,1]", "Unrecognized QueryType: 0."},
		{"no query type", `["1",1]`, "Expected a query type as a number, but found STRING."},
		{"an object", "{}", "Expected a query to be an array, but found OBJECT."},
		{"an empty array", "[]", "Expected 1 to 3 elements in the top-level query, but found 0."},
		{"four elements", "[1,1,{},1]", "Expected 1 to 3 elements in the top-level query, but found 4."},
		{"options that are no object", "[1,1,[]]", "Expected global optargs as an object, but found ARRAY."},
		{"an unknown option", `[1,1,{"x":1}]`, "Unrecognized global optional argument `x`."},
		{"an option twice", `[1,1,{"db":1,"db":1}]`, "Duplicate global optional argument: `db`."},
		{"START without a term", "[1]", `{"t":17,`},
	} {
		s.attack(t, c.name, func(t *testing.T) {
			conn := login(t, s.Addr())
			wants(t, conn.ask(c.body), c.want)
			conn.alive()
		})
	}
	for _, token := range []int64{0, -1, 1 << 62, -1 << 63} {
		s.attack(t, "token "+strconv.FormatInt(token, 10), func(t *testing.T) {
			conn := login(t, s.Addr())
			conn.query(token, "[1,1]")
			got, answer := conn.answer()
			if wants(t, answer, `{"t":1,"r":[1]}`); got != token {
				t.Errorf("the answer has token %d", got)
			}
		})
	}
}
