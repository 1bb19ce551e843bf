package termdoc

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rethinkdb/internal/reql"
)

// ReadSources gives the documentation in the Go files of a directory, in the order of the terms' numbers.
func ReadSources(dir string) ([]*Entry, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var all []*Entry
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		entries, err := readFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	slices.SortFunc(all, func(a, b *Entry) int { return cmp.Compare(a.Terms[0], b.Terms[0]) })
	return all, nil
}

func readFile(path string) ([]*Entry, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	named := termsByLine(files, file)
	family := ""
	var all []*Entry
	for _, group := range file.Comments {
		terms := named[files.Position(group.End()).Line+1]
		lines := commentLines(group)
		if len(terms) == 0 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, " → ") }) {
			continue
		}
		e, err := parseEntry(path, files.Position(group.Pos()).Line, lines)
		if err != nil {
			return nil, err
		}
		for t := terms[0]; t <= terms[len(terms)-1]; t++ {
			e.Terms = append(e.Terms, t)
		}
		if e.Family == "" {
			e.Family = family
		}
		if family = e.Family; family == "" {
			return nil, fmt.Errorf("%s:%d: no family", path, e.Line)
		}
		all = append(all, e)
	}
	return all, nil
}

// termsByLine gives the terms that the lines of a file name.
func termsByLine(files *token.FileSet, file *ast.File) map[int][]reql.TermType {
	named := map[int][]reql.TermType{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if p, ok := s.X.(*ast.Ident); ok && p.Name == "reql" {
				if t, ok := byIdentifier[strings.ToLower(s.Sel.Name)]; ok {
					line := files.Position(s.Pos()).Line
					named[line] = append(named[line], t)
				}
			}
		}
		return true
	})
	return named
}

// byIdentifier has the terms by their names in package reql, in lower case.
var byIdentifier = func() map[string]reql.TermType {
	m := map[string]reql.TermType{}
	for t := reql.TermType(1); t < 300; t++ {
		if t.Known() {
			m["term"+strings.ReplaceAll(t.String(), "_", "")] = t
		}
	}
	return m
}()

// commentLines gives the lines of a comment without what marks them as one.
func commentLines(group *ast.CommentGroup) []string {
	var lines []string
	for _, c := range group.List {
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(c.Text, "//"), " "))
	}
	return lines
}
