package termdoc

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Page is page.md: what the page says beside the terms. It has examples of its own in fences of the language reql, those
// of `reql setup` make the tables that all examples work on. A line `<!-- terms a b -->` in a section whose heading is the name of a
// family is where the family's terms go, first a, then b, then the others by their names. `<!-- contents -->` is where the links to
// all sections and terms go.
type Page struct {
	file  string
	lines []string

	Setup    []Example
	Examples []Example
}

const termsMark = "<!-- terms"

// ReadPage reads page.md.
func ReadPage(file string) (*Page, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := &Page{file: file, lines: strings.Split(strings.TrimSuffix(string(src), "\n"), "\n")}
	for i := 0; i < len(p.lines); i++ {
		fence := p.lines[i]
		if !strings.HasPrefix(fence, "```reql") {
			continue
		}
		end := i + 1 + slices.Index(p.lines[i+1:], "```")
		if end == i {
			return nil, fmt.Errorf("%s:%d: the fence does not end", file, i+1)
		}
		examples, err := parseExamples(file, i+2, "", p.lines[i+1:end])
		if err != nil {
			return nil, err
		}
		if fence == "```reql setup" {
			p.Setup = append(p.Setup, examples...)
		} else {
			p.Examples = append(p.Examples, examples...)
		}
		i = end
	}
	return p, nil
}

// Facts is what the registration of a term says of it.
type Facts struct {
	Min, Max int
	Options  []string

	Determinism string // "" when it always gives the same
	Writes      bool
	Grouped     string // how it takes grouped data, "" when group by group
}

// Write gives the whole page.
func (p *Page) Write(entries []*Entry, facts func(*Entry) Facts) (string, error) {
	families := map[string][]*Entry{}
	for _, e := range entries {
		families[e.Family] = append(families[e.Family], e)
	}
	if err := p.arrange(families); err != nil {
		return "", err
	}
	w := &writer{facts: facts}
	w.line("<!-- Written by `go generate ./internal/exec` from the comments of the registrations there, and termdoc/page.md. -->")
	w.line()
	family := ""
	for i := 0; i < len(p.lines); i++ {
		l := p.lines[i]
		if h, ok := strings.CutPrefix(l, "## "); ok {
			family = h
		}
		switch {
		case l == "<!-- contents -->":
			w.contents(p.lines, families)
		case strings.HasPrefix(l, termsMark):
			for i, e := range families[family] {
				if i > 0 {
					w.line()
				}
				w.entry(e)
			}
		case strings.HasPrefix(l, "```reql"):
			end := i + 1 + slices.Index(p.lines[i+1:], "```")
			x, err := parseExamples(p.file, i+2, "", p.lines[i+1:end])
			if err != nil {
				return "", err
			}
			w.examples(x)
			i = end
		default:
			w.line(l)
		}
	}
	return w.String(), checkLinks(w.String())
}

// arrange puts the terms of each family in the order in which the page has them.
func (p *Page) arrange(families map[string][]*Entry) error {
	placed := map[string]bool{}
	family := ""
	for _, l := range p.lines {
		if h, ok := strings.CutPrefix(l, "## "); ok {
			family = h
		}
		first, ok := strings.CutPrefix(l, termsMark)
		if !ok {
			continue
		}
		placed[family] = true
		names := strings.Fields(strings.TrimSuffix(first, "-->"))
		rank := func(e *Entry) int {
			if i := slices.Index(names, e.Name()); i >= 0 {
				return i
			}
			return len(names)
		}
		slices.SortFunc(families[family], func(a, b *Entry) int {
			return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name())))
		})
	}
	for name, f := range families {
		if !placed[name] {
			return fmt.Errorf("%s:%d: no section of %s is called %q and has a line %s -->", f[0].File, f[0].Line, p.file, name, termsMark)
		}
	}
	return nil
}
