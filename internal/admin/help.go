package admin

import (
	"fmt"
	"slices"
	"strings"
)

// help prints the list of commands, or all about those whose names begin with the words given.
func help(s *Shell, a arguments) error {
	words := a.positional
	if len(words) == 0 {
		s.printf("%s", Commands())
		return nil
	}
	if !slices.ContainsFunc(commands, func(c *command) bool { return c.words[0] == words[0] }) {
		return fmt.Errorf("unknown command: %s", words[0])
	}
	found := slices.DeleteFunc(slices.Clone(commands), func(c *command) bool {
		return len(words) > len(c.words) || !slices.Equal(c.words[:len(words)], words)
	})
	if len(found) == 0 {
		return fmt.Errorf("unrecognized subcommand: %s", strings.Join(words, " "))
	}
	for i, c := range found {
		if i > 0 {
			s.printf("\n")
		}
		s.printf("%s\n", strings.Join(c.usages(), "\n"))
		for _, text := range []string{c.about, c.more, c.instead} {
			if text != "" {
				s.printf("    %s.\n", strings.TrimSuffix(text, "."))
			}
		}
	}
	return nil
}

// helpIndent is the column of the descriptions.
const helpIndent = 28

// Commands is the list of all commands.
func Commands() string {
	var b strings.Builder
	var without []string
	for _, c := range commands {
		if c.instead != "" {
			without = append(without, c.name())
			continue
		}
		for _, usage := range c.usages() {
			if len(usage)+4 > helpIndent {
				fmt.Fprintf(&b, "  %s\n", usage)
				usage = ""
			}
			fmt.Fprintf(&b, "  %-*s%s\n", helpIndent-2, usage, c.about)
		}
	}
	fmt.Fprintf(&b, `
An <ID> is a name, DATABASE.TABLE, or the first characters of an identifier.
'help COMMAND' says more, and for commands that are not in this version what to
use instead:
  %s,
  %s
`, strings.Join(without[:len(without)/2], ", "), strings.Join(without[len(without)/2:], ", "))
	return b.String()
}
