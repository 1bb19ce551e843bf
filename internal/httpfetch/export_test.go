package httpfetch

import "strings"

// DigestMatches tells whether an Authorization header answers a challenge.
func DigestMatches(challenge, header, user, password, method, uri string) bool {
	text, ok := strings.CutPrefix(header, "Digest ")
	if !ok {
		return false
	}
	got := authParams(text)
	c, ok := parseChallenge(strings.TrimPrefix(challenge, "Digest "))
	if !ok || got["username"] != user || got["uri"] != uri || got["opaque"] != c.opaque {
		return false
	}
	want := authParams(strings.TrimPrefix(c.answer(Auth{User: user, Password: password}, method, uri, got["cnonce"]), "Digest "))
	return want["response"] == got["response"]
}
