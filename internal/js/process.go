package js

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is one worker process. It is used by one goroutine at a time.
type process struct {
	cmd     *exec.Cmd
	in, out *os.File      // ends of pipes
	read    *bufio.Reader // of out
	ended   chan struct{} // closed when the process is gone

	idleSince time.Time // under Pool.mu
	request   []byte    // reused
}

// startProcess starts a worker. It inherits nothing but its ends of two pipes: no environment, no directory, no terminal.
func startProcess(command []string) (*process, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirIn.Close()
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	defer theirOut.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Args[0] = os.Args[0] // for those who list processes
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout = theirIn, theirOut
	// A group of its own, so that Ctrl-C in the server's terminal is the server's affair.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a worker: %w", err), in.Close(), out.Close())
	}
	return &process{cmd: cmd, in: in, out: out, read: bufio.NewReader(out), ended: make(chan struct{})}, nil
}

// wait returns when the process is gone.
func (w *process) wait() {
	_ = w.cmd.Wait() // it was killed, or has ended when it had to; whoever used it has noticed
	close(w.ended)
	_, _ = w.in.Close(), w.out.Close() // pipes to nobody
}

func (w *process) hasEnded() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// kill ends the process at once. Its owner need not wait for the end, the pool does.
func (w *process) kill() { _ = w.cmd.Process.Kill() } // the only error is that it is gone

// Ways in which a process fails.
var (
	// errCrashed: the process has ended, or says nonsense.
	errCrashed = errors.New("the worker process has ended")
	// errStuck: it does not answer any more.
	errStuck = errors.New("the worker process does not answer")
)

// ask sends a request and waits for the response. After an error the process is not to be used again.
func (w *process) ask(ctx context.Context, r Request, patience time.Duration) ([]byte, error) {
	// Killing the process interrupts the read below.
	defer context.AfterFunc(ctx, w.kill)()
	w.request = AppendRequest(w.request[:0], r)
	limit := time.Now().Add(patience)
	err := errors.Join(w.in.SetWriteDeadline(limit), w.out.SetReadDeadline(limit))
	if err == nil {
		_, err = w.in.Write(w.request)
	}
	var response []byte
	if err == nil {
		response, err = ReadFrame(w.read, nil)
	}
	if cap(w.request) > 1<<20 {
		w.request = nil
	}
	switch {
	case err == nil:
		return response, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errStuck
	default:
		return nil, errCrashed
	}
}
