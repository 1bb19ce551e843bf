//go:build guide

package guide

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// The hosts: the server, and one from which others come. 192.168.0.0/24 is the local network of the guide, and 203.0.113.0/24
// stands for the world (RFC 5737).
var (
	server = harness.NewHost("server")
	other  = harness.NewHost("other")
)

const (
	localServer  = "192.168.0.1"
	localOther   = "192.168.0.2"
	local6Server = "fd77::1"
	local6Other  = "fd77::2"
	worldServer  = "203.0.113.1"
	worldOther   = "203.0.113.2"

	// siteName is what the other host calls the server in the world.
	siteName = "domain.net"
)

const (
	// runTime bounds a command, and how long something that was started may take to be there.
	runTime = time.Minute
	// endTime is how long a program may take to end when it is asked to.
	endTime = 5 * time.Second
)

// makeNetwork makes both hosts and a cable between them, until the end of the test.
func makeNetwork(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir()) // where the command line remembers servers, of which each test has another one
	server.Create(t)
	other.Create(t)
	harness.Connect(t, server, other, "eth0")
	server.AddAddress(t, "eth0", localServer)
	server.AddAddress(t, "eth0", worldServer)
	server.AddAddress(t, "eth0", local6Server)
	other.AddAddress(t, "eth0", localOther)
	other.AddAddress(t, "eth0", local6Other)
	other.AddAddress(t, "eth0", worldOther)
	for _, h := range []harness.Host{server, other} {
		writeFile(t, h.Etc("hosts"), "127.0.0.1 localhost\n::1 localhost\n"+worldServer+" "+siteName+"\n")
	}
}

// writeFile writes a file that every user may read, and makes its directory.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyEtc gives a host a directory of /etc of its own, and returns where it lies.
func copyEtc(t *testing.T, h harness.Host, name string) string {
	t.Helper()
	to := h.Etc(name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", filepath.Join("/etc", name), to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return to
}

// openDirectory makes a directory that the users of all programs may use.
func openDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rethinkdb-guide-") //nolint:usetesting // those of T.TempDir are closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// command is a program on a host.
func command(ctx context.Context, h harness.Host, words ...string) *exec.Cmd {
	words = h.Words(words...)
	return exec.CommandContext(ctx, words[0], words[1:]...)
}

// run runs a program on a host and returns all that it printed.
func run(t *testing.T, h harness.Host, input string, words ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTime)
	defer cancel()
	cmd := command(ctx, h, words...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), err
}

// must is run, for what has to succeed.
func must(t *testing.T, h harness.Host, words ...string) string {
	t.Helper()
	out, err := run(t, h, "", words...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return out
}

// shell runs a line of a shell on a host, in a directory.
func shell(t *testing.T, h harness.Host, dir, line string) string {
	t.Helper()
	return must(t, h, "env", "--chdir="+dir, "sh", "-c", line)
}

// start starts a program on a host, which is ended with the test; prepare may change how it is started. What it prints is shown if
// the test fails.
func start(t *testing.T, h harness.Host, prepare func(*exec.Cmd), words ...string) {
	t.Helper()
	cmd := command(context.WithoutCancel(t.Context()), h, words...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if prepare != nil {
		prepare(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(cmd); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", strings.Join(words, " "), output.String())
		}
	})
}

// end asks a program to end, and insists when it does not.
func end(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	insist := time.AfterFunc(endTime, func() { _ = cmd.Process.Kill() }) // it may have ended meanwhile
	defer insist.Stop()
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return err
	}
	return nil
}

// waitForPort waits until somebody listens on a port of a host.
func waitForPort(t *testing.T, h harness.Host, port int) {
	t.Helper()
	eventually(t, fmt.Sprintf("somebody to listen on port %d", port), func() bool {
		conn, err := h.Dial("127.0.0.1", "127.0.0.1", port)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(runTime)
	for !condition() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// startServer starts the program on the server's host, on its usual ports, for all networks.
func startServer(t *testing.T, args ...string) *harness.Server {
	t.Helper()
	return harness.StartOnPorts(t, server.Words(), append([]string{"--bind", "all", "--server-name", "guided"}, args...)...)
}

// programs are what the guide is followed with, and the Debian packages that have it.
var programs = map[string]string{
	"ip": "iproute2", "iptables": "iptables", "ssh": "openssh-client", "/usr/sbin/sshd": "openssh-server", "curl": "curl", "openssl": "openssl",
	"apache2": "apache2", "htpasswd": "apache2-utils", "nginx": "nginx", "caddy": "caddy", "chromium": "chromium", "node": "nodejs",
}

func TestMain(m *testing.M) {
	var missing []string
	if os.Getuid() != 0 {
		missing = append(missing, "root, to make network namespaces")
	}
	for program, debianPackage := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program+", from the Debian package "+debianPackage)
		}
	}
	if _, err := os.Stat(filepath.Join(drivers, "node_modules")); err != nil {
		missing = append(missing, "the JavaScript drivers: run npm ci in test/drivers")
	}
	if _, err := os.Stat("../page/node_modules"); err != nil {
		missing = append(missing, "what drives the browser: run npm ci in test/page")
	}
	if len(missing) > 0 {
		fmt.Fprintf(os.Stderr, "This suite needs\n  %s\n", strings.Join(missing, "\n  "))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// drivers is the directory with the published drivers.
const drivers = "../drivers"
