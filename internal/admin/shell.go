package admin

import (
	"errors"
	"fmt"
	"io"
)

// Input is where lines come from: a terminal or a pipe.
type Input interface {
	// ReadLine reads a line without its end; io.EOF when there are no more.
	ReadLine() (string, error)
	// ReadSecret reads a line that nobody may see. The prompt is for a person.
	ReadSecret(prompt string) (string, error)
}

// Shell runs commands on one server. One goroutine at a time may use it.
type Shell struct {
	conn    *Connection
	in      Input
	out     io.Writer
	console bool // commands come one after the other
	leave   bool // the command exit was given
}

// NewShell makes a shell that prints to out. The connection stays the caller's.
func NewShell(conn *Connection, in Input, out io.Writer) *Shell {
	return &Shell{conn: conn, in: in, out: out}
}

func (s *Shell) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

func (s *Shell) print(t columns) { s.printf("%s", t) }

func exit(s *Shell, _ arguments) error {
	s.leave = true
	return nil
}

// Greet says what the shell is connected to.
func (s *Shell) Greet() error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	s.printf("Connected to cluster with %s, run 'help' for more information\n", counted(len(cl.machines), "machine"))
	issues, err := s.issues()
	switch n := len(issues); {
	case err != nil:
		return err
	case n == 1:
		s.printf("There is 1 outstanding issue, run 'ls issues' for more information\n")
	case n > 1:
		s.printf("There are %d outstanding issues, run 'ls issues' for more information\n", n)
	}
	return nil
}

// Console runs commands, one a line, until exit or the end of the input. What fails is told to errs; with strict that is the
// end, and so is a lost connection always: then the error, which has been told, is returned.
func (s *Shell) Console(errs io.Writer, strict bool) error {
	s.console = true
	for !s.leave {
		line, err := s.in.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			fmt.Fprintf(errs, "read a command: %v\n", err)
			return err
		}
		words, err := split(line)
		if err == nil {
			err = s.Run(words)
		}
		switch {
		case errors.Is(err, ErrLost):
			fmt.Fprintln(errs, "fatal error: connection to cluster failed")
			return err
		case err != nil:
			fmt.Fprintln(errs, err)
			if strict {
				return err
			}
		}
	}
	return nil
}
