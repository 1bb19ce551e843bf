package termdoc

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// writer writes the Markdown of the page.
type writer struct {
	strings.Builder
	facts func(*Entry) Facts
}

func (w *writer) line(parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
	w.WriteByte('\n')
}

// contents writes the links to the sections of the page and the terms in them.
func (w *writer) contents(lines []string, families map[string][]*Entry) {
	for _, l := range lines {
		heading, ok := strings.CutPrefix(l, "## ")
		if !ok {
			continue
		}
		var terms []string
		for _, e := range families[heading] {
			terms = append(terms, link(title(e)))
		}
		if len(terms) == 0 {
			w.line("- ", link(heading))
		} else {
			w.line("- ", link(heading), ": ", strings.Join(terms, " · "))
		}
	}
}

// title is the heading of an entry.
func title(e *Entry) string {
	if n := len(e.Forms); len(e.Terms) > 1 && n > 1 {
		return e.Name() + " to " + e.Forms[n-1].Name
	}
	return e.Name()
}

// link is a link to a heading.
func link(heading string) string { return "[" + heading + "](#" + anchor(heading) + ")" }

// anchor is what GitHub and most others make of a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// checkLinks looks for a heading for each link within the page, and for headings that links cannot tell apart.
func checkLinks(page string) error {
	anchors := map[string]bool{}
	for _, l := range strings.Split(page, "\n") {
		hashes, heading, ok := strings.Cut(l, " ")
		if !ok || hashes == "" || strings.Trim(hashes, "#") != "" {
			continue
		}
		if anchors[anchor(heading)] {
			return fmt.Errorf("there are two headings %q", heading)
		}
		anchors[anchor(heading)] = true
	}
	for _, m := range linkWithin.FindAllStringSubmatch(page, -1) {
		if !anchors[m[1]] {
			return fmt.Errorf("no heading for the link %s", m[0])
		}
	}
	return nil
}

var linkWithin = regexp.MustCompile(`\]\(#([^)]*)\)`)

func (w *writer) entry(e *Entry) {
	w.line("### ", title(e))
	w.line()
	w.line("```")
	for _, f := range e.Forms {
		w.line(f.Text)
	}
	w.line("```")
	w.line()
	if notes := w.notes(e); notes != "" {
		w.line(notes)
		w.line()
	}
	for _, p := range e.Text {
		w.line(p)
		w.line()
	}
	if len(e.Options) > 0 {
		w.line("| option | type | default | |")
		w.line("|---|---|---|---|")
		for _, o := range e.Options {
			w.line("| `", o.Name, "` | ", cell(o.Type), " | ", cell(o.Default), " | ", cell(o.Text), " |")
		}
		w.line()
	}
	for i, x := range e.Errors {
		if i == 0 {
			w.line("Errors:")
			w.line()
		}
		w.line("- ", x.Class, ": ", code(x.Text))
		if i == len(e.Errors)-1 {
			w.line()
		}
	}
	w.examples(e.Examples)
}

// cell escapes what would end a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// code quotes text that may have backquotes.
func code(s string) string {
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	return "`` " + s + " ``"
}

// notes is the line of what the registration says.
func (w *writer) notes(e *Entry) string {
	f := w.facts(e)
	var notes []string
	if snake := snakeCase(e.Name()); snake != e.Name() && len(e.Terms) == 1 {
		notes = append(notes, "Python: `"+snake+"`.")
	}
	if f.Writes {
		notes = append(notes, "Not inside the functions of other terms, but for `forEach` and `do`.")
	} else if f.Determinism != "" {
		notes = append(notes, f.Determinism)
	}
	if f.Grouped != "" {
		notes = append(notes, f.Grouped)
	}
	return strings.Join(notes, " ")
}

// snakeCase turns a JavaScript name into Python's.
func snakeCase(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// examples writes queries as JavaScript, with their answers as comments.
func (w *writer) examples(all []Example) {
	w.line("```js")
	for _, x := range all {
		w.line(javaScript(x.Query))
		if x.Answer != "" {
			w.line("// ", strings.ReplaceAll(x.Answer, "\n", "\n// "))
		}
	}
	w.line("```")
}
