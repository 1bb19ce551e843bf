package admin

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// columns is a table for the eye; the first row is its header. One with a header only is not printed.
type columns [][]string

func (t columns) String() string {
	if len(t) < 2 {
		return ""
	}
	widths := make([]int, len(t[0]))
	for _, cells := range t {
		for i, cell := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, cells := range t {
		line := ""
		for i, cell := range cells {
			line += fmt.Sprintf("%-*s", widths[i]+2, cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// counted is a number of things: 1 machine, 2 machines.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
