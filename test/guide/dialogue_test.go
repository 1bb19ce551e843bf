//go:build guide

package guide

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// dialogue is a program on a terminal, in front of which a person sits.
type dialogue struct {
	t      *testing.T
	cmd    *exec.Cmd
	person *os.File
	shown  chan string // what comes from the program, closed at its end
	unread string      // of that, what nothing has been expected of yet
}

// talk starts a program on a host with a terminal.
func talk(t *testing.T, h harness.Host, words ...string) *dialogue {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTime)
	t.Cleanup(cancel)
	person, program := harness.OpenTerminal(t)
	d := &dialogue{t: t, cmd: command(ctx, h, words...), person: person, shown: make(chan string, 1)}
	d.cmd.Env = append(os.Environ(), "TERM=xterm")
	d.cmd.Stdin, d.cmd.Stdout, d.cmd.Stderr = program, program, program
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := program.Close(); err != nil {
		t.Fatal(err)
	}
	go d.read(ctx)
	return d
}

// read ends with the program, or when nobody is interested any more.
func (d *dialogue) read(ctx context.Context) {
	defer close(d.shown)
	buf := make([]byte, 4096)
	for {
		n, err := d.person.Read(buf)
		if n > 0 {
			select {
			case d.shown <- string(buf[:n]):
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// expect waits until the program has shown a text, and returns what it has shown before it.
func (d *dialogue) expect(text string) string {
	d.t.Helper()
	deadline := time.After(runTime)
	for !strings.Contains(d.unread, text) {
		select {
		case more, ok := <-d.shown:
			if !ok {
				d.t.Fatalf("the program has ended, and does not show %q but %q", text, d.unread)
			}
			d.unread += more
		case <-deadline:
			d.t.Fatalf("the program does not show %q but %q", text, d.unread)
		}
	}
	before, after, _ := strings.Cut(d.unread, text)
	d.unread = after
	return before
}

// enter types a line.
func (d *dialogue) enter(line string) {
	d.t.Helper()
	d.press(line + "\r")
}

func (d *dialogue) press(keys string) {
	d.t.Helper()
	if _, err := d.person.WriteString(keys); err != nil {
		d.t.Fatal(err)
	}
}

// end waits for the program to end successfully, and returns what it has shown since what was expected last.
func (d *dialogue) end() string {
	d.t.Helper()
	for more := range d.shown {
		d.unread += more
	}
	if err := d.cmd.Wait(); err != nil {
		d.t.Fatalf("%v: %s", err, d.unread)
	}
	return d.unread
}
