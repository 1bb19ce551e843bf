//go:build guide

package guide

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// startSSHD starts ssh's server on the server's host; root of the other host may log in.
func startSSHD(t *testing.T) {
	t.Helper()
	keys := t.TempDir()
	for _, name := range []string{"host", "user"} {
		if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(keys, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	// Where the server gives up its privileges; Debian's init script makes it.
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, server.Etc("ssh/sshd_config"), strings.Join([]string{
		"HostKey " + filepath.Join(keys, "host"),
		"AuthorizedKeysFile " + filepath.Join(keys, "user.pub"),
		"StrictModes no", // the keys lie in a temporary directory
		"UsePAM no",
		"PidFile none",
	}, "\n")+"\n")
	writeFile(t, other.Etc("ssh/ssh_config"), strings.Join([]string{
		"IdentityFile " + filepath.Join(keys, "user"),
		"UserKnownHostsFile " + filepath.Join(keys, "known_hosts"),
		"StrictHostKeyChecking accept-new",
		"BatchMode yes",
		"ExitOnForwardFailure yes",
	}, "\n")+"\n")
	start(t, server, nil, "/usr/sbin/sshd", "-D", "-e")
	waitForPort(t, server, 22)
}

// startSSH runs an ssh command of the other host, whose shell stays open until the end of the test, and waits until it listens on a
// port.
func startSSH(t *testing.T, line string, port int) {
	t.Helper()
	start(t, other, func(cmd *exec.Cmd) {
		keyboard, err := cmd.StdinPipe() // nobody types, and nobody closes it before the end
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { keyboard.Close() })
	}, strings.Fields(line)...)
	waitForPort(t, other, port)
}
