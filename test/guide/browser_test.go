//go:build guide

package guide

import (
	"encoding/json"
	"strings"
	"testing"
)

// person is who sits at the other host, in front of a browser.
type person struct {
	// What they tell a proxy that asks.
	basic account
	// What they tell the page; nothing if it must not ask.
	logIn *account
}

type account struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// visit is what they see of the page.
type visit struct {
	Address string   // where the browser ends up, without what follows #
	Title   string   // of the window
	Styled  bool     // the style sheet is there
	Wrong   []string // what the browser complains about
}

// open opens the page, by way of a proxy if it is not empty, and runs a query in it, whose answer has to be that of the server.
func (p person) open(t *testing.T, address, proxy string) visit {
	t.Helper()
	wish, err := json.Marshal(map[string]any{"address": address, "proxy": proxy, "basic": p.basic, "logIn": p.logIn})
	if err != nil {
		t.Fatal(err)
	}
	out, err := run(t, other, "", "env", "HOME="+openDirectory(t), "node", "browser.mjs", string(wish))
	var v visit
	if err != nil || json.Unmarshal([]byte(lastLine(out)), &v) != nil {
		t.Fatalf("%s: %v\n%s", address, err, out)
	}
	return v
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// expectPage opens the server's page, which has to work and end up at an address.
func (p person) expectPage(t *testing.T, address, proxy, at string) {
	t.Helper()
	v := p.open(t, address, proxy)
	if v.Address != at || !strings.Contains(v.Title, "guided – RethinkDB") || !v.Styled || len(v.Wrong) > 0 {
		t.Errorf("%s: the browser shows %+v, want the page of the server at %s, without complaints", address, v, at)
	}
}
