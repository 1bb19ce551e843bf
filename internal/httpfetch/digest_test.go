package httpfetch

import "testing"

// TestDigestExample answers the challenge in section 3.5 of RFC 2617.
func TestDigestExample(t *testing.T) {
	c, ok := parseChallenge(`realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ` +
		`opaque="5ccc069c403ebaf9f0171e9517f40e41"`)
	if !ok {
		t.Fatal("the challenge was not understood")
	}
	got := c.answer(Auth{User: "Mufasa", Password: "Circle Of Life"}, "GET", "/dir/index.html", "0a4f113b")
	const want = `Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ` +
		`uri="/dir/index.html", cnonce="0a4f113b", nc=00000001, qop=auth, response="6629fae49393a05397450978507c4ef1", ` +
		`opaque="5ccc069c403ebaf9f0171e9517f40e41"`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestChallengesThatCannotBeAnswered(t *testing.T) {
	for _, text := range []string{`realm="r"`, `realm="r", nonce="n", algorithm=MD4`, `realm="r", nonce="n", qop="auth-int"`, ``, `"`, `a="`, `a="\`} {
		if c, ok := parseChallenge(text); ok {
			t.Errorf("%s: understood as %+v", text, c)
		}
	}
}
