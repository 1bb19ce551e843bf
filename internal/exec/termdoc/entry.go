package termdoc

import (
	"fmt"
	"strings"

	"rethinkdb/internal/reql"
)

// Entry is the documentation of a term, or of several that differ in their numbers only.
type Entry struct {
	Terms    []reql.TermType // in the order of their numbers
	Family   string
	Forms    []Form
	Text     []string // paragraphs
	Options  []Option
	Errors   []Error
	Examples []Example

	File string // and the line of it where the comment begins
	Line int
}

// Option is an optional argument.
type Option struct {
	Name, Type, Default, Text string // Default may be ""
}

// Error is one of the errors that are the term's own.
type Error struct {
	Class, Text string
}

// Example is a query and its answer. They stand in a file's lines From to To, the answer beginning at Answer; each of
// them begins with Prefix.
type Example struct {
	Query  string
	Answer string

	File              string
	From, Answers, To int // To is the line after the last
	Prefix            string
}

// Name is what users call the term, as in its first form.
func (e *Entry) Name() string { return e.Forms[0].Name }

// parseEntry reads the lines of a comment, without its slashes; the first is line number first of the file.
func parseEntry(file string, first int, lines []string) (*Entry, error) {
	e := &Entry{File: file, Line: first}
	fail := func(i int, format string, args ...any) (*Entry, error) {
		return nil, fmt.Errorf("%s:%d: %s", file, first+i, fmt.Sprintf(format, args...))
	}
	for i := 0; i < len(lines); {
		if lines[i] == "" {
			i++
			continue
		}
		if strings.HasPrefix(lines[i], "\t") {
			end := i
			for end < len(lines) && strings.HasPrefix(lines[end], "\t") {
				end++
			}
			examples, err := parseExamples(file, first+i, "//\t", trimAll(lines[i:end], "\t"))
			if err != nil {
				return nil, err
			}
			e.Examples = append(e.Examples, examples...)
			i = end
			continue
		}
		end := i
		for end < len(lines) && lines[end] != "" && !strings.HasPrefix(lines[end], "\t") {
			end++
		}
		if err := e.paragraph(trimAll(lines[i:end], " ")); err != nil {
			return fail(i, "%v", err)
		}
		i = end
	}
	switch {
	case len(e.Forms) == 0:
		return fail(0, "no form")
	case len(e.Text) == 0:
		return fail(0, "no text")
	case len(e.Examples) == 0:
		return fail(0, "no example")
	}
	return e, nil
}

// paragraph adds the lines up to an empty one or an example.
func (e *Entry) paragraph(lines []string) error {
	switch {
	case strings.HasPrefix(lines[0], "Family: "):
		e.Family = strings.TrimPrefix(lines[0], "Family: ")
	case lines[0] == "Options:":
		for _, item := range items(lines[1:]) {
			o, err := parseOption(item)
			if err != nil {
				return err
			}
			e.Options = append(e.Options, o)
		}
	case lines[0] == "Errors:":
		for _, item := range items(lines[1:]) {
			class, text, ok := strings.Cut(item, ": ")
			if !ok {
				return fmt.Errorf("error %q is not of the form class: text", item)
			}
			e.Errors = append(e.Errors, Error{class, text})
		}
	case len(e.Forms) == 0:
		for _, l := range lines {
			f, err := parseForm(l)
			if err != nil {
				return err
			}
			e.Forms = append(e.Forms, f)
		}
	case strings.HasPrefix(lines[0], "- "):
		e.Text = append(e.Text, "- "+strings.Join(items(lines), "\n- "))
	default:
		e.Text = append(e.Text, strings.Join(lines, " "))
	}
	return nil
}

// items joins the lines of each item of a list.
func items(lines []string) []string {
	var all []string
	for _, l := range lines {
		if item, ok := strings.CutPrefix(l, "- "); ok || len(all) == 0 {
			all = append(all, item)
		} else {
			all[len(all)-1] += " " + strings.TrimSpace(l)
		}
	}
	return all
}

// parseOption reads `name (type; default): text`.
func parseOption(item string) (o Option, err error) {
	head, text, ok := strings.Cut(item, "): ")
	name, kind, ok2 := strings.Cut(head, " (")
	if !ok || !ok2 {
		return o, fmt.Errorf("option %q is not of the form name (type; default): text", item)
	}
	o.Name, o.Text = name, text
	o.Type, o.Default, _ = strings.Cut(kind, "; ")
	return o, nil
}

// parseExamples reads queries, which begin with >, and the answers below each.
func parseExamples(file string, first int, prefix string, lines []string) ([]Example, error) {
	var all []Example
	for i := 0; i < len(lines); {
		query, ok := strings.CutPrefix(lines[i], "> ")
		if !ok {
			return nil, fmt.Errorf("%s:%d: an example begins with >", file, first+i)
		}
		x := Example{File: file, From: first + i, Prefix: prefix}
		for i++; i < len(lines) && strings.HasPrefix(lines[i], "> "+" "); i++ {
			query += "\n" + strings.TrimPrefix(lines[i], "> ")
		}
		start := i
		for i < len(lines) && !strings.HasPrefix(lines[i], "> ") {
			i++
		}
		x.Query, x.Answer = query, strings.Join(lines[start:i], "\n")
		x.Answers, x.To = first+start, first+i
		all = append(all, x)
	}
	return all, nil
}

func trimAll(lines []string, prefix string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimPrefix(l, prefix)
	}
	return out
}
