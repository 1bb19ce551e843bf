//go:build guide

package guide

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const (
	apacheSite = "apache2/sites-available/rethinkdb.conf"
	nginxSite  = "nginx/sites-available/rethinkdb"

	// openConnection is where the page opens a connection, below its own address.
	openConnection = "ajax/reql/open-new-connection"
)

// TestGuidesOwnSite is the virtual host of RethinkDB's guide, and what people make of it: with and without slashes.
func TestGuidesOwnSite(t *testing.T) {
	makeNetwork(t)
	p := openPage(t, "proxies.md")
	startServer(t)
	copyEtc(t, server, "apache2")
	prepareApache(t, p)
	guest := person{basic: account{proxyUser, proxyPassword}}
	text, err := os.ReadFile("testdata/guide.conf")
	if err != nil {
		t.Fatal(err)
	}
	const path, target = "/rethinkdb_admin/   ", "http://localhost:8080/\n"
	for name, c := range map[string]struct {
		path, target string
		missing      bool // the proxy does not pass the path without a slash on
	}{
		"to the letter":                 {path, target, true},
		"no slashes":                    {"/rethinkdb_admin ", "http://localhost:8080\n", false},
		"a slash at the end only":       {"/rethinkdb_admin ", target, false},
		"the path is passed on as well": {"/rethinkdb_admin ", "http://localhost:8080/rethinkdb_admin\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, server.Etc(apacheSite), strings.NewReplacer(path, c.path, target, c.target).Replace(string(text)))
			startApache(t, p)
			const address = "http://" + siteName + sitePath
			expectCurl(t, other, "401", address+"/")
			guest.expectPage(t, address+"/", "", address+"/")
			if c.missing {
				expectCurl(t, other, "404", "--user", login, address)
				return
			}
			guest.expectPage(t, address, "", address+"/")
		})
	}
}

// TestPasswordOnBoth is a server with an authentication key behind proxies that ask for a password, and behind one that does not.
func TestPasswordOnBoth(t *testing.T) {
	makeNetwork(t)
	usePath(t)
	p := openPage(t, "proxies.md")
	startServer(t)
	openPage(t, "security.md").do(t, server, "rethinkdb admin set auth KEY", "KEY", key)
	copyEtc(t, server, "apache2")
	prepareApache(t, p)
	copyEtc(t, server, "nginx")
	prepareNginx(t, p)
	const address = "http://" + siteName + sitePath + "/"
	guest := person{basic: account{proxyUser, proxyPassword}}

	t.Run("the proxy asks", func(t *testing.T) {
		writeFile(t, server.Etc(apacheSite), p.file(t, "/etc/"+apacheSite, 1))
		startApache(t, p)
		t.Run("and the page, too", func(t *testing.T) {
			person{basic: guest.basic, logIn: &account{"admin", key}}.expectPage(t, address, "", address)
		})
		t.Run("for the same user", func(t *testing.T) {
			expectCurl(t, other, "401", "--user", login, "--request", "POST", address+openConnection)
			query(t, p.command(t, `r.db('rethinkdb').table('users').insert({id: 'username', password: 'PASSWORD'})`, "PASSWORD", proxyPassword))
			query(t, p.command(t, `r.grant('username', {read: true, write: true, config: true})`))
			expectCurl(t, other, "200", "--user", login, "--request", "POST", address+openConnection)
			guest.expectPage(t, address, "", address)
		})
	})
	t.Run("the proxy does not ask", func(t *testing.T) {
		var site strings.Builder
		for line := range strings.Lines(p.file(t, "/etc/"+nginxSite, 1)) {
			if !strings.Contains(line, "auth") {
				site.WriteString(line)
			}
		}
		writeFile(t, server.Etc(nginxSite), site.String())
		startNginx(t, p)
		expectCurl(t, other, "401", "--request", "POST", address+openConnection)
		expectCurl(t, other, "401", "--user", "admin:wrong", "--request", "POST", address+openConnection)
		expectCurl(t, other, "200", "--user", "admin:"+key, "--request", "POST", address+openConnection)
		person{logIn: &account{"admin", key}}.expectPage(t, address, "", address)
	})
}

// TestTrustedProxy tells a server whom the proxy serves.
func TestTrustedProxy(t *testing.T) {
	makeNetwork(t)
	p := openPage(t, "proxies.md")
	options := strings.Fields(p.command(t, "rethinkdb --bind all --trusted-proxy 127.0.0.0/8 --trusted-proxy ::1"))
	startServer(t, options[3:]...)
	copyEtc(t, server, "nginx")
	prepareNginx(t, p)
	writeFile(t, server.Etc(nginxSite), p.file(t, "/etc/"+nginxSite, 1))
	startNginx(t, p)
	expectCurl(t, other, "403", "--user", login, "http://"+siteName+sitePath+"/")
	expectCurl(t, other, "200", "--user", login, "--connect-to", "::"+localServer+":", "http://"+siteName+sitePath+"/")
}

// query runs a query in JavaScript on the server's host, as admin with the key.
func query(t *testing.T, text string) {
	t.Helper()
	const program = `const r = require('rethinkdb-2-4-2');
r.connect({password: process.argv[1]}).then((conn) => eval(process.argv[2]).run(conn)).then((result) => { console.log(JSON.stringify(result)); process.exit(); });`
	out, err := run(t, server, "", "env", "--chdir="+drivers, "node", "--eval", program, key, text)
	var result struct{ Inserted, Granted int }
	if err != nil || json.Unmarshal([]byte(out), &result) != nil || result.Inserted+result.Granted != 1 {
		t.Fatalf("%s: %v\n%s", text, err, out)
	}
}
