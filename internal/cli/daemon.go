package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Go process cannot fork: by the time main runs it has several threads. So a daemon is a second run of the program with the
// same words in a session of its own. The first run waits until the second is ready or has failed, so that
// `rethinkdb --daemon` reports a taken port as any other start does, and whoever waited for it can connect.

// daemonEnv marks the second run; its value is the number of the pipe on which that run says that it is ready.
const daemonEnv = "RETHINKDB_DAEMON_READY_FD"

// readyMark is what the second run writes when it is ready.
const readyMark = "ready"

// startDaemon runs the program again in the background and returns its exit status, 0 once it is ready. The initial password, which
// only this run can ask for, goes by the environment: other users cannot see that.
func startDaemon(argv []string, password string, stdout, stderr io.Writer) int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintf(stderr, "Failed to start the daemon: %v. Start without --daemon, from a service manager or with nohup.\n", err)
		return 1
	}
	ready, write, err := os.Pipe()
	if err != nil {
		fmt.Fprintf(stderr, "Failed to start the daemon: %v.\n", err)
		return 1
	}
	defer ready.Close()
	run := exec.Command(self)
	run.Args = withoutPasswords(argv)
	run.Env = append(os.Environ(), daemonEnv+"=3")
	if password != "" {
		run.Env = append(run.Env, initialVariable+"="+password)
	}
	run.ExtraFiles = []*os.File{write}
	run.Stdout, run.Stderr = stdout, stderr
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = run.Start()
	err = errors.Join(err, write.Close())
	if err != nil {
		fmt.Fprintf(stderr, "Failed to start the daemon: %v.\n", err)
		return 1
	}
	said, err := io.ReadAll(io.LimitReader(ready, int64(len(readyMark))))
	if err == nil && string(said) == readyMark {
		return 0 // the daemon is init's child from now on
	}
	if err := run.Wait(); err != nil {
		if status, ok := errors.AsType[*exec.ExitError](err); ok && status.ExitCode() > 0 {
			return status.ExitCode()
		}
		fmt.Fprintf(stderr, "The daemon ended before it was ready: %v.\n", err)
		return 1
	}
	return 0 // it was stopped by a signal before it was ready
}

// isDaemon tells whether this is the second run.
func isDaemon() bool { return os.Getenv(daemonEnv) == "3" }

// detach gives up the terminal and the working directory, and tells the first run that the server is ready.
func detach() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("leave the terminal: %w", err)
	}
	defer null.Close()
	for _, fd := range []int{0, 1, 2} {
		if err := unix.Dup2(int(null.Fd()), fd); err != nil {
			return fmt.Errorf("leave the terminal: %w", err)
		}
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("leave the working directory: %w", err)
	}
	ready := os.NewFile(3, "ready")
	_, err = ready.WriteString(readyMark)
	return errors.Join(err, ready.Close(), os.Unsetenv(daemonEnv))
}
