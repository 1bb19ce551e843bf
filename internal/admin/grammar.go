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
	verbatim    bool   // no word is a flag
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

// mistake is a command that is written wrong, or names what is not there. Run adds how to write it.
type mistake string

func (m mistake) Error() string { return string(m) }

func mistakef(format string, args ...any) error { return mistake(fmt.Sprintf(format, args...)) }

// lookUp finds the command that words begin with, and what follows. node is as many of the words as name commands, perhaps several
// that have not been told apart yet; then there is a mistake.
func lookUp(words []string) (best *command, node, rest []string, err error) {
	for _, c := range commands {
		n := commonWords(c.words, words)
		if n > len(node) {
			node = words[:n]
		}
		if n == len(c.words) && (best == nil || n > len(best.words)) {
			best = c
		}
	}
	switch {
	case best != nil:
		return best, best.words, words[len(best.words):], nil
	case len(node) > 0:
		return nil, node, nil, mistake("incomplete command")
	}
	return nil, nil, nil, mistakef("unknown command: %s", words[0])
}

// commonWords is how many words two commands have in common at their beginnings.
func commonWords(a, b []string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// below are the commands whose names begin with words.
func below(words []string) []*command {
	return slices.DeleteFunc(slices.Clone(commands), func(c *command) bool { return commonWords(c.words, words) < len(words) })
}

// withUsage adds to a mistake how the commands are written that begin with the words of node. Other errors stay as they are.
func withUsage(err error, node []string) error {
	if _, ok := errors.AsType[mistake](err); !ok || len(node) == 0 {
		return err
	}
	text := err.Error() + "\nusage: "
	for _, c := range below(node) {
		text += "\t" + strings.Join(c.usages(), "\n\t") + "\n"
	}
	return errors.New(strings.TrimSuffix(text, "\n"))
}

// parse reads what follows the name of a command.
func (c *command) parse(words []string) (arguments, error) {
	a := arguments{flags: map[string]string{}}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if !strings.HasPrefix(word, "--") || c.verbatim {
			a.positional = append(a.positional, word)
			continue
		}
		f := slices.IndexFunc(c.flags, func(f flag) bool { return f.name == word })
		if f < 0 {
			return a, mistakef("unrecognized flag: %s", word)
		}
		value := ""
		if c.flags[f].value {
			if i++; i == len(words) {
				return a, mistakef("not enough arguments provided for flag: %s", word)
			}
			value = words[i]
		}
		a.flags[word] = value
	}
	switch n := len(a.positional); {
	case n < c.least:
		return a, mistake("insufficient positional parameters provided")
	case c.most >= 0 && n > c.most:
		return a, mistake("too many positional arguments")
	}
	for _, f := range c.flags {
		if f.required && !a.has(f.name) {
			return a, mistakef("required flag not specified: %s", strings.TrimPrefix(f.name, "--"))
		}
	}
	return a, nil
}

// Run runs the command that the words are.
func (s *Shell) Run(words []string) error {
	if len(words) == 0 {
		return nil
	}
	if words[0] == "--help" {
		words = append([]string{"help"}, words[1:]...)
	}
	c, node, rest, err := lookUp(words)
	switch {
	case err != nil:
	case c.instead != "":
		return errors.New(c.instead)
	default:
		var a arguments
		if a, err = c.parse(rest); err == nil {
			err = c.run(s, a)
		}
	}
	return withUsage(err, node)
}
