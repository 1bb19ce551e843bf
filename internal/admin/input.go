package admin

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	tty "golang.org/x/term"
)

// maxLineBytes is how long a line may be that is read from a pipe.
const maxLineBytes = 64 << 10

// pipe reads lines that a program writes.
type pipe struct{ in *bufio.Reader }

// NewPipe makes an input of whatever comes from r.
func NewPipe(r io.Reader) Input { return pipe{bufio.NewReaderSize(r, maxLineBytes)} }

func (p pipe) ReadLine() (string, error) {
	line, err := p.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("a line is longer than %d bytes", maxLineBytes)
	}
	if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func (p pipe) ReadSecret(string) (string, error) { return p.ReadLine() }

// Terminal is a person. Lines can be edited, completed with the tabulator and fetched again with the arrow keys; those with an
// authentication key in them are not kept.
type Terminal struct {
	file   *os.File
	errs   io.Writer // where a secret is asked for
	editor *tty.Terminal
	shell  *Shell // nil until Serve
}

// maxPrompt and cutPrompt are RethinkDB's bounds for the address in the prompt.
const (
	maxPrompt = 50
	cutPrompt = 47
)

// OpenTerminal makes an input of a terminal, nil if the file is none. It shows the address that the console is connected to.
func OpenTerminal(file *os.File, out, errs io.Writer, address string) *Terminal {
	if !tty.IsTerminal(int(file.Fd())) {
		return nil
	}
	t := &Terminal{file: file, errs: errs}
	t.editor = tty.NewTerminal(struct {
		io.Reader
		io.Writer
	}{file, out}, prompt(address))
	t.editor.History = history{t.editor.History}
	t.editor.AutoCompleteCallback = t.complete
	return t
}

func prompt(address string) string {
	if len(address) > maxPrompt {
		address = address[:cutPrompt] + "..."
	}
	return address + "> "
}

// Serve lets the terminal complete what the shell's server knows.
func (t *Terminal) Serve(s *Shell) { t.shell = s }

// ReadLine implements Input. Only while it waits the terminal is in raw mode, so that Ctrl-C ends a command that takes long.
func (t *Terminal) ReadLine() (line string, err error) {
	fd := int(t.file.Fd())
	state, err := tty.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, tty.Restore(fd, state)) }()
	if width, height, err := tty.GetSize(fd); err == nil && width > 0 {
		if err := t.editor.SetSize(width, height); err != nil {
			return "", err
		}
	}
	line, err = t.editor.ReadLine()
	if errors.Is(err, tty.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// ReadSecret implements Input. What is typed is not shown from before the prompt on: whoever waits for that may type at once.
func (t *Terminal) ReadSecret(prompt string) (secret string, err error) {
	fd := int(t.file.Fd())
	state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return "", err
	}
	quiet := *state
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, unix.IoctlSetTermios(fd, unix.TCSETS, state))
		fmt.Fprintln(t.errs)
	}()
	fmt.Fprint(t.errs, prompt)
	text, err := tty.ReadPassword(fd)
	return string(text), err
}

// history keeps the lines that may be seen again.
type history struct{ tty.History }

func (h history) Add(line string) {
	if !holdsKey(line) {
		h.History.Add(line)
	}
}

// holdsKey tells whether a line sets the authentication key.
func holdsKey(line string) bool {
	words := strings.Fields(line)
	return len(words) > 2 && slices.Equal(words[:2], []string{"set", "auth"}) && words[2] != "-"
}

// complete answers the tabulator: with what all words that fit have in common, or else with a list of them.
func (t *Terminal) complete(line string, pos int, key rune) (newLine string, newPos int, ok bool) {
	if key != '\t' || t.shell == nil {
		return "", 0, false
	}
	before := strings.Fields(line[:pos])
	partial := ""
	if len(before) > 0 && !strings.HasSuffix(line[:pos], " ") {
		partial = before[len(before)-1]
		before = before[:len(before)-1]
	}
	words := t.shell.candidates(before, partial)
	if len(words) == 0 {
		return line, pos, true
	}
	added := commonPrefix(words)[len(partial):]
	if len(words) == 1 {
		added += " "
	}
	if added == "" {
		fmt.Fprintln(t.editor, strings.Join(words, "  "))
	}
	return line[:pos] + added + line[pos:], pos + len(added), true
}

func commonPrefix(words []string) string {
	prefix := words[0]
	for _, w := range words {
		for !strings.HasPrefix(w, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return prefix
}
