//go:build guide

package guide

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// page is a page of the documentation. What the tests do is taken from it, so that it cannot say anything else.
type page struct{ name, text string }

func openPage(t *testing.T, name string) page {
	t.Helper()
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return page{name, string(text)}
}

// do runs a command of the page on a host. Where the page has something in place of what the reader has, the pairs of replacements
// say what that is.
func (p page) do(t *testing.T, h harness.Host, line string, replacements ...string) string {
	t.Helper()
	return shell(t, h, "/", p.command(t, line, replacements...))
}

// command is a command of the page, with replacements.
func (p page) command(t *testing.T, line string, replacements ...string) string {
	t.Helper()
	for shown := range strings.Lines(p.text) {
		shown = strings.TrimPrefix(strings.TrimSpace(shown), "$ ")
		if strings.TrimPrefix(shown, "sudo ") == line {
			return strings.NewReplacer(replacements...).Replace(line)
		}
	}
	t.Fatalf("docs/%s has no command %q", p.name, line)
	return ""
}

// file is a file that the page shows: the block whose first line is a comment with its path. There may be several.
func (p page) file(t *testing.T, path string, number int) string {
	t.Helper()
	blocks := strings.Split(p.text, "\n```")
	for i := 1; i < len(blocks); i += 2 { // every other one is between blocks
		_, text, _ := strings.Cut(blocks[i], "\n")
		if strings.HasPrefix(text, "# "+path+"\n") {
			if number--; number == 0 {
				return text + "\n"
			}
		}
	}
	t.Fatalf("docs/%s does not show %s often enough", p.name, path)
	return ""
}
