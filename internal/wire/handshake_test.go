package wire_test

import (
	"strings"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/wire"
)

func TestOldHandshakes(t *testing.T) {
	s := start(t)
	unknown := "ERROR: Received an unsupported protocol version. This port is for RethinkDB queries. Does your client driver version not match the server?\n"
	noProtobuf := "ERROR: The PROTOBUF client protocol is no longer supported\n"
	wrongKey := "ERROR: Incorrect authorization key.\n"
	for _, test := range []struct{ name, send, want string }{
		{"V0_1", "\x36\xba\x61\x3f", noProtobuf},
		{"V0_2", "\xe1\x81\x30\x72", noProtobuf},
		{"V0_2 with a key", "\xe1\x81\x30\x72\x00\x00\x00\x00", noProtobuf},
		{"V0_3 protobuf", magicV03 + "\x00\x00\x00\x00\x41\xfc\x1f\x27", noProtobuf},
		{"V0_4 protobuf", magicV04 + "\x00\x00\x00\x00\x41\xfc\x1f\x27", noProtobuf},
		{"V0_3 protocol 12345", magicV03 + "\x00\x00\x00\x00\x39\x30\x00\x00", "ERROR: Unrecognized protocol specified: '12345'\n"},
		{"V0_4 protocol -1", magicV04 + "\x00\x00\x00\x00\xff\xff\xff\xff", "ERROR: Unrecognized protocol specified: '-1'\n"},
		{"V0_4 wrong key", magicV04 + "\x05\x00\x00\x00wrong" + useJSON, wrongKey},
		{"V0_4 wrong key before a bad protocol", magicV04 + "\x05\x00\x00\x00wrong\x01\x00\x00\x00", wrongKey},
		{"V0_4 longest key", magicV04 + "\x00\x08\x00\x00" + strings.Repeat("k", 2048) + useJSON, wrongKey},
		{"V0_4 key too long", magicV04 + "\x01\x08\x00\x00", "ERROR: Client provided an authorization key that is too long.\n"},
		{"V0_4 key of 4 GiB", magicV04 + "\xff\xff\xff\xff", "ERROR: Client provided an authorization key that is too long.\n"},
		{"zero magic", "\x00\x00\x00\x00", unknown},
		{"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", unknown},
		{"magic in the wrong byte order", "\x34\xc2\xbd\xc3", unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, s.addr)
			c.write(test.send)
			c.expectMessage(test.want)
			c.expectEOF()
		})
	}
}

func TestOldHandshakeInPiecesAndPipelined(t *testing.T) {
	s := start(t)
	for _, magic := range []string{magicV03, magicV04} {
		c := dial(t, s.addr)
		for _, piece := range []string{magic[:2], magic[2:], "\x00\x00\x00\x00", useJSON[:1], useJSON[1:]} {
			c.write(piece)
		}
		c.expectMessage("SUCCESS")
		c.ask(7, "[1,[24,[1,2]]]")
		c.expect(7, `{"t":1,"r":[3]}`)

		c = dial(t, s.addr)
		c.write(magic + "\x00\x00\x00\x00" + useJSON + frame(7, "[1,[24,[1,2]]]") + frame(8, `[1,"x"]`))
		c.expectMessage("SUCCESS")
		c.expect(7, `{"t":1,"r":[3]}`)
		c.expect(8, `{"t":1,"r":["x"]}`)
	}
}

func TestHandshakeV1Errors(t *testing.T) {
	s := start(t)
	first := func(auth string) string {
		return `{"protocol_version":0,"authentication_method":"SCRAM-SHA-256","authentication":"` + auth + `"}`
	}
	for _, test := range []struct{ name, send, want string }{
		{"no version", `{"authentication_method":"SCRAM-SHA-256"}`, "1 Expected a number for `protocol_version`."},
		{"version is a string", `{"protocol_version":"0"}`, "1 Expected a number for `protocol_version`."},
		{"version 0.5", `{"protocol_version":0.5}`, "2 Unsupported `protocol_version`."},
		{"no method", `{"protocol_version":0}`, "3 Expected a string for `authentication_method`."},
		{"other method", `{"protocol_version":0,"authentication_method":"scram-sha-256"}`, "4 Unsupported `authentication_method`."},
		{"no authentication", `{"protocol_version":0,"authentication_method":"SCRAM-SHA-256"}`, "5 Expected a string for `authentication`."},
		{"too long", `{"a":"` + strings.Repeat("x", 3000) + `"}`, "7 Limited read buffer size."},
		{"2047 bytes and a NUL", strings.Repeat(" ", 2047), "7 Limited read buffer size."},
		{"not JSON", "hello", "8 Invalid JSON object."},
		{"empty", "", "8 Invalid JSON object."},
		{"truncated", `{"a":`, "8 Invalid JSON object."},
		{"number out of range", `{"protocol_version":1e999}`, "8 Invalid JSON object."},
		{"duplicate key", `{"protocol_version":0,"protocol_version":0}`, "9 Failed to convert JSON to datum."},
		{"duplicate key inside", `{"a":[{"b":1,"b":2}]}`, "9 Failed to convert JSON to datum."},
		{"bad UTF-8", first("n,,n=\xff,r=abc"), "9 Failed to convert JSON to datum."},
		{"empty SCRAM message", first(""), "15 Channel binding is not supported"},
		{"channel binding y", first("y,,n=admin,r=abc"), "15 Channel binding is not supported"},
		{"only n", first("n"), "15 Channel binding is not supported"},
		{"nothing after the authzid", first("n,"), "10 Invalid encoding"},
		{"no user", first("n,,r=abc"), "10 Invalid encoding"},
		{"no nonce", first("n,,n=admin"), "10 Invalid encoding"},
		{"user twice", first("n,,n=admin,n=admin,r=abc"), "10 Invalid encoding"},
		{"no equals sign", first("n,,nadmin,r=abc"), "10 Invalid encoding"},
		{"unknown attribute", first("n,,n=admin,r=abc,x=y"), "10 Invalid encoding"},
		{"extension", first("n,,m=x,n=admin,r=abc"), "11 Extensions not supported"},
		{"empty user", first("n,,n=,r=abc"), "18 Empty username"},
		{"bad escape", first("n,,n=a=2Xb,r=abc"), "18 Invalid username encoding"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, s.addr)
			c.write(magicV10)
			c.expectMessage(greeting)
			c.write(test.send + "\x00")
			code, text, _ := strings.Cut(test.want, " ")
			c.expectMessage(`{"error":"` + text + `","error_code":` + code + `,"success":false}`)
			c.expectEOF()
		})
	}
	for _, send := range []string{"[]", "5", `"x"`, "null", " true"} {
		t.Run("closed without a word: "+send, func(t *testing.T) {
			c := dial(t, s.addr)
			c.write(magicV10)
			c.expectMessage(greeting)
			c.write(send + "\x00")
			c.expectEOF()
		})
	}
}

func TestHandshakeV1FinalErrors(t *testing.T) {
	s := start(t)
	for _, test := range []struct{ name, send, want string }{
		{"no authentication", `{}`, "5 Expected a string for `authentication`."},
		{"not JSON", `x`, "8 Invalid JSON object."},
		{"empty", `{"authentication":""}`, "10 Invalid encoding"},
		{"first again", validFirst, "10 Invalid encoding"},
		{"other channel", `{"authentication":"c=eSws,r=abc,p=AAAA"}`, "10 Invalid encoding"},
		{"extension before the proof", `{"authentication":"c=biws,r=abc,m=1,p=AAAA"}`, "11 Extensions not supported"},
		{"bad proof before a bad nonce", `{"authentication":"c=biws,r=abc,p=AAAA"}`, "12 Wrong password"},
		{"proof is not base64", `{"authentication":"c=biws,r=abc,p=!!!"}`, "12 Wrong password"},
		{"no proof", `{"authentication":"c=biws,r=abc"}`, "20 Other error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, s.addr)
			c.write(magicV10 + validFirst + "\x00")
			c.expectMessage(greeting)
			if challenge := c.message(); !strings.Contains(challenge, ",i=1\"") {
				t.Fatalf("challenge %s", challenge)
			}
			c.write(test.send + "\x00")
			code, text, _ := strings.Cut(test.want, " ")
			c.expectMessage(`{"error":"` + text + `","error_code":` + code + `,"success":false}`)
			c.expectEOF()
		})
	}
}

func TestLogIn(t *testing.T) {
	s := start(t)
	row := func(name string, password datum.Value) {
		t.Helper()
		key := datum.String(name)
		err := s.users.WriteUser(key, false, datum.Object([]datum.Field{{Key: "id", Val: key}, {Key: "password", Val: password}}))
		if err != nil {
			t.Fatal(err)
		}
	}
	row("bob", datum.String("secret"))
	row("eve", datum.String(""))
	row("uni", datum.String("pässwörd ☃"))
	wrong := `{"error":"Wrong password","error_code":12,"success":false}`
	for _, test := range []struct{ user, password, refusal string }{
		{"admin", "", ""}, {"bob", "secret", ""}, {"bob", "Secret", wrong}, {"bob", "", wrong}, {"eve", "", ""},
		{"eve", "x", wrong}, {"uni", "pässwörd ☃", ""}, {"nobody", "", wrong}, {"Admin", "", wrong},
	} {
		c := dial(t, s.addr)
		last := c.logIn(test.user, test.password)
		if test.refusal != "" {
			if last != test.refusal {
				t.Errorf("%s with %q: %s", test.user, test.password, last)
			}
			c.expectEOF()
			continue
		}
		c.ask(1, "[1,[24,[1,2]]]")
		c.expect(1, `{"t":1,"r":[3]}`)
		c.ask(2, "[5]")
		c.expect(2, `{"t":5,"r":[{"id":"8e0b6b2f-0000-4000-8000-000000000001","name":"test","proxy":false}]}`)
	}

	row("admin", datum.String("pw"))
	c := dial(t, s.addr)
	c.write(magicV04 + "\x00\x00\x00\x00" + useJSON)
	c.expectMessage("ERROR: Incorrect authorization key.\n")
	c = dial(t, s.addr)
	c.write(magicV04 + "\x02\x00\x00\x00pw" + useJSON)
	c.expectMessage("SUCCESS")
}

func TestOldHandshakesAreRemembered(t *testing.T) {
	s := start(t)
	for range 2 {
		c := dial(t, s.addr)
		c.write(magicV04 + "\x00\x00\x00\x00" + useJSON)
		c.expectMessage("SUCCESS")
	}
	c := dial(t, s.addr)
	c.write("\xe1\x81\x30\x72")
	c.expectMessage("ERROR: The PROTOBUF client protocol is no longer supported\n")
	got := s.OldHandshakes()
	if len(got) != 2 || got[0].Version != "V0_2" || got[0].Count != 1 || got[1].Version != "V0_4" || got[1].Count != 2 ||
		!got[1].Peer.IsLoopback() || got[1].At.IsZero() {
		t.Errorf("remembered %+v", got)
	}
}

func TestOldHandshakesAreRefused(t *testing.T) {
	s := start(t, func(o *wire.Options) { o.NoOldHandshakes = true })
	for _, magic := range []string{magicV03, magicV04} {
		c := dial(t, s.addr)
		c.write(magic + "\x00\x00\x00\x00" + useJSON)
		c.expectMessage("ERROR: This server refuses the handshakes of drivers from before RethinkDB 2.3, which send the authentication key as it is. Use a newer driver.\n")
		c.expectEOF()
	}
	if got := s.OldHandshakes(); len(got) != 0 {
		t.Errorf("remembered %+v", got)
	}
}
