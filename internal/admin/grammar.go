package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// command is one command of the command line.
type command struct {
	words []string // its name, one word or two
	usage []string // what may follow, one way each
	about string   // a line for the list of commands; empty if the command cannot do anything here
	more  string   // further sentences for `help COMMAND`, or empty

	least, most int // how many positional words may follow; most < 0 is any number
	flags       []flag
	instead     string // of a command that cannot do anything here: what to do in its place
	run         func(s *Shell, a arguments) error
}

// flag is an option of a command.
type flag struct {
	name     string // with dashes
	value    bool   // it has one
	required bool
}

// arguments are what follows the name of a command.
type arguments struct {
	positional []string
	flags      map[string]string
}

func (a arguments) has(name string) bool {
	_, ok := a.flags[name]
	return ok
}

func (c *command) name() string { return strings.Join(c.words, " ") }

// usages are the lines that show how a command is written.
func (c *command) usages() []string {
	lines := make([]string, len(c.usage))
	for i, u := range c.usage {
		lines[i] = strings.TrimSpace(c.name() + " " + u)
	}
	return lines
}

// usageError is a mistake in a command; it shows how to write it.
type usageError struct {
	text  string
	lines []string
}

func (e *usageError) Error() string { return e.text + "\nusage: " + strings.Join(e.lines, "\n\t") }

func (c *command) mistake(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), c.usages()}
}

// lookUp finds the command that words begin with, and what follows.
func lookUp(words []string) (*command, []string, error) {
	var best *command
	var possible []string
	for _, c := range commands {
		n := min(len(c.words), len(words))
		if !slices.Equal(c.words[:n], words[:n]) {
			continue
		}
		if n < len(c.words) {
			possible = append(possible, c.usages()...)
		} else if best == nil || n > len(best.words) {
			best = c
		}
	}
	switch {
	case best != nil:
		return best, words[len(best.words):], nil
	case possible != nil:
		return nil, nil, &usageError{"incomplete command", possible}
	}
	i := slices.IndexFunc(commands, func(c *command) bool { return c.words[0] == words[0] })
	if i >= 0 {
		return nil, nil, fmt.Errorf("unknown command: %s", strings.Join(words[:2], " "))
	}
	return nil, nil, fmt.Errorf("unknown command: %s", words[0])
}

// parse reads what follows the name of a command.
func (c *command) parse(words []string) (arguments, error) {
	a := arguments{flags: map[string]string{}}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if !strings.HasPrefix(word, "--") || len(c.flags) == 0 {
			a.positional = append(a.positional, word)
			continue
		}
		f := slices.IndexFunc(c.flags, func(f flag) bool { return f.name == word })
		if f < 0 {
			return a, c.mistake("unrecognized flag: %s", word)
		}
		value := ""
		if c.flags[f].value {
			if i++; i == len(words) {
				return a, c.mistake("not enough arguments provided for flag: %s", word)
			}
			value = words[i]
		}
		a.flags[word] = value
	}
	switch n := len(a.positional); {
	case n < c.least:
		return a, c.mistake("insufficient positional parameters provided")
	case c.most >= 0 && n > c.most:
		return a, c.mistake("too many positional arguments")
	}
	for _, f := range c.flags {
		if f.required && !a.has(f.name) {
			return a, c.mistake("required flag not specified: %s", f.name)
		}
	}
	return a, nil
}

// Run runs the command that the words are.
func (s *Shell) Run(words []string) error {
	if len(words) == 0 {
		return nil
	}
	c, rest, err := lookUp(words)
	if err != nil {
		return err
	}
	if c.instead != "" {
		return errors.New(c.instead)
	}
	a, err := c.parse(rest)
	if err != nil {
		return err
	}
	return c.run(s, a)
}
