package termdoc

import (
	"os"
	"strings"
)

// Rewrite replaces the answers of a file's examples, which stand in the order of their lines. Their line numbers are
// not right after it.
func Rewrite(file string, examples []Example) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines := strings.Split(string(src), "\n")
	var out []string
	next := 1
	for _, x := range examples {
		indent, _, _ := strings.Cut(lines[x.From-1], x.Prefix)
		out = append(out, lines[next-1:x.Answers-1]...)
		if x.Answer != "" {
			for _, l := range strings.Split(x.Answer, "\n") {
				out = append(out, indent+x.Prefix+l)
			}
		}
		next = x.To
	}
	out = append(out, lines[next-1:]...)
	return os.WriteFile(file, []byte(strings.Join(out, "\n")), 0o644)
}
