package admin

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
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

// printf prints for a person. Whoever may make an index or a primary key chooses its name, and an error may repeat it: none of them
// shall drive the terminal of who administers the server.
func (s *Shell) printf(format string, args ...any) {
	_, _ = io.WriteString(s.out, Printable(fmt.Sprintf(format, args...))) // who cannot read it cannot be told so either
}

// Printable is a text of lines without other control characters.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, text)
}

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
			fmt.Fprintln(errs, Printable(err.Error()))
			if strict {
				return err
			}
		}
	}
	return nil
}
