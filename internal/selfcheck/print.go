package selfcheck

import (
	"fmt"
	"slices"
	"strings"
)

// String is the report for a person.
func (r Report) String() string {
	var b strings.Builder
	for _, p := range r.Ports {
		fmt.Fprintf(&b, "%s\n", p.Who)
	}
	var counts [Critical + 1]int
	for _, f := range r.Findings {
		counts[f.Severity]++
		fmt.Fprintf(&b, "\n%s: %s\n  %s\n", strings.ToUpper(f.Severity.String()), f.Text, f.Remedy)
		for _, command := range f.Commands {
			fmt.Fprintf(&b, "    %s\n", command)
		}
	}
	if len(r.Findings) == 0 {
		b.WriteString("\nThere is nothing to close.\n")
		return b.String()
	}
	var parts []string
	for s, n := range slices.Backward(counts[:]) {
		if n > 0 {
			parts = append(parts, counted(n, Severity(s)))
		}
	}
	fmt.Fprintf(&b, "\nFindings: %s.\n", strings.Join(parts, ", "))
	return b.String()
}

func counted(n int, s Severity) string {
	plural := ""
	if n != 1 && s <= Warning {
		plural = "s"
	}
	return fmt.Sprintf("%d %s%s", n, s, plural)
}

// Worst is the severity of the most severe finding; ok is false if there is none.
func (r Report) Worst() (s Severity, ok bool) {
	for _, f := range r.Findings {
		s = max(s, f.Severity)
	}
	return s, len(r.Findings) > 0
}
