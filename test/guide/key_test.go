//go:build guide

package guide

import (
	"bytes"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

const (
	key        = "open-sesame-4711"
	secondKey  = "close-sesame-4712"
	driverPort = 28015
)

// usePath lets commands name the program as a person does, who has never used it before.
func usePath(t *testing.T) {
	t.Helper()
	bin := t.TempDir()
	if err := os.Symlink(harness.Binary(t), filepath.Join(bin, "rethinkdb")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir()) // where the servers are remembered, and where Go would build everything anew
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// logIn connects as a driver of old does, from the address of the other host in the same network as the server's.
func logIn(from, to string, version uint32, key string) (*harness.Conn, error) {
	conn, err := other.Dial(from, to, driverPort)
	if err != nil {
		return nil, err
	}
	return harness.GiveKey(conn, version, key)
}

// expectLogIn tries to log in, and expects the server's words, or a connection if there are none.
func expectLogIn(t *testing.T, from, to string, version uint32, key, words string) {
	t.Helper()
	c, err := logIn(from, to, version, key)
	switch {
	case err == nil:
		c.Close()
		if words != "" {
			t.Errorf("version %x from %s with key %q: is served, want %q", version, from, key, words)
		}
	case words == "" || !strings.Contains(err.Error(), words):
		t.Errorf("version %x from %s with key %q: %v, want %q", version, from, key, err, words)
	}
}

const (
	wrongKey   = "ERROR: Incorrect authorization key."
	noPassword = "ERROR: This server has no password yet"
	noProtobuf = "ERROR: The PROTOBUF client protocol is no longer supported"
)

// The authentication key is set and removed in every way of the guide, and needed in between.
func TestAuthenticationKey(t *testing.T) {
	makeNetwork(t)
	usePath(t)
	security := openPage(t, "security.md")
	s := startServer(t)
	expectLogIn(t, localOther, localServer, harness.V04, "", "")
	expectLogIn(t, worldOther, worldServer, harness.V04, "", noPassword)
	before, err := logIn(localOther, localServer, harness.V04, "")
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()

	setKeyInConsole(t, security)
	expectKey(t, key)
	if _, err := before.Run(harness.Term(harness.DBList)); err != nil {
		t.Errorf("a connection from before the key: %v", err)
	}
	expectDrivers(t, key)

	// One command from elsewhere, and one on the server's machine, where the person is asked for the key.
	removed := func() {
		t.Helper()
		expectLogIn(t, localOther, localServer, harness.V04, "", "")
		expectLogIn(t, worldOther, worldServer, harness.V04, "", noPassword)
	}
	giveKey(t, other, key, security.command(t, "rethinkdb admin --join HOST:29015 unset auth", "HOST", localServer))
	removed()
	security.do(t, server, "rethinkdb admin set auth KEY", "KEY", secondKey)
	expectKey(t, secondKey)
	security.do(t, server, "RETHINKDB_PASSWORD=KEY rethinkdb admin ls auth", "KEY", secondKey)
	security.do(t, server, "echo KEY | rethinkdb admin --password-file - ls auth", "KEY", secondKey)
	giveKey(t, server, secondKey, security.command(t, "rethinkdb admin unset auth"))
	removed()

	// The console may be fed by a pipe, too.
	join := security.command(t, "rethinkdb admin --join HOST:29015", "HOST", localServer)
	out, err := run(t, other, "set auth "+key+"\nls auth\nunset auth\nls auth\n", strings.Fields(join)...)
	if err != nil || !strings.HasPrefix(out, "Connected to cluster with 1 machine") || !strings.HasSuffix(out, "An authentication key is set. What is kept of it does not suffice to show it.\n\n") {
		t.Errorf("%v, the console printed\n%s", err, out)
	}
	removed()
	expectNowhere(t, s, key, secondKey)
}

// setKeyInConsole does what the guide begins with, on a terminal of the other host.
func setKeyInConsole(t *testing.T, security page) {
	t.Helper()
	line := security.command(t, "rethinkdb admin --join HOST:29015", "HOST", localServer)
	prompt := localServer + ":29015> "
	d := talk(t, other, strings.Fields(line)...)
	d.expect("The server at " + localServer + ":29015 is new here. Its key, ")
	d.expect("Connected to cluster with 1 machine, run 'help' for more information")
	d.expect(prompt)
	d.enter("help set auth")
	d.expect("at most 2048 bytes")
	d.expect(prompt)
	d.press("ls au\t") // the tabulator completes
	d.expect("ls auth")
	d.press("\r")
	d.expect(prompt)
	d.enter("set auth " + key)
	d.expect(prompt)
	d.press("\x1b[A") // the arrow fetches the last line again, but not the one with the key
	d.expect("ls auth")
	d.press("\r")
	d.expect("An authentication key is set.")
	d.expect(prompt)
	d.enter("exit")
	d.end()
}

// giveKey runs a command that asks for the key on a terminal.
func giveKey(t *testing.T, h harness.Host, key, line string) {
	t.Helper()
	d := talk(t, h, strings.Fields(line)...)
	d.expect("Password for admin: ")
	d.enter(key)
	if shown := strings.TrimSpace(d.end()); shown != "" {
		t.Errorf("%s printed %q", line, shown)
	}
}

// expectKey expects that the key is needed from every network, in all handshakes that have one.
func expectKey(t *testing.T, key string) {
	t.Helper()
	for from, to := range map[string]string{localOther: localServer, worldOther: worldServer} {
		for _, version := range []uint32{harness.V03, harness.V04} {
			expectLogIn(t, from, to, version, key, "")
			expectLogIn(t, from, to, version, "", wrongKey)
			expectLogIn(t, from, to, version, "wrong", wrongKey)
		}
		// These speak another protocol, which RethinkDB has given up.
		for _, version := range []uint32{harness.V01, harness.V02} {
			expectLogIn(t, from, to, version, key, noProtobuf)
		}
	}
}

// expectDrivers connects with published drivers from the world: those before 2.3 have an authKey, the others users and passwords.
// Each tries wrong ones from an address of its own: from one address they would be too many.
func expectDrivers(t *testing.T, key string) {
	t.Helper()
	address := netip.MustParseAddr(worldOther)
	for name, option := range map[string]string{"rethinkdb-1-13-0-3": "authKey", "rethinkdb-1-16-2": "authKey", "rethinkdb-2-2-3": "authKey",
		"rethinkdb-2-3-3": "password", "rethinkdb-2-4-2": "password"} {
		address = address.Next()
		other.MoveTo(t, "eth0", address.String())
		if out, err := run(t, other, "", "env", "--chdir="+drivers, "node", "authkey.js", name, option, key, worldServer, "28015"); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// expectNowhere looks for keys in what the server has printed, written and stored.
func expectNowhere(t *testing.T, s *harness.Server, keys ...string) {
	t.Helper()
	look := func(where string, text []byte) {
		for _, key := range keys {
			if bytes.Contains(text, []byte(key)) {
				t.Errorf("the key %s is in %s", key, where)
			}
		}
	}
	look("the output", []byte(s.Output()))
	err := filepath.WalkDir(s.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		look(path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
