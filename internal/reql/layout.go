package reql

import "strings"

// layout is text with places where lines may be broken, and groups that are on one line if they fit on it. It is laid out
// as by Oppen (Prettyprinting, 1980) and Kiselyov, Peyton Jones and Sabry (Lazy v. Yield, 2012).
type layout []layoutPart

type layoutPart struct {
	kind layoutKind
	text string // of a break: what stands there when the line is not broken
	cont string // of a break: what the next line begins with
}

type layoutKind uint8

const (
	layoutText layoutKind = iota
	layoutBreak
	layoutNewline
	layoutBegin // of a group, which is indented to where it begins
	layoutEnd
)

func text(s string) layout { return layout{{text: s}} }

var (
	newline   = layout{{kind: layoutNewline}}
	space     = layout{{kind: layoutBreak, text: " "}}
	breakDot  = layout{{kind: layoutBreak, text: ".", cont: "."}}
	separator = join(text(","), space)
)

// join puts layouts side by side.
func join(parts ...layout) layout {
	var out layout
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// nest makes a group.
func nest(parts ...layout) layout {
	return join(layout{{kind: layoutBegin}}, join(parts...), layout{{kind: layoutEnd}})
}

// String lays the text out in lines of that width, where possible.
func (l layout) String(width int) string {
	// Where each part ends if no line is broken, and for the beginning of a group where the group does.
	ends := make([]int, len(l))
	var open []int
	at := 0
	for i, p := range l {
		switch p.kind {
		case layoutText, layoutBreak:
			at += len(p.text)
		case layoutBegin:
			open = append(open, i)
		case layoutEnd:
			ends[open[len(open)-1]] = at
			open = open[:len(open)-1]
		}
		if p.kind != layoutBegin {
			ends[i] = at
		}
	}
	var b strings.Builder
	var indents []int
	fitting := 0  // groups around that fit on the line
	edge := width // where the line ends, counted like ends
	column := 0
	line := func(i int, cont string) {
		indent := 0
		if len(indents) > 0 {
			indent = indents[len(indents)-1]
		}
		b.WriteByte('\n')
		b.WriteString(strings.Repeat(" ", indent))
		b.WriteString(cont)
		fitting = 0
		column = indent + len(cont)
		edge = width - column + ends[i]
	}
	for i, p := range l {
		switch {
		case p.kind == layoutNewline, p.kind == layoutBreak && fitting == 0:
			line(i, p.cont)
		case p.kind == layoutText, p.kind == layoutBreak:
			b.WriteString(p.text)
			column += len(p.text)
		case p.kind == layoutBegin:
			indents = append(indents, column)
			if fitting != 0 || ends[i] <= edge {
				fitting++
			}
		case p.kind == layoutEnd:
			indents = indents[:len(indents)-1]
			fitting = max(fitting-1, 0)
		}
	}
	return b.String()
}
