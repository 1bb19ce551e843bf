//go:build integration

package drivers

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// workTime bounds the work of one driver.
const workTime = 3 * time.Minute

// run runs a program and expects it to end with the line ok.
func run(t *testing.T, dir string, words ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), workTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "ok") {
		t.Errorf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
}

// stop stops the server as an operator would, which a driver that has done its work must not hinder.
func stop(t *testing.T, server *harness.Server) {
	t.Helper()
	if err := server.Stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

func TestOfficialJavaScriptDriver(t *testing.T) {
	server := harness.Start(t, "")
	for _, name := range []string{
		"rethinkdb-2-4-2", "rethinkdb-2-3-3", "rethinkdb-2-2-3", "rethinkdb-1-16-2", "rethinkdb-1-13-0-3",
	} {
		for _, style := range []string{"promises", "callbacks"} {
			t.Run(name+"/"+style, func(t *testing.T) {
				run(t, ".", "node", "official.js", name, style, strconv.Itoa(server.DriverPort))
			})
		}
	}
	stop(t, server)
}

// TestLargeDocuments writes documents of 100 fields, of a megabyte and of 20 levels, and finds them by every kind of index.
func TestLargeDocuments(t *testing.T) {
	server := harness.Start(t, "")
	for _, name := range []string{"rethinkdb-2-4-2", "rethinkdb-2-3-3", "rethinkdb-2-2-3", "rethinkdb-1-16-2", "rethinkdb-1-13-0-3"} {
		t.Run(name, func(t *testing.T) {
			run(t, ".", "node", "large.js", name, strconv.Itoa(server.DriverPort))
		})
	}
	stop(t, server)
}

func TestFeeds(t *testing.T) {
	server := harness.Start(t, "")
	for _, name := range []string{"rethinkdb-2-4-2", "rethinkdb-2-3-3"} {
		t.Run(name, func(t *testing.T) {
			run(t, ".", "node", "feeds.js", name, strconv.Itoa(server.DriverPort))
		})
	}
	stop(t, server)
}

// TestThroughProxy has drivers work with a proxy of a server as with the server itself.
func TestThroughProxy(t *testing.T) {
	server := harness.Start(t, "")
	proxy := harness.StartProxy(t, "--join", "127.0.0.1:"+strconv.Itoa(server.ClusterPort))
	for _, words := range [][]string{{"official.js", "rethinkdb-2-4-2", "promises"}, {"official.js", "rethinkdb-1-13-0-3", "callbacks"}, {"feeds.js", "rethinkdb-2-4-2"}} {
		t.Run(strings.Join(words, " "), func(t *testing.T) {
			run(t, ".", append(append([]string{"node"}, words...), strconv.Itoa(proxy.DriverPort))...)
		})
	}
	stop(t, proxy)
	stop(t, server)
}

// TestAuthenticationKey sets a key by the command line, as the guide to securing a server does, and connects with it. Each driver has
// a server of its own: together they try so many wrong keys that they would have to wait.
func TestAuthenticationKey(t *testing.T) {
	const key = "open sesame"
	for name, option := range map[string]string{"rethinkdb-1-13-0-3": "authKey", "rethinkdb-1-16-2": "authKey", "rethinkdb-2-2-3": "authKey",
		"rethinkdb-2-3-3": "password", "rethinkdb-2-4-2": "password"} {
		t.Run(name, func(t *testing.T) {
			server := harness.Start(t, "")
			command := exec.CommandContext(t.Context(), harness.Binary(t), "admin", "--join", "localhost:"+strconv.Itoa(server.ClusterPort), "set", "auth", key)
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			run(t, ".", "node", "authkey.js", name, option, key, "localhost", strconv.Itoa(server.DriverPort))
			stop(t, server)
		})
	}
}

// TestSecurityStatus closes what can be closed by queries, with the queries that the server proposes.
func TestSecurityStatus(t *testing.T) {
	server := harness.Start(t, "", "--bind", "all", "--initial-password", "correct horse")
	run(t, ".", "node", "security.js", "rethinkdb-2-4-2", "correct horse", strconv.Itoa(server.DriverPort))
	stop(t, server)
}

// TestAuditLog reads the table with the audit log, and follows it.
func TestAuditLog(t *testing.T) {
	server := harness.Start(t, "")
	run(t, ".", "node", "audit.js", "rethinkdb-2-4-2", strconv.Itoa(server.DriverPort))
	stop(t, server)
}

// TestReference runs the examples of the page on the language, which are in JavaScript.
func TestReference(t *testing.T) {
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Start(t, "")
	run(t, ".", "node", "reference.js", "rethinkdb-2-4-2", filepath.Join(root, "docs", "reql.md"), strconv.Itoa(server.DriverPort))
	stop(t, server)
}

// TestOperatorsPage runs the commands of docs/queries.md, on a server with the options that the page begins with.
func TestOperatorsPage(t *testing.T) {
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(root, "docs", "queries.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, options, found := strings.Cut(string(text), "\n    rethinkdb ")
	if !found {
		t.Fatal("the page does not start a server")
	}
	options, _, _ = strings.Cut(options, "\n")
	server := harness.Start(t, "", strings.Fields(options)...)
	run(t, ".", "node", "operators.js", "rethinkdb-2-4-2", page, strconv.Itoa(server.DriverPort))
	stop(t, server)
}

// TestPermissionsPage runs the commands of docs/permissions.md.
func TestPermissionsPage(t *testing.T) {
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	server := harness.Start(t, "")
	run(t, ".", "node", "operators.js", "rethinkdb-2-4-2", filepath.Join(root, "docs", "permissions.md"), strconv.Itoa(server.DriverPort))
	stop(t, server)
}

func TestOtherJavaScriptDrivers(t *testing.T) {
	server := harness.Start(t, "")
	for _, program := range []string{"rethinkdb-ts", "rethinkdbdash", "rethinkdbdash-feeds", "thinky", "thinky-feeds"} {
		t.Run(program, func(t *testing.T) {
			run(t, ".", "node", program+".js", strconv.Itoa(server.DriverPort))
		})
	}
	stop(t, server)
}

// TestApplications runs what is built on feeds: a queue of jobs, and a chat.
func TestApplications(t *testing.T) {
	server := harness.Start(t, "")
	for _, program := range []string{"job-queue", "feathers"} {
		t.Run(program, func(t *testing.T) {
			run(t, ".", "node", program+".js", strconv.Itoa(server.DriverPort))
		})
	}
	stop(t, server)
}

func TestGoDriver(t *testing.T) {
	server := harness.Start(t, "")
	run(t, filepath.Join("..", "godriver"), "go", "run", ".", server.Addr())
	stop(t, server)
}
