//go:build integration

package program

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"rethinkdb/test/harness"
)

// A proxy takes no option about data.
func TestProxyOptions(t *testing.T) {
	for _, words := range [][]string{{"-d", "x"}, {"--directory", "x"}, {"--server-name", "x"}, {"--server-tag", "x"}, {"--cache-size", "100"}, {"--cores", "1"},
		{"--io-threads", "1"}, {"--encryption-key-file", "x"}} {
		out := run(t, append([]string{"proxy", "--join", "localhost"}, words...)...)
		if want := "Error in the command line: Unrecognized option '" + words[0] + "'."; out.status != 1 || !strings.Contains(out.stderr, want) {
			t.Errorf("proxy %s says %q, status %d", words, out.stderr, out.status)
		}
	}
	if out := run(t, "proxy"); out.status != 1 || !strings.Contains(out.stderr, "Error in command line: Option '--join' must be specified.") {
		t.Errorf("proxy alone says %q, status %d", out.stderr, out.status)
	}
}

// A proxy serves clients as soon as it has joined, leaves nothing behind but its log, and stops as a server does.
func TestProxyLife(t *testing.T) {
	server := harness.Start(t, "", "--initial-password", "of the cluster")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a secret of more than sixteen characters\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	server = harness.Start(t, server.Dir, "--cluster-secret-file", secret)
	join := []string{"--join", "127.0.0.1:" + strconv.Itoa(server.ClusterPort), "--cluster-secret-file", secret, "--initial-password", "of the proxy"}
	pid := filepath.Join(t.TempDir(), "pid")
	proxy := harness.StartProxy(t, append(join, "--pid-file", pid)...)
	output := proxy.Output()
	for _, line := range []string{"Ignoring --initial-password option because the users are those of the cluster.", "Attempting connection to 1 peer...",
		`Connected to server "`, "Listening for client driver connections on port ", "Proxy ready, proxy-"} {
		_, rest, found := strings.Cut(output, line)
		if !found {
			t.Fatalf("%q is missing, or comes too early, in\n%s", line, proxy.Output())
		}
		output = rest
	}
	// Its users are those of the cluster.
	for password, status := range map[string]int{"of the cluster": 0, "of the proxy": 1} {
		command := exec.CommandContext(t.Context(), harness.Binary(t), "admin", "--join", "127.0.0.1:"+strconv.Itoa(proxy.ClusterPort), "ls", "databases")
		command.Env = append(os.Environ(), "RETHINKDB_PASSWORD="+password, "XDG_CONFIG_HOME="+t.TempDir())
		if out, _ := command.CombinedOutput(); command.ProcessState.ExitCode() != status {
			t.Errorf("with the password %q rethinkdb admin says %q, status %d", password, out, command.ProcessState.ExitCode())
		}
	}
	if err := proxy.Stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(proxy.Dir); err != nil || len(files) != 1 || files[0].Name() != "log_file" {
		t.Errorf("it leaves %v, %v", files, err)
	}
	if exists(t, pid) {
		t.Error("it leaves its pid file")
	}
}

// Until it has joined, a proxy serves nobody, and goes on asking until it is stopped.
func TestProxyWithoutCluster(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), harness.Binary(t), append([]string{"proxy", "--join", nobody}, freePorts...)...)
	command.Dir = t.TempDir()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	said := readUntil(t, reader, "Could not join the cluster at")
	if strings.Contains(said, "client driver connections") {
		t.Errorf("it serves clients: %s", said)
	}
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	readUntil(t, reader, "Storage engine shut down.")
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

// readUntil reads what a program prints until a text comes.
func readUntil(t *testing.T, from *os.File, text string) (said string) {
	t.Helper()
	some := make([]byte, 4096)
	for !strings.Contains(said, text) {
		n, err := from.Read(some)
		said += string(some[:n])
		if err != nil {
			t.Fatalf("the program does not say %q: %v\n%s", text, err, said)
		}
	}
	return said
}
