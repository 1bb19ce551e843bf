package admin

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// optionTexts say what the parts of a usage are.
var optionTexts = map[string]string{
	"<ID>":          "a name, the name of a table with that of its database in front (test.users), or the first four or more characters of an identifier",
	"<MACHINE>":     "a server, by its name or identifier",
	"<DATACENTER>":  "a tag of servers",
	"<DATABASE>":    "a database, by its name or identifier",
	"<TABLE>":       "a table, by its name, by that of its database and its own (test.users), or by its identifier",
	"<NAME>":        "letters, digits, _ and -",
	"<NEW-NAME>":    "letters, digits, _ and -",
	"<KEY>":         "at most 2048 bytes, one word; quote a key with spaces",
	"<COMMAND>":     "the first word of a command",
	"<SUBCOMMAND>":  "its second word",
	"--long":        "show identifiers in full, and more columns",
	"--soft":        "a write is acknowledged as soon as it is in memory",
	"--hard":        "a write is acknowledged when it is on disk",
	"--database":    "where the table belongs",
	"--primary":     "a tag of servers; without effect on a single server",
	"--primary-key": "the field that identifies a document (default id)",
}

// help prints the list of commands, or all about those whose names begin with the words given.
func help(s *Shell, a arguments) error {
	page := s.newPage()
	words := a.positional
	if len(words) == 0 {
		page.section("INFO", page.name()+" - see and change the configuration of a server; 'help <COMMAND>' says more of a command")
		page.title("COMMANDS")
		page.text.WriteString(Commands())
		page.print(s.out)
		return nil
	}
	found := below(words)
	switch {
	case len(below(words[:1])) == 0:
		return mistakef("unknown command: %s", words[0])
	case len(found) == 0:
		return mistakef("unrecognized subcommand: %s", strings.Join(words[1:], " "))
	}
	info := strings.Join(words, " ")
	if !page.console {
		info = page.name() + " " + info
	}
	if len(found) == 1 && found[0].about != "" {
		info += " - " + found[0].about
	}
	page.section("INFO", info)
	page.title("COMMANDS")
	for _, c := range found {
		for _, usage := range c.usages() {
			page.usage(helpIndent, page.command()+usage)
		}
	}
	page.end()
	page.title("DESCRIPTION")
	for _, c := range found {
		page.usage(helpIndent, page.command()+c.usages()[0])
		page.paragraph(textIndent, c.description())
		page.end()
	}
	page.options(found)
	page.print(s.out)
	return nil
}

// description is all there is to say of a command, in sentences.
func (c *command) description() string {
	var sentences []string
	for _, text := range []string{c.about, c.more, c.instead} {
		if text != "" {
			first, size := utf8.DecodeRuneInString(text)
			sentences = append(sentences, strings.ToUpper(string(first))+strings.TrimSuffix(text[size:], ".")+".")
		}
	}
	return strings.Join(sentences, " ")
}

// listMargin and listIndent are the columns of the commands in the list of all, and of their descriptions.
const (
	listMargin = 2
	listIndent = 28
)

// Commands is the list of all commands.
func Commands() string {
	p := page{width: helpWidth - 1}
	var without []string
	for _, c := range commands {
		if c.instead != "" {
			without = append(without, c.name())
			continue
		}
		for _, usage := range c.usages() {
			if len(usage)+4 > listIndent {
				p.usage(listMargin, usage)
				usage = ""
			}
			fmt.Fprintf(&p.text, "  %-*s%s\n", listIndent-listMargin, usage, c.about)
		}
	}
	p.end()
	p.text.WriteString(`An <ID> is a name, DATABASE.TABLE, or the first characters of an identifier.
'help COMMAND' says more, and for commands that are not in this version what to
use instead:
`)
	p.paragraph(listMargin, strings.Join(without, ", "))
	return p.text.String()
}
