package arch

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

const module = "rethinkdb"

// goPackage is what the files of one directory import.
type goPackage struct {
	imports     map[string][]string // import path: files of the program
	testImports map[string][]string // import path: test files
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// packages reads the imports of every package of the module, by directory.
func packages(t *testing.T) map[string]*goPackage {
	t.Helper()
	top := root(t)
	found := map[string]*goPackage{}
	err := filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") && name != top {
				return filepath.SkipDir
			}
			// A directory with a go.mod of its own is another module.
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && name != top {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(relative))
		p := found[dir]
		if p == nil {
			p = &goPackage{imports: map[string][]string{}, testImports: map[string][]string{}}
			found[dir] = p
		}
		into := p.imports
		if strings.HasSuffix(name, "_test.go") {
			into = p.testImports
		}
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			into[imported] = append(into[imported], relative)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// rows returns the rows of all Markdown tables in text whose header begins with the column first; cells without back quotes.
func rows(text, first string) [][]string {
	var table [][]string
	inside := false
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			inside = false
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.ReplaceAll(strings.TrimSpace(cell), "`", ""))
		}
		switch {
		case cells[0] == first:
			inside = true
		case inside && !strings.HasPrefix(cells[0], "---"):
			table = append(table, cells)
		}
	}
	return table
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// list splits a cell of names.
func list(cell string) []string {
	return strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || r == ' ' })
}

func TestImportsFollowTheMap(t *testing.T) {
	allowed := map[string][]string{} // by directory
	for _, row := range rows(read(t, "ARCHITECTURE.md"), "package") {
		if len(row) != 3 {
			t.Fatalf("the row of %s has %d columns", row[0], len(row))
		}
		for _, name := range list(row[2]) {
			allowed[row[0]] = append(allowed[row[0]], module+"/internal/"+name)
		}
		if allowed[row[0]] == nil {
			allowed[row[0]] = []string{}
		}
	}
	found := packages(t)
	for dir, p := range found {
		if strings.HasPrefix(dir, "test/") {
			continue // suites may use whatever they like, except the server: see below
		}
		may, listed := allowed[dir]
		if !listed {
			t.Errorf("%s is not in the map of ARCHITECTURE.md", dir)
		}
		for imported, files := range p.imports {
			if strings.HasPrefix(imported, module+"/") && !slices.Contains(may, imported) {
				t.Errorf("%s imports %s, which the map of ARCHITECTURE.md does not allow (%s)", dir, imported, strings.Join(files, ", "))
			}
		}
	}
	for dir := range allowed {
		if found[dir] == nil {
			t.Errorf("%s is in the map of ARCHITECTURE.md, but has no Go files", dir)
		}
	}
}

func TestSuitesShareNothingWithTheServer(t *testing.T) {
	for dir, p := range packages(t) {
		if !strings.HasPrefix(dir, "test/") {
			continue
		}
		for _, imports := range []map[string][]string{p.imports, p.testImports} {
			for imported, files := range imports {
				if strings.HasPrefix(imported, module+"/internal/") {
					t.Errorf("%s imports %s; what both get wrong would go unnoticed (%s)", dir, imported, strings.Join(files, ", "))
				}
			}
		}
	}
}

func TestEveryPackageSaysItsJob(t *testing.T) {
	for dir := range packages(t) {
		if strings.HasPrefix(dir, "cmd/") {
			continue
		}
		parsed, err := filepath.Glob(filepath.Join(root(t), dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(parsed, func(name string) bool {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			return strings.HasPrefix(file.Doc.Text(), "Package "+path.Base(dir)+" ")
		})
		if !said {
			t.Errorf("no file of %s says what the package does", dir)
		}
	}
}

func TestPathsExist(t *testing.T) {
	top := root(t)
	paths := regexp.MustCompile("`((?:cmd|internal|test|docs|\\.ci)/[A-Za-z0-9_./-]+)`")
	links := regexp.MustCompile(`\]\(([A-Za-z0-9_./-]+)\)`)
	for _, page := range []string{"ARCHITECTURE.md", "README.md", "docs/dependencies.md"} {
		text := read(t, page)
		for _, m := range paths.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(top, m[1])); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s mentions %s, which does not exist", page, m[1])
			}
		}
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(top, filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s has a broken link: %v", page, err)
			}
		}
	}
}

// anyTest is the list of a module that every test may import, and nothing else.
var anyTest = list("any test")

func TestDependenciesHaveReasons(t *testing.T) {
	listed := map[string][]string{} // module: packages that may import it
	for _, row := range rows(read(t, "docs/dependencies.md"), "module") {
		listed[row[0]] = list(row[1])
	}
	used := map[string]map[string]bool{}
	for dir, p := range packages(t) {
		for _, imports := range []map[string][]string{p.imports, p.testImports} {
			for imported, files := range imports {
				if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
					continue // the standard library, and this module
				}
				name := owner(imported, listed)
				if name == "" {
					t.Errorf("%s imports %s, which docs/dependencies.md does not list", dir, imported)
					continue
				}
				if used[name] == nil {
					used[name] = map[string]bool{}
				}
				user := strings.TrimPrefix(dir, "internal/")
				if slices.Equal(listed[name], anyTest) && strings.HasSuffix(files[0], "_test.go") {
					user = "test"
				}
				used[name][user] = true
			}
		}
	}
	for name, may := range listed {
		for dir := range used[name] {
			if !slices.Contains(may, dir) {
				t.Errorf("%s imports %s; docs/dependencies.md allows only %s", dir, name, strings.Join(may, ", "))
			}
		}
		for _, dir := range may {
			if slices.Equal(may, anyTest) && dir == "any" {
				continue
			}
			if !used[name][dir] {
				t.Errorf("docs/dependencies.md says that %s imports %s, but it does not", dir, name)
			}
		}
	}
}

// owner is the listed module that an import path belongs to.
func owner(imported string, listed map[string][]string) string {
	for name := range listed {
		if imported == name || strings.HasPrefix(imported, name+"/") {
			return name
		}
	}
	return ""
}

// TestPackagesOfNodeHaveReasons is the same for the administration page and its tests.
func TestPackagesOfNodeHaveReasons(t *testing.T) {
	page := read(t, "docs/dependencies.md")
	for _, manifest := range []string{"web/package.json", "test/page/package.json"} {
		var wanted struct{ Dependencies, DevDependencies map[string]string }
		if err := json.Unmarshal([]byte(read(t, manifest)), &wanted); err != nil {
			t.Fatalf("%s: %v", manifest, err)
		}
		maps.Copy(wanted.Dependencies, wanted.DevDependencies)
		for name, version := range wanted.Dependencies {
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s has %s, which docs/dependencies.md does not list", manifest, name)
			}
			if strings.ContainsAny(version, "^~*>< ") {
				t.Errorf("%s has %s %s, want an exact version", manifest, name, version)
			}
		}
	}
}
