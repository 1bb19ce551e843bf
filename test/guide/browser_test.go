//go:build guide

package guide

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"testing"
	"time"
)

// browser is a Chromium on the other host, which is told what to do by the DevTools protocol through a pipe.
type browser struct {
	out     *os.File
	answers chan message // answers and events, closed at the end of the browser
	id      int          // of the last call

	// What the browser's user answers when a site asks.
	user, password string
}

// message is an answer or an event.
type message struct {
	ID      int    `json:"id"`
	Session string `json:"sessionId"`
	Method  string `json:"method"`
	Params  struct {
		RequestID string `json:"requestId"`
		Type      string `json:"type"`
		ErrorText string `json:"errorText"`
		Response  struct {
			URL    string `json:"url"`
			Status int    `json:"status"`
		} `json:"response"`
	} `json:"params"`
	Result struct {
		BrowserContextID string `json:"browserContextId"`
		TargetID         string `json:"targetId"`
		SessionID        string `json:"sessionId"`
		ErrorText        string `json:"errorText"`
		Result           struct {
			Value any `json:"value"`
		} `json:"result"`
	} `json:"result"`
	Error *struct{ Message string } `json:"error"`
}

// openBrowser starts the browser, whose user knows a name and a password. Certificates are not its business here: curl checks them.
func openBrowser(t *testing.T, user, password string) *browser {
	t.Helper()
	fromTest, toBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromBrowser, toTest, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile := openDirectory(t)
	start(t, other, func(cmd *exec.Cmd) {
		cmd.ExtraFiles = []*os.File{fromTest, toTest} // 3 and 4, as the protocol has it
		cmd.Env = append(os.Environ(), "HOME="+profile)
	}, "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
		"--no-first-run", "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable", "--ignore-certificate-errors", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	fromTest.Close()
	toTest.Close()
	b := &browser{out: toBrowser, answers: make(chan message, 100), user: user, password: password}
	t.Cleanup(func() {
		toBrowser.Close()
		for range b.answers { // until the browser has ended
		}
		fromBrowser.Close()
	})
	go b.read(fromBrowser)
	return b
}

// read ends with the browser.
func (b *browser) read(in *os.File) {
	defer close(b.answers)
	for messages := bufio.NewReader(in); ; {
		text, err := messages.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
			m.Error = &struct{ Message string }{err.Error()}
		}
		b.answers <- m
	}
}

// send calls a method, in a page if there is a session, and returns the number that the answer will have.
func (b *browser) send(t *testing.T, session, method string, params map[string]any) int {
	t.Helper()
	b.id++
	text, err := json.Marshal(struct {
		ID      int            `json:"id"`
		Session string         `json:"sessionId,omitempty"`
		Method  string         `json:"method"`
		Params  map[string]any `json:"params"`
	}{b.id, session, method, params})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.out.Write(append(text, 0)); err != nil {
		t.Fatal(err)
	}
	return b.id
}

// call calls a method and waits for its answer. Events that come meanwhile go to see.
func (b *browser) call(t *testing.T, session, method string, params map[string]any, see func(message)) message {
	t.Helper()
	id := b.send(t, session, method, params)
	answer := b.next(t, see, func(m message) bool { return m.ID == id })
	if answer.Error != nil {
		t.Fatalf("%s: %s", method, answer.Error.Message)
	}
	return answer
}

// next waits for a message. Who is asked for a password meanwhile gives it, once: a wrong one is not asked for again.
func (b *browser) next(t *testing.T, see func(message), wanted func(message) bool) message {
	t.Helper()
	deadline := time.After(runTime)
	for {
		select {
		case m, ok := <-b.answers:
			switch {
			case !ok:
				t.Fatal("the browser has ended")
			case wanted(m):
				return m
			case m.Method == "Fetch.requestPaused":
				b.send(t, m.Session, "Fetch.continueRequest", map[string]any{"requestId": m.Params.RequestID})
			case m.Method == "Fetch.authRequired":
				b.send(t, m.Session, "Fetch.continueWithAuth", map[string]any{"requestId": m.Params.RequestID,
					"authChallengeResponse": map[string]any{"response": "ProvideCredentials", "username": b.user, "password": b.password}})
			case see != nil:
				see(m)
			}
		case <-deadline:
			t.Fatal("the browser takes too long")
		}
	}
}

// visit is what a browser has seen of a page.
type visit struct {
	address string
	title   string
	styled  bool           // the rules of the style sheet are there
	loaded  map[string]int // by the last name in the path: the status of what was loaded
	failed  []string       // what was not
}

// open opens a page in a window of its own, whose proxy is given or empty for none, and waits until everything is loaded.
func (b *browser) open(t *testing.T, address, proxy string) visit {
	t.Helper()
	context := map[string]any{}
	if proxy != "" {
		// Without the second setting a browser asks localhost without a proxy.
		context["proxyServer"], context["proxyBypassList"] = proxy, "<-loopback>"
	}
	id := b.call(t, "", "Target.createBrowserContext", context, nil).Result.BrowserContextID
	target := b.call(t, "", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": id}, nil).Result.TargetID
	session := b.call(t, "", "Target.attachToTarget", map[string]any{"targetId": target, "flatten": true}, nil).Result.SessionID
	b.call(t, session, "Network.enable", nil, nil)
	b.call(t, session, "Page.enable", nil, nil)
	b.call(t, session, "Fetch.enable", map[string]any{"handleAuthRequests": true}, nil)

	v := visit{loaded: map[string]int{}}
	complete := false
	see := func(m message) {
		switch m.Method {
		case "Network.responseReceived":
			if u, err := url.Parse(m.Params.Response.URL); err == nil {
				v.loaded[path.Base(u.Path)] = m.Params.Response.Status
			}
		case "Network.loadingFailed":
			v.failed = append(v.failed, m.Params.Type+": "+m.Params.ErrorText)
		case "Page.loadEventFired":
			complete = true
		}
	}
	if text := b.call(t, session, "Page.navigate", map[string]any{"url": address}, see).Result.ErrorText; text != "" {
		t.Fatalf("%s: %s", address, text)
	}
	if !complete {
		b.next(t, see, func(m message) bool { return m.Method == "Page.loadEventFired" })
	}
	evaluate := func(expression string) string {
		return fmt.Sprint(b.call(t, session, "Runtime.evaluate", map[string]any{"expression": expression}, see).Result.Result.Value)
	}
	v.address = evaluate("location.href")
	v.title = evaluate("document.title")
	v.styled = evaluate("[...document.styleSheets].some(s => s.cssRules.length > 0)") == "true"
	b.call(t, "", "Target.disposeBrowserContext", map[string]any{"browserContextId": id}, nil)
	return v
}

// expectPage opens the server's page, which has to be complete and end up at an address.
func (b *browser) expectPage(t *testing.T, address, proxy, at string) {
	t.Helper()
	v := b.open(t, address, proxy)
	if v.address != at || v.title != "guided – RethinkDB" || !v.styled || v.loaded["style.css"] != 200 {
		t.Errorf("%s: the browser shows %+v, want the page of the server at %s", address, v, at)
	}
}
