package httpfetch

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// maxChallenges is how often a server may call a nonce stale.
const maxChallenges = 3

func basic(a Auth) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.User+":"+a.Password))
}

// challenge is what a server asks for in digest authentication (RFC 7616).
type challenge struct {
	realm, nonce, opaque string
	algorithm            string // as written, empty when it is not
	session              bool   // of the -sess kind
	sum                  func(string) string
	qop                  bool // "auth" is offered
	stale                bool
}

func hexMD5(s string) string {
	h := md5.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}

func hexSHA256(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func hexSHA512(s string) string {
	h := sha512.Sum512_256([]byte(s))
	return hex.EncodeToString(h[:])
}

// digestChallenge finds the challenge of an answer that asks for digest authentication.
func digestChallenge(resp *http.Response) (challenge, bool) {
	if resp.StatusCode != http.StatusUnauthorized {
		return challenge{}, false
	}
	for _, line := range resp.Header.Values("WWW-Authenticate") {
		if len(line) < 7 || !strings.EqualFold(line[:7], "digest ") {
			continue
		}
		if c, ok := parseChallenge(line[7:]); ok {
			return c, true
		}
	}
	return challenge{}, false
}

// parseChallenge reads the parameters of a challenge; ok is false when it cannot be answered.
func parseChallenge(text string) (c challenge, ok bool) {
	params := authParams(text)
	c = challenge{realm: params["realm"], nonce: params["nonce"], opaque: params["opaque"], algorithm: params["algorithm"],
		stale: strings.EqualFold(params["stale"], "true")}
	name, session := strings.CutSuffix(strings.ToLower(c.algorithm), "-sess")
	c.session = session
	switch name {
	case "", "md5":
		c.sum = hexMD5
	case "sha-256":
		c.sum = hexSHA256
	case "sha-512-256":
		c.sum = hexSHA512
	default:
		return c, false
	}
	qop, asked := params["qop"]
	for _, q := range strings.Split(qop, ",") {
		c.qop = c.qop || strings.EqualFold(strings.TrimSpace(q), "auth")
	}
	return c, c.nonce != "" && (c.qop || !asked)
}

// authParams reads name=value and name="value" pairs between commas.
func authParams(text string) map[string]string {
	params := map[string]string{}
	for {
		text = strings.TrimLeft(text, " \t,")
		name, rest, ok := strings.Cut(text, "=")
		if !ok {
			return params
		}
		name, rest = strings.ToLower(strings.TrimSpace(name)), strings.TrimLeft(rest, " \t")
		var value strings.Builder
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			i := 0
			for i < len(quoted) && quoted[i] != '"' {
				if quoted[i] == '\\' && i+1 < len(quoted) {
					i++
				}
				value.WriteByte(quoted[i])
				i++
			}
			rest = quoted[min(i+1, len(quoted)):]
		} else {
			end := strings.IndexAny(rest, ", \t")
			if end < 0 {
				end = len(rest)
			}
			value.WriteString(rest[:end])
			rest = rest[end:]
		}
		params[name] = value.String()
		text = rest
	}
}

// answer gives the Authorization header for a request. cnonce is a random text that was never used before.
func (c challenge) answer(a Auth, method, uri, cnonce string) string {
	const count = "00000001" // a client nonce is used once
	a1 := c.sum(a.User + ":" + c.realm + ":" + a.Password)
	if c.session {
		a1 = c.sum(a1 + ":" + c.nonce + ":" + cnonce)
	}
	a2 := c.sum(method + ":" + uri)
	var b strings.Builder
	quote := func(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s"`, quote(a.User), quote(c.realm), quote(c.nonce), quote(uri))
	if c.qop {
		fmt.Fprintf(&b, `, cnonce="%s", nc=%s, qop=auth, response="%s"`, cnonce, count,
			c.sum(a1+":"+c.nonce+":"+count+":"+cnonce+":auth:"+a2))
	} else {
		if c.session {
			fmt.Fprintf(&b, `, cnonce="%s"`, cnonce)
		}
		fmt.Fprintf(&b, `, response="%s"`, c.sum(a1+":"+c.nonce+":"+a2))
	}
	if c.opaque != "" {
		fmt.Fprintf(&b, `, opaque="%s"`, quote(c.opaque))
	}
	if c.algorithm != "" {
		fmt.Fprintf(&b, `, algorithm=%s`, c.algorithm)
	}
	return b.String()
}

// newNonce gives a random text.
func newNonce() string { return rand.Text() }
