package auth_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xdg-go/scram"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
)

// Neither one process nor the next one tells whether somebody has a name.
func TestUnknownUserGetsASteadySalt(t *testing.T) {
	store := &authtest.Store{}
	salt := func(name string) string {
		challenge, err := begin(t, open(t, store), nil).Next("n,,n=" + name + ",r=abc")
		if err != nil {
			t.Fatal(err)
		}
		_, s, _ := strings.Cut(challenge, ",s=")
		return s
	}
	if err := write(open(t, store), t, `{"id":"bob","password":"x"}`); err != nil {
		t.Fatal(err)
	}
	once, again := salt("nobody"), salt("nobody")
	if once != again || once == salt("noone") {
		t.Error("the salts of unknown users give them away")
	}
	if !strings.HasSuffix(once, ",i=4096") || len(once) != len(salt("bob")) {
		t.Error(once)
	}
}

// TestUnknownUserIsAWrongPassword answers whatever is sent for somebody whom there is and for somebody whom there is not.
func TestUnknownUserIsAWrongPassword(t *testing.T) {
	u := open(t, &authtest.Store{})
	if err := write(u, t, `{"id":"bob","password":"x"}`); err != nil {
		t.Fatal(err)
	}
	proof := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, final := range []string{
		"", "c=biws", "c=biws,r=NONCE", "c=biws,r=NONCE,p=", "c=biws,r=NONCE,p=!", "c=biws,r=NONCE,p=AAAA", "c=biws,r=NONCE,p=" + proof,
		"c=biws,r=other,p=" + proof, "c=eSws,r=NONCE,p=" + proof, "r=NONCE,p=" + proof, "c=biws,p=" + proof, "m=1,c=biws,r=NONCE,p=" + proof,
		"c=biws,r=NONCE,x=1,p=" + proof, "c=biws,c=biws,r=NONCE,p=" + proof,
	} {
		var answers [2]string
		for i, name := range []string{"bob", "nobody"} {
			c := begin(t, u, nil)
			challenge, err := c.Next("n,,n=" + name + ",r=abc")
			if err != nil {
				t.Fatal(err)
			}
			nonce, _, _ := strings.Cut(strings.TrimPrefix(challenge, "r="), ",")
			_, err = c.Next(strings.ReplaceAll(final, "NONCE", nonce))
			var refused *auth.Error
			if !errors.As(err, &refused) {
				t.Fatalf("%s with %q: %v", name, final, err)
			}
			answers[i] = fmt.Sprint(refused.Code, " ", refused.Msg)
		}
		if answers[0] != answers[1] {
			t.Errorf("%q: %s, but for nobody %s", final, answers[0], answers[1])
		}
	}
	for _, name := range []string{"bob", "nobody"} {
		if _, err := u.Check(somewhere(), name, "wrong"); text(err) != "Wrong password" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConversationEnds(t *testing.T) {
	c := begin(t, open(t, &authtest.Store{}), nil)
	if _, err := c.User(); text(err) != "No authenticated user" {
		t.Error(err)
	}
	if _, err := c.Next("x"); text(err) != "Channel binding is not supported" {
		t.Error(err)
	}
	if _, err := c.Next("n,,n=admin,r=abc"); text(err) != "A previous error occurred, no more messages expected." {
		t.Error(err)
	}
}

// wired is a TLS connection that knows what is in it by types of channel binding.
type wired map[string]string

func (w wired) Binding(bindingType string) []byte {
	if b, ok := w[bindingType]; ok {
		return []byte(b)
	}
	return nil
}

func TestMethods(t *testing.T) {
	u := open(t, &authtest.Store{})
	for _, test := range []struct {
		method  string
		channel auth.Channel
		ok      bool
	}{
		{"SCRAM-SHA-256", nil, true}, {"SCRAM-SHA-256", wired{}, true}, {"SCRAM-SHA-256-PLUS", wired{}, true},
		{"SCRAM-SHA-256-PLUS", nil, false}, {"SCRAM-SHA-1", nil, false}, {"scram-sha-256", nil, false}, {"", wired{}, false}, {"PLAIN", wired{}, false},
	} {
		_, err := u.Login(somewhere(), test.method, test.channel)
		if got := text(err); (got == "") != test.ok || !test.ok && got != "Unsupported `authentication_method`." {
			t.Errorf("%s, TLS %t: %q", test.method, test.channel != nil, got)
		}
	}
}

// TestFirstMessages has every way to spoil the first message, without TLS and with it.
func TestFirstMessages(t *testing.T) {
	u := open(t, &authtest.Store{})
	tls := wired{"tls-exporter": "secret"}
	long := strings.Repeat("x", 513)
	for _, test := range []struct {
		method  string
		channel auth.Channel
		message string
		want    string // code and text; empty for a challenge
	}{
		{auth.MethodScram, nil, "n,,n=admin,r=abc", ""},
		{auth.MethodScram, nil, "n,,n=admin,r=", ""},
		{auth.MethodScram, nil, "n,a=admin,n=admin,r=abc", ""},
		{auth.MethodScram, nil, "n,a=a=2Cb,n=admin,r=abc", ""},
		{auth.MethodScram, nil, "y,,n=admin,r=abc", "15 Channel binding is not supported"},
		{auth.MethodScram, nil, "p=tls-exporter,,n=admin,r=abc", "15 Channel binding is not supported"},
		{auth.MethodScram, nil, "", "15 Channel binding is not supported"},
		{auth.MethodScram, nil, "nn,,n=admin,r=abc", "15 Channel binding is not supported"},
		{auth.MethodScram, nil, "N,,n=admin,r=abc", "15 Channel binding is not supported"},
		{auth.MethodScram, nil, "n,bob,n=admin,r=abc", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,a=x=y,n=admin,r=abc", "18 Invalid username encoding"},
		{auth.MethodScram, nil, "n,a=,n=admin,r=abc", "18 Empty username"},
		{auth.MethodScram, nil, "n,", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,n=admin,r=a bc", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,n=admin,r=a\x00c", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,n=admin,r=\u00fc", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,n=admin,r=a\x7fc", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,n=" + long + ",r=abc", "18 Username too long"},
		{auth.MethodScram, nil, "n,,n=a\x07b,r=abc", "18 Invalid username encoding"},
		{auth.MethodScram, nil, "n,,n=\u0627\u0031,r=abc", "18 Invalid username encoding"},
		{auth.MethodScram, nil, "n,,n=\u00ad,r=abc", "18 Empty username"},
		{auth.MethodScram, nil, "n,,n=a=,r=abc", "18 Invalid username encoding"},
		{auth.MethodScram, nil, "n,,n=a=2c,r=abc", "18 Invalid username encoding"},
		{auth.MethodScram, nil, "n,,n=a=2,r=abc", "18 Invalid username encoding"},
		{auth.MethodScram, nil, "n,,m=,n=admin,r=abc", "11 Extensions not supported"},
		{auth.MethodScram, nil, "n,,==,n=admin,r=abc", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,n=admin,,r=abc", "10 Invalid encoding"},
		{auth.MethodScram, nil, "n,,\xff=x,n=admin,r=abc", "10 Invalid encoding"},

		{auth.MethodScram, tls, "n,,n=admin,r=abc", ""},
		{auth.MethodScram, tls, "y,,n=admin,r=abc", "14 Server does support channel binding"},
		{auth.MethodScram, tls, "p=tls-exporter,,n=admin,r=abc", "15 Channel binding needs `SCRAM-SHA-256-PLUS`"},
		{auth.MethodScram, tls, "", "10 Invalid encoding"},
		{auth.MethodScram, tls, "x,,n=admin,r=abc", "10 Invalid encoding"},

		{auth.MethodScramPlus, tls, "p=tls-exporter,,n=admin,r=abc", ""},
		{auth.MethodScramPlus, tls, "p=tls-unique,,n=admin,r=abc", "16 Unsupported channel binding type"},
		{auth.MethodScramPlus, tls, "p=tls-server-end-point,,n=admin,r=abc", "16 Unsupported channel binding type"},
		{auth.MethodScramPlus, tls, "p=,,n=admin,r=abc", "16 Unsupported channel binding type"},
		{auth.MethodScramPlus, tls, "p,,n=admin,r=abc", "10 Invalid encoding"},
		{auth.MethodScramPlus, tls, "p=tls-exporter", "10 Invalid encoding"},
		{auth.MethodScramPlus, tls, "p=tls-exporter,", "10 Invalid encoding"},
		{auth.MethodScramPlus, tls, "n,,n=admin,r=abc", "15 `SCRAM-SHA-256-PLUS` needs a channel binding"},
		{auth.MethodScramPlus, tls, "y,,n=admin,r=abc", "15 `SCRAM-SHA-256-PLUS` needs a channel binding"},
	} {
		c, err := u.Login(somewhere(), test.method, test.channel)
		if err != nil {
			t.Fatal(err)
		}
		challenge, err := c.Next(test.message)
		got := ""
		var refused *auth.Error
		if errors.As(err, &refused) {
			got = fmt.Sprint(refused.Code, " ", refused.Msg)
		} else if err != nil || !strings.HasPrefix(challenge, "r=") {
			t.Fatalf("%q: %q, %v", test.message, challenge, err)
		}
		if got != test.want {
			t.Errorf("%s, TLS %t, %q: got %q, want %q", test.method, test.channel != nil, test.message, got, test.want)
		}
	}
}

// TestIdentities lets nobody act as somebody else.
func TestIdentities(t *testing.T) {
	u := open(t, &authtest.Store{})
	if err := write(u, t, `{"id":"bob","password":"x"}`); err != nil {
		t.Fatal(err)
	}
	for authzid, want := range map[string]string{"": "", "bob": "", "admin": "Acting as another user is not supported"} {
		client, err := scram.SHA256.NewClientUnprepped("bob", "x", authzid)
		if err != nil {
			t.Fatal(err)
		}
		if got := converse(t, client.NewConversation(), begin(t, u, nil)); got != want {
			t.Errorf("as %q: %q", authzid, got)
		}
	}
}

// TestChannelBinding logs in over one TLS connection that is two when somebody sits in the middle.
func TestChannelBinding(t *testing.T) {
	u := open(t, &authtest.Store{})
	if err := write(u, t, `{"id":"bob","password":"x"}`); err != nil {
		t.Fatal(err)
	}
	server := wired{"tls-exporter": "exported", "tls-server-end-point": "certificate"}
	for _, test := range []struct {
		name    string
		binding scram.ChannelBinding
		want    string
	}{
		{"exporter", scram.ChannelBinding{Type: scram.ChannelBindingTLSExporter, Data: []byte("exported")}, ""},
		{"certificate", scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: []byte("certificate")}, ""},
		{"another connection", scram.ChannelBinding{Type: scram.ChannelBindingTLSExporter, Data: []byte("other")}, "Channel bindings don't match"},
		{"data of another type", scram.ChannelBinding{Type: scram.ChannelBindingTLSExporter, Data: []byte("certificate")}, "Channel bindings don't match"},
		{"tls-unique", scram.ChannelBinding{Type: scram.ChannelBindingTLSUnique, Data: []byte("exported")}, "Unsupported channel binding type"},
	} {
		client, err := scram.SHA256.NewClientUnprepped("bob", "x", "")
		if err != nil {
			t.Fatal(err)
		}
		if got := converse(t, client.NewConversationWithChannelBinding(test.binding), begin(t, u, server)); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// converse lets an independent client talk to us, and gives the text of our refusal.
func converse(t testing.TB, client *scram.ClientConversation, server *auth.Conversation) string {
	t.Helper()
	message := ""
	for {
		reply, err := client.Step(message)
		if err != nil {
			t.Fatalf("the client refuses %q: %v", message, err)
		}
		if client.Done() {
			break
		}
		if message, err = server.Next(reply); err != nil {
			return err.Error()
		}
	}
	if !client.Valid() {
		t.Fatal("the client does not believe the server's signature")
	}
	return ""
}

// FuzzConversation sends anything as both messages, without and with TLS. Every outcome but a log-in is one of our refusals.
func FuzzConversation(f *testing.F) {
	f.Add("n,,n=admin,r=abc", "c=biws,r=abc,p=AAAA", 0)
	f.Add("n,a=x,r=,n=a=2Cb=3D", "p=,c=biws,r=", 0)
	f.Add("n,,n=\u00ad,r=x", ",p=", 1)
	f.Add("y,,n=admin,r=x", "c=eSws,r=x,p=AAAA", 1)
	f.Add("p=tls-exporter,,n=admin,r=abc", "c=cD10bHMtZXhwb3J0ZXIsLA==,r=abc,p=AAAA", 2)
	f.Add("p=tls-exporter,a=\xff,n=admin,r=abc", "c=,r=,p==", 2)
	u := open(f, &authtest.Store{})
	f.Fuzz(func(t *testing.T, first, final string, kind int) {
		var channel auth.Channel
		method := auth.MethodScram
		if kind%3 != 0 {
			channel = wired{"tls-exporter": "secret"}
		}
		if kind%3 == 2 {
			method = auth.MethodScramPlus
		}
		c, err := u.Login(somewhere(), method, channel)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Next(first)
		if err != nil {
			if ae := (*auth.Error)(nil); !errors.As(err, &ae) || ae.Code < 10 || ae.Code > 20 {
				t.Fatalf("%q: %v", first, err)
			}
			return
		}
		_, rest, _ := strings.Cut(answer, ",s=")
		salt, _, _ := strings.Cut(rest, ",i=")
		if b, err := base64.StdEncoding.DecodeString(salt); !strings.HasPrefix(answer, "r=") || err != nil || len(b) != 16 {
			// A nonce with ",s=" in it cannot be: commas end attributes.
			t.Fatalf("%q: answer %q", first, answer)
		}
		if _, err := c.Next(final); err == nil {
			t.Fatalf("logged in with %q", final)
		} else if ae := (*auth.Error)(nil); !errors.As(err, &ae) || ae.Code < 10 || ae.Code > 20 {
			t.Fatalf("%q: %v", final, err)
		}
	})
}
