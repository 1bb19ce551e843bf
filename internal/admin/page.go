package admin

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	tty "golang.org/x/term"
)

// Columns of the help, as in RethinkDB: how far the lines of its sections are indented.
const (
	helpIndent = 4
	textIndent = 8
	helpWidth  = 80 // where there is no terminal to ask
)

// page is help that is being written. On a terminal titles are bold and what is to be replaced is underlined.
type page struct {
	text     strings.Builder
	console  bool
	terminal bool
	width    int
}

func (s *Shell) newPage() *page {
	p := &page{console: s.console, width: helpWidth}
	if file, ok := s.out.(*os.File); ok && tty.IsTerminal(int(file.Fd())) {
		p.terminal = os.Getenv("TERM") != "dumb"
		if width, _, err := tty.GetSize(int(file.Fd())); err == nil && width > 0 {
			p.width = width
		}
	}
	return p
}

// name is what the page is about.
func (p *page) name() string {
	if p.console {
		return "rethinkdb admin console"
	}
	return "rethinkdb admin"
}

// command is what stands before a command where it is shown how to write it.
func (p *page) command() string {
	if p.console {
		return ""
	}
	return "rethinkdb admin <ADMIN-OPTIONS> "
}

func (p *page) title(title string) { p.text.WriteString(p.mark(title, "\x1b[1m") + "\n") }

func (p *page) section(title, text string) {
	p.title(title)
	p.usage(helpIndent, text)
	p.end()
}

func (p *page) end() { p.text.WriteByte('\n') }

// paragraph writes text, broken into lines.
func (p *page) paragraph(indent int, text string) { p.wrap(indent, indent, text) }

// usage writes how a command is written; what does not fit on the line hangs below it.
func (p *page) usage(indent int, text string) { p.wrap(indent, indent+2, text) }

func (p *page) wrap(indent, hang int, text string) {
	line := strings.Repeat(" ", indent)
	column, begin := indent, true
	for word := range strings.FieldsSeq(text) {
		width := utf8.RuneCountInString(word)
		switch {
		case begin:
		case column+1+width > p.width:
			line += "\n" + strings.Repeat(" ", hang)
			column = hang
		default:
			line += " "
			column++
		}
		line += p.placeholder(word)
		column += width
		begin = false
	}
	p.text.WriteString(line + "\n")
}

func (p *page) mark(text, how string) string {
	if !p.terminal {
		return text
	}
	return how + text + "\x1b[0m"
}

// placeholder marks what is in angle brackets in a word.
func (p *page) placeholder(word string) string {
	begin, end := strings.IndexByte(word, '<'), strings.IndexByte(word, '>')
	if begin < 0 || end < begin {
		return word
	}
	return word[:begin] + p.mark(word[begin:end+1], "\x1b[1;4m") + word[end+1:]
}

// options lists what the commands' usages are made of, and how the program finds the server.
func (p *page) options(found []*command) {
	var names []string
	for _, c := range found {
		for _, usage := range c.usage {
			names = append(names, parts(usage)...)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return optionTexts[strings.Fields(name)[0]] == "" })
	if p.console && len(names) == 0 {
		return
	}
	p.title("OPTIONS")
	if !p.console {
		p.usage(helpIndent, "<ADMIN-OPTIONS>")
		p.usage(textIndent, "-j,--join <HOST>:<PORT>")
		p.paragraph(textIndent+helpIndent, "the server, by its intracluster port (default localhost:29015); 'rethinkdb help admin' has the others")
		p.end()
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			continue
		}
		p.usage(helpIndent, name)
		p.paragraph(textIndent, optionTexts[strings.Fields(name)[0]])
		p.end()
	}
}

// parts are the flags of a usage, with their values, and the words to replace.
func parts(usage string) []string {
	var out []string
	for word := range strings.FieldsSeq(strings.NewReplacer("[", " ", "]", " ", "(", " ", ")", " ", "|", " ", "...", " ").Replace(usage)) {
		if last := len(out) - 1; last >= 0 && strings.HasPrefix(out[last], "--") && strings.HasPrefix(word, "<") && !strings.Contains(out[last], " ") {
			out[last] += " " + word
			continue
		}
		out = append(out, word)
	}
	return out
}

func (p *page) print(w io.Writer) {
	fmt.Fprintln(w, strings.TrimRight(p.text.String(), "\n"))
}
