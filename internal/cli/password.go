package cli

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"rethinkdb/internal/admin"
	"rethinkdb/internal/server"
)

// Passwords come in the same ways everywhere, nearest first: a file or the standard input (--…password-file, where - is the latter), the
// environment, and where RethinkDB has it a word of the command line. Only the last can be seen by other users of the machine,
// for the moment that the program needs to hide it.
const (
	// passwordVariable may have admin's password, for `rethinkdb admin`.
	passwordVariable = "RETHINKDB_PASSWORD"
	// initialVariable may have the password that a server gives to admin, or auto. It stands between the command line and the
	// configuration file.
	initialVariable = "RETHINKDB_INITIAL_PASSWORD"
	// inventPassword in place of a password makes the server invent one.
	inventPassword = "auto"
	// maxPasswordFileBytes bounds what is read as a password: someone may name the wrong file.
	maxPasswordFileBytes = 64 << 10
)

// readPassword reads a password from a file, or with - from an input. The end of its line does not belong to it.
func readPassword(path, prompt string, in admin.Input) (string, error) {
	if path == "-" {
		password, err := in.ReadSecret(prompt)
		if err != nil || password == "" {
			return "", refusef("There is no password on the standard input.").hint("Write it there as one line.")
		}
		return password, nil
	}
	text, err := readSmallFile(path, maxPasswordFileBytes)
	if err != nil {
		return "", refusef("Could not read the password file '%s': %v", path, cause(err)).hint("Check its name and its permissions.")
	}
	password := strings.TrimRight(text, "\r\n")
	if password == "" || len(text) > maxPasswordFileBytes {
		return "", refusef("The password file '%s' has no password in it, or is no such file.", path).hint("The password is its only line.")
	}
	return password, nil
}

// readSmallFile reads a file that ought to be small. Of one that is not, it gives one byte more than there may be.
func readSmallFile(path string, maxBytes int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	return string(text), err
}

// standardInput asks a person without showing the answer, or reads what a program writes.
func standardInput(stdout, stderr io.Writer) admin.Input {
	if t := admin.OpenTerminal(os.Stdin, stdout, stderr, ""); t != nil {
		return t
	}
	return admin.NewPipe(os.Stdin)
}

// initialPassword is the password for an admin who has none, auto for one that the server invents, or empty.
func (s settings) initialPassword(stdout, stderr io.Writer) (string, error) {
	word, file := s["--initial-password"], s["--initial-password-file"]
	given := len(word.list) + len(file.list)
	if given == 2 && word.source == file.source {
		return "", refusef("--initial-password and --initial-password-file cannot be specified together.").hint("Leave out one of them.")
	}
	told := word.source == fromCommandLine || file.source == fromCommandLine
	if password, ok := os.LookupEnv(initialVariable); ok && !told {
		return password, nil
	}
	if len(file.list) > 0 && (given == 1 || file.source == fromCommandLine) {
		return readPassword(file.list[0], passwordPrompt, standardInput(stdout, stderr))
	}
	return s.one("--initial-password"), nil
}

// password reads what the server gives to an admin without a password. One that it invents is shown to a person only.
func (s settings) password(c *server.Config, stdout, stderr io.Writer) (err error) {
	if c.InitialPassword, err = s.initialPassword(stdout, stderr); err != nil {
		return err
	}
	if c.InitialPassword == inventPassword {
		c.InitialPassword, c.InventPassword = "", true
		if isTerminal(stdout) {
			c.ShowPassword = stdout
		}
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
