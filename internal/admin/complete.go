package admin

import (
	"errors"
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
		return errors.New("usage: rethinkdb admin complete ( partial | full ) [...]")
	}
	for _, word := range s.candidates(words[:len(words)-1], words[len(words)-1]) {
		s.printf("%s\n", word)
	}
	return nil
}

// candidates are the words that may follow others and begin like partial, sorted: words of commands, flags, or names.
func (s *Shell) candidates(before []string, partial string) []string {
	var words []string
	for _, c := range below(before) {
		if len(c.words) > len(before) {
			words = append(words, c.words[len(before)])
		}
	}
	if len(before) > 0 {
		if c, _, rest, err := lookUp(before); err == nil {
			words = append(words, s.arguments(c, rest)...)
		}
	}
	words = slices.DeleteFunc(words, func(w string) bool { return !strings.HasPrefix(w, partial) })
	slices.Sort(words)
	return slices.Compact(words)
}

// arguments are what may come next in a command: names of what its usage asks for at this place, and flags.
func (s *Shell) arguments(c *command, before []string) []string {
	var words []string
	position := 0
	for i, word := range before {
		f := slices.IndexFunc(c.flags, func(f flag) bool { return f.name == word })
		switch {
		case f < 0:
			position++
		case c.flags[f].value && i == len(before)-1:
			return s.names(c.kindsOf(word))
		case c.flags[f].value:
			position-- // its value follows
		}
	}
	for _, f := range c.flags {
		if !slices.Contains(before, f.name) {
			words = append(words, f.name)
		}
	}
	return append(words, s.names(c.kindsAt(position))...)
}

// placeholders are the words of a usage that stand for objects.
var placeholders = map[string][]kind{
	"<ID>":         {machineKind, datacenterKind, databaseKind, tableKind},
	"<MACHINE>":    {machineKind},
	"<DATACENTER>": {datacenterKind},
	"<DATABASE>":   {databaseKind},
	"<TABLE>":      {tableKind},
}

// kindsAt are the kinds of objects that a command takes at a place. Where any number may follow, every place is for all of them.
func (c *command) kindsAt(position int) []kind {
	if c.words[0] == "rm" {
		return []kind{kind(c.words[1])}
	}
	var kinds []kind
	place := 0
	words := strings.Fields(c.usage[0])
	for i, word := range words {
		if !strings.Contains(word, "<") || i > 0 && strings.Contains(words[i-1], "--") { // the value of a flag
			continue
		}
		if place == position || c.most == anyNumber {
			kinds = append(kinds, placeholders[strings.Trim(word, "[].")]...)
		}
		place++
	}
	return kinds
}

// kindsOf are the kinds of objects that the value of a flag may be.
func (c *command) kindsOf(name string) []kind {
	words := strings.Fields(c.usage[0])
	for i := 1; i < len(words); i++ {
		if strings.Trim(words[i-1], "[]") == name {
			return placeholders[strings.Trim(words[i], "[].")]
		}
	}
	return nil
}

// names are the names of all objects of some kinds; none when they cannot be had, which the next command will tell.
func (s *Shell) names(kinds []kind) []string {
	if len(kinds) == 0 {
		return nil
	}
	cl, err := readCluster(s.conn)
	if err != nil {
		return nil
	}
	var names []string
	for _, o := range cl.objects(kinds...) {
		if o.kind == tableKind {
			names = append(names, cl.path(o))
			continue
		}
		names = append(names, o.name)
	}
	return names
}
