package admin

import (
	"slices"
	"strings"
)

func complete(s *Shell, a arguments) error {
	mode, words := a.positional[0], a.positional[1:]
	switch mode {
	case "full":
		words = append(words, "")
	case "partial":
		if len(words) == 0 {
			words = []string{""}
		}
	default:
		i := slices.IndexFunc(commands, func(c *command) bool { return c.words[0] == "complete" })
		return &usageError{"incomplete command", []string{"rethinkdb admin " + commands[i].usages()[0]}}
	}
	for _, word := range s.candidates(words[:len(words)-1], words[len(words)-1]) {
		s.printf("%s\n", word)
	}
	return nil
}

// candidates are the words that may follow others and begin like partial, sorted: words of commands, flags, or names.
func (s *Shell) candidates(before []string, partial string) []string {
	var words []string
	for _, c := range commands {
		if n := len(before); n < len(c.words) && slices.Equal(c.words[:n], before) {
			words = append(words, c.words[n])
		}
	}
	if c, rest, err := lookUp(append(before, "")); err == nil && len(rest) > 0 {
		for _, f := range c.flags {
			if !slices.Contains(rest, f.name) {
				words = append(words, f.name)
			}
		}
		if c.takesNames() {
			words = append(words, s.names()...)
		}
	}
	words = slices.DeleteFunc(words, func(w string) bool { return !strings.HasPrefix(w, partial) })
	slices.Sort(words)
	return slices.Compact(words)
}

// takesNames tells whether objects that exist may be named in a command.
func (c *command) takesNames() bool {
	return slices.ContainsFunc(c.usage, func(usage string) bool {
		for _, what := range []string{"<ID>", "<TABLE>", "<MACHINE>", "<DATACENTER>", "<DATABASE>"} {
			if strings.Contains(usage, what) {
				return true
			}
		}
		return false
	})
}

// names are the names of all objects; none when they cannot be had, which the next command will tell.
func (s *Shell) names() []string {
	cl, err := readCluster(s.conn)
	if err != nil {
		return nil
	}
	var names []string
	for _, o := range cl.objects() {
		if o.kind == tableKind {
			names = append(names, cl.path(o))
			continue
		}
		names = append(names, o.name)
	}
	return names
}
