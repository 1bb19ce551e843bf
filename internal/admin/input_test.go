package admin

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	tty "golang.org/x/term"
)

func TestPipe(t *testing.T) {
	in := NewPipe(strings.NewReader("ls\r\n\nset auth -\n key \nlast"))
	for _, want := range []string{"ls", "", "set auth -"} {
		if got, err := in.ReadLine(); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if got, err := in.ReadSecret("not shown"); err != nil || got != " key " {
		t.Errorf("the secret is %q, %v", got, err)
	}
	if got, err := in.ReadLine(); err != nil || got != "last" {
		t.Errorf("the last line is %q, %v", got, err)
	}
	if got, err := in.ReadLine(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last line: %q, %v", got, err)
	}
	if _, err := NewPipe(strings.NewReader(strings.Repeat("x", maxLineBytes+1))).ReadLine(); err == nil {
		t.Error("a line without an end was read")
	}
}

// TestTabulator presses the key at the place of the bar.
func TestTabulator(t *testing.T) {
	var shown bytes.Buffer
	terminal := &Terminal{shell: NewShell(nil, nil, io.Discard), editor: tty.NewTerminal(struct {
		io.Reader
		io.Writer
	}{strings.NewReader(""), &shown}, "")}
	for _, c := range []struct{ line, want, shown string }{
		{"un|", "unset |", ""},
		{"unset p|", "unset primary |", ""},
		{"unset p| x", "unset primary | x", ""},
		{"re|", "re|", "rename  resolve"},
		{"spl| shard", "split | shard", ""},
		{"bogus |", "bogus |", ""},
		{"me|", "merge |", ""},
		{"m|", "m|", "make  merge"},
	} {
		shown.Reset()
		pos := strings.Index(c.line, "|")
		line, end, ok := terminal.complete(strings.Replace(c.line, "|", "", 1), pos, '\t')
		if got := line[:end] + "|" + line[end:]; !ok || got != c.want || !strings.Contains(shown.String(), c.shown) {
			t.Errorf("%s became %s and showed %q, want %s and %q", c.line, got, shown.String(), c.want, c.shown)
		}
	}
	if _, _, ok := terminal.complete("un", 2, 'x'); ok {
		t.Error("another key completes")
	}
}

func TestLongAddressInThePrompt(t *testing.T) {
	if got, want := prompt(strings.Repeat("h", 60)+":29015"), strings.Repeat("h", 47)+"...> "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := prompt("localhost:29015"), "localhost:29015> "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
