//go:build guide

package guide

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// The user and the password of the proxies.
	proxyUser     = "username"
	proxyPassword = "reverse-gear"
	// sitePath is where the proxies have the page.
	sitePath = "/rethinkdb_admin"
)

// proxy is one of the programs of docs/proxies.md.
type proxy struct {
	name string
	dir  string // below /etc
	site string // the file in it that the page shows
	// prepare does what the page says about a directory that has been made, and returns what belongs in place of HASH.
	prepare func(t *testing.T, p page) (hash string)
	// start starts it. The site is there.
	start func(t *testing.T, p page)
}

var proxies = []proxy{
	{"Apache", "apache2", "sites-available/rethinkdb.conf", prepareApache, startApache},
	{"nginx", "nginx", "sites-available/rethinkdb", prepareNginx, startNginx},
	{"Caddy", "caddy", "Caddyfile", prepareCaddy, startCaddy},
}

// TestProxies shows the web port to the other host by each proxy, as docs/proxies.md says.
func TestProxies(t *testing.T) {
	makeNetwork(t)
	p := openPage(t, "proxies.md")
	startServer(t)
	closePort(t, openPage(t, "security.md"), "8080")
	guest := person{basic: account{proxyUser, proxyPassword}}
	for _, x := range proxies {
		hash := ""
		t.Run(x.name, func(t *testing.T) {
			etc := copyEtc(t, server, x.dir)
			hash = x.prepare(t, p)
			shell(t, server, filepath.Join("/etc", x.dir), p.command(t, `openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=domain.net -addext subjectAltName=DNS:domain.net -keyout domain.net.key -out domain.net.pem`))
			for number, scheme := range []string{"http", "https"} {
				t.Run(scheme, func(t *testing.T) {
					site := p.file(t, filepath.Join("/etc", x.dir, x.site), number+1)
					writeFile(t, filepath.Join(etc, x.site), strings.ReplaceAll(site, "HASH", hash))
					x.start(t, p)
					expectSite(t, guest, scheme, filepath.Join(etc, siteName+".pem"))
				})
			}
		})
	}
}

// login is what curl says to a proxy.
const login = proxyUser + ":" + proxyPassword

// expectSite expects the page at its address in the world, for who knows the password. A browser ends up there without the last
// slash as well.
func expectSite(t *testing.T, guest person, scheme, certificate string) {
	t.Helper()
	site := scheme + "://" + siteName + sitePath
	ask := func(want string, words ...string) {
		t.Helper()
		expectCurl(t, other, want, append([]string{"--cacert", certificate}, words...)...)
	}
	ask("401", site+"/")
	ask("200", "--user", login, site+"/")
	guest.expectPage(t, site, "", site+"/")
	if scheme == "https" {
		if got := curl(t, other, "http://"+siteName+sitePath+"/"); !strings.HasSuffix(got, " "+site+"/") {
			t.Errorf("by plain http: %s", got)
		}
		return
	}
	ask("401", "--user", proxyUser+":wrong", site+"/")
	ask("404", "--user", login, site+"/ajax/nothing")
	// The page opens a connection before it queries. Over plain http the origin is the only sign of whose page it is.
	ask("200", "--user", login, "--header", "Origin: http://"+siteName, "--request", "POST", site+"/"+openConnection)
	ask("403", "--user", login, "--header", "Origin: http://evil.example", "--request", "POST", site+"/"+openConnection)
}

func prepareApache(t *testing.T, p page) string {
	// The program that turns modules on keeps its own notes elsewhere.
	notes := "export APACHE_STATE_DIRECTORY=" + t.TempDir() + "; "
	shell(t, server, "/etc/apache2", notes+p.command(t, "a2enmod proxy proxy_http authz_groupfile ssl"))
	makePasswordFile(t, p, "/etc/apache2")
	shell(t, server, "/etc/apache2", p.command(t, "echo 'dbadmin: username' > group.file"))
	writeFile(t, server.Etc("apache2/envvars"), strings.Join([]string{
		"export APACHE_RUN_USER=www-data APACHE_RUN_GROUP=www-data",
		"run=" + openDirectory(t),
		"export APACHE_PID_FILE=$run/pid APACHE_RUN_DIR=$run APACHE_LOCK_DIR=$run APACHE_LOG_DIR=$run",
	}, "\n")+"\n")
	return ""
}

func startApache(t *testing.T, p page) {
	shell(t, server, "/etc/apache2", "export APACHE_STATE_DIRECTORY="+t.TempDir()+"; "+p.command(t, "a2ensite rethinkdb"))
	start(t, server, nil, "sh", "-c", ". /etc/apache2/envvars && exec apache2 -D FOREGROUND")
	waitForPort(t, server, 80)
}

func prepareNginx(t *testing.T, p page) string {
	makePasswordFile(t, p, "/etc/nginx")
	shell(t, server, "/etc/nginx", p.command(t, "ln -s ../sites-available/rethinkdb sites-enabled/rethinkdb"))
	// It would write to the places of an nginx that may be running on this machine.
	config := server.Etc("nginx/nginx.conf")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	run := openDirectory(t)
	writeFile(t, config, strings.NewReplacer("/run/nginx.pid", run+"/pid", "/var/log/nginx/", run+"/").Replace(string(text)))
	return ""
}

func startNginx(t *testing.T, _ page) {
	start(t, server, nil, "nginx", "-g", "daemon off;")
	waitForPort(t, server, 80)
}

// makePasswordFile makes the file with the password, as a person who is asked for it.
func makePasswordFile(t *testing.T, p page, dir string) {
	t.Helper()
	d := talk(t, server, "env", "--chdir="+dir, "sh", "-c", p.command(t, "htpasswd -c password.file username"))
	for _, prompt := range []string{"New password: ", "Re-type new password: "} {
		d.expect(prompt)
		d.enter(proxyPassword)
	}
	d.end()
}

func prepareCaddy(t *testing.T, p page) string {
	d := talk(t, server, strings.Fields(p.command(t, "caddy hash-password"))...)
	for _, prompt := range []string{"Enter password: ", "Confirm password: "} {
		d.expect(prompt)
		d.enter(proxyPassword)
	}
	return strings.TrimSpace(d.end())
}

func startCaddy(t *testing.T, _ page) {
	start(t, server, nil, "env", "--chdir=/etc/caddy", "HOME="+openDirectory(t), "caddy", "run", "--config", "/etc/caddy/Caddyfile")
	waitForPort(t, server, 80)
}
