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
		s.print(commandList())
		s.printf("\nAn ID is a name, DATABASE.TABLE, or the beginning of an identifier. 'help COMMAND' says more about a command.\n")
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
		s.printf("%s\n    %s.\n", strings.Join(c.usages(), "\n"), c.about)
		for _, more := range []string{c.more, c.instead} {
			if more != "" {
				s.printf("    %s\n", more)
			}
		}
	}
	return nil
}

func commandList() columns {
	t := columns{{"command", ""}}
	for _, c := range commands {
		for _, usage := range c.usages() {
			t = append(t, []string{usage, c.about})
		}
	}
	return t
}

// Commands is the list of all commands, for help outside of the console.
func Commands() string { return commandList().String() }
