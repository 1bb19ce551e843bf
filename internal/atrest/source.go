package atrest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// commandTime is how long a command may take to answer with a key: it may have to ask a server, not a person.
const commandTime = 30 * time.Second

// ReadKey reads a key from a file that nobody but its owner can read. A pipe will do, too.
func ReadKey(path string) (_ *Key, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read it (mode %04o): run 'chmod 600 %s', and replace the key if somebody may have done so", mode.Perm(), path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyText+1))
	if err != nil {
		return nil, err
	}
	return ParseKey(text)
}

// RunKeyCommand runs a command with the shell. What it prints is the key; what it says on its standard error goes to stderr.
func RunKeyCommand(ctx context.Context, command string, stderr io.Writer) (*Key, error) {
	return runKeyCommand(ctx, command, stderr, commandTime)
}

func runKeyCommand(ctx context.Context, command string, stderr io.Writer, limit time.Duration) (*Key, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out := &limitedBuffer{full: cancel}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.Stdout, cmd.Stderr = out, stderr
	// Passwords come in such variables. They are the server's, not the command's.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "RETHINKDB_") })
	// The shell's children are ended as well, and not waited for if they keep the pipe open.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case out.over:
		return nil, errKeyForm
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("no answer in %v", limit)
	case err != nil:
		return nil, err
	}
	return ParseKey(out.text)
}

// limitedBuffer takes what a key can have, and calls full when there is more.
type limitedBuffer struct {
	text []byte
	over bool
	full func()
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.over = b.over || len(b.text)+len(p) > maxKeyText; b.over {
		b.full()
	} else {
		b.text = append(b.text, p...)
	}
	return len(p), nil
}

// Beside tells whether the file at path lies in the directory, where whoever copies the data copies the key as well. Neither has
// to exist.
func Beside(path, directory string) bool {
	relative, err := filepath.Rel(resolve(directory), resolve(path))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// resolve follows the links in a path as far as it exists.
func resolve(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	rest := ""
	for at := path; ; at = filepath.Dir(at) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		if at == filepath.Dir(at) {
			return path
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
