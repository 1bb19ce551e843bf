package exec_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestErrorsOfTheReferenceExist looks for the text of each documented error in the strings of the program's files.
func TestErrorsOfTheReferenceExist(t *testing.T) {
	texts := stringsIn(t, "..")
	patterns := patternsOf(texts)
	for _, e := range readReference(t).entries {
		for _, x := range e.Errors {
			if !strings.Contains(texts, x.Text) && !patterns.MatchString(x.Text) {
				t.Errorf("%s:%d: no file has the error %q of %s", e.File, e.Line, x.Text, e.Name())
			}
		}
	}
}

// patternsOf matches what the strings, each on a line, may become when something is put into them.
func patternsOf(texts string) *regexp.Regexp {
	var all []string
	for _, s := range strings.Split(texts, "\n") {
		if n := strings.Count(s, "…"); n > 0 && len(s) > 12*n {
			all = append(all, strings.ReplaceAll(regexp.QuoteMeta(s), "…", ".+"))
		}
	}
	return regexp.MustCompile("^(" + strings.Join(all, "|") + ")$")
}

// verb is what package fmt replaces.
var verb = regexp.MustCompile(`%[-+ #0-9.]*[a-zA-Z]`)

// stringsIn joins all strings in the Go files below a directory but those of tests, with … for what is put into them.
func stringsIn(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			x, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			s, ok := text(x)
			if ok {
				s = verb.ReplaceAllString(s, "…")
				all.WriteString(strings.ReplaceAll(s, "….…", "…") + "\n") // such as database and table
			}
			return !ok
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// text gives a string, or the sum of strings and other things, for which it has ….
func text(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, x.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, ok := text(x.X)
		right, ok2 := text(x.Y)
		if x.Op != token.ADD || !ok && !ok2 {
			return "", false
		}
		if !ok {
			left = "…"
		}
		if !ok2 {
			right = "…"
		}
		return left + right, true
	}
	return "", false
}
